"""The fill model of paper mode: what paper orders get in the shadow of a real book."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.events import Batch, Side
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.matching import Matching
from kraken_lab.sandbox.queue_place import SKEW_NS
from kraken_lab.sandbox.shadow_engine import ShadowEngine
from kraken_lab.sandbox.upstream_book import UpstreamBook
from kraken_lab.sandbox.upstream_frame import BookMessage, read_frame
from tests.sandbox.upstream import Upstream, an_upstream

pytestmark = pytest.mark.promise("P-04")
COIN = 10**8


class Shadow:
    """A shadow engine and the real book beside it; prices in dollars, quantities in coins, time in seconds."""

    def __init__(self, upstream: Upstream | None = None) -> None:
        self.upstream = upstream or an_upstream()
        self.book = UpstreamBook(PAIRS[0], self.upstream.depth)
        ids = count()
        self.engine = ShadowEngine(PAIRS[0], lambda: f"S{next(ids)}")
        self.ns = 0
        self.resume()

    def resume(self) -> Batch:
        """The real book is whole."""
        self.ns += 2 * SKEW_NS
        self._read(self.upstream.snapshot())
        return self.engine.resume(self.book, self.ns)

    def update(self, *, bids: dict[int, int] | None = None, asks: dict[int, int] | None = None) -> Batch:
        """The real book changes."""
        self.ns += 2 * SKEW_NS
        return self.engine.follow(self._read(self.upstream.update(bids=bids, asks=asks)), self.ns)

    def trade(self, side: Side, price: int, qty: int, *, ago: int = 0) -> Batch:
        """The real market trades, now or some seconds ago."""
        self.ns += 2 * SKEW_NS
        return self.engine.trade(side, price * 10, qty * COIN, self.ns, happened_ns=self.ns - ago * 2 * SKEW_NS)

    def limit(self, side: Side, price: int, qty: int, order_id: str = "own", **options: Any) -> Batch:
        """A paper order with a limit."""
        self.ns += 2 * SKEW_NS
        options |= {"owner": "me", "order_id": order_id}
        if "display_qty" in options:
            options["display_qty"] *= COIN
        return self.engine.limit(side, price * 10, qty * COIN, self.ns, **options)

    def market(self, side: Side, qty: int, **options: Any) -> Batch:
        """A paper order at any price."""
        self.ns += 2 * SKEW_NS
        return self.engine.market(side, qty * COIN, self.ns, owner="me", order_id="taker", **options)

    def ahead(self, order_id: str = "own") -> float | None:
        """What is ahead of an order, in coins."""
        ahead = self.engine.queue(self.ns + SKEW_NS).get(order_id)
        return None if ahead is None else ahead / COIN

    def _read(self, raw: str) -> list[tuple[Side, int]]:
        (message,) = read_frame(raw)
        assert isinstance(message, BookMessage)
        return self.book.apply(message)


def fills(batch: Batch | None, order_id: str = "own") -> list[tuple[float, float]]:
    """The fills of one order in a batch, as price in dollars and quantity in coins."""
    assert batch is not None
    return [
        (trade.price / 10, trade.qty / COIN)
        for trade in batch.trades
        if order_id in (trade.maker_order_id, trade.taker_order_id)
    ]


def test_it_is_a_matching_engine() -> None:
    """As trading needs one."""
    engine: Matching = Shadow().engine
    assert (engine.best("buy"), engine.best("sell")) == ((1000, 5 * COIN), (1010, 2 * COIN))


# --- taking ---------------------------------------------------------------------------------------------------------


def test_a_market_order_walks_the_visible_book_at_its_prices() -> None:
    """Two at 101, six at 102, and what is left at 103."""
    batch = Shadow().market("buy", 10)
    assert fills(batch, "taker") == [(101, 2), (102, 6), (103, 2)]
    assert {trade.side for trade in batch.trades} == {"buy"}
    assert [trade.trade_id for trade in batch.trades] == [1, 2, 3]


def test_what_lies_deeper_than_the_visible_book_does_not_exist() -> None:
    """Fifteen are for sale; of twenty, five find nobody."""
    batch = Shadow().market("buy", 20)
    assert sum(qty for _, qty in fills(batch, "taker")) == 15


def test_what_was_taken_is_not_taken_twice() -> None:
    """The real book goes on showing it; here it is gone until the real market has used up as much."""
    shadow = Shadow()
    assert fills(shadow.market("buy", 5), "taker") == [(101, 2), (102, 3)]
    assert shadow.engine.best("sell") == (1020, 3 * COIN)
    assert fills(shadow.market("buy", 3), "taker") == [(102, 3)]
    shadow.update(asks={101: 3})
    assert shadow.engine.best("sell") == (1010, COIN), "one more has joined behind the two that are gone"
    shadow.update(asks={101: 1})
    assert shadow.engine.best("sell") == (1010, COIN), "two were used up by the real market: those that were taken"
    shadow.update(asks={102: 0})
    shadow.update(asks={102: 6})
    assert fills(shadow.market("buy", 7), "taker") == [(101, 1), (102, 6)], "a level that disappeared is forgotten"


def test_a_limit_takes_down_to_its_price_and_the_rest_joins() -> None:
    """Two at 101, then eight rest at 101, where nobody is ahead on this side."""
    shadow = Shadow()
    assert fills(shadow.limit("buy", 101, 10)) == [(101, 2)]
    assert shadow.engine.best("buy") == (1010, 8 * COIN)
    assert shadow.ahead() == 0


def test_a_budget_ends_a_market_order() -> None:
    """For 508 dollars: two at 101 and three at 102."""
    batch = Shadow().market("buy", 100, budget=5080 * COIN)
    assert fills(batch, "taker") == [(101, 2), (102, 3)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"post_only": True}, []),
        ({"time_in_force": "fok"}, []),
        ({"time_in_force": "ioc"}, [(101, 2), (102, 6)]),
    ],
)
def test_conditions_of_an_order_that_crosses(options: dict[str, Any], expected: list[tuple[int, int]]) -> None:
    """Post-only and fill-or-kill do nothing, immediate-or-cancel takes what there is; none of them rests."""
    shadow = Shadow()
    assert fills(shadow.limit("buy", 102, 9, **options)) == expected
    assert len(shadow.engine) == 0


def test_fill_or_kill_fills_whole_where_it_can() -> None:
    """Eight are for sale up to 102."""
    assert fills(Shadow().limit("buy", 102, 8, time_in_force="fok")) == [(101, 2), (102, 6)]


@pytest.mark.parametrize(
    ("mode", "filled", "left"), [("cancel_newest", [], 1), ("cancel_oldest", [(101, 2)], 0), ("cancel_both", [], 0)]
)
def test_paper_orders_of_one_owner_do_not_trade_with_each_other(
    mode: Any, filled: list[tuple[int, int]], left: int
) -> None:
    """The old one stands at 100.5, before the real market's 101."""
    shadow = Shadow()
    shadow.engine.limit("sell", 1005, COIN, 0, owner="me", order_id="old")
    batch = shadow.market("buy", 2, self_trade=mode)
    assert fills(batch, "taker") == filled
    assert len(shadow.engine) == left
    assert set(batch.prevented) == {"cancel_newest": {"taker"}, "cancel_oldest": {"old"}}.get(mode, {"old", "taker"})


