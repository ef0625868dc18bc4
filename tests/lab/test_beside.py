"""What a lab has beside a book: one's own orders and their places, and the last trade, without asking for any of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import kraken_lab as kl
from kraken_lab.errors import BadArgument, LabClosed, NotReady
from kraken_lab.lab.beside import LabBeside
from kraken_lab.lab.own_orders import OwnOrders
from kraken_lab.streams.level3_feed import Level3Feed
from kraken_lab.streams.trade_feed import TradeFeed
from kraken_lab.views.own import NOTHING
from kraken_lab.wire import Want
from tests.dealing import Kernel, dealing


class Asked:
    """The I/O thread of a lab, played by the loop of the test: counts what it is asked, or fails."""

    def __init__(self) -> None:
        self.times = 0
        self.error: Exception | None = None

    def call(self, work: Callable[[], Any], *, timeout: float) -> Any:
        """Do it at once."""
        self.times += 1
        if self.error is not None:
            raise self.error
        return work()


def own_orders(kernel: Kernel) -> tuple[OwnOrders, Asked]:
    """A lab's own orders, as a dealing kernel has them."""
    asked = Asked()
    trader: Any = SimpleNamespace(dealer=kernel.dealer, ground=SimpleNamespace(io=asked, clock=kernel.world.clock))
    return OwnOrders(lambda: trader), asked


def test_a_lab_without_an_acting_half_has_nothing_of_ones_own() -> None:
    """And gets none by being looked at."""
    assert OwnOrders(lambda: None)("BTC/USD") is NOTHING


def test_a_ladder_looks_and_makes_nothing(lab: kl.Lab) -> None:
    """It is text for a script and a figure for a page; no stream is subscribed and no acting half made for it."""
    book = lab.book("BTC/USD")
    streams = len(lab.streams)
    ladder: Any = book.ladder(levels=3)
    assert repr(ladder).startswith("<BookSnapshot BTC/USD 3 bids, 3 asks")
    assert "<table" in ladder._repr_html_()
    figure = ladder.snapshot()
    assert [len(bar.y) for bar in figure.data] == [3, 3]
    assert (len(lab.streams), lab.trader, lab.views.own("BTC/USD")) == (streams, None, NOTHING)
    with pytest.raises(BadArgument, match="levels"):
        book.ladder(levels=0)
    with pytest.raises(BadArgument, match="ticks a row"):
        book.ladder(group=0)
    with pytest.raises(BadArgument, match="one of them"):
        lab.book("BTC/USD", "ETH/USD").ladder()


def test_own_orders_are_those_that_stand_at_a_price(tmp_path: Path) -> None:
    """Open ones with what is left of them, stops at their triggers, nothing of other pairs or of what is over."""

    async def body(kernel: Kernel) -> None:
        own, _ = own_orders(kernel)
        resting = kernel.place(limit_price="50000", order_qty="0.02")
        stop = kernel.place(side="sell", order_type="stop-loss", triggers={"price": "40000"}, order_qty="0.01")
        over = kernel.place(limit_price="50001")
        filled = kernel.place(order_type="market")
        await kernel.until(lambda: filled.is_terminal and str(stop.state) == "OPEN" and str(over.state) == "OPEN")
        kernel.cancel(over)
        await kernel.until(lambda: over.is_terminal)
        found = own("BTC/USD")
        assert [order.order_id for order in found.orders] == [resting.order_id, stop.order_id]
        assert [(str(order.price), order.waits) for order in found.orders] == [("50000", False), ("40000", True)]
        assert found.orders[0].words == "my buy 0.02 at 50000, OPEN"
        assert sum((fill.qty for fill in found.fills), Decimal(0)) == Decimal("0.01")
        assert {(fill.side, fill.price) for fill in found.fills} == {("buy", fill.price) for fill in filled.fills}
        assert own("ETH/USD") == NOTHING

    dealing(body, tmp_path)


@pytest.mark.parametrize("error", [NotReady("the I/O thread", 0.25), LabClosed("The lab")])
def test_asking_again_costs_nothing_and_never_fails(error: Exception, tmp_path: Path) -> None:
    """One look for each version of the account; while nobody answers, what was known last stays."""

    async def body(kernel: Kernel) -> None:
        own, asked = own_orders(kernel)
        kernel.place(limit_price="50000")
        first = own("BTC/USD")
        looks = asked.times
        for _ in range(100):
            assert own("BTC/USD") is first
        assert asked.times == looks
        asked.error = error
        kernel.place(limit_price="50001")
        assert own("BTC/USD") is first
        asked.error = None
        assert len(own("BTC/USD").orders) == 2

    dealing(body, tmp_path)


def test_places_and_the_last_trade_come_from_what_is_subscribed_already(tmp_path: Path) -> None:
    """Without those streams there is neither; with them the place is that in the exchange's own queue."""

    async def body(kernel: Kernel) -> None:
        beside = LabBeside(lambda symbol: NOTHING, lambda: kernel.desk.feeds, lambda: kernel.desk.instruments)
        facts = kernel.dealer.facts("BTC/USD").book
        assert facts is not None
        order = kernel.place(limit_price=str(facts.bids[1][0]), order_qty="0.02")
        await kernel.until(lambda: str(order.state) == "OPEN")
        ident = order.order_id or ""
        asked = len(kernel.desk.feeds)
        assert beside.places("BTC/USD", [ident]) == {}
        assert beside.last_trade("BTC/USD") is None
        assert len(kernel.desk.feeds) == asked
        assert beside.increment("BTC/USD") == Decimal("0.1")
        assert beside.increment("NO/PAIR") is None

        queue = kernel.desk.subscribe(Want(channel="level3", symbol="BTC/USD", depth=10), Level3Feed)
        trades = kernel.desk.subscribe(Want(channel="trade", symbol="BTC/USD", snapshot=True), TradeFeed)
        await kernel.world.live(queue, trades)
        places = beside.places("BTC/USD", [ident, "nobody's"])
        position = queue.photograph().position(ident)
        assert set(places) == {ident}
        assert (places[ident].nth, places[ident].of) == (position.orders_ahead + 1, position.orders_ahead + 1)
        assert places[ident].ahead == position.qty_ahead > 0
        assert beside.places("BTC/USD", [ident, "nobody's"]) is places
        last = beside.last_trade("BTC/USD")
        newest = trades.table.latest
        assert last is not None
        assert newest is not None
        assert (last.trade_id, last.price, last.qty) == (newest.trade_id, newest.price, newest.qty)
        bought = kernel.place(order_type="market", order_qty="0.001")
        await kernel.until(lambda: bought.is_terminal)
        await kernel.until(lambda: (found := beside.last_trade("BTC/USD")) and found.qty == Decimal("0.001"))

    dealing(body, tmp_path)
