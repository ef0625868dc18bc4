"""ccxt's Kraken exchange against the sandbox: its unified REST calls and everything it can watch in public.

All addresses are given by its ``urls`` setting. It numbers candles and trades in milliseconds and keeps prices as
floats, which is what is compared here. It knows pairs by REST's names (``XXBTZUSD``) and joins them to the socket's
(``BTC/USD``) by its own tables.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from .strangers import run

pytestmark = pytest.mark.conformance

SYMBOLS = ("BTC/USD", "ETH/USD")


@pytest.fixture(scope="module")
def heard() -> dict[str, Any]:
    """What the client saw in one run."""
    return run("ccxt").result


def test_its_markets_carry_the_names_of_both_apis(heard: dict[str, Any]) -> None:
    """It asks REST by one name and the sockets by another, and finds precision, limits and fees."""
    markets = heard["rest"]["markets"]
    bitcoin = markets["BTC/USD"]
    assert (bitcoin["id"], bitcoin["wsId"]) == ("XXBTZUSD", "XBT/USD")
    assert bitcoin["precision"] == {"amount": 1e-08, "price": 0.1}
    assert bitcoin["limits"]["amount"]["min"] == 5e-05
    assert (bitcoin["maker"], bitcoin["taker"]) == (0.0016, 0.0026)
    assert markets["DOGE/USD"]["id"] == "XDGUSD"
    assert [name for name, market in markets.items() if not market["active"]] == ["MATIC/GBP", "POL/EUR"]
    assert set(heard["rest"]["tickers"]) == set(markets)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_watch_delivers(heard: dict[str, Any], symbol: str) -> None:
    """Tickers, trades and candles, more than once, with sane figures."""
    seen = heard[symbol]
    assert len(seen["tickers"]) == 3
    for ticker in seen["tickers"]:
        assert ticker["symbol"] == symbol
        assert ticker["low"] <= ticker["last"] <= ticker["high"]
        assert ticker["bid"] < ticker["ask"]
    assert len(seen["trades"]) == 2
    assert all(trade["symbol"] == symbol and trade["amount"] > 0 for trades in seen["trades"] for trade in trades)
    first, then = seen["candles"]
    assert len(first) >= 2
    assert then[-1][0] >= first[-1][0]
    assert all(low <= min(open_, close) <= max(open_, close) <= high for _, open_, high, low, close, _ in first)


def test_its_books_pass_through_what_rest_tells(heard: dict[str, Any]) -> None:
    """Over 200 updates and more, never crossed; the ten best levels of a Depth answer are one of its states."""
    books = heard["books"]
    assert books["errors"] == []
    assert all(books["states"][symbol] >= 200 for symbol in SYMBOLS)
    assert books["crossed"] == 0
    assert books["consistent"] == dict.fromkeys(SYMBOLS, True)


def test_its_history_calls_join(heard: dict[str, Any]) -> None:
    """Candles five minutes apart; trades in the order of their ids; ``since`` means what it says."""
    rest = heard["rest"]
    times = [candle[0] for candle in rest["candles"]]
    assert {later - earlier for earlier, later in pairwise(times)} == {300_000}
    # The last rows again, but for a candle that may have begun between the two calls.
    assert [row[0] for row in rest["since"]][:10] == times[-10:]
    ids = [int(trade["id"]) for trade in rest["trades"]]
    assert ids == list(range(ids[0], ids[0] + 20))
    assert int(rest["trades_since"][0]["id"]) <= ids[10]
    assert len(rest["depth"]["asks"]) == len(rest["depth"]["bids"]) == 10
    assert rest["status"]["status"] == "ok"
    assert abs(rest["time"] - rest["trades"][-1]["timestamp"]) < 60_000


def test_it_trades_over_the_socket(heard: dict[str, Any]) -> None:
    """Limit and market orders, an amendment, cancels of one and of all; refusals are errors of its own families."""
    trade = heard["trade"]
    for step in ("rested", "amended", "canceled", "gone", "filled"):
        assert trade[step] is True, step
    assert trade["all"] == {"count": 2}
    # It knows the second by a longer text of the first version only, and falls back to its general error.
    assert (trade["unknown"], trade["dear"]) == ("OrderNotFound", "ExchangeError")
    assert trade["errors"] == []


def test_its_watchers_see_fills_and_money(heard: dict[str, Any]) -> None:
    """What was bought is there, and what it cost is gone, fee and all."""
    trade = heard["trade"]
    fills = trade["fills"]
    assert sum(fill["amount"] for fill in fills) == pytest.approx(0.01)
    assert {(fill["symbol"], fill["side"], fill["takerOrMaker"]) for fill in fills} == {("BTC/USD", "buy", "taker")}
    spent = sum(fill["cost"] + fill["fee"]["cost"] for fill in fills)
    assert trade["before"]["USD"] - trade["after"]["USD"] == pytest.approx(spent, abs=1e-3)
    assert trade["after"]["BTC"] - trade["before"]["BTC"] == pytest.approx(0.01)


def test_it_trades_over_rest(heard: dict[str, Any]) -> None:
    """Placed, looked up, amended, cancelled, with the dead man's switch beside it."""
    rest = heard["trade"]["rest"]
    placed, stop, bought = rest["placed"], rest["stop"], rest["bought"]
    assert set(rest["open"]) == {placed, stop}
    assert rest["looked up"]["clientOrderId"] == "over-rest"
    assert (rest["looked up"]["status"], rest["looked up"]["amount"]) == ("open", 0.01)
    assert rest["open"][stop]["triggerPrice"] == rest["looked up"]["price"]
    assert rest["disarmed"]["triggerTime"] == "0"
    assert {order_id: rest["closed"][order_id]["status"] for order_id in (placed, stop, bought)} == {
        placed: "canceled",
        stop: "canceled",
        bought: "closed",
    }
    assert rest["closed"][placed]["amount"] == 0.02
    assert {fill["order"] for fill in rest["trades"]} == {bought}
    assert rest["order trades"] == rest["trades"]
    assert rest["balance"]["BTC"]["free"] == pytest.approx(2.01)


def test_it_may_fetch_a_token_and_is_told_when_it_may_not(heard: dict[str, Any]) -> None:
    """Its signature is right with the key; another key is an error of the right family."""
    assert heard["rest"]["token"]["expires"] == 900
    assert heard["refusals"] == {"no such pair": "ExchangeError", "wrong key": "AuthenticationError"}