def test_what_could_be_taken_is_what_would_be() -> None:
    """Quantity and value, no worse than a price."""
    engine = Shadow().engine
    assert engine.takeable("buy", 10 * COIN) == (10 * COIN, (2 * 1010 + 6 * 1020 + 2 * 1030) * COIN)
    assert engine.takeable("buy", 10 * COIN, price=1010) == (2 * COIN, 2 * 1010 * COIN)
    assert engine.takeable("sell", 6 * COIN, price=995) == (5 * COIN, 5 * 1000 * COIN)


# --- resting and being filled ---------------------------------------------------------------------------------------


def test_an_order_joins_behind_what_is_visible_and_trades_use_that_up_first() -> None:
    """Five are ahead at 100: three trade, two and one more, then one."""
    shadow = Shadow()
    shadow.limit("buy", 100, 2)
    assert shadow.ahead() == 5
    assert fills(shadow.trade("sell", 100, 3)) == []
    assert shadow.ahead() == 2
    assert fills(shadow.trade("sell", 100, 3)) == [(100, 1)]
    batch = shadow.trade("sell", 100, 4)
    assert fills(batch) == [(100, 1)]
    assert batch.trades[0].maker_order_id == "own"
    assert len(shadow.engine) == 0


def test_a_trade_at_a_worse_price_would_have_met_the_order_first() -> None:
    """It fills at the order's own price, and no more than was traded."""
    shadow = Shadow()
    shadow.limit("buy", 100, 3)
    assert fills(shadow.trade("sell", 99, 2)) == [(100, 2)]
    assert fills(shadow.trade("sell", 98, 2)) == [(100, 1)]


