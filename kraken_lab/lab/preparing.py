"""What has to be known before a proposal is made: the account's orders, a verified book, what a fill costs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final

from ..errors import KrakenLabError
from ..streams import StreamState
from ..trading import AccountSnapshot, Facts, OrderSettings
from .calls import Calls
from .dealer import Dealer
from .ground import Ground
from .keeping import Keeping

__all__ = ["READY_WAIT", "Preparing"]

BOOK_WAIT: Final = 5.0
"""How long a proposal waits for a verified book, in seconds; without one it says so and is refused."""
READY_WAIT: Final = 10.0
"""How long the first use waits until the account is known, in seconds."""
BALANCES_WAIT: Final = 2.0
"""How long a proposal waits for the account's balances, which come beside its orders, in seconds."""
PAID_IN_WAIT: Final = 2.0
"""How long the first paper order of a pair waits for the account's money, in seconds; of some assets there is none."""
PAUSED_LOOK: Final = 0.02
"""Between two looks at whether paper matching has begun, in seconds."""


class Preparing:
    """Gets the facts for a proposal, in the caller's thread. It says by itself what could not be had in time."""

    def __init__(self, dealer: Dealer, ground: Ground, settings: OrderSettings, calls: Calls, keeping: Keeping) -> None:
        self._dealer, self._ground, self._settings = dealer, ground, settings
        self._calls, self._keeping = calls, keeping
        self._paid_in: set[str] = set()
        """Paper: pairs whose money was waited for."""

    def facts(self, symbol: str) -> Facts:
        """The facts of now, once the account is known and a verified book is there."""
        if self._wait_for_account(READY_WAIT, lambda known: known.reconciled):
            self._wait_for_account(BALANCES_WAIT, lambda known: known.balances is not None)
        if symbol in self._ground.desk.instruments.pairs:
            self.book(symbol)
            self._learn_fees(symbol)
        self._keeping.look()
        return self._calls.do(lambda: self._dealer.facts(symbol))

    def book(self, symbol: str) -> None:
        """Subscribe the symbol's book and wait until it is verified, or until that is not to be expected."""
        until = self._ground.clock.now().mono + self._settings.confirm_ttl + BOOK_WAIT
        feed = self._calls.do(lambda: self._dealer.gatherer.references.need(symbol, until))
        settled = (StreamState.LIVE, StreamState.FAILED, StreamState.STOPPED)
        self._calls.wait_for(feed, lambda: feed.state in settled, BOOK_WAIT)
        # Paper: the exchange on this machine begins to match when it has the same book and the trades.
        deadline = time.monotonic() + BOOK_WAIT
        while symbol in self._ground.paused() and time.monotonic() < deadline:
            time.sleep(PAUSED_LOOK)
        if self._ground.mode == "paper" and symbol not in self._paid_in:
            self._paid_in.add(symbol)
            quote = symbol.partition("/")[2]
            # It pays money in when it hears of an asset, and says so a moment later.
            self._wait_for_account(PAID_IN_WAIT, lambda known: bool((known.balances or {}).get(quote)))

    def _wait_for_account(self, timeout: float, condition: Callable[[AccountSnapshot], object]) -> bool:
        account, now = self._dealer.account, self._ground.clock.now
        return self._calls.wait_for(account, lambda: condition(account.snapshot(now())), timeout)

    def _learn_fees(self, symbol: str) -> None:
        """The pair's fees in the first tier, where the venue tells them and they are not known yet."""
        known = self._dealer.gatherer.fee_rates
        if symbol in known:
            return
        with contextlib.suppress(KrakenLabError, LookupError, TypeError, ValueError, InvalidOperation):
            (pair,) = self._calls.answer(self._ground.rest.asset_pairs(symbol), "the fee schedule").values()
            taker, maker = (Decimal(str(pair[name][0][1])) / 100 for name in ("fees", "fees_maker"))
            known[symbol] = (maker, taker)
