"""Every message of a longer session, of all channels and pairs, and every REST answer, held to documented shapes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from kraken_lab.sandbox import Exchange
from kraken_lab.sandbox.signing import api_sign

from .checks import read
from .documented import Precision, complaints, rest_complaints

SECOND = 1_000_000_000
INTERVALS = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)
BOOKS = (10, 25, 100, 500, 1000)
ORDERS = (10, 100, 1000)


class Session:
    """An exchange in memory, all its channels subscribed, and every message it said, by connection."""

    def __init__(self) -> None:
        self.exchange = Exchange(seed=11, rate=40.0, account="pro")
        self.symbols = list(self.exchange.market.pairs)
        self.said: list[list[Any]] = []
        self._open: list[Any] = []
        for depth in BOOKS:
            self.subscribe(self.connect("public"), channel="book", symbol=self.symbols, depth=depth)
        for number, trigger in enumerate(("trades", "bbo")):
            self.subscribe(number, channel="ticker", symbol=self.symbols, event_trigger=trigger)
            self.subscribe(number, channel="trade", symbol=self.symbols, snapshot=trigger == "bbo")
            self.subscribe(number, channel="instrument", snapshot=trigger == "bbo")
        for interval in INTERVALS:
            number = self.connect("public") if interval > 1 else 0
            some = self.symbols if interval == 1 else self.symbols[::4]
            self.subscribe(number, channel="ohlc", symbol=some, interval=interval, snapshot=interval != 5)
        token = self.token()
        for depth in ORDERS:
            number = self.connect("level3")
            for start in range(0, len(self.symbols), 4):  # as fast as the budget for subscriptions allows
                some = self.symbols[start : start + 4]
                self.subscribe(number, channel="level3", symbol=some, depth=depth, token=token)
                self.wait(1)

    def connect(self, endpoint: Any) -> int:
        """A new connection's number."""
        self._open.append(self.exchange.open(endpoint))
        self.said.append([])
        return len(self._open) - 1

    def ask(self, number: int, request: Any) -> None:
        """Send something, as JSON unless it is text."""
        self._open[number].receive(request if isinstance(request, str) else json.dumps(request))
        self.collect()

    def subscribe(self, number: int, *, method: str = "subscribe", **params: Any) -> None:
        """Subscribe, or not any more."""
        self.ask(number, {"method": method, "params": params, "req_id": number})

    def wait(self, seconds: int) -> None:
        """Let time pass, second by second."""
        for _ in range(seconds):
            self.exchange.advance(self.exchange.now_ns + SECOND)
            self.collect()

    def collect(self) -> None:
        """Take what was said."""
        for said, session in zip(self.said, self._open, strict=True):
            said += map(read, session.drain())

    def token(self) -> str:
        """A token by REST."""
        token: str = self.rest("GetWebSocketsToken")["result"]["token"]
        return token

    def rest(self, name: str, query: str = "") -> Any:
        """The answer of a REST path, numbers as they were written."""
        if name != "GetWebSocketsToken":
            return read(self.exchange.rest("GET", f"/0/public/{name}", query=query).body)
        path, nonce = f"/0/private/{name}", str(self.exchange.now_ns)
        body = f"nonce={nonce}".encode()
        sign = api_sign(path, nonce, body, self.exchange.api_secret)
        headers = {"API-Key": self.exchange.api_key, "API-Sign": sign}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return read(self.exchange.rest("POST", path, headers=headers, body=body).body)

    def messages(self) -> Iterator[tuple[int, Any]]:
        """Each message, with the number of its connection."""
        for number, said in enumerate(self.said):
            for message in said:
                yield number, message

    def precisions(self) -> dict[str, Precision]:
        """Each pair's, as the instrument channel tells them."""
        told = (message for _, message in self.messages() if message.get("channel") == "instrument")
        listed = next(message for message in told if message["type"] == "snapshot")
        return {
            pair["symbol"]: Precision(int(pair["price_precision"]), int(pair["qty_precision"]))
            for pair in listed["data"]["pairs"]
        }


