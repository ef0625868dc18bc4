"""What has to hold after every fault, whatever it was: the client's word against the exchange's own books.

The invariants are looked at whenever the client's account changes, because a conclusion must not be wrong for a moment
either, and once more at the end, when nothing is on its way any more and everything has to be known.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.order_terms import NewOrder
from kraken_lab.sandbox.orders import Order as TheirOrder
from kraken_lab.trading import OrderRecord, OrderSettings
from tests.acting.truth import SAME_AS, ids_in, their_filled, untrue
from tests.dealing import Kernel, dealing

Story = Callable[[Kernel], Awaitable[Kernel | None]]
"""What happens. It gives the kernel to be questioned at the end, if that is not the one it was given."""

HARMLESS: Final = frozenset(
    {"OpenOrders", "ClosedOrders", "QueryOrders", "TradesHistory", "QueryTrades", "CancelAll", "CancelOrder"}
)
"""What may be asked of REST: nothing in it could place or change an order."""

ONE: Final = [pair for pair in PAIRS if pair.symbol == "BTC/USD"]
TWO: Final = [pair for pair in PAIRS if pair.symbol in ("BTC/USD", "ETH/USD")]
"""Pairs enough for most of what is told here, and for all of it; an exchange with few begins quickly."""

BRISK: Final = OrderSettings(rest_lag=15.0)
"""REST is taken to lag less, so that proofs of absence do not take long; nothing else is different."""


class Invariants:
    """Holds a kernel's word against the exchange's books. ``broken`` is what did not hold, in words.

    ``lied_to``: the exchange was made to tell what is not so, and what the client believed of it is not judged.
    """

    def __init__(self, kernel: Kernel, *, lied_to: bool = False) -> None:
        self.kernel, self.lied_to = kernel, lied_to
        self.broken: list[str] = []
        kernel.account.watchers = (*kernel.account.watchers, self.look)
        self.look()

    def look(self) -> None:
        """What holds at any instant: nothing left unasked, no conclusion is wrong, and the status answers."""
        began = time.perf_counter()
        known = self.kernel.known
        words = (self.kernel.dealer.mode_words(), self.kernel.dealer.dead_man_words())
        if time.perf_counter() - began > 1.0 or not all(words):
            self.broken.append("the status did not answer within a second")
        self.broken += self._left_unasked()
        if not self.lied_to:
            trading = self.kernel.world.exchange.trading
            self.broken += (text for order in known.orders for text in untrue(order, trading))

    def check(self) -> None:
        """At the end: all of that still, and every order of the exchange is known with what was filled of it.

        Raises:
            AssertionError: with all that did not hold, now or at any time since.
        """
        self.look()
        known = self.kernel.known
        by_id = {order.order_id: order for order in known.orders if order.order_id}
        by_name = {order.cl_ord_id: order for order in known.orders if order.cl_ord_id}
        for their in their_orders(self.kernel):
            ours = by_id.get(their.order_id) or by_name.get(their.terms.cl_ord_id)
            if ours is None:
                self.broken.append(f"the exchange has {their.order_id} ({their.status}), which is not shown")
            elif str(ours.state) != "UNKNOWN" and not ours.unverified and not self.lied_to:
                self.broken += _differences(ours, their)
        self.hold()

    def hold(self) -> None:
        """Nothing was broken so far.

        Raises:
            AssertionError: with all that did not hold.
        """
        assert not self.broken, "\n".join(dict.fromkeys(self.broken))

    def _left_unasked(self) -> list[str]:
        """Frames that nobody confirmed, ids that left twice, and orders that took another road."""
        frames, confirmed = self.kernel.frames, self.kernel.confirmed
        broken = [] if len(frames) <= len(confirmed) else [f"{len(frames)} frames for {len(confirmed)} confirmations"]
        names = [name for text in frames for name in ids_in(text)]
        broken += [f"{name} left twice" for name in set(names) if names.count(name) > 1]
        asked = {query.name for _, query in self.kernel.world.asked}
        return broken + [f"REST was asked for {name}" for name in asked - HARMLESS]


def _differences(ours: OrderRecord, their: TheirOrder) -> list[str]:
    there = their_filled(their)
    differences = []
    if ours.filled_qty != there:
        differences.append(f"{their.order_id} has {ours.filled_qty} filled here, {there} there")
    if their.status not in SAME_AS.get(ours.state, ()):
        differences.append(f"{their.order_id} is {ours.state} here, {their.status} there")
    return differences


# --- telling a story --------------------------------------------------------------------------------------------------


def tried(story: Story, folder: Path, *, lied_to: bool = False, **options: Any) -> None:
    """Let a story happen to a kernel that is ready, and hold it to the invariants all the while and at the end."""

    async def whole(kernel: Kernel) -> None:
        first = last = Invariants(kernel, lied_to=lied_to)
        questioned = await story(kernel)
        if questioned is not None and questioned is not kernel:
            first.hold()
            last = Invariants(questioned, lied_to=lied_to)
        last.check()

    options = {"pairs": ONE, "settings": BRISK, **options}
    dealing(whole, folder, **options)


def succeed(kernel: Kernel, *, pid: int = 2) -> tuple[Kernel, Invariants]:
    """The same notebook after a restart: another kernel on the same folder, looked at from its first moment."""
    another = Kernel(
        kernel.world, kernel.folder, mode=kernel.mode, limits=kernel.dealer.limits, settings=kernel.settings, pid=pid
    )
    another.confirmed = kernel.confirmed
    return another, Invariants(another)


async def passed(seconds: float) -> None:
    """So much virtual time, in which the client and the exchange do what they do."""
    await asyncio.sleep(seconds)


# --- the exchange's side ----------------------------------------------------------------------------------------------


def their_orders(kernel: Kernel) -> tuple[TheirOrder, ...]:
    """Every order that the exchange knows."""
    trading = kernel.world.exchange.trading
    return (*trading.closed_orders, *trading.open_orders)


def theirs(kernel: Kernel, order_id: str | None) -> TheirOrder:
    """One order as the exchange has it."""
    found = kernel.world.exchange.trading.order(str(order_id))
    assert found is not None, f"the exchange knows no {order_id}"
    return found


def strangers_order(kernel: Kernel, **terms: Any) -> str:
    """Another program of the same account places an order; its id."""
    wanted: dict[str, Any] = {
        "symbol": "BTC/USD",
        "side": "buy",
        "order_type": "limit",
        "order_qty": Decimal("0.2"),
        "limit_price": Decimal(40_000),
    }
    order = kernel.world.exchange.trading.add(NewOrder(**(wanted | terms)), kernel.world.exchange.now_ns)
    assert order is not None
    return order.order_id


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    """A message as JSON, changed, digits kept."""

    def edited(text: str) -> str:
        message = json.loads(text, parse_float=_Digits)
        change(message)
        return json.dumps(message)

    return edited


class _Digits(float):
    """A number that is written as it was read."""

    def __new__(cls, digits: str) -> _Digits:
        """Keep the digits."""
        number = super().__new__(cls, digits)
        number.digits = digits
        return number

    digits: str

    def __repr__(self) -> str:
        return self.digits


def unheard(kernel: Kernel, times: int | None = None) -> None:
    """Of what happens to orders nothing is told from now on, but what a fresh snapshot tells."""
    kernel.world.exchange.faults.drop(Match(channel="executions", type="update", times=times))


def parameters(frames: Iterable[str], name: str) -> list[Any]:
    """One parameter of each of these frames."""
    return [json.loads(frame, parse_float=Decimal)["params"].get(name) for frame in frames]
