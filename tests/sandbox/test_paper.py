"""Paper mode as a whole: an exchange that is heard, and another that matches a client's orders in its shadow."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.sandbox import Exchange, Session
from kraken_lab.sandbox.feed_market import FeedMarket
from tests.sandbox.talk import SECOND, a_token, ask, opened, private, said, subscribe, wait
from tests.sandbox.upstream import START_NS, an_upstream

pytestmark = pytest.mark.promise("P-06")
BTC = "BTC/USD"


class Paper:
    """A paper exchange, a private connection with its subscriptions, and whatever is upstream of it."""

    def __init__(self, start_ns: int = START_NS) -> None:
        self.market = FeedMarket(seed=7, start_ns=start_ns)
        self.exchange = Exchange(seed=7, market=self.market)
        self.token = a_token(self.exchange)
        self.session = opened(self.exchange, "private")
        self.notices: list[tuple[str, str]] = []
        self._unread: list[Any] = []
        self.market.notices.append(lambda notice: self.notices.append((notice.symbol, notice.reason)))

    def subscribe(self) -> list[Any]:
        """Executions and balances, and what that gave."""
        return [
            *subscribe(self.session, "executions", token=self.token),
            *subscribe(self.session, "balances", token=self.token),
        ]

    def hear(self, *frames: str) -> None:
        """Frames, each a millisecond after the other."""
        for frame in frames:
            wait(self.exchange, 0.001)
            self.market.hear(frame)

    def ask(self, method: str, **params: Any) -> Any:
        """A trading request; its answer, which comes before all else."""
        wait(self.exchange, 0.001)
        self._unread += said(self.session)
        answer, *rest = ask(self.session, method=method, params={"token": self.token, **params})
        self._unread += rest
        return answer

    def buy(self, price: float | None, qty: float, **more: Any) -> Any:
        """A limit order, or one at any price; its answer."""
        terms: dict[str, Any] = {"order_type": "market"} if price is None else {"order_type": "limit"}
        if price is not None:
            terms["limit_price"] = price
        return self.ask("add_order", symbol=BTC, side="buy", order_qty=qty, **terms, **more)

    def reports(self) -> list[str]:
        """The kinds of execution reports since the last time, with price and quantity of trades."""
        kinds = []
        messages, self._unread = [*self._unread, *said(self.session)], []
        for message in messages:
            if message.get("channel") == "executions":
                for entry in message["data"]:
                    trade = f" {entry['last_qty']} at {entry['last_price']}" if entry["exec_type"] == "trade" else ""
                    kinds.append(entry["exec_type"] + trade)
        return kinds

    @property
    def open_orders(self) -> list[str]:
        """The statuses of the open orders."""
        return [order.status for order in self.exchange.trading.open_orders]


class Real:
    """Another exchange of the same kind as the real one, and the client's public connection to it."""

    def __init__(self, *, seed: int = 3, rate: float = 60.0) -> None:
        self.exchange = Exchange(seed=seed, rate=rate)
        self.session: Session
        self.connect()

    def connect(self) -> None:
        """A new connection, with all that paper mode needs."""
        self.session = self.exchange.open("public")
        for params in (
            {"channel": "instrument"},
            {"channel": "book", "symbol": [BTC], "depth": 100},
            {"channel": "trade", "symbol": [BTC], "snapshot": True},
        ):
            self.session.receive(json.dumps({"method": "subscribe", "params": params}))

    def carry(self, paper: Paper, seconds: float, *, lose: int = 0) -> list[tuple[int, str]]:
        """Let time pass on both and carry frames, but for the first ``lose`` book updates; what, and when."""
        carried: list[tuple[int, str]] = []
        end_ns = self.exchange.now_ns + round(seconds * SECOND)
        while self.exchange.now_ns < end_ns:
            wait(self.exchange, 0.02)
            paper.exchange.advance(self.exchange.now_ns)
            for raw in self.session.drain():
                assert isinstance(raw, str)
                if lose and raw.startswith('{"channel":"book","type":"update"'):
                    lose -= 1
                    continue
                paper.market.hear(raw)
                carried.append((self.exchange.now_ns, raw))
        return carried