@pytest.fixture(scope="module")
def session() -> Session:
    """Two minutes of market with everything that can be said about it, then requests of every kind."""
    session = Session()
    session.wait(20)
    session.exchange.set_pair_status("ETH/USD", "post_only")
    session.exchange.set_pair_status("ETH/USD", "online")
    session.exchange.announce_maintenance(3600, 600, "A new engine")
    for status in ("maintenance", "cancel_only", "post_only", "online"):
        session.exchange.set_status(status)
    session.wait(20)
    for request in (
        {"method": "ping", "req_id": 0},
        {"method": "ping"},
        {"method": "ping", "params": {}, "req_id": 2**63},
        "not JSON",
        {"method": "subscribe", "params": {"channel": "ticker", "symbol": ["XBT/USD", "BTCUSD", "BTC/USD"]}},
        {"method": "subscribe", "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 20}, "req_id": 1},
        {"method": "subscribe", "params": {"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 60}},
        {"method": "subscribe", "params": {"channel": "trade", "symbol": ["BTC/USD"], "deep": 1}},
        {"method": "subscribe", "params": {"channel": "executions", "token": "x"}},
        {"method": "subscribe", "params": {"channel": "level3", "symbol": ["BTC/USD"], "token": "x"}},
        {"method": "subscribe", "params": {"channel": "gossip"}},
        {"method": "add_order", "params": {}},
        {"method": "unsubscribe", "params": {"channel": "ticker", "symbol": ["BTC/USD", "WWW/USD"]}},
        {"method": "unsubscribe", "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 10}},
        {"method": "unsubscribe", "params": {"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 1}},
        {"method": "unsubscribe", "params": {"channel": "trade", "symbol": ["BTC/USD"]}},
        {"method": "unsubscribe", "params": {"channel": "instrument"}},
    ):
        session.ask(0, request)
    last = session.connect("level3")
    session.subscribe(last, channel="level3", symbol=["BTC/USD"], token="made up")
    session.subscribe(last, channel="trade", symbol=["BTC/USD"])
    token = session.token()
    session.subscribe(last, channel="level3", symbol=["BTC/USD"], token=token)
    session.subscribe(last, method="unsubscribe", channel="level3", symbol=["BTC/USD"], token=token)
    session.wait(20)
    return session


def test_every_message_has_its_documented_shape(session: Session) -> None:
    """Keys, types, ranges and digits, without one exception."""
    precisions = session.precisions()
    wrong = [(said, message) for _, message in session.messages() for said in complaints(message, precisions)]
    assert not wrong, f"{len(wrong)} complaints, first: {wrong[0]}"


def test_the_session_was_worth_judging(session: Session) -> None:
    """Every channel spoke of every pair, and every kind of answer was given."""
    kinds: Counter[tuple[str, str]] = Counter()
    pairs: dict[str, set[str]] = {}
    answers: Counter[str] = Counter()
    for _, message in session.messages():
        if "method" in message:
            answers[f"{message['method']} {message.get('success', '')}".strip()] += 1
            continue
        channel = message["channel"]
        kinds[channel, message.get("type", "")] += 1
        if channel in ("ticker", "book", "ohlc", "trade", "level3"):
            pairs.setdefault(channel, set()).update(row["symbol"] for row in message["data"])
    assert pairs == {channel: set(session.symbols) for channel in ("ticker", "book", "ohlc", "trade", "level3")}
    assert min(kinds["book", "update"], kinds["level3", "update"], kinds["ticker", "update"]) > 1000
    assert min(kinds["trade", "update"], kinds["ohlc", "update"]) > 200
    assert kinds["instrument", "update"] >= 2
    assert kinds["heartbeat", ""] > 10
    assert kinds["status", "update"] > 5 * len(session.said)
    assert set(answers) == {
        "pong", "subscribe True", "subscribe False", "unsubscribe True", "unsubscribe False", "ping False",
        "error False", "add_order False",
    }  # fmt: skip


def test_data_follows_its_acknowledgement(session: Session) -> None:
    """One answer a symbol; then the snapshot, if it was asked for; then updates only, until the unsubscription."""
    for said in session.said:
        state: dict[tuple[str, str], str] = {}
        for message in said:
            result = message.get("result")
            if result is not None:
                key = result["channel"], result.get("symbol", "")
                if message["method"] == "subscribe":
                    assert key not in state
                    state[key] = "snapshot" if result["snapshot"] else "update"
                else:
                    del state[key]
            elif message.get("channel") not in ("status", "heartbeat", None) and "method" not in message:
                data = message["data"]
                key = message["channel"], data[0]["symbol"] if isinstance(data, list) else ""
                assert message["type"] == state[key], key
                state[key] = "update"


def test_trade_ids_are_consecutive(session: Session) -> None:
    """For each pair and connection, from the snapshot on."""
    last: dict[tuple[int, str], int] = {}
    for number, message in session.messages():
        for row in message["data"] if message.get("channel") == "trade" and "data" in message else ():
            key, trade_id = (number, row["symbol"]), int(row["trade_id"])
            assert trade_id == last.get(key, trade_id - 1) + 1
            last[key] = trade_id
    assert len(last) > len(session.symbols)


def test_a_candle_begins_on_its_grid_and_ends_one_interval_later(session: Session) -> None:
    """``timestamp`` is the end; candles of a message are in order; high and low hold the rest."""
    seen: set[int] = set()
    for _, message in session.messages():
        rows = message["data"] if message.get("channel") == "ohlc" and "data" in message else []
        begins = [row["interval_begin"] for row in rows]
        assert begins == sorted(set(begins))
        for row in rows:
            interval = int(row["interval"])
            begin = datetime.fromisoformat(row["interval_begin"][:19] + "+00:00")
            assert row["interval_begin"].endswith(":00.000000000Z")
            assert begin.timestamp() % (interval * 60) == 0
            assert datetime.fromisoformat(row["timestamp"]) == begin + timedelta(minutes=interval)
            low, high = float(row["low"]), float(row["high"])
            assert low <= min(float(row["open"]), float(row["close"]), float(row["vwap"]))
            assert high >= max(float(row["open"]), float(row["close"]), float(row["vwap"]))
            seen.add(interval)
    assert seen == set(INTERVALS)


def test_every_rest_answer_has_its_documented_shape(session: Session) -> None:
    """All public paths, for every pair under each of its names, and the token."""
    asked = [("Time", ""), ("SystemStatus", ""), ("Assets", ""), ("Assets", "asset=XBT,ETH"), ("AssetPairs", ""),
             ("AssetPairs", "pair=BTC/USD,XETHZUSD"), ("Ticker", ""), ("Ticker", "pair=XBTUSD")]  # fmt: skip
    asked += [("OHLC", f"pair=ACA/EUR&interval={interval}") for interval in INTERVALS]
    for symbol in [*session.symbols, "XBTUSD", "XXBTZUSD", "XBT/USD"]:
        asked += [("OHLC", f"pair={symbol}&interval={interval}") for interval in (1, 1440)]
        asked += [("OHLC", f"pair={symbol}&since=1"), ("Trades", f"pair={symbol}")]
        asked += [("Trades", f"pair={symbol}&count=5&since=0"), ("Depth", f"pair={symbol}")]
        asked += [("Depth", f"pair={symbol}&count=1"), ("Depth", f"pair={symbol}&count=500")]
    asked += [("GetWebSocketsToken", "")]
    wrong = [(name, query, said) for name, query in asked for said in rest_complaints(name, session.rest(name, query))]
    assert not wrong, f"{len(wrong)} complaints, first: {wrong[0]}"


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Depth", "pair=NOPE"),
        ("Nothing", ""),
        ("OHLC", "pair=XBTUSD&interval=2"),
        ("Trades", ""),
        ("Assets", "asset=Q"),
    ],
)
def test_a_rest_refusal_is_an_array_of_coded_texts(session: Session, name: str, query: str) -> None:
    """``<E|W><category>:<description>``, and HTTP status 200 all the same."""
    answer = session.exchange.rest("GET", f"/0/public/{name}", query=query)
    (error,) = read(answer.body)["error"]
    assert answer.status == 200
    assert error.startswith("E")
    assert ":" in error
