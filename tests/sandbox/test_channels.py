"""Every channel message has exactly the documented keys, in documented types, with the digits padded."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from kraken_lab.sandbox import Exchange
from kraken_lab.sandbox.instruments import PAIRS, Pair
from tests.sandbox.talk import a_quiet_exchange, opened, said, subscribe, wait

TICKER = [
    "symbol",
    "bid",
    "bid_qty",
    "ask",
    "ask_qty",
    "last",
    "volume",
    "vwap",
    "low",
    "high",
    "change",
    "change_pct",
    "timestamp",
]
TRADE = ["symbol", "side", "price", "qty", "ord_type", "trade_id", "timestamp"]
CANDLE = [
    *("symbol", "open", "high", "low", "close", "trades", "volume", "vwap", "interval_begin", "interval", "timestamp"),
]
ASSET = ["id", "status", "precision", "precision_display", "borrowable", "collateral_value", "class"]
PAIR = [
    *("symbol", "base", "quote", "status", "qty_precision", "qty_increment", "price_precision", "cost_precision"),
    *("marginable", "has_index", "ws_display_price_precision", "cost_min", "tick_size", "price_increment", "qty_min"),
]
MARGIN = {"margin_initial", "position_limit_long", "position_limit_short"}
MICROS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
NANOS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
BTC, ETH = PAIRS[:2]


def decimals(number: Decimal | int) -> int:
    """How many decimals a number was printed with."""
    exponent = Decimal(number).as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


def traded(exchange: Exchange, symbol: str = "BTC/USD") -> Pair:
    """Let a market order of one unit less than the best ask's quantity go through."""
    engine = exchange.market.engine(symbol)
    best = engine.best("sell")
    assert best is not None
    exchange.market.act(engine.market("buy", best[1] - engine.pair.qty_increment, exchange.now_ns))
    return engine.pair


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.symbol)
def test_ticker_is_always_complete(pair: Pair) -> None:
    """Snapshot and update have the same keys; prices and quantities have the pair's decimals."""
    exchange = a_quiet_exchange(pairs=[pair])
    session = opened(exchange)
    messages = subscribe(session, "ticker", pair.symbol)[1:]
    traded(exchange, pair.symbol)
    messages += said(session)
    assert [message["type"] for message in messages] == ["snapshot", "update"]
    for message in messages:
        assert list(message) == ["channel", "type", "data"]
        (ticker,) = message["data"]
        assert list(ticker) == TICKER
        for name in ("bid", "ask", "last", "low", "high", "vwap", "change"):
            assert decimals(ticker[name]) == pair.price_precision, name
        for name in ("bid_qty", "ask_qty", "volume"):
            assert decimals(ticker[name]) == pair.qty_precision, name
        assert decimals(ticker["change_pct"]) == 2
        assert MICROS.fullmatch(ticker["timestamp"])


def test_ticker_follows_its_trigger() -> None:
    """``trades`` hears of trades only; ``bbo`` of every change of a best price or quantity, and of nothing deeper."""
    exchange = a_quiet_exchange(pairs=[BTC])
    on_trades, on_best = opened(exchange), opened(exchange)
    subscribe(on_trades, "ticker", "BTC/USD")
    subscribe(on_best, "ticker", "BTC/USD", event_trigger="bbo")
    engine = exchange.market.engine("BTC/USD")
    best, second = engine.levels("buy", 2)
    exchange.market.act(engine.limit("buy", second[0], 1000, exchange.now_ns))
    assert (said(on_trades), said(on_best)) == ([], [])
    exchange.market.act(engine.limit("buy", best[0], 1000, exchange.now_ns))
    assert said(on_trades) == []
    (update,) = said(on_best)
    assert update["data"][0]["bid_qty"] == Decimal(best[1] + 1000).scaleb(-8)
    traded(exchange)
    (update,) = said(on_trades)
    assert update["data"][0]["ask_qty"] == Decimal("0.00000001")


def test_a_pair_without_a_side_has_zeros_there() -> None:
    """Nobody has published what the exchange shows then; a number it is."""
    exchange = a_quiet_exchange()
    engine = exchange.market.engine("ACA/EUR")
    total = sum(qty for _, qty in engine.levels("sell", 1000))
    exchange.market.act(engine.market("buy", total, exchange.now_ns))
    ticker = subscribe(opened(exchange), "ticker", "ACA/EUR")[1]["data"][0]
    assert (ticker["ask"], ticker["ask_qty"]) == (0, 0)
    assert ticker["bid"] > 0


