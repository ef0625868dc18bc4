"""The matching engine keeps price-time priority and loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, OrderAdded, OrderChanged, OrderRemoved, Side, TimeInForce
from kraken_lab.sandbox.instruments import PAIRS

BTC = PAIRS[0]
DOT = next(pair for pair in PAIRS if pair.price_increment > 1)


def ids() -> Callable[[], str]:
    """Order ids O1, O2, ..."""
    numbers = count(1)
    return lambda: f"O{next(numbers)}"


def an_engine(*orders: tuple[Side, int, int]) -> Engine:
    """An engine for BTC/USD in which ``orders`` were entered in turn, as O1, O2, ... at times 1, 2, ..."""
    engine = Engine(BTC, first_trade_id=100, new_order_id=ids())
    for ns, (side, price, qty) in enumerate(orders, 1):
        engine.limit(side, price, qty, ns)
    return engine


def fills(batch: Batch) -> list[tuple[str, int, int]]:
    """Maker, price and quantity of each trade."""
    return [(trade.maker_order_id, trade.price, trade.qty) for trade in batch.trades]


# --- priority and fills ---------------------------------------------------------------------------------------------


def test_better_prices_go_first_and_older_orders_among_equals() -> None:
    """A taker meets the best price first, then the queue in the order of arrival."""
    engine = an_engine(("sell", 102, 5), ("sell", 101, 5), ("sell", 101, 5))
    assert fills(engine.market("buy", 12, 9)) == [("O2", 101, 5), ("O3", 101, 5), ("O1", 102, 2)]


def test_a_partial_fill_keeps_its_place_in_the_queue() -> None:
    """What is left of a maker stays first in line, with its own queue time."""
    engine = an_engine(("buy", 100, 5), ("buy", 100, 5))
    batch = engine.market("sell", 2, 9)
    assert batch.changes == (OrderChanged("O1", "buy", 100, 3, 9),)
    assert [(order.order_id, order.qty, order.queued_ns) for order in engine.queue("buy", 100)] == [
        ("O1", 3, 1),
        ("O2", 5, 2),
    ]


def test_a_taker_pays_the_makers_price_and_rests_with_what_is_left() -> None:
    """A limit order that crosses fills at better prices; the rest joins the book."""
    engine = an_engine(("sell", 101, 5))
    batch = engine.limit("buy", 105, 8, 9)
    assert fills(batch) == [("O1", 101, 5)]
    assert batch.changes == (OrderRemoved("O1", "sell", 101, 5, 9), OrderAdded("O2", "buy", 105, 3, 9))
    assert engine.best("buy") == (105, 3)
    assert engine.best("sell") is None


def test_trades_say_what_the_taker_was() -> None:
    """Side and type are the taker's, and ids are consecutive from the first."""
    engine = an_engine(("sell", 101, 5), ("sell", 101, 5))
    trades = engine.market("buy", 6, 9).trades + engine.limit("buy", 101, 1, 10).trades
    assert [(trade.trade_id, trade.side, trade.ord_type) for trade in trades] == [
        (100, "buy", "market"),
        (101, "buy", "market"),
        (102, "buy", "limit"),
    ]


def test_a_market_order_drops_what_finds_nobody() -> None:
    """Nothing of it rests, and an empty side gives an empty batch."""
    engine = an_engine(("sell", 101, 5))
    assert fills(engine.market("buy", 9, 2)) == [("O1", 101, 5)]
    assert len(engine) == 0
    assert not engine.market("buy", 9, 3)


# --- how long an order lives ----------------------------------------------------------------------------------------


def test_immediate_or_cancel_never_rests() -> None:
    """It fills what it can within its price and drops the rest."""
    engine = an_engine(("sell", 101, 5), ("sell", 103, 5))
    assert fills(engine.limit("buy", 102, 8, 9, time_in_force="ioc")) == [("O1", 101, 5)]
    assert engine.best("buy") is None


def test_fill_or_kill_fills_whole_or_not_at_all() -> None:
    """Six are there within the price, so seven are refused and six are filled."""
    engine = an_engine(("sell", 101, 5), ("sell", 102, 1), ("sell", 103, 9))
    assert not engine.limit("buy", 102, 7, 9, time_in_force="fok")
    assert engine.levels("sell", 10) == [(101, 5), (102, 1), (103, 9)]
    assert fills(engine.limit("buy", 102, 6, 9, time_in_force="fok")) == [("O1", 101, 5), ("O2", 102, 1)]