def a_whole_one() -> tuple[Paper, Any]:
    """A paper exchange whose BTC/USD is whole, and what it follows."""
    paper, upstream = Paper(), an_upstream()
    paper.hear(*upstream.opening())
    paper.subscribe()
    paper.notices.clear()
    return paper, upstream


def test_money_appears_with_the_assets_that_are_listed() -> None:
    """The account of an empty exchange has nothing; then what an account begins with of each, which it is told."""
    paper = Paper()
    executions, balances = paper.subscribe()[1::2]
    assert (executions["data"], balances["data"]) == ([], [])
    paper.hear(an_upstream().instrument())
    assert private(paper.exchange, "Balance", 9)["result"] == {"XXBT": "2.0000000000", "ZUSD": "100000.0000"}
    told = [message for message in said(paper.session) if message.get("channel") == "balances"]
    entries = [entry for message in told for entry in message["data"]]
    assert {entry["asset"]: (entry["type"], entry["balance"]) for entry in entries} == {
        "BTC": ("deposit", 2.0),
        "USD": ("deposit", 100_000.0),
    }
    assert [message["sequence"] for message in told] == [2, 3]


def test_a_resting_order_is_filled_by_real_trades_past_the_queue_and_says_so() -> None:
    """Five are ahead of two: of six that trade, one is the order's."""
    paper, upstream = a_whole_one()
    assert paper.buy(100, 2)["success"]
    assert paper.reports() == ["pending_new", "new"]
    paper.hear(upstream.trade("sell", 100, 6, paper.exchange.now_ns + SECOND))
    assert paper.reports() == ["trade 1.00000000 at 100.0"]
    paper.hear(upstream.trade("sell", 100, 6, paper.exchange.now_ns + SECOND))
    assert paper.reports() == ["trade 1.00000000 at 100.0", "filled"]
    balance = private(paper.exchange, "Balance", 9)["result"]
    assert balance["XXBT"] == "4.0000000000"
    assert Decimal(balance["ZUSD"]) == Decimal("100000") - 200 - Decimal("200") * Decimal("0.0016")


@pytest.mark.promise("P-04")
def test_the_queue_ahead_and_what_fills_assume_can_be_asked_for() -> None:
    """To be shown beside the results, which say that they are paper."""
    paper, upstream = a_whole_one()
    order_id = paper.buy(100, 2)["result"]["order_id"]
    alone = paper.buy(90, 1)["result"]["order_id"]
    paper.hear(upstream.trade("sell", 100, 1, paper.exchange.now_ns + SECOND))
    facts = paper.market.facts()
    assert facts["ahead"] == {order_id: "4.00000000", alone: "0.00000000"}
    assert facts["fill_model"].startswith("Paper: ")
    json.dumps(facts)


def test_a_market_order_walks_the_real_book() -> None:
    """At its prices."""
    paper, _ = a_whole_one()
    assert paper.buy(None, 3)["success"]
    assert paper.reports() == ["pending_new", "new", "trade 2.00000000 at 101.0", "trade 1.00000000 at 102.0", "filled"]


