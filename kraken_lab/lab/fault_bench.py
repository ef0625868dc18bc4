"""What stands behind the fault panel: it works the sandbox's controls, and looks what the lab notices of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from ..errors import KrakenLabError, SandboxError
from ..net import SandboxProcess
from ..views.fault_panel import Choice, Fault, Step
from ..wire import Instant
from .line_tricks import LINE_TRICKS, REST_TRICKS
from .market_tricks import DATA_TRICKS, MARKET_TRICKS, STATES
from .noticing import Seen, noticed, seen, since
from .order_tricks import ORDER_TRICKS
from .tricks import Trick, Wish

if TYPE_CHECKING:
    from .lab import Lab

__all__ = ["TRICKS", "FaultBench"]

TRICKS: Final = (*LINE_TRICKS, *DATA_TRICKS, *MARKET_TRICKS, *ORDER_TRICKS, *REST_TRICKS)
"""Everything, group by group."""

PATIENCE = 2.0
"""Seconds that a look waits for the I/O thread, which a fault may hold up."""
TOKEN_LIFE = 900
"""Seconds a token of the sandbox is good for, as the exchange's are."""


class FaultBench:
    """Satisfies `kraken_lab.views.fault_panel.FaultBench`."""

    def __init__(self, lab: Lab, process: SandboxProcess) -> None:
        self._lab, self._process = lab, process
        self._states: dict[str, str] = {}
        """What state each pair that was changed had before."""
        self._tricks: dict[str, Trick] = {trick.fault.key: trick for trick in TRICKS if self._applies(trick)}

    # --- what is offered --------------------------------------------------------------------------------------------

    def _applies(self, trick: Trick) -> bool:
        return self._lab.mode == "sandbox" or not trick.synthetic

    @property
    def title(self) -> str:
        """Which exchange is meant."""
        return f"{self._lab.mode.upper()}: fault panel of the exchange on this machine, process {self._process.pid}"

    @property
    def caption(self) -> str:
        """What there is to know beforehand."""
        if self._lab.mode == "paper":
            return (
                "This happens to the exchange here that fills paper orders: lines, orders and REST of the account. "
                "Market data is Kraken's own, and nothing here can disturb it."
            )
        return "This happens to the exchange and the road to it, not to this lab: what the lab does then is real."

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that apply here."""
        return tuple(trick.fault for trick in self._tricks.values())

    @property
    def pairs(self) -> tuple[str, ...]:
        """Those that are looked at, then all others."""
        listed = list(self._lab.instruments(wait=False).now.pairs)
        watched = dict.fromkeys(symbol for stream in self._lab.streams for symbol in stream.symbols)
        return tuple(dict.fromkeys([*watched, *listed]))

    @property
    def states(self) -> tuple[str, ...]:
        """Of exchange and pairs."""
        return STATES

    def now(self) -> Instant:
        """This moment."""
        return self._lab.now()

    # --- what is done -----------------------------------------------------------------------------------------------

    def plan(self, fault: Fault, choice: Choice) -> tuple[Step, ...]:
        """The steps of a fault.

        Raises:
            SandboxError: it needs something that is not there.
        """
        trick = self._tricks[fault.key]
        newest = self._newest_open()
        if trick.account and self._lab.trader is None:
            raise SandboxError(
                "The account was not used in this lab yet, so nothing of it can fail: lab.orders opens it."
            )
        if fault.key == "fill" and newest is None:
            raise SandboxError("There is no open order to fill: place one that rests, away from the market.")
        wish = Wish(pair=choice.pair, seconds=choice.seconds, state=choice.state, newest=newest)
        if fault.key == "pair-status":
            pairs = self._lab.instruments(wait=False).now.pairs
            self._states.setdefault(choice.pair, pairs[choice.pair].status if choice.pair in pairs else "online")
        return tuple(
            Step(words, partial(self._process.control, **order), after) for after, words, order in trick.work(wish)
        )

    def _newest_open(self) -> str | None:
        trader = self._lab.trader
        orders = () if trader is None else trader.dealer.known.open
        return next((order.order_id for order in reversed(orders) if order.order_id), None)

    def restore(self) -> str:
        """Everything as it was at first."""
        control = self._process.control
        control(fault="clear")
        control(fault="clock", offset_s=0)
        control(fault="token", lifetime_s=TOKEN_LIFE)
        control(fault="permissions", grant=["modify-trades"])
        if self._lab.mode == "sandbox":
            control(fault="status", status="online")
        for symbol, state in self._states.items():
            control(fault="pair_status", symbol=symbol, status=state)
        self._states.clear()
        return "Back to normal: every fault was taken back, and every state is as it was."

    # --- what is noticed --------------------------------------------------------------------------------------------

    def watch(self) -> Callable[[], tuple[str, ...]]:
        """Look now; what it gives tells what was noticed since."""
        before = last = self._look() or Seen()

        def told() -> tuple[str, ...]:
            nonlocal last
            if (now := self._look()) is not None:
                last = since(last, now)
            return noticed(before, last)

        return told

    def _look(self) -> Seen | None:
        with suppress(KrakenLabError):
            return self._lab.io.call(lambda: seen(self._lab), timeout=PATIENCE)
        return None
