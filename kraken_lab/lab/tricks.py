"""How a fault of the fault panel is written down: what it is called, what one will see of it, and its controls.

The controls are the sandbox's (`kraken_lab.sandbox.control`). In an order ``"{pair}"``, ``"{state}"``, ``"{newest}"``
and ``"{seconds}"`` stand for what was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ..views.fault_panel import Fault

__all__ = ["Order", "Part", "Trick", "Wish", "trick"]

Order: TypeAlias = Mapping[str, Any]
"""What goes down the control pipe."""

_CHOSEN: Final = ("pair", "seconds", "state")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was chosen. ``newest`` is the id of the newest open order of the account, or None."""

    pair: str
    seconds: float
    state: str
    newest: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One order of a fault, its words, and when: so many seconds after the click, or ``after_all`` of those chosen."""

    words: str
    order: Order
    after: float = 0.0
    after_all: bool = False


@dataclass(frozen=True, slots=True)
class Trick:
    """A fault and how it is done. ``synthetic``: only where the sandbox makes the market itself.

    ``account``: only once the account is used.
    """

    fault: Fault
    parts: tuple[Part, ...]
    synthetic: bool = False
    account: bool = False

    def work(self, wish: Wish) -> list[tuple[float, str, Order]]:
        """Every part with the seconds after which, its words and its order.

        >>> cut = trick("line", "cut", "Cut", "All ends.", [Part("Cut {pair}.", {"fault": "drop", "symbol": "{pair}"})])
        >>> cut.work(Wish(pair="BTC/USD", seconds=1.0, state="online"))
        [(0.0, 'Cut BTC/USD.', {'fault': 'drop', 'symbol': 'BTC/USD'})]
        """
        values = {"pair": wish.pair, "seconds": wish.seconds, "state": wish.state, "newest": wish.newest}
        words = values | {"seconds": f"{wish.seconds:g}"}
        return [
            (
                wish.seconds if part.after_all else part.after,
                part.words.format_map(words),
                {name: _filled(value, values) for name, value in part.order.items()},
            )
            for part in self.parts
        ]


def trick(
    group: str,
    key: str,
    name: str,
    see: str,
    parts: list[Part],
    *,
    synthetic: bool = False,
    account: bool = False,
) -> Trick:
    """A fault from its parts; which of the panel's fields it uses is seen from them."""
    told = repr([(part.words, part.order) for part in parts])
    uses = tuple(field for field in _CHOSEN if f"{{{field}}}" in told or (field == "seconds" and parts[-1].after_all))
    return Trick(Fault(key=key, group=group, name=name, see=see, uses=uses), tuple(parts), synthetic, account)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(inner, values) for name, inner in value.items()}
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return values[value[1:-1]]
    return value