def test_a_trade_snapshot_has_the_last_fifty_and_ids_go_on() -> None:
    """Oldest first; what follows carries the next id, all trades of one taker in one message."""
    exchange = a_quiet_exchange(pairs=[BTC])
    session = opened(exchange)
    snapshot = subscribe(session, "trade", "BTC/USD", snapshot=True)[1]
    assert list(snapshot) == ["channel", "type", "data"]
    trades = snapshot["data"]
    assert len(trades) == 50
    engine = exchange.market.engine("BTC/USD")
    three_levels = sum(qty for _, qty in engine.levels("sell", 3))
    exchange.market.act(engine.market("buy", three_levels, exchange.now_ns))
    (update,) = said(session)
    assert update["type"] == "update"
    assert len(update["data"]) >= 3
    trades += update["data"]
    first = trades[0]["trade_id"]
    assert [trade["trade_id"] for trade in trades] == list(range(first, first + len(trades)))
    for trade in trades:
        assert list(trade) == TRADE
        assert trade["side"] in ("buy", "sell")
        assert trade["ord_type"] in ("limit", "market")
        assert decimals(trade["price"]) == 1
        assert decimals(trade["qty"]) == 8
        assert isinstance(trade["trade_id"], int)
        assert MICROS.fullmatch(trade["timestamp"])


@pytest.mark.parametrize("interval", [1, 60, 1440, 21600])
def test_candles_end_with_the_one_in_progress(interval: int) -> None:
    """Oldest first, at most 720; ``timestamp`` is the end of the interval, the envelope has nanoseconds."""
    exchange = a_quiet_exchange(pairs=[ETH])
    session = opened(exchange)
    snapshot = subscribe(session, "ohlc", ETH.symbol, interval=interval)[1]
    pair = traded(exchange, ETH.symbol)
    (update,) = said(session)
    assert 1 <= len(snapshot["data"]) <= 720
    begins = [candle["interval_begin"] for candle in snapshot["data"]]
    assert begins == sorted(set(begins))
    assert update["data"][0]["interval_begin"] >= begins[-1]
    for message in (snapshot, update):
        assert list(message) == ["channel", "type", "timestamp", "data"]
        assert NANOS.fullmatch(message["timestamp"])
        for candle in message["data"]:
            assert list(candle) == CANDLE
            assert candle["low"] <= min(candle["open"], candle["close"])
            assert candle["high"] >= max(candle["open"], candle["close"])
            assert candle["low"] <= candle["vwap"] <= candle["high"]
            for name in ("open", "high", "low", "close", "vwap"):
                assert decimals(candle[name]) == pair.price_precision
            assert decimals(candle["volume"]) == pair.qty_precision
            assert candle["interval"] == interval
            assert NANOS.fullmatch(candle["interval_begin"])
            assert MICROS.fullmatch(candle["timestamp"])
            assert candle["timestamp"] > candle["interval_begin"]


def test_candles_are_sent_for_trades_only() -> None:
    """A quiet interval passes without a word; the next trade begins a new candle."""
    exchange = a_quiet_exchange(pairs=[BTC])
    session = opened(exchange)
    subscribe(session, "ohlc", "BTC/USD", interval=1, snapshot=False)
    traded(exchange)
    (before,) = said(session)
    engine = exchange.market.engine("BTC/USD")
    exchange.market.act(engine.limit("buy", 1, 1000, exchange.now_ns))
    wait(exchange, 180)
    assert all(message["channel"] == "heartbeat" for message in said(session))
    exchange.market.act(engine.market("sell", 1000, exchange.now_ns))
    (after,) = said(session)
    assert after["data"][0]["interval_begin"] > before["data"][0]["interval_begin"]
    assert after["data"][0]["trades"] == 1


def test_instruments_are_one_object_with_all_assets_and_pairs() -> None:
    """Each complete; what concerns margin only where there is margin."""
    exchange = a_quiet_exchange(pairs=PAIRS)
    message = subscribe(opened(exchange), "instrument")[1]
    assert list(message) == ["channel", "type", "data"]
    assert list(message["data"]) == ["assets", "pairs"]
    for asset in message["data"]["assets"]:
        assert set(asset) == {*ASSET, "margin_rate"} if asset["borrowable"] else set(ASSET)
        assert 0 <= asset["collateral_value"] <= 1
    assert len(message["data"]["pairs"]) == len(PAIRS)
    for pair in message["data"]["pairs"]:
        assert set(pair) == {*PAIR, *MARGIN} if pair["marginable"] else set(PAIR)
        assert pair["tick_size"] == pair["price_increment"]
        assert decimals(pair["price_increment"]) == pair["price_precision"]
        assert decimals(pair["qty_min"]) == pair["qty_precision"]


def test_the_listing_has_every_shape_a_client_must_cope_with() -> None:
    """The list of pairs that a simulator needs."""
    pairs = subscribe(opened(a_quiet_exchange(pairs=PAIRS)), "instrument")[1]["data"]["pairs"]
    assert {pair["price_precision"] for pair in pairs} >= {1, 8}
    assert min(pair["qty_precision"] for pair in pairs) < 8
    assert any(pair["price_increment"] > Decimal(1).scaleb(-pair["price_precision"]) for pair in pairs)
    assert {pair["status"] for pair in pairs} >= {"online", "cancel_only", "post_only"}
    assert any(not pair["marginable"] for pair in pairs)


