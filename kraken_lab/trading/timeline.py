"""What happened to an order, as a tuple that can be read: one line an event."""

from __future__ import annotations

from ..wire import from_ns
from .sentences import printable
from .states import OrderEvent

__all__ = ["Timeline"]


class Timeline(tuple[OrderEvent, ...]):
    """The events of one order, oldest first. Printed, it is a table: when, how long after the first, state, what.

    >>> from kraken_lab.trading import OrderState
    >>> print(Timeline([OrderEvent(what="sent", received_at_ns=0, state=OrderState.IN_FLIGHT),
    ...                 OrderEvent(what="filled 0.01 at 9", received_at_ns=1_500_000)]))
    seen at (UTC)    after      state      what
    00:00:00.000000  0.000 s    IN_FLIGHT  sent
    00:00:00.001500  0.002 s               filled 0.01 at 9
    """

    __slots__ = ()

    def __repr__(self) -> str:
        if not self:
            return "nothing happened yet"
        begun = self[0].received_at_ns
        rows = [
            (
                from_ns(event.received_at_ns, 6)[11:-1],
                f"{(event.received_at_ns - begun) / 1e9:.3f} s",
                str(event.state or ""),
                printable(event.what),
            )
            for event in self
        ]
        lines = [("seen at (UTC)", "after", "state", "what"), *rows]
        widths = [max(len(line[at]) for line in lines) for at in range(3)]
        widths[1] = max(widths[1], 9)
        return "\n".join(
            "  ".join([*(text.ljust(width) for text, width in zip(line[:3], widths, strict=True)), line[3]])
            for line in lines
        )

    __str__ = __repr__