def test_after_a_trade_at_a_worse_price_nobody_is_ahead() -> None:
    """Whoever was there was met before, or had left."""
    shadow = Shadow()
    shadow.limit("buy", 100, 3)
    shadow.trade("sell", 99, 1)
    assert shadow.ahead() == 0
    assert fills(shadow.trade("sell", 100, 1)) == [(100, 1)]


def test_trades_of_the_other_side_and_at_better_prices_fill_nothing() -> None:
    """A buyer takes from the other side; a seller at 101 did not come down to 100."""
    shadow = Shadow()
    shadow.limit("buy", 99, 1)
    assert fills(shadow.trade("buy", 99, 50)) == []
    assert fills(shadow.trade("sell", 100, 50)) == []


def test_a_trade_that_happened_before_the_order_joined_does_not_fill_it() -> None:
    """It was held up on its way."""
    shadow = Shadow()
    shadow.limit("buy", 100, 1)
    assert fills(shadow.trade("sell", 99, 5, ago=2)) == []
    assert fills(shadow.trade("sell", 99, 5)) == [(100, 1)]


def test_a_real_order_that_comes_to_rest_within_reach_fills_and_counts_as_taken() -> None:
    """The market falls to 99 without a trade at 100: three are offered there, and are gone then."""
    shadow = Shadow()
    shadow.limit("buy", 100, 5)
    batch = shadow.update(bids={100: 0, 99: 0}, asks={99: 3})
    assert fills(batch) == [(100, 3)]
    assert {trade.side for trade in batch.trades} == {"sell"}
    assert fills(shadow.update(asks={105: 1})) == [], "the same three are not taken twice"
    assert fills(shadow.update(asks={99: 4})) == [(100, 1)]


def test_two_paper_orders_share_a_trade_in_price_time_order() -> None:
    """The better price first, then the older; each behind its own queue."""
    shadow = Shadow()
    shadow.limit("buy", 99, 2, "worse")
    shadow.limit("buy", 100, 2, "older")
    shadow.limit("buy", 100, 2, "newer")
    batch = shadow.trade("sell", 100, 8)
    assert [fills(batch, each) for each in ("older", "newer", "worse")] == [[(100, 2)], [(100, 1)], []]
    batch = shadow.trade("sell", 99, 7)
    assert [fills(batch, each) for each in ("newer", "worse")] == [[(100, 1)], [(99, 2)]]


def test_an_iceberg_shows_a_part_and_joins_anew_for_the_next() -> None:
    """One of four is shown; of three that get past the queue, one fills it, and five are ahead of the next."""
    shadow = Shadow()
    shadow.limit("buy", 100, 4, display_qty=1)
    batch = shadow.trade("sell", 100, 8)
    assert fills(batch) == [(100, 1)]
    assert [refill.qty for refill in batch.refills] == [COIN]
    assert shadow.ahead() == 5
    assert fills(shadow.trade("sell", 99, 9)) == [(100, 3)], "beyond its price there is no queue to join"


def test_reducing_keeps_the_place_and_moving_loses_it() -> None:
    """As on the exchange."""
    shadow = Shadow()
    shadow.limit("buy", 100, 3)
    shadow.trade("sell", 100, 4)
    shadow.engine.reduce("own", COIN, shadow.ns)
    assert shadow.ahead() == 1
    shadow.engine.move("own", 1000, 2 * COIN, shadow.ns)
    assert shadow.ahead() == 5
    assert fills(shadow.engine.move("own", 1010, 2 * COIN, shadow.ns)) == [(101, 2)]
    assert shadow.engine.move("own", 1010, COIN, shadow.ns) is None


def test_cancelled_is_gone() -> None:
    """And a second time it is not there."""
    shadow = Shadow()
    shadow.limit("buy", 100, 3)
    assert shadow.engine.cancel("own", shadow.ns)
    assert shadow.engine.cancel("own", shadow.ns) is None
    assert (shadow.ahead(), fills(shadow.trade("sell", 90, 50))) == (None, [])


