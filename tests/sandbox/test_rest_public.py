"""Public REST: reference data under any name, and history that joins the live channels."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from kraken_lab.sandbox import Exchange
from kraken_lab.sandbox.instruments import PAIRS
from tests.sandbox.talk import SECOND, a_quiet_exchange, opened, subscribe, wait

BTC, ACA = PAIRS[0], next(pair for pair in PAIRS if pair.symbol == "ACA/EUR")
PAIR_KEYS = {
    *("altname", "wsname", "aclass_base", "base", "aclass_quote", "quote", "lot", "cost_decimals", "pair_decimals"),
    *("lot_decimals", "lot_multiplier", "leverage_buy", "leverage_sell", "fees", "fees_maker", "fee_volume_currency"),
    *("margin_call", "margin_stop", "ordermin", "costmin", "tick_size", "status", "execution_venue"),
}


def get(exchange: Exchange, name: str, **parameters: Any) -> Any:
    """The result of a public path."""
    query = "&".join(f"{key}={value}" for key, value in parameters.items())
    answer = exchange.rest("GET", f"/0/public/{name}", query=query)
    content = json.loads(answer.body, parse_float=Decimal)
    assert (answer.status, content["error"]) == (200, [])
    return content["result"]


def refused(exchange: Exchange, name: str, **parameters: Any) -> list[str]:
    """The errors of a public path."""
    query = "&".join(f"{key}={value}" for key, value in parameters.items())
    content = json.loads(exchange.rest("GET", f"/0/public/{name}", query=query).body)
    assert list(content) == ["error"]
    errors: list[str] = content["error"]
    return errors


def rows(result: Any) -> Any:
    """The one entry that is not ``last``."""
    (name,) = set(result) - {"last"}
    return result[name]


def test_time_and_status_are_told() -> None:
    """Unix time, the same as text, and the state of the engine."""
    exchange = a_quiet_exchange(start_ns=1_616_336_594 * SECOND)
    assert get(exchange, "Time") == {"unixtime": 1616336594, "rfc1123": "Sun, 21 Mar 21 14:23:14 +0000"}
    exchange.set_status("post_only")
    assert get(exchange, "SystemStatus") == {"status": "post_only", "timestamp": "2021-03-21T14:23:14Z"}


@pytest.mark.parametrize("name", ["BTC/USD", "XBT/USD", "XBTUSD", "XXBTZUSD", "BTCUSD"])
def test_a_pair_is_answered_under_the_name_it_was_asked_by(name: str) -> None:
    """Every name a pair has is understood."""
    exchange = a_quiet_exchange(pairs=[BTC])
    result = get(exchange, "AssetPairs", pair=name)
    assert list(result) == [name]
    assert set(result[name]) == {*PAIR_KEYS, "long_position_limit", "short_position_limit"}
    assert result[name]["wsname"] == "XBT/USD"
    assert set(get(exchange, "Depth", pair=name, count=1)) == {name}


def test_pairs_come_in_lists_all_together_and_in_part() -> None:
    """A comma list, no list at all, one part of the information."""
    exchange = a_quiet_exchange(pairs=PAIRS)
    assert list(get(exchange, "AssetPairs", pair="ETHUSD,XDG/USD")) == ["ETHUSD", "XDG/USD"]
    assert list(get(exchange, "AssetPairs")) == [pair.rest_name for pair in PAIRS]
    assert set(get(exchange, "AssetPairs", pair="DOTUSD", info="leverage")["DOTUSD"]) == {
        "leverage_buy",
        "leverage_sell",
    }
    assert refused(exchange, "AssetPairs", info="all") == ["EGeneral:Invalid arguments:info"]
    assert refused(exchange, "AssetPairs", pair="NOSUCH") == ["EQuery:Unknown asset pair"]


def test_assets_are_keyed_by_rests_names() -> None:
    """And may be asked for by any of theirs."""
    exchange = a_quiet_exchange()
    assert list(get(exchange, "Assets", asset="XBT,USD")) == ["XXBT", "ZUSD"]
    assert len(get(exchange, "Assets")) == 14
    assert refused(exchange, "Assets", asset="NOSUCH") == ["EQuery:Unknown asset"]


def test_depth_is_the_book_as_text() -> None:
    """The same levels that the channel shows, with the time of each level's newest order."""
    exchange = a_quiet_exchange(pairs=[BTC])
    book = subscribe(opened(exchange), "book", "BTC/USD", depth=25)[1]["data"][0]
    depth = get(exchange, "Depth", pair="BTC/USD", count=25)["BTC/USD"]
    for name in ("bids", "asks"):
        assert [(price, qty) for price, qty, _ in depth[name]] == [
            (str(level["price"]), str(level["qty"])) for level in book[name]
        ]
        assert all(isinstance(at, int) and at <= exchange.now_ns // SECOND for _, _, at in depth[name])
    for count in ("0", "501", "x", "-1"):
        assert refused(exchange, "Depth", pair="BTC/USD", count=count) == ["EGeneral:Invalid arguments:count"]


def test_trades_are_the_channels_trades_and_pages_join_up() -> None:
    """Fed back as ``since``, ``last`` gives the next page: every trade once, ids without a hole."""
    exchange = Exchange(seed=7, rate=50, pairs=[BTC])
    wait(exchange, 60)
    snapshot = subscribe(opened(exchange), "trade", "BTC/USD", snapshot=True)[1]["data"]
    newest = rows(get(exchange, "Trades", pair="BTC/USD"))
    assert [row[6] for row in newest[-50:]] == [trade["trade_id"] for trade in snapshot]
    assert [(row[0], row[1]) for row in newest[-50:]] == [(str(t["price"]), str(t["qty"])) for t in snapshot]
    assert {row[3] for row in newest} == {"b", "s"}
    since: str = str(exchange.now_ns - 60 * SECOND)
    ids: list[int] = []
    while page := get(exchange, "Trades", pair="BTC/USD", since=since, count=50):
        if not rows(page):
            break
        ids += [row[6] for row in rows(page)]
        since = page["last"]
    assert len(ids) > 100
    assert ids == list(range(ids[0], snapshot[-1]["trade_id"] + 1))


def test_since_may_be_seconds() -> None:
    """A small number is seconds, a large one nanoseconds."""
    exchange = Exchange(seed=7, rate=50, pairs=[BTC])
    wait(exchange, 10)
    start_s = exchange.now_ns // SECOND - 5
    by_seconds = get(exchange, "Trades", pair="BTC/USD", since=start_s)
    assert rows(by_seconds)
    assert by_seconds == get(exchange, "Trades", pair="BTC/USD", since=start_s * SECOND)
    assert refused(exchange, "Trades", pair="BTC/USD", since="x") == ["EGeneral:Invalid arguments:since"]
    assert refused(exchange, "Trades", pair="BTC/USD", count=1001) == ["EGeneral:Invalid arguments:count"]


@pytest.mark.parametrize("interval", [1, 15, 1440])
@pytest.mark.parametrize("symbol", ["BTC/USD", "ACA/EUR"])
def test_candles_have_no_holes_and_end_with_the_unfinished_one(interval: int, symbol: str) -> None:
    """At most 720 rows, one an interval; without a trade they repeat the close with volume 0."""
    exchange = Exchange(seed=7, rate=10, pairs=[BTC, ACA])
    wait(exchange, 200)
    result = get(exchange, "OHLC", pair=symbol, interval=interval)
    candles = rows(result)
    step = interval * 60
    now = exchange.now_ns // SECOND
    assert 1 <= len(candles) <= 720
    assert [row[0] for row in candles] == [now - now % step - step * back for back in reversed(range(len(candles)))]
    assert result["last"] == candles[-1][0] - step
    for before, row in pairwise(candles):
        if row[7] == 0:
            assert row[1:5] == [before[4]] * 4
            assert Decimal(row[5]) == Decimal(row[6]) == 0
    assert all(len(row) == 8 and isinstance(row[7], int) for row in candles)


def test_candles_are_those_of_the_channel() -> None:
    """Where something was traded, both roads give the same figures."""
    exchange = Exchange(seed=7, rate=10, pairs=[BTC])
    wait(exchange, 100)
    channel = subscribe(opened(exchange), "ohlc", "BTC/USD", interval=1)[1]["data"]
    by_rest = [row for row in rows(get(exchange, "OHLC", pair="BTC/USD")) if row[7]]
    told = [
        [str(candle[name]) for name in ("open", "high", "low", "close", "vwap", "volume")] + [candle["trades"]]
        for candle in channel
    ]
    assert [row[1:] for row in by_rest] == told[-len(by_rest) :]


def test_since_cuts_candles_but_never_the_last() -> None:
    """The unfinished candle is always present."""
    exchange = a_quiet_exchange(pairs=[BTC])
    everything = get(exchange, "OHLC", pair="BTC/USD")
    cut = get(exchange, "OHLC", pair="BTC/USD", since=everything["last"])
    assert rows(cut) == rows(everything)[-1:]
    assert len(rows(get(exchange, "OHLC", pair="BTC/USD", since=0))) == len(rows(everything))
    assert refused(exchange, "OHLC", pair="BTC/USD", interval=2) == ["EGeneral:Invalid arguments:interval"]


def test_ticker_has_todays_and_the_last_days_figures() -> None:
    """Arrays as REST writes them, in agreement with the channel."""
    exchange = Exchange(seed=7, rate=10, pairs=[BTC, ACA])
    wait(exchange, 60)
    told = subscribe(opened(exchange), "ticker", "BTC/USD")[1]["data"][0]
    ticker = get(exchange, "Ticker", pair="XBTUSD")["XBTUSD"]
    assert set(ticker) == set("abcvptlho")
    assert (ticker["a"][0], ticker["a"][2]) == (str(told["ask"]), str(told["ask_qty"]))
    assert (ticker["b"][0], ticker["b"][2]) == (str(told["bid"]), str(told["bid_qty"]))
    assert ticker["c"][0] == str(told["last"])
    assert (ticker["v"][1], ticker["p"][1]) == (str(told["volume"]), str(told["vwap"]))
    assert Decimal(ticker["v"][0]) <= Decimal(ticker["v"][1])
    assert ticker["t"][0] <= ticker["t"][1]
    assert len(get(exchange, "Ticker")) == 2


def test_unknown_paths_and_pairs_are_refused_in_words() -> None:
    """HTTP 200 and an error list, as everywhere."""
    exchange = a_quiet_exchange()
    assert refused(exchange, "Nothing") == ["EGeneral:Unknown method"]
    assert refused(exchange, "OHLC", pair="WWWUSD") == ["EQuery:Unknown asset pair"]
    assert refused(exchange, "Trades") == ["EGeneral:Invalid arguments"]
    assert json.loads(exchange.rest("DELETE", "/0/public/Time").body)["error"] == ["EGeneral:Unknown method"]


@pytest.mark.fault("F-082")
def test_rest_can_lag_behind_the_channels() -> None:
    """Trades and candles are as old as the fault says."""
    exchange = Exchange(seed=7, rate=50, pairs=[BTC])
    wait(exchange, 200)
    exchange.faults.rest_lag(120)
    seen_ns = exchange.now_ns - 120 * SECOND
    page = get(exchange, "Trades", pair="BTC/USD")
    assert int(page["last"]) <= seen_ns
    assert rows(get(exchange, "OHLC", pair="BTC/USD"))[-1][0] == (seen_ns // SECOND) // 60 * 60