@pytest.mark.fault("F-030")
def test_a_pairs_new_status_is_an_update_of_that_pair_alone() -> None:
    """Complete, with no assets; other venues hear nothing."""
    exchange = a_quiet_exchange(pairs=[BTC])
    session, elsewhere = opened(exchange), opened(exchange)
    subscribe(session, "instrument")
    nothing = subscribe(elsewhere, "instrument", execution_venue="bitnomial-exchange")[1]
    assert nothing["data"] == {"assets": [], "pairs": []}
    exchange.set_pair_status("BTC/USD", "reduce_only")
    (update,) = said(session)
    assert update["type"] == "update"
    assert update["data"]["assets"] == []
    (pair,) = update["data"]["pairs"]
    assert (pair["symbol"], pair["status"]) == ("BTC/USD", "reduce_only")
    assert set(pair) == {*PAIR, *MARGIN}
    assert said(elsewhere) == []
    later = subscribe(opened(exchange), "instrument")[1]["data"]["pairs"]
    assert [each["status"] for each in later if each["symbol"] == "BTC/USD"] == ["reduce_only"]


def test_one_action_is_one_book_message_however_many_receive_it() -> None:
    """A market order through five levels is one message, the same text for every subscriber."""
    exchange = a_quiet_exchange(pairs=[BTC])
    first, second = opened(exchange), opened(exchange)
    for session in (first, second):
        subscribe(session, "book", "BTC/USD", depth=25)
    engine = exchange.market.engine("BTC/USD")
    five_levels = sum(qty for _, qty in engine.levels("sell", 5))
    exchange.market.act(engine.market("buy", five_levels, exchange.now_ns))
    texts = first.drain()
    assert texts == second.drain()
    (text,) = texts
    entries = json.loads(text)["data"][0]["asks"]
    assert [entry["qty"] for entry in entries] == [0.0] * 5 + [entry["qty"] for entry in entries[5:]]
    assert len(entries) == 10


def test_what_happens_out_of_scope_is_not_told() -> None:
    """A level beyond the depth changes nothing that this subscriber can see; the deeper one hears of it."""
    exchange = a_quiet_exchange(pairs=[BTC])
    shallow, deep = opened(exchange), opened(exchange)
    subscribe(shallow, "book", "BTC/USD", depth=10)
    subscribe(deep, "book", "BTC/USD", depth=100)
    engine = exchange.market.engine("BTC/USD")
    price = engine.levels("buy", 50)[-1][0]
    exchange.market.act(engine.limit("buy", price, 1000, exchange.now_ns))
    assert shallow.drain() == []
    assert len(said(deep)) == 1


def test_a_level_pushed_out_is_not_removed_and_comes_back_as_an_entry() -> None:
    """The rule that clients get wrong."""
    exchange = a_quiet_exchange(pairs=[BTC])
    session = opened(exchange)
    engine = exchange.market.engine("BTC/USD")
    tenth = engine.levels("buy", 10)[-1]
    best = engine.levels("buy", 1)[0][0]
    ask = engine.levels("sell", 1)[0][0]
    assert ask - best > 1, "room for a better bid"
    subscribe(session, "book", "BTC/USD", depth=10)
    added = engine.limit("buy", best + 1, 1000, exchange.now_ns)
    exchange.market.act(added)
    (pushed,) = said(session)
    assert [entry["price"] for entry in pushed["data"][0]["bids"]] == [Decimal(best + 1).scaleb(-1)]
    exchange.market.act(engine.cancel(added.changes[0].order_id, exchange.now_ns))
    (back,) = said(session)
    assert back["data"][0]["bids"] == [
        {"price": Decimal(best + 1).scaleb(-1), "qty": 0},
        {"price": Decimal(tenth[0]).scaleb(-1), "qty": Decimal(tenth[1]).scaleb(-8)},
    ]


@pytest.mark.fault("F-032")
def test_the_exchanges_clock_can_be_wrong() -> None:
    """Every time that is told is off by as much, on the socket and by REST."""
    exchange = a_quiet_exchange()
    session = opened(exchange)

    def told() -> tuple[int, datetime]:
        session.receive('{"method":"ping"}')
        (pong,) = said(session)
        unixtime = json.loads(exchange.rest("GET", "/0/public/Time").body)["result"]["unixtime"]
        return unixtime, datetime.fromisoformat(pong["time_in"])

    rest_before, socket_before = told()
    exchange.faults.clock(-3600)
    rest_after, socket_after = told()
    assert rest_before - rest_after == 3600
    assert socket_before - socket_after == timedelta(hours=1)