def test_an_order_beyond_the_visible_book_waits_until_it_can_be_seen() -> None:
    """Nothing is known of its queue; when its price comes into view, all that is there is ahead."""
    upstream = an_upstream()
    upstream.bids = dict.fromkeys(range(90, 101), 1)
    shadow = Shadow(upstream)
    shadow.limit("buy", 90, 1)
    assert shadow.ahead() is None
    shadow.update(bids={100: 0, 90: 7})
    assert shadow.ahead() == 7


def test_a_control_can_fill_an_order_out_of_turn() -> None:
    """For tests of what follows a fill."""
    shadow = Shadow()
    shadow.limit("buy", 100, 3)
    assert fills(shadow.engine.fill("own", 2 * COIN, 1000, shadow.ns)) == [(100, 2)]
    assert shadow.engine.fill("nobody", COIN, 1000, shadow.ns) is None


def test_what_is_not_on_the_increments_is_refused() -> None:
    """As by the other engine."""
    with pytest.raises(SandboxError, match="increment"):
        Shadow().engine.limit("buy", -10, COIN, 0)


# --- paused ---------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-06")
def test_while_paused_nothing_is_matched_and_orders_can_be_cancelled() -> None:
    """What is entered rests; what can take takes nothing."""
    shadow = Shadow()
    shadow.limit("buy", 100, 1, "first")
    shadow.engine.pause()
    assert shadow.engine.is_paused
    assert shadow.market("buy", 5).trades == ()
    assert shadow.limit("buy", 200, 1, "crossing").trades == ()
    assert shadow.engine.best("sell") is None
    assert shadow.engine.cancel("first", shadow.ns)
    assert len(shadow.engine) == 1


@pytest.mark.promise("P-06")
def test_on_resuming_an_order_meets_what_stands_then_and_nothing_of_what_it_missed() -> None:
    """The market has passed it and offers two: it gets two, however much was traded meanwhile."""
    shadow = Shadow()
    shadow.limit("buy", 100, 5)
    shadow.engine.pause()
    shadow.upstream.bids, shadow.upstream.asks = {95: 1}, {96: 2, 101: 5}
    assert fills(shadow.resume()) == [(100, 2)]
    assert shadow.engine.order("own")


@pytest.mark.promise("P-06")
def test_a_market_that_has_come_back_fills_nothing() -> None:
    """Whoever traded through the price meanwhile is gone; the place is no worse and no better than is certain."""
    shadow = Shadow()
    shadow.limit("buy", 100, 5)
    shadow.engine.pause()
    shadow.upstream.bids[100] = 3
    assert fills(shadow.resume()) == []
    assert shadow.ahead() == 3


steps = st.lists(
    st.tuples(
        st.sampled_from(["limit", "market", "cancel", "level", "trade", "pause"]),
        st.sampled_from(["buy", "sell"]),
        st.integers(96, 105),
        st.integers(1, 6),
    ),
    max_size=40,
)


@given(steps)
@settings(max_examples=100)
def test_no_script_fills_more_than_was_traded_or_shown(script: list[tuple[str, Side, int, int]]) -> None:
    """Fills never exceed orders, nor what the real market traded or newly showed; a whole book is never crossed."""
    shadow = Shadow()
    supply = sum(shadow.upstream.bids.values()) + sum(shadow.upstream.asks.values())
    ordered = filled = 0
    for number, (kind, side, price, qty) in enumerate(script):
        batch: Batch | None = None
        if kind == "limit":
            ordered += qty
            batch = shadow.limit(side, price, qty, f"own{number}")
        elif kind == "market":
            ordered += qty
            batch = shadow.market(side, qty)
        elif kind == "cancel":
            shadow.engine.cancel(f"own{number - qty}", shadow.ns)
        elif kind == "trade":
            supply += qty
            batch = shadow.trade(side, price, qty)
        elif kind == "pause":
            shadow.engine.pause()
            batch = shadow.resume()
        else:
            name, other = ("bids", shadow.upstream.asks) if side == "buy" else ("asks", shadow.upstream.bids)
            if any(price >= ask for ask in other) if side == "buy" else any(price <= bid for bid in other):
                continue
            supply += max(0, qty - getattr(shadow.upstream, name).get(price, 0))
            batch = shadow.update(**{name: {price: qty}})
        for trade in batch.trades if batch else ():
            assert trade.qty > 0
            filled += trade.qty
        bid, ask = shadow.engine.best("buy"), shadow.engine.best("sell")
        assert bid is None or ask is None or bid[0] < ask[0]
    assert filled <= ordered * COIN
    assert filled <= supply * COIN
