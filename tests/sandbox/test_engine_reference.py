"""The engine against a plain reference: a list of orders, sorted anew for every fill.

The reference knows price, time, owners and icebergs and nothing of levels, ladders or batches. Random scripts must give
the same trades and the same queues, and what the batches say must be what happened to the book.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.sandbox.engine import Engine
from kraken_lab.sandbox.events import Batch, OrderAdded, OrderChanged, Side
from kraken_lab.sandbox.instruments import PAIRS

BTC = PAIRS[0]
Fill = tuple[str, str, int, int]


@dataclass
class Plain:
    """One order of the reference; ``place`` is its turn among those of its price."""

    order_id: str
    side: Side
    price: int
    shown: int
    hidden: int
    display: int
    owner: str
    place: int


class Reference:
    """Price, then time; a used-up iceberg takes a new place."""

    def __init__(self) -> None:
        self.book: list[Plain] = []
        self.places = count()

    def turn(self, side: Side) -> list[Plain]:
        """The orders of a side, first to be filled first."""
        sign = -1 if side == "buy" else 1
        return sorted((o for o in self.book if o.side == side), key=lambda o: (sign * o.price, o.place))

    def show(self, order: Plain, qty: int) -> None:
        """Put an order at the end of its queue with ``qty`` open."""
        order.shown = min(qty, order.display) if order.display else qty
        order.hidden = qty - order.shown
        order.place = next(self.places)

    def take(
        self, order_id: str, side: Side, price: int | None, qty: int, owner: str, stp: str, budget: int | None = None
    ) -> tuple[list[Fill], int]:
        """The fills of a taker, and what it may rest with."""
        fills: list[Fill] = []
        other: Side = "sell" if side == "buy" else "buy"
        while qty and (makers := self.turn(other)):
            maker = makers[0]
            if price is not None and (maker.price > price if side == "buy" else maker.price < price):
                break
            if owner and maker.owner == owner:
                if stp != "cancel_newest":
                    self.book.remove(maker)
                if stp != "cancel_oldest":
                    return fills, 0
                continue
            filled = min(qty, maker.shown)
            if budget is not None:
                filled = min(filled, budget // maker.price)
                if not filled:
                    break
                budget -= filled * maker.price
            fills.append((maker.order_id, order_id, maker.price, filled))
            qty -= filled
            maker.shown -= filled
            if not maker.shown:
                if maker.hidden:
                    self.show(maker, maker.hidden)
                else:
                    self.book.remove(maker)
        return fills, qty

    def limit(self, order_id: str, side: Side, price: int, qty: int, how: dict[str, Any]) -> list[Fill]:
        """A limit order of any kind."""
        owner, stp = how["owner"], how["self_trade"]
        crossing = [
            o for o in self.book if o.side != side and (o.price <= price if side == "buy" else o.price >= price)
        ]
        if how["post_only"] and crossing:
            return []
        if how["time_in_force"] == "fok":
            kept = [Plain(**vars(o)) for o in self.book]
            fills, _ = self.take(order_id, side, price, qty, owner, stp)
            if sum(fill[3] for fill in fills) < qty:
                self.book = kept
                return []
            return fills
        fills, left = self.take(order_id, side, price, qty, owner, stp)
        if left and how["time_in_force"] == "gtc":
            order = Plain(order_id, side, price, 0, 0, how["display_qty"] or 0, owner, 0)
            self.show(order, left)
            self.book.append(order)
        return fills


sides = st.sampled_from(["buy", "sell"])
owners = st.sampled_from(["", "anne", "anne", "bob"])
modes = st.sampled_from(["cancel_newest", "cancel_oldest", "cancel_both"])
limits = st.tuples(
    st.just("limit"),
    sides,
    st.integers(96, 104),
    st.integers(1, 12),
    st.fixed_dictionaries(
        {
            "owner": owners,
            "self_trade": modes,
            "post_only": st.sampled_from([False, False, False, True]),
            "time_in_force": st.sampled_from(["gtc", "gtc", "gtc", "ioc", "fok"]),
            "display_qty": st.sampled_from([None, None, 2, 3]),
        }
    ),
)
markets = st.tuples(
    st.just("market"),
    sides,
    st.just(0),
    st.integers(1, 15),
    st.fixed_dictionaries(
        {"owner": owners, "self_trade": modes, "budget": st.none() | st.integers(50, 1500)},
    ),
)
changes = st.tuples(
    st.sampled_from(["cancel", "reduce", "move", "redisplay", "fill"]),
    sides,
    st.integers(96, 104),
    st.integers(1, 12),
    st.fixed_dictionaries({"self_trade": modes}),
)
scripts = st.lists(limits | limits | markets | changes, min_size=5, max_size=40)


def perform(engine: Engine, reference: Reference, step: Any, ns: int) -> tuple[Batch | None, list[Fill]]:
    """One step on both; the engine's batch and the reference's fills."""
    kind, side, price, qty, how = step
    order_id = f"O{ns}"
    if kind == "limit":
        return engine.limit(side, price, qty, ns, order_id=order_id, **how), reference.limit(
            order_id, side, price, qty, how
        )
    if kind == "market":
        fills, _ = reference.take(order_id, side, None, qty, how["owner"], how["self_trade"], how["budget"])
        return engine.market(side, qty, ns, order_id=order_id, **how), fills
    queue = reference.turn(side)
    if not queue:
        return None, []
    order = queue[qty % len(queue)]
    left = order.shown + order.hidden
    if kind == "cancel":
        reference.book.remove(order)
        return engine.cancel(order.order_id, ns), []
    if kind == "move":
        reference.book.remove(order)
        fills, rest = reference.take(order.order_id, side, price, qty, order.owner, how["self_trade"])
        if rest:
            order.price = price
            reference.show(order, rest)
            reference.book.append(order)
        return engine.move(order.order_id, price, qty, ns, **how), fills
    if kind == "reduce":
        if qty >= left:
            return None, []
        order.shown, order.hidden = min(qty, order.shown), max(0, qty - order.shown)
        return engine.reduce(order.order_id, qty, ns), []
    if kind == "redisplay":
        if not order.display:
            return None, []
        order.display = qty
        order.shown, order.hidden = min(order.shown, qty), left - min(order.shown, qty)
        return engine.redisplay(order.order_id, qty, ns), []
    qty = min(qty, left)
    todo = qty
    while todo:
        used = min(todo, order.shown)
        todo -= used
        order.shown -= used
        if not order.shown:
            if order.hidden:
                reference.show(order, order.hidden)
            else:
                reference.book.remove(order)
    batch = engine.fill(order.order_id, qty, price, ns)
    assert batch is not None
    return batch, [(order.order_id, batch.trades[0].taker_order_id, price, qty)]


def told(book: dict[str, tuple[Side, int, int]], batch: Batch) -> None:
    """What somebody makes of a batch who knows the book only from batches."""
    for change in batch.changes:
        if isinstance(change, OrderAdded):
            assert change.order_id not in book
            book[change.order_id] = (change.side, change.price, change.qty)
        elif isinstance(change, OrderChanged):
            assert book[change.order_id][:2] == (change.side, change.price)
            assert change.qty < book[change.order_id][2]
            book[change.order_id] = (change.side, change.price, change.qty)
        else:
            assert book.pop(change.order_id) == (change.side, change.price, change.qty)


@settings(max_examples=150, deadline=None)
@given(scripts)
def test_the_engine_does_what_the_reference_does(script: list[Any]) -> None:
    """Same trades, same queues, after every step; never crossed; and batches that add up to the book."""
    strangers = count()
    engine = Engine(BTC, 1, lambda: f"X{next(strangers)}")
    reference, book, trade_id = Reference(), dict[str, tuple[Side, int, int]](), 1
    for ns, step in enumerate(script, 1):
        batch, fills = perform(engine, reference, step, ns)
        if batch is not None:
            assert [(t.maker_order_id, t.taker_order_id, t.price, t.qty) for t in batch.trades] == fills
            assert [t.trade_id for t in batch.trades] == list(range(trade_id, trade_id + len(fills)))
            trade_id += len(fills)
            told(book, batch)
        for side in ("buy", "sell"):
            queues = [o for price in engine.prices(side) for o in engine.queue(side, price)]
            assert [(o.order_id, o.price, o.qty, o.hidden) for o in queues] == [
                (o.order_id, o.price, o.shown, o.hidden) for o in reference.turn(side)
            ]
            assert all(
                engine.level_qty(side, p) == sum(o.qty for o in engine.queue(side, p)) for p in engine.prices(side)
            )
        assert book == {o.order_id: (o.side, o.price, o.shown) for o in reference.book}
        bid, ask = engine.best("buy"), engine.best("sell")
        assert bid is None or ask is None or bid[0] < ask[0]


@settings(max_examples=100, deadline=None)
@given(scripts)
def test_no_quantity_is_made_or_lost(script: list[Any]) -> None:
    """What came in is filled, rests, or was given up; what makers lost takers got."""
    engine = Engine(BTC, 1, iter(f"X{n}" for n in count()).__next__)
    entered: dict[str, int] = {}
    filled: dict[str, int] = {}
    for ns, (kind, side, price, qty, how) in enumerate(script, 1):
        if kind not in ("limit", "market"):
            continue
        order_id = f"O{ns}"
        entered[order_id] = qty
        resting = sum(o.open_qty for s in ("buy", "sell") for p in engine.prices(s) for o in engine.queue(s, p))
        act = (
            engine.limit(side, price, qty, ns, order_id=order_id, **how)
            if kind == "limit"
            else engine.market(side, qty, ns, order_id=order_id, **how)
        )
        for trade in act.trades:
            for party in (trade.maker_order_id, trade.taker_order_id):
                filled[party] = filled.get(party, 0) + trade.qty
        after = {o.order_id: o.open_qty for s in ("buy", "sell") for p in engine.prices(s) for o in engine.queue(s, p)}
        assert all(filled.get(name, 0) + left == entered[name] for name, left in after.items())
        traded, joined = sum(t.qty for t in act.trades), after.get(order_id, 0)
        went = sum(entered[name] - filled.get(name, 0) for name in act.prevented if name != order_id)
        assert sum(after.values()) == resting - traded + joined - went
    assert all(filled.get(name, 0) <= qty for name, qty in entered.items())


@settings(max_examples=100, deadline=None)
@given(scripts, sides, st.integers(1, 40), st.none() | st.integers(96, 104), owners)
def test_what_could_be_taken_is_what_is_taken(
    script: list[Any], side: Side, qty: int, price: int | None, owner: str
) -> None:
    """Quantity and value agree with the trades of an order that lets its owner's older orders go."""
    engine = Engine(BTC, 1, iter(f"X{n}" for n in count()).__next__)
    reference = Reference()
    for ns, step in enumerate(script, 1):
        perform(engine, reference, step, ns)
    could = engine.takeable(side, qty, price=price, owner=owner)
    how: dict[str, Any] = {"order_id": "LAST", "owner": owner, "self_trade": "cancel_oldest"}
    if price is None:
        batch = engine.market(side, qty, 99, **how)
    else:
        batch = engine.limit(side, price, qty, 99, time_in_force="ioc", **how)
    assert could == (sum(t.qty for t in batch.trades), sum(t.qty * t.price for t in batch.trades))