@pytest.mark.parametrize(("side", "price"), [("buy", 101), ("buy", 105), ("sell", 99), ("sell", 90)])
def test_post_only_never_takes(side: Side, price: int) -> None:
    """A post-only order at or through the other side does nothing at all."""
    engine = an_engine(("buy", 99, 5), ("sell", 101, 5))
    assert not engine.limit(side, price, 1, 9, post_only=True)
    assert engine.levels("buy", 9) + engine.levels("sell", 9) == [(99, 5), (101, 5)]


def test_post_only_rests_inside_the_spread() -> None:
    """Where it takes nothing it is an order as any other."""
    engine = an_engine(("buy", 99, 5), ("sell", 101, 5))
    assert engine.limit("buy", 100, 1, 9, post_only=True).changes == (OrderAdded("O3", "buy", 100, 1, 9),)


# --- changing one's mind --------------------------------------------------------------------------------------------


def test_cancelling_removes_once() -> None:
    """The second cancel finds nothing."""
    engine = an_engine(("buy", 99, 5))
    assert engine.cancel("O1", 7) == Batch("BTC/USD", 7, (OrderRemoved("O1", "buy", 99, 5, 7),), ())
    assert engine.cancel("O1", 8) is None
    assert engine.order("O1") is None
    assert list(engine.prices("buy")) == []


def test_reducing_keeps_the_place() -> None:
    """A smaller quantity is no reason to go to the back."""
    engine = an_engine(("buy", 99, 5), ("buy", 99, 5))
    assert engine.reduce("O1", 2, 7) == Batch("BTC/USD", 7, (OrderChanged("O1", "buy", 99, 2, 7),), ())
    assert [order.order_id for order in engine.queue("buy", 99)] == ["O1", "O2"]
    assert engine.level_qty("buy", 99) == 7
    assert engine.reduce("O9", 1, 8) is None


def test_raising_by_reducing_is_refused() -> None:
    """A quantity that is not smaller would have to lose its place."""
    with pytest.raises(SandboxError, match="does not reduce"):
        an_engine(("buy", 99, 5)).reduce("O1", 5, 7)


def test_moving_goes_to_the_back_under_the_same_id() -> None:
    """A new price is a delete and an add; the queue time is new."""
    engine = an_engine(("buy", 99, 5), ("buy", 98, 5))
    batch = engine.move("O1", 98, 4, 7)
    assert batch is not None
    assert batch.changes == (OrderRemoved("O1", "buy", 99, 5, 7), OrderAdded("O1", "buy", 98, 4, 7))
    assert [(order.order_id, order.queued_ns) for order in engine.queue("buy", 98)] == [("O2", 2), ("O1", 7)]


def test_moving_across_the_spread_trades() -> None:
    """A move to a price that crosses is a taker like any other."""
    engine = an_engine(("buy", 99, 5), ("sell", 101, 3))
    batch = engine.move("O1", 101, 5, 7)
    assert batch is not None
    assert [(trade.taker_order_id, trade.qty) for trade in batch.trades] == [("O1", 3)]
    assert engine.best("buy") == (101, 2)
    assert engine.move("O9", 1, 1, 8) is None


# --- what cannot be ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "qty"), [(0, 1), (-5, 1), (41_251, 1), (41_250, 0), (41_250, -1)])
def test_prices_and_quantities_off_their_increments_are_refused(price: int, qty: int) -> None:
    """DOT/USD is priced in steps of five at its precision."""
    with pytest.raises(SandboxError, match="multiple of its increment"):
        Engine(DOT, 1, ids()).limit("buy", price, qty, 1)


def test_an_id_that_rests_cannot_be_used_again() -> None:
    """Two orders of one id could not be told apart."""
    engine = an_engine(("buy", 99, 5))
    with pytest.raises(SandboxError, match="already rests"):
        engine.limit("buy", 98, 1, 9, order_id="O1")


def test_rank_counts_the_strictly_better_levels() -> None:
    """On both sides, whether or not anything rests at the price."""
    engine = an_engine(("buy", 99, 1), ("buy", 97, 1), ("sell", 101, 1), ("sell", 103, 1))
    assert [engine.rank("buy", price) for price in (100, 99, 98, 97, 96)] == [0, 0, 1, 1, 2]
    assert [engine.rank("sell", price) for price in (100, 101, 102, 103, 104)] == [0, 0, 1, 1, 2]


# --- against a naive model ------------------------------------------------------------------------------------------


