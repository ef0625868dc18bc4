"""The lab's own orders and fills for its pictures, cheap enough to be asked for with every frame."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Final

from ..errors import LabClosed, NotReady
from ..views.own import NOTHING, Own, own_of
from .trader import Trader

__all__ = ["OwnOrders"]

PATIENCE: Final = 0.25
"""How long a picture waits for the I/O thread, in seconds; then it shows what it knew."""


class OwnOrders:
    """Gives what is a user's own of a symbol. Asked again while the account is as it was, it only compares a number.

    ``trader`` gives the acting half, or None while nobody needed it: to look at a picture is no reason to make one.
    May be called in any thread.
    """

    def __init__(self, trader: Callable[[], Trader | None]) -> None:
        self._trader = trader
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, Own]] = {}
        """By symbol: the account's version, and what there was then."""

    def __call__(self, symbol: str) -> Own:
        """What is known of a symbol's orders and fills now."""
        trader = self._trader()
        if trader is None:
            return NOTHING
        account = trader.dealer.account
        version, own = self._known.get(symbol, (-1, NOTHING))
        if account.version == version:
            return own

        def look() -> tuple[int, Own]:
            known = account.snapshot(trader.ground.clock.now())
            return known.version, own_of(known.orders, known.fills, symbol)

        with self._lock, contextlib.suppress(NotReady, LabClosed):
            # After the lab's end, and while something holds up its thread, what was known last stays.
            self._known[symbol] = trader.ground.io.call(look, timeout=PATIENCE)
        return self._known.get(symbol, (-1, NOTHING))[1]
