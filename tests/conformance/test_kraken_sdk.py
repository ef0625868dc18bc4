"""python-kraken-sdk against the sandbox: its REST client, its WebSocket client, its checksum-validating order books.

The addresses of its order books have no setting: see `kraken_sdk_client`, which sets attributes for them and leaves the
rest of the client as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .strangers import run

pytestmark = pytest.mark.conformance

SYMBOLS = ("BTC/USD", "ETH/USD")
CHANNELS = ("ticker", "book", "trade", "ohlc", "level3")


@pytest.fixture(scope="module", params=["plain", "tls"])
def heard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client saw in one run, without and with TLS."""
    authority: Path | None = tmp_path_factory.mktemp("tls") / "authority.pem" if request.param == "tls" else None
    return run("kraken-sdk", authority=authority).result


def test_every_channel_flows_for_both_symbols(heard: dict[str, Any]) -> None:
    """Snapshot and updates of the public channels and of level3, which it reads with a token it fetched itself."""
    stream = heard["stream"]
    assert stream["complete"], stream["counts"]
    for channel in CHANNELS:
        for symbol in SYMBOLS:
            assert stream["counts"][f"{channel} {symbol} snapshot"] > 0
            assert stream["counts"][f"{channel} {symbol} update"] > 0
    assert stream["pongs"] >= 3  # one for each of its connections


def test_nothing_is_refused_and_the_client_complains_of_nothing(heard: dict[str, Any]) -> None:
    """Subscribing, unsubscribing and its own keep-alive; no reconnect, no warning in its log."""
    assert heard["stream"]["refused"] == []
    assert not heard["stream"]["failed"]
    assert not heard["books"]["failed"]
    assert heard["complaints"] == []


def test_it_keeps_track_of_its_subscriptions_by_our_acknowledgements(heard: dict[str, Any]) -> None:
    """One entry a symbol and channel, all gone after it unsubscribed."""
    subscribed = heard["stream"]["subscribed"]
    assert sorted(subscribed) == sorted([*(2 * ["ticker", "book", "trade", "ohlc"]), "instrument"])
    assert heard["stream"]["left"]


def test_its_books_never_disagree_with_a_checksum(heard: dict[str, Any]) -> None:
    """Over 200 updates a symbol."""
    books = heard["books"]
    assert books["complete"], books["updates"]
    assert all(books["updates"][symbol] >= 200 for symbol in SYMBOLS)
    assert books["mismatches"] == []
    assert books["invalid"] == 0


def test_its_books_pass_through_what_rest_tells(heard: dict[str, Any]) -> None:
    """The ten best levels a side of a Depth answer, digit by digit, are one of the states its book was in."""
    assert heard["books"]["consistent"] == dict.fromkeys(SYMBOLS, True)


def test_its_rest_calls_are_answered(heard: dict[str, Any]) -> None:
    """Reference data, history and tokens, under the names it asked for."""
    rest = heard["rest"]
    assert rest["status"]["status"] == "online"
    assert rest["assets"]["XXBT"]["altname"] == "XBT"
    assert set(rest["asset"]) == {"XXBT", "XETH"}
    assert rest["pairs"]["XXBTZUSD"]["wsname"] == "XBT/USD"
    assert set(rest["pair"]) == set(SYMBOLS)
    assert set(rest["tickers"]) == set(rest["pairs"])
    assert float(rest["ticker"]["XBTUSD"]["b"][0]) < float(rest["ticker"]["XBTUSD"]["a"][0])
    assert len(rest["ohlc"]["XBTUSD"]) == 720
    assert len(rest["depth"]["XBTUSD"]["asks"]) == len(rest["depth"]["XBTUSD"]["bids"]) == 10
    assert len(rest["trades"]["XBTUSD"]) == 20


def test_its_signatures_are_accepted(heard: dict[str, Any]) -> None:
    """Of a form, of JSON, and by its asynchronous client; each call brings another token."""
    tokens = [heard["rest"][name] for name in ("token", "token_by_json", "token_async")]
    assert [token["expires"] for token in tokens] == [900, 900, 900]
    assert len({token["token"] for token in tokens}) == 3