@pytest.mark.fault("F-182")
def test_on_a_gap_orders_stay_open_and_cancel_works_and_nothing_is_filled_out_of_it() -> None:
    """A lost update, trades through the price, a new connection: and then the next trade fills again."""
    paper, upstream = a_whole_one()
    first, second = (paper.buy(100, 1)["result"]["order_id"] for _ in range(2))
    paper.reports()
    upstream.update(bids={100: 6})  # lost on the way
    paper.hear(upstream.update(asks={101: 3}))
    assert [symbol for symbol, reason in paper.notices if "checksum" in reason] == [BTC]
    paper.hear(upstream.trade("sell", 95, 50, paper.exchange.now_ns + SECOND))
    assert paper.reports() == []
    assert paper.open_orders == ["new", "new"]
    assert paper.buy(100, 1)["error"].startswith("EService:Market in cancel_only mode")
    assert paper.ask("cancel_order", order_id=[first])["success"]
    assert paper.reports() == ["canceled"]
    paper.market.gap("the connection was closed")
    connected_ns = paper.exchange.now_ns + 2 * SECOND
    wait(paper.exchange, 3)
    again = [upstream.status(connection_id=5), *upstream.opening(connected_ns)[1:4]]
    again.append(upstream.trade("sell", 94, 50, connected_ns, kind="snapshot"))
    paper.hear(*again, upstream.acknowledged("trade"))
    assert paper.notices[-1] == (BTC, "")
    assert (paper.reports(), paper.open_orders) == ([], ["new"])
    paper.hear(upstream.trade("sell", 99, 1, paper.exchange.now_ns + SECOND))
    assert paper.reports() == ["trade 1.00000000 at 100.0", "filled"]
    assert paper.exchange.trading.fills[0].order_id == second


def test_a_trade_of_the_pause_that_is_told_after_it_fills_nothing() -> None:
    """By its date, as far as the fastest message so far tells the two clocks apart; neither one before the order."""
    paper, upstream = a_whole_one()
    paper.hear(upstream.trade("buy", 101, 1, paper.exchange.now_ns - 3 * SECOND))  # their clock is three seconds behind
    paper.buy(100, 1)
    paper.reports()
    paper.hear(upstream.trade("sell", 99, 1, paper.exchange.now_ns - 4 * SECOND))
    assert paper.reports() == []
    paper.market.gap("frames were dropped")
    wait(paper.exchange, 4)
    paper.hear(upstream.snapshot(), upstream.trade("sell", 99, 1, paper.exchange.now_ns - 5 * SECOND))
    assert paper.market.paused == {}
    assert paper.reports() == []
    wait(paper.exchange, 1)
    paper.hear(upstream.trade("sell", 99, 1, paper.exchange.now_ns - 3 * SECOND))
    assert paper.reports() == ["trade 1.00000000 at 100.0", "filled"]


@pytest.mark.fault("F-183")
def test_when_the_feed_stops_matching_pauses_and_orders_stay_open() -> None:
    """Within the silence and a second; timers go on, and so does cancelling."""
    paper, _ = a_whole_one()
    paper.buy(100, 1)
    paper.buy(99, 1, time_in_force="gtd", expire_time="2026-05-28T20:28:00Z")
    stopped_ns = paper.exchange.now_ns
    while not paper.notices:
        wait(paper.exchange, 0.5)
    assert paper.exchange.now_ns - stopped_ns <= 6 * SECOND
    assert paper.notices == [(BTC, "nothing was heard for 5 s")]
    paper.reports()
    wait(paper.exchange, 3600)
    assert paper.reports() == ["expired"]
    assert paper.open_orders == ["new"]
    assert paper.ask("cancel_all")["result"] == {"count": 1}
    assert paper.reports() == ["canceled"]


def test_triggers_follow_the_real_last_price() -> None:
    """A stop wakes with a real trade and walks the real book; while paused no trade wakes it."""
    paper, upstream = a_whole_one()
    paper.hear(upstream.trade("buy", 101, 1, paper.exchange.now_ns + SECOND))
    terms = {"symbol": BTC, "side": "sell", "order_type": "stop-loss", "order_qty": 1, "triggers": {"price": 100}}
    assert paper.ask("add_order", **terms)["success"]
    paper.reports()
    paper.market.gap("closed")
    paper.hear(upstream.trade("sell", 99, 1, paper.exchange.now_ns + SECOND))
    assert paper.reports() == []
    paper.hear(upstream.snapshot(paper.exchange.now_ns))
    paper.hear(upstream.trade("sell", 100, 1, paper.exchange.now_ns + SECOND))
    assert paper.reports() == ["status", "trade 1.00000000 at 100.0", "filled"]


def test_the_real_exchanges_state_is_kept_to() -> None:
    """In its own words, and told on every connection."""
    paper, upstream = a_whole_one()
    paper.hear(upstream.status("cancel_only"))
    assert said(paper.session)[-1]["data"][0]["system"] == "cancel_only"
    assert paper.buy(100, 1)["error"].startswith("EService:Market in cancel_only mode")


