"""A followed market: what makes a pair whole, what pauses it, and what is listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.events import Batch
from kraken_lab.sandbox.feed_market import FeedMarket
from kraken_lab.sandbox.matching import MatchingMarket
from tests.sandbox.upstream import SECOND, START_NS, an_upstream

pytestmark = pytest.mark.promise("P-06")
BTC = "BTC/USD"


class Followed:
    """A market that follows a small upstream, and what it said."""

    def __init__(self) -> None:
        self.upstream = an_upstream()
        self.market = FeedMarket(seed=7, start_ns=START_NS)
        self.notices: list[tuple[str, str]] = []
        self.batches: list[Batch] = []
        self.market.notices.append(lambda notice: self.notices.append((notice.symbol, notice.reason)))
        self.market.listeners.append(self.batches.append)

    def hear(self, *frames: str, source: int = 0) -> None:
        """Frames, each a millisecond after the other."""
        for frame in frames:
            self.wait(0.001)
            self.market.hear(frame, source)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.market.advance(self.market.now_ns + round(seconds * SECOND))

    @property
    def paused(self) -> str:
        """Why BTC/USD is paused; "" if it is whole."""
        return self.market.paused.get(BTC, "")

    @property
    def listed(self) -> str:
        """The status that BTC/USD is listed with."""
        pair = self.market.listing.pair(BTC)
        assert pair is not None
        return pair.status


def a_whole_one() -> Followed:
    """A followed market whose pair is whole."""
    followed = Followed()
    followed.hear(*followed.upstream.opening())
    followed.notices.clear()
    return followed


def test_it_starts_empty_and_grows_with_what_it_hears() -> None:
    """Pairs and assets come from the instrument frames, with their names on REST."""
    followed = Followed()
    market: MatchingMarket = followed.market
    assert (market.pairs, market.assets) == ({}, {})
    with pytest.raises(SandboxError, match="not traded"):
        market.engine(BTC)
    followed.hear(followed.upstream.instrument())
    assert list(market.pairs) == [BTC]
    assert [asset.rest_name for asset in followed.market.listing.assets] == ["XXBT", "ZUSD"]
    assert followed.market.listing.named("XXBTZUSD") == market.pairs[BTC]
    assert (market.last_price(BTC), market.index_price(BTC)) == (None, None)


def test_a_pair_is_whole_when_its_book_is_proved_and_its_trades_are_subscribed() -> None:
    """Until then it is listed for cancelling only, and each step says what is still missing."""
    followed = Followed()
    status, instrument, *rest = followed.upstream.opening()
    followed.hear(status, instrument)
    said = []
    for frame in rest:
        followed.hear(frame)
        said.append((followed.paused, followed.listed))
    assert said == [
        ("its book is not subscribed", "cancel_only"),
        ("its trades are not subscribed", "cancel_only"),
        ("", "online"),
    ]
    facts = followed.market.facts()
    assert (facts["frames"], facts["unreadable"], facts["matched"], facts["paused"]) == (5, 0, [BTC], {})
    assert followed.market.index_price(BTC) == 1005


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_the_order_of_acknowledgements_and_snapshot_does_not_matter(order: tuple[int, ...]) -> None:
    """It is not promised."""
    followed = Followed()
    status, instrument, *rest = followed.upstream.opening()
    followed.hear(status, instrument, *(rest[number] for number in order))
    assert followed.paused == ""


def test_acknowledgements_that_came_before_the_instruments_count() -> None:
    """The snapshot is needed after them."""
    followed = Followed()
    _, instrument, book, snapshot, trade = followed.upstream.opening()
    followed.hear(book, trade, snapshot, instrument)
    assert followed.market.paused == {}
    followed.hear(followed.upstream.update(bids={100: 6}))
    assert followed.paused == "its book has no snapshot"
    followed.hear(followed.upstream.snapshot())
    assert followed.paused == ""


Interruption = Callable[[Followed], None]
INTERRUPTIONS: dict[str, tuple[Interruption, str]] = {
    "a wrong checksum": (lambda f: f.hear(f.upstream.update(bids={100: 6}, wrong=True)), "checksum"),
    "a lost update": (
        lambda f: f.hear(*[f.upstream.update(bids={100: 9}), f.upstream.update(asks={101: 3})][1:]),
        "checksum",
    ),
    "an unreadable message": (
        lambda f: f.hear(f.upstream.update(bids={100: 6}).replace('"checksum"', '"cheque"')),
        "could not be read",
    ),
    "an impossible trade": (
        lambda f: f.hear(f.upstream.trade("buy", 101, 1, START_NS).replace("101.0", "101.05")),
        "a trade cannot be",
    ),
    "a gap that the client tells": (lambda f: f.market.gap("the connection was closed"), "the connection was closed"),
    "another connection": (lambda f: f.hear(f.upstream.status(connection_id=5)), "its connection was replaced"),
    "the book unsubscribed": (
        lambda f: f.hear(f.upstream.acknowledged("book", method="unsubscribe")),
        "its book is not subscribed",
    ),
    "the trades unsubscribed": (
        lambda f: f.hear(f.upstream.acknowledged("trade", method="unsubscribe")),
        "its trades are not subscribed",
    ),
}


@pytest.mark.parametrize("name", INTERRUPTIONS)
def test_an_interruption_pauses_until_everything_is_there_again(name: str) -> None:
    """It says why, once; updates do not end it, the frames of a new beginning do."""
    interrupt, reason = INTERRUPTIONS[name]
    followed = a_whole_one()
    interrupt(followed)
    ((symbol, said),) = followed.notices
    assert symbol == BTC
    assert reason in said
    assert (followed.listed, followed.market.engine(BTC).is_paused) == ("cancel_only", True)
    followed.batches.clear()
    followed.hear(followed.upstream.update(asks={101: 4}), followed.upstream.trade("sell", 50, 99, START_NS + SECOND))
    if name != "the trades unsubscribed":
        assert followed.paused
        assert followed.batches == []
    followed.hear(*followed.upstream.opening(followed.market.now_ns)[2:])
    assert (followed.paused, followed.listed, followed.notices[-1]) == ("", "online", (BTC, ""))


@pytest.mark.fault("F-183")
def test_silence_pauses_at_its_own_time_and_late_frames_go_on() -> None:
    """Five seconds without any frame; nothing was lost, so the next proved message of the book ends it."""
    followed = a_whole_one()
    heard_ns = followed.market.now_ns
    assert followed.market.next_due_ns() == heard_ns + 5 * SECOND
    followed.wait(4.999)
    assert followed.paused == ""
    followed.wait(10)
    assert followed.notices == [(BTC, "nothing was heard for 5 s")]
    assert followed.market.next_due_ns() > followed.market.now_ns
    followed.batches.clear()
    followed.hear(followed.upstream.trade("sell", 90, 50, heard_ns + SECOND))
    assert followed.paused
    assert followed.batches == [], "a trade of the silent time is history"
    followed.hear(followed.upstream.update(bids={100: 6}))
    assert followed.paused == ""


def test_heartbeats_keep_a_quiet_market_going() -> None:
    """One a second is enough."""
    followed = a_whole_one()
    for _ in range(20):
        followed.wait(1)
        followed.hear('{"channel":"heartbeat"}')
    assert followed.notices == []


def test_each_source_is_silent_by_itself() -> None:
    """Book and trades may come over two connections; both are needed, and others do not count."""
    followed = Followed()
    status, instrument, book, snapshot, trade = followed.upstream.opening()
    followed.hear(status, instrument, book, snapshot)
    followed.hear(trade, source=1)
    followed.notices.clear()
    for _ in range(6):
        followed.wait(1)
        followed.hear('{"channel":"heartbeat"}')
        followed.hear('{"channel":"heartbeat"}', source=2)
    assert followed.paused == "nothing was heard for 5 s"
    followed.hear(followed.upstream.update(bids={100: 6}))
    assert followed.paused, "the trades are still silent"
    followed.hear('{"channel":"heartbeat"}', source=1)
    followed.hear(followed.upstream.update(bids={100: 7}))
    assert followed.paused == ""


def test_a_book_is_told_by_one_source_at_a_time() -> None:
    """What another says of it is another story, until that begins one with a snapshot."""
    followed = a_whole_one()
    old = followed.upstream.update(bids={100: 6})
    followed.hear(old, followed.upstream.update(asks={101: 7}))
    followed.hear(old, source=1)
    assert followed.notices == []
    followed.hear(followed.upstream.snapshot(), source=1)
    followed.hear(followed.upstream.update(bids={100: 8}), source=1)
    assert followed.notices == []


def test_a_gap_of_another_source_changes_nothing() -> None:
    """The book has no hole."""
    followed = a_whole_one()
    followed.market.gap("the connection was closed", source=3)
    assert followed.notices == []


def test_real_trades_and_best_prices_are_published_while_it_is_whole() -> None:
    """So that triggers have a last price and an index to follow."""
    followed = a_whole_one()
    followed.batches.clear()
    followed.hear(followed.upstream.trade("buy", 101, 2, START_NS + SECOND))
    followed.hear(followed.upstream.update(asks={101: 0}))
    followed.hear(followed.upstream.update(asks={103: 9}))
    (trade,), quote = followed.batches[0].trades, followed.batches[1]
    assert (trade.trade_id, trade.side, trade.price, trade.qty) == (1001, "buy", 1010, 2 * 10**8)
    assert [(change.side, change.price) for change in quote.changes] == [("sell", 1020)]
    assert len(followed.batches) == 2
    assert (followed.market.last_price(BTC), followed.market.index_price(BTC)) == (1010, 1010)


def test_trades_are_told_once_and_missed_ones_are_counted() -> None:
    """By their numbers; those of a snapshot are history, also when it bridges what was missed."""
    followed = a_whole_one()
    followed.batches.clear()
    first = followed.upstream.trade("buy", 101, 1, START_NS + SECOND)
    followed.hear(first, first, followed.upstream.trade("buy", 101, 1, START_NS + SECOND, skip=2))
    assert len(followed.batches) == 2
    assert followed.market.facts()["missed_trades"] == 2
    followed.hear(followed.upstream.trade("buy", 101, 1, START_NS + SECOND, kind="snapshot", skip=5))
    assert len(followed.batches) == 2
    assert followed.market.facts()["missed_trades"] == 2


@pytest.mark.parametrize(
    ("system", "shown"), [("maintenance", "maintenance"), ("post_only", "post_only"), ("brand_new", "cancel_only")]
)
def test_the_state_of_the_exchange_is_followed(system: str, shown: str) -> None:
    """A state that is not known here is one in which nothing is begun; each is told once."""
    followed = a_whole_one()
    told: list[str] = []
    followed.market.status_listeners.append(told.append)
    followed.hear(*[followed.upstream.status(system)] * 2)
    assert (told, followed.market.listing.system) == ([shown], shown)


@pytest.mark.parametrize("status", ["post_only", "limit_only", "cancel_only", "maintenance"])
def test_a_pairs_own_status_holds_while_it_is_whole(status: str) -> None:
    """Paused, it is no more than cancel_only."""
    followed = a_whole_one()
    followed.hear(followed.upstream.instrument(status=status))
    assert followed.listed == status
    assert followed.market.engine(BTC).pair.status == status
    followed.market.gap("closed")
    assert followed.listed == ("maintenance" if status == "maintenance" else "cancel_only")


def test_a_pair_whose_precisions_change_is_not_traded_any_more() -> None:
    """All that is kept of it is scaled by the old ones."""
    followed = a_whole_one()
    followed.hear(followed.upstream.instrument(price_precision=2))
    assert (followed.listed, followed.market.pairs[BTC].price_precision) == ("work_in_progress", 1)


@pytest.mark.parametrize(
    "frame",
    [
        "CloudFlare WebSocket proxy restarting",
        "",
        "[]",
        "[" * 100_000,
        '{"channel":"book","type":"update","data":[{"symbol":"ZZZ/ZZZ"}]}',
        '{"channel":"book","type":"update","data":7}',
        '{"channel":"instrument","type":"snapshot","data":{"assets":[3],"pairs":[{"symbol":"A/B"}]}}',
        '{"channel":"status","type":"update","data":[{}]}',
        '{"method":"subscribe","success":false,"error":"Currency pair not supported","symbol":"A/B"}',
        '{"method":"subscribe","success":true,"result":{"channel":"book","symbol":7}}',
        '{"channel":"trade","type":"update","data":[{"symbol":"ZZZ/ZZZ","price":1e999999999}]}',
    ],
)
def test_nothing_that_is_heard_raises_or_harms_others(frame: str) -> None:
    """It is counted where it could not be read, and the pair goes on."""
    followed = a_whole_one()
    followed.hear(frame)
    assert followed.notices == []


def test_what_was_done_is_published_at_its_time() -> None:
    """As in the synthetic market."""
    followed = a_whole_one()
    engine = followed.market.engine(BTC)
    followed.market.act(None)
    with pytest.raises(SandboxError, match="advance it first"):
        followed.market.act(engine.limit("buy", 900, 10**8, 0))
    with pytest.raises(SandboxError, match="cannot go back"):
        followed.market.advance(0)


def test_entries_that_cannot_be_read_are_left_out() -> None:
    """The others of the message are listed."""
    followed = Followed()
    frame: Any = json.loads(followed.upstream.instrument())
    good = frame["data"]["pairs"][0]
    bad: list[Any] = [
        {**good, "symbol": "X/Y", name: value} for name, value in [("price_precision", -1), ("qty_min", "much")]
    ]
    bad += [{**good, "symbol": "X/Z", "price_increment": 0}, {**good, "symbol": "X/Q", "price_increment": 0.01}, None]
    frame["data"]["pairs"] = [*bad, good]
    followed.hear(json.dumps(frame))
    assert list(followed.market.pairs) == [BTC]
    assert followed.market.facts()["entries_refused"] == 5
