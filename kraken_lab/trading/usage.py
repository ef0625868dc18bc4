"""What was confirmed here: the registry of ids, and what repetition, rate and the day's notional are counted from.

A confirmed order counts from the moment its intent is on its way to the disk, whatever becomes of it; only one that
was proved never to have been placed counts no more. The next kernel counts the same from the audit log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ..errors import Malformed
from .exact import total
from .facts import Past
from .intent import Intent
from .states import OrderState

__all__ = ["Usage"]

_NEVER_PLACED: Final = frozenset({OrderState.REFUSED, OrderState.REJECTED, OrderState.NOT_PLACED})
_DAY_NS: Final = 86_400_000_000_000
_KEPT_NS: Final = _DAY_NS + 3_600_000_000_000
"""A UTC day and a little more: nothing older is asked for."""


@dataclass(slots=True, eq=False)
class _Counted:
    confirmation: str
    cl_ord_id: str | None
    past: Past
    placed: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """By which it is found."""
        return (self.confirmation,) if self.cl_ord_id is None else (self.confirmation, self.cl_ord_id)


def _raise(error: Malformed) -> None:
    raise error


class Usage:
    """One account's use of its limits, and every id it ever used. Belongs to the I/O thread.

    >>> Usage().past
    ()
    """

    def __init__(self) -> None:
        self._counted: deque[_Counted] = deque()
        self._by_name: dict[str, list[_Counted]] = {}
        """What is counted, by confirmation and by client id."""
        self._ids: set[str] = set()

    @property
    def past(self) -> tuple[Past, ...]:
        """What counts, oldest first."""
        return tuple(one.past for one in self._counted if one.placed)

    def before(self, confirmation: str) -> tuple[Past, ...]:
        """What counts when one confirmation is judged: what was confirmed before it here, and all that was elsewhere.

        What came after it here was judged with it, so each is held against all that came before, and all against the
        limits. Of two labs that confirm at once, the one whose intent is in the log second hears of the first.
        """
        found, earlier = [], True
        for one in self._counted:
            earlier = earlier and one.confirmation != confirmation
            if one.placed and (earlier or one.past.at_mono is None):
                found.append(one.past)
        return tuple(found)

    def fresh(self, name: str) -> bool:
        """Whether an id was never used; from now on it was."""
        if name in self._ids:
            return False
        self._ids.add(name)
        return True

    def reserve(self, intent: Intent, at_mono: float | None) -> None:
        """Count a confirmed request; ``at_mono`` is None for one of another lab, earlier or at the same time."""
        while self._counted and self._counted[0].past.at_wall_ns < intent.confirmed_ns - _KEPT_NS:
            self._forget(self._counted[0])
        for leg in intent.legs:
            past = Past(
                at_mono=at_mono,
                at_wall_ns=intent.confirmed_ns,
                symbol=leg.symbol,
                fingerprint=leg.fingerprint,
                notional=leg.notional,
            )
            one = _Counted(intent.confirmation, leg.cl_ord_id, past)
            self._counted.append(one)
            for name in one.names:
                self._by_name.setdefault(name, []).append(one)

    def release(self, confirmation: str) -> None:
        """Nothing of it was sent: it counts no more."""
        for one in self._by_name.get(confirmation, ())[:]:
            self._forget(one)

    def _forget(self, one: _Counted) -> None:
        self._counted.remove(one)
        for name in one.names:
            self._by_name[name].remove(one)
            if not self._by_name[name]:
                del self._by_name[name]

    def settled(self, cl_ord_id: str, state: str) -> None:
        """What became of an order. Late truth counts: one that was thought not to be placed counts again."""
        for one in self._by_name.get(cl_ord_id, ()):
            one.placed = state not in _NEVER_PLACED

    def restore(self, records: Iterable[Mapping[str, Any]], unreadable: Callable[[Malformed], object] = _raise) -> None:
        """Count what the audit log tells of other labs: their intents, and what became of their orders.

        ``unreadable`` hears of each line that cannot be read: then nobody knows what was used.
        """
        for record in records:
            try:
                self._restore(record)
            except Malformed as error:
                unreadable(error)

    def _restore(self, record: Mapping[str, Any]) -> None:
        kind = record.get("kind")
        if kind == "intent":
            intent = Intent.of(record)
            self._ids |= {intent.confirmation, *intent.cl_ord_ids}
            self.reserve(intent, None)
        elif kind == "refused":
            self.release(_text(record, "confirmation"))
        elif kind == "order" and record.get("cl_ord_id") is not None:
            self.settled(_text(record, "cl_ord_id"), _text(record, "state"))

    def day_notional(self, at_ns: int, quote: str) -> Decimal:
        """What counts of the UTC day of ``at_ns`` for pairs of one quote currency."""
        day = at_ns // _DAY_NS
        counted = (past for past in self.past if past.at_wall_ns // _DAY_NS == day)
        return total(past.notional for past in counted if past.symbol.endswith(f"/{quote}"))


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise Malformed(f"a record of the audit log without {name}")
    return value