@dataclass
class Naive:
    """The same exchange written as one list that is sorted anew for each order."""

    resting: list[tuple[str, Side, int, int]] = field(default_factory=list)  # in the order of arrival

    def enter(self, order_id: str, side: Side, price: int | None, qty: int, tif: TimeInForce, post: bool) -> list[int]:
        """Match and rest; the quantities filled."""
        sign = 1 if side == "buy" else -1
        others = sorted((order for order in self.resting if order[1] != side), key=lambda order: sign * order[2])
        others = [order for order in others if price is None or sign * order[2] <= sign * price]
        if (post and others) or (tif == "fok" and sum(order[3] for order in others) < qty):
            return []
        filled: list[int] = []
        for maker in others:
            part = min(qty, maker[3])
            if part:
                filled.append(part)
                qty -= part
                place = self.resting.index(maker)
                self.resting[place : place + 1] = [(*maker[:3], maker[3] - part)] if part < maker[3] else []
        if qty and price is not None and tif == "gtc":
            self.resting.append((order_id, side, price, qty))
        return filled

    def levels(self, side: Side) -> dict[int, int]:
        """Total quantity by price."""
        totals: dict[int, int] = {}
        for _, of, price, qty in self.resting:
            if of == side:
                totals[price] = totals.get(price, 0) + qty
        return totals


ACTION = st.tuples(
    st.sampled_from(["limit", "limit", "limit", "market", "cancel", "reduce"]),
    st.sampled_from(["buy", "sell"]),
    st.integers(95, 105),
    st.integers(1, 9),
    st.sampled_from(["gtc", "gtc", "gtc", "ioc", "fok"]),
    st.booleans(),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(ACTION, max_size=60))
def test_the_engine_agrees_with_a_naive_model(actions: list[tuple[str, str, int, int, str, bool]]) -> None:
    """Same fills, same levels, same queues; never crossed; ids consecutive; quantity is conserved."""
    engine, naive = Engine(BTC, 1, ids()), Naive()
    traded: list[int] = []
    book: dict[str, tuple[int, int]] = {}  # rebuilt from the changes alone, as level3 clients do
    for ns, (kind, side_text, price, qty, tif_text, post) in enumerate(actions, 1):
        side, tif, order_id = cast("Side", side_text), cast("TimeInForce", tif_text), f"X{ns}"
        before = sum(order[3] for order in naive.resting)
        victim = naive.resting[price % len(naive.resting)] if naive.resting else None
        batch: Batch | None = None
        entered = 0
        if kind == "limit":
            post_only = post and tif == "gtc"
            batch = engine.limit(side, price, qty, ns, time_in_force=tif, post_only=post_only, order_id=order_id)
            assert [trade.qty for trade in batch.trades] == naive.enter(order_id, side, price, qty, tif, post_only)
            entered = sum(change.qty for change in batch.changes if isinstance(change, OrderAdded))
        elif kind == "market":
            batch = engine.market(side, qty, ns, order_id=order_id)
            assert [trade.qty for trade in batch.trades] == naive.enter(order_id, side, None, qty, "ioc", False)
        elif victim is not None and kind == "cancel":
            batch = engine.cancel(victim[0], ns)
            naive.resting.remove(victim)
            entered = -victim[3]
        elif victim is not None and qty < victim[3]:
            batch = engine.reduce(victim[0], qty, ns)
            naive.resting[naive.resting.index(victim)] = (*victim[:3], qty)
            entered = qty - victim[3]
        if batch is not None:
            traded += [trade.trade_id for trade in batch.trades]
            for change in batch.changes:
                if isinstance(change, OrderRemoved):
                    del book[change.order_id]
                else:
                    book[change.order_id] = (change.price, change.qty)
            filled = sum(trade.qty for trade in batch.trades)
            assert sum(order[3] for order in naive.resting) == before - filled + entered
        bid, ask = engine.best("buy"), engine.best("sell")
        assert bid is None or ask is None or bid[0] < ask[0]
    for each in ("buy", "sell"):
        expected = naive.levels(each)
        assert dict(engine.levels(each, 99)) == expected
        assert list(engine.prices(each)) == sorted(expected, reverse=each == "buy")
        for at in expected:
            queue = [(order.order_id, order.qty) for order in engine.queue(each, at)]
            assert queue == [(order[0], order[3]) for order in naive.resting if order[1:3] == (each, at)]
            assert sum(left for _, left in queue) == engine.level_qty(each, at)
    assert book == {order[0]: (order[2], order[3]) for order in naive.resting}
    assert traded == list(range(1, len(traded) + 1))