def test_it_trades_over_the_socket(heard: dict[str, Any]) -> None:
    """Limit and market orders, a batch, an amendment, cancels of one and of all, the dead man's switch."""
    trade = heard["trade"]
    for step in ("subscribed", "rested", "told", "gone", "filled"):
        assert trade[step], step
    for answer in ("added", "amended", "canceled", "batch", "all", "armed", "disarmed"):
        assert trade[answer]["success"], answer
    assert trade["added"]["result"]["cl_ord_id"] == "my-client-order-id"
    assert [each["order_userref"] for each in trade["batch"]["result"]] == [1, 2]
    assert trade["all"]["result"] == {"count": 2}
    assert trade["disarmed"]["result"]["triggerTime"] == "0"
    assert (trade["unknown"]["error"], trade["dear"]["error"]) == ("EOrder:Unknown order", "EOrder:Insufficient funds")
    assert not trade["failed"]


def test_what_it_is_told_of_its_orders_adds_up(heard: dict[str, Any]) -> None:
    """Numbers without a hole, every order with a beginning and an end, the money as the fill says."""
    trade = heard["trade"]
    for numbers in trade["sequences"].values():
        assert numbers == list(range(1, len(numbers) + 1))
    begun = [report["order_id"] for report in trade["reports"] if report["exec_type"] == "pending_new"]
    ended = [report["order_id"] for report in trade["reports"] if report["exec_type"] in ("filled", "canceled")]
    assert sorted(begun) == sorted(ended)
    assert len(begun) == 4
    fills = [report for report in trade["reports"] if report["exec_type"] == "trade"]
    entries = trade["entries"]
    assert [entry["asset"] for entry in entries] == ["BTC", "USD"] * len(fills)
    assert sum(entry["amount"] for entry in entries[::2]) == pytest.approx(sum(fill["last_qty"] for fill in fills))
    spent = sum(entry["fee"] - entry["amount"] for entry in entries[1::2])
    assert spent == pytest.approx(sum(fill["cost"] + fill["fees"][0]["qty"] for fill in fills), abs=1e-3)


def test_it_trades_over_rest(heard: dict[str, Any]) -> None:
    """Its own calls, which raise on any error; the account is the one that the socket trades for."""
    rest = heard["trade"]["rest"]
    (order_id,) = rest["placed"]["txid"]
    assert set(rest["open"]["open"]) == set(rest["looked up"]) == {order_id}
    assert rest["looked up"][order_id]["userref"] == 7
    assert "txid" not in rest["checked"]
    assert rest["amended"]["amend_id"].startswith("T")
    assert rest["canceled"] == {"count": 1}
    assert len(rest["batch"]["orders"]) == rest["all"]["count"] == 2
    assert rest["disarmed"]["triggerTime"] == "0"
    assert rest["closed"]["count"] == 4 + 3
    assert rest["trades"]["count"] == 1  # what one order took at once is one trade here
    assert float(rest["balance"]["XXBT"]) == pytest.approx(2.01)
    assert rest["balances"]["ZUSD"]["hold_trade"] == "0.0000"
    assert rest["funds"]["available_balance"] == pytest.approx(float(rest["balance"]["ZUSD"]))


def test_it_notices_a_wrong_checksum() -> None:
    """So that its silence in the other tests means something: it drops that book, subscribes again and goes on."""
    spoilt = {
        "fault": "edit",
        "match": {"channel": "book", "type": "update", "symbol": "BTC/USD", "skip": 100, "times": 1},
        "pattern": r'"checksum":\d+',
        "replace": '"checksum":1',
    }
    books = run("kraken-sdk", "books", faults=[spoilt]).result["books"]
    assert books["mismatches"] == ["Checksum mismatch - resubscribing to the orderbook for BTC/USD"]
    assert books["invalid"] == 1
    assert books["complete"]
    assert books["consistent"] == dict.fromkeys(SYMBOLS, True)