@pytest.mark.fault("F-184")
def test_market_data_are_not_published_and_the_refusal_says_where_they_are() -> None:
    """Instruments are; level3 needs a key there, which is said too. The connection goes on."""
    paper, _ = a_whole_one()
    public, level3 = opened(paper.exchange), opened(paper.exchange, "level3")
    (refusal,) = subscribe(public, "book", BTC)
    assert refusal["error"].endswith("the real exchange's, at ws.kraken.com")
    (refusal,) = subscribe(level3, "level3", BTC, token=paper.token)
    assert "level3 needs a real API key" in refusal["error"]
    acknowledgement, snapshot = subscribe(public, "instrument")
    assert acknowledgement["success"]
    assert [pair["symbol"] for pair in snapshot["data"]["pairs"]] == [BTC]
    for name in ("Ticker", "OHLC", "Trades", "Depth"):
        body = json.loads(paper.exchange.rest("GET", f"/0/public/{name}", query="pair=XBTUSD").body)
        assert body["error"][0].startswith("EService:Unavailable")
    body = json.loads(paper.exchange.rest("GET", "/0/public/AssetPairs", query="pair=XBTUSD").body)
    assert body["result"]["XBTUSD"]["base"] == "XXBT"


def lowest_offer(raw: str) -> Decimal:
    """The lowest price at which a frame tells of somebody who sells: in a trade, or in the book."""
    message = json.loads(raw, parse_float=Decimal)
    if message.get("channel") == "trade" and message["type"] == "update":
        prices = [entry["price"] for entry in message["data"] if entry["side"] == "sell"]
    elif message.get("channel") == "book":
        prices = [entry["price"] for book in message["data"] for entry in book["asks"] if entry["qty"]]
    else:
        prices = []
    return min(prices, default=Decimal("Infinity"))


@pytest.mark.promise("P-04")
@pytest.mark.fault("F-182")
def test_a_lively_market_is_followed_through_losses_and_every_fill_has_its_reason() -> None:
    """A second exchange, some frames lost; bids at its touch are filled when it tells of somebody who sells so low."""
    real = Real(rate=300.0)
    paper = Paper(real.exchange.now_ns)
    carried = real.carry(paper, 2)
    for number in range(40):
        best = real.exchange.market.engine(BTC).best("buy")
        assert best
        paper.buy(best[0] / 10, 0.02)
        carried += real.carry(paper, 1, lose=1 if number % 7 == 3 else 0)
        if BTC in paper.market.paused:
            real.session.close()
            paper.market.gap("its book is subscribed again")
            real.connect()
            carried += real.carry(paper, 0.1)
            assert paper.market.paused == {}
    assert any("checksum" in reason for _, reason in paper.notices)
    assert paper.market.facts()["unreadable"] == 0
    makers = [fill for fill in paper.exchange.trading.fills if fill.liquidity == "m"]
    assert len(makers) > 5
    for fill in makers:
        offers = [lowest_offer(raw) for ns, raw in carried if ns == fill.ns]
        assert min(offers) * 10 <= fill.price


def test_the_same_frames_at_the_same_times_give_the_same_bytes() -> None:
    """Ids, reports and balances."""

    def run() -> list[str | bytes]:
        paper, upstream = Paper(), an_upstream()
        paper.hear(*upstream.opening())
        for channel in ("executions", "balances"):
            params = {"channel": channel, "token": paper.token}
            paper.session.receive(json.dumps({"method": "subscribe", "params": params}))
        terms = {"symbol": BTC, "side": "buy", "order_type": "limit", "order_qty": 3, "limit_price": 101}
        request = {"method": "add_order", "params": {"token": paper.token, **terms}}
        paper.session.receive(json.dumps(request))
        paper.hear(upstream.trade("sell", 100, 9, paper.exchange.now_ns + SECOND))
        return paper.session.drain()

    assert run() == run()
