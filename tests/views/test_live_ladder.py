"""The live price ladder without a browser: what its frames say, what a pick does, and what it is where nobody looks."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.market import BookSnapshot
from kraken_lab.tables.vitals import Vitals
from kraken_lab.views.ladder import ladder_html
from kraken_lab.views.ladder_figure import ladder_figure
from kraken_lab.views.ladder_picture import ROWS, LastTrade, fitting_group, grid_of
from kraken_lab.views.live_ladder import LadderView, LiveLadder
from kraken_lab.views.offer import TicketPlace
from kraken_lab.views.own import NOTHING, Own, OwnOrder, QueuePlace
from kraken_lab.views.vitals_line import BEAT
from tests.dealing import Kernel, dealing

from .hostile import HOSTILE, Page
from .test_live_table import AComm, comms  # noqa: F401 - a fixture
from .test_offer import Desk
from .test_pump import Clock, Turned

MINE = OwnOrder("OID-1", "buy", Decimal("99.5"), Decimal("0.25"), "OPEN")


class ABook:
    """A book that a test changes: quantities by price, both as whole numbers of the last decimal."""

    symbols: Sequence[str] = ("BTC/USD",)
    ended = False

    def __init__(self) -> None:
        self.sides: dict[str, dict[int, int]] = {
            "bids": {990 - n: 100 + n for n in range(20)},
            "asks": {1000 + n: 200 + n for n in range(20)},
        }
        self.version, self.verified, self.state, self.note = 0, True, "LIVE", ""
        self.photos = 0

    def put(self, side: str, price: int, qty: int) -> None:
        """Change a level; 0 takes it away."""
        self.version += 1
        self.sides[side][price] = qty
        if not qty:
            del self.sides[side][price]

    def pulse(self) -> object:
        """Its version."""
        return self.version, self.state

    def snapshot(self, levels: int = 1000) -> BookSnapshot:
        """The book by itself, by way of text as on the wire."""
        bids, asks = sorted(self.sides["bids"].items(), reverse=True)[:levels], sorted(self.sides["asks"].items())
        texts = [[(f"{p // 10}.{p % 10}", f"{q // 100}.{q % 100:02}") for p, q in side] for side in (bids, asks)]
        return BookSnapshot.of("BTC/USD", bids=texts[0], asks=texts[1][:levels], price_precision=1, qty_precision=2)

    def photo(self, levels: int) -> BookSnapshot | None:
        """Counted, to see that nobody looks without need."""
        self.photos += 1
        return self.snapshot(levels) if self.verified else None

    def vitals(self) -> Vitals:
        """As told."""
        return Vitals(self.state, self.note, age=0.5, messages=self.version, epoch=1, gaps=0, agreed=9, failed=0)


class ADesk:
    """What is beside the book."""

    def __init__(self) -> None:
        self.mine: Own = NOTHING
        self.queue: dict[str, QueuePlace] = {}
        self.trade: LastTrade | None = None
        self.tick: Decimal | None = Decimal("0.1")

    def increment(self, symbol: str) -> Decimal | None:
        """The tick."""
        return self.tick

    def own(self, symbol: str) -> Own:
        """As told."""
        return self.mine

    def places(self, symbol: str, ids: Sequence[str]) -> Mapping[str, QueuePlace]:
        """Of those asked for."""
        return {ident: self.queue[ident] for ident in ids if ident in self.queue}

    def last_trade(self, symbol: str) -> LastTrade | None:
        """As told."""
        return self.trade


class Page1:
    """A browser of ours: takes frames in as ladder.js does."""

    def __init__(self) -> None:
        self.seq = 0
        self.grid: dict[str, Any] | None = None
        self.book: dict[str, dict[int, int]] | None = None
        self.own: list[dict[str, Any]] = []
        self.trade: dict[str, Any] | None = None
        self.facts: dict[str, Any] = {}
        self.missed = 0

    def take(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """One frame."""
        if content["kind"] != "frame":
            return
        if content["base"] not in (0, self.seq):
            self.missed += 1
            return
        self.seq = content["seq"]
        self.grid = content.get("grid", self.grid)
        if content.get("book") == "none":
            self.book = None
        elif "book" in content:
            if content["book"] == "whole":
                self.book = {"bids": {}, "asks": {}}
            assert self.book is not None
            for name, data in zip(("bids", "asks"), buffers, strict=True):
                for level in data.decode().split():
                    price, qty = map(int, level.split(":"))
                    self.book[name][price] = qty
                    if not qty:
                        del self.book[name][price]
        self.own = content.get("own", self.own)
        self.trade = content.get("trade", self.trade)
        self.facts = content.get("facts", self.facts)


class Watched:
    """A ladder view in a page of ours, on a clock that a test turns."""

    def __init__(self, levels: int = 100, **options: Any) -> None:
        self.book, self.desk, self.page, self.clock = ABook(), ADesk(), Page1(), Clock()
        self.picked: list[tuple[str, Decimal]] = []
        self.frames: list[tuple[dict[str, Any], list[bytes]]] = []
        self.view = LadderView(
            self.book, self.desk, self._out, self.clock(), levels=levels, cost=lambda: 0.0,
            picked=lambda side, price: self.picked.append((side, price)), **options,
        )  # fmt: skip
        self.view.post({"kind": "ready"})

    def _out(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self.frames.append((content, buffers))
        self.page.take(content, buffers)
        self.view.post({"kind": "ack", "seq": self.page.seq, "ms": 2})

    def turn(self, seconds: float = 0.1) -> int:
        """Let time pass and paint what is due; how many frames that were."""
        before = len(self.frames)
        for _ in range(round(seconds / 0.1)):
            self.clock.now += 0.1
            self.view.hear(self.clock())
            if self.view.due <= self.clock():
                self.view.paint(self.clock())
        return len(self.frames) - before

    def same(self) -> bool:
        """Whether the page shows the book, level by level."""
        return self.page.book == self.book.sides


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_the_page_shows_the_book_after_any_changes() -> None:
    """Half a minute of levels that come, change and go, to the last digit, without one whole frame but the first."""
    watched, rng = Watched(), random.Random(3)
    for _ in range(300):
        for _ in range(rng.randrange(4)):
            side, base = rng.choice([("bids", 960), ("asks", 1000)])
            watched.book.put(side, price := base + rng.randrange(30), rng.choice([0, 1, 10**17]) or 1)
            if rng.random() < 0.3:
                watched.book.put(side, price, 0)
        watched.turn()
        assert watched.same()
    assert [content["seq"] for content, _ in watched.frames if content["base"] == 0] == [1]
    assert watched.page.missed == 0


def test_only_rows_that_changed_are_sent() -> None:
    """One level of two hundred: a few bytes; nothing: no look at the book, and a line of facts now and then."""
    watched = Watched()
    watched.turn()
    watched.book.put("bids", 985, 7)
    assert watched.turn() == 1
    assert watched.frames[-1][1] == [b"985:7", b""]
    assert watched.frames[-1][0]["book"] == "changed"
    looks = watched.book.photos
    assert watched.turn(BEAT * 3) in (2, 3)
    assert watched.book.photos == looks
    assert set(watched.frames[-1][0]) == {"kind", "seq", "base", "facts"}


def test_a_lost_frame_is_made_good() -> None:
    """A browser that missed one asks, and is sent everything."""
    watched = Watched()
    watched.turn()
    watched.page.seq = 0
    watched.book.put("asks", 1003, 5)
    watched.turn()
    assert watched.page.missed == 1
    watched.view.post({"kind": "resync"})
    watched.turn()
    assert watched.same()


def test_a_book_that_is_not_verified_is_not_shown() -> None:
    """No level of it stays; when it is back it is sent whole, and what is one's own was there all the time."""
    watched = Watched()
    watched.desk.mine = Own((MINE,))
    watched.turn()
    watched.book.verified, watched.book.state, watched.book.note = False, "RESYNCING", "checksum"
    watched.turn()
    assert watched.page.book is None
    assert [watched.page.facts[name] for name in ("state", "note")] == ["RESYNCING", "checksum"]
    assert [order["id"] for order in watched.page.own] == ["OID-1"]
    watched.book.verified, watched.book.state = True, "LIVE"
    watched.turn()
    assert watched.frames[-1][0]["book"] == "whole"
    assert watched.same()


def test_levels_bounds_what_is_sent() -> None:
    """The best of each side, and no more."""
    watched = Watched(levels=3)
    watched.turn()
    assert watched.page.book == {"bids": {990: 100, 989: 101, 988: 102}, "asks": {1000: 200, 1001: 201, 1002: 202}}


def test_own_orders_stand_at_their_price_with_their_place_in_the_queue() -> None:
    """As they come, fill and go; an order that waits for its trigger has no place."""
    watched = Watched()
    watched.turn()
    assert watched.page.own == []
    stop = OwnOrder("OID-2", "sell", Decimal("97.25"), Decimal(1), "OPEN", "stop-loss", waits=True)
    watched.desk.mine = Own((MINE, stop))
    watched.desk.queue = {"OID-1": QueuePlace(3, 7, Decimal("1.25")), "OID-2": QueuePlace(1, 1, Decimal(0))}
    assert watched.turn() == 1
    mine, waiting = watched.page.own
    assert (mine["price"], mine["qty"], mine["state"], mine["side"]) == ("995", "0.25", "OPEN", "buy")
    assert mine["place"] == [3, 7, "3rd of 7 in the queue, 1.25 ahead"]
    assert (waiting["price"], waiting["place"], waiting["waits"]) == ("973", None, True)
    watched.desk.queue = {"OID-1": QueuePlace(2, 6, Decimal("1.00"))}
    assert watched.turn() == 1
    assert watched.page.own[0]["place"][:2] == [2, 6]
    assert "book" not in watched.frames[-1][0]
    watched.desk.mine = NOTHING
    watched.turn()
    assert watched.page.own == []


def test_the_last_trade_is_marked() -> None:
    """Side, price and quantity of the newest."""
    watched = Watched()
    watched.turn()
    assert watched.page.trade is None
    watched.desk.trade = LastTrade(7, "sell", Decimal("99.0"), Decimal("0.125"))
    watched.turn()
    assert watched.page.trade == {"side": "sell", "price": "990", "qty": "0.125"}


def test_a_lab_that_ended_is_told_once() -> None:
    """Then nothing is due any more, though what it was made of goes on for another stream."""
    watched = Watched()
    watched.turn()
    watched.book.ended = True
    watched.turn(1.0)
    assert watched.page.facts["ended"] is True
    watched.book.put("bids", 985, 7)
    assert watched.turn(60) == 0


@pytest.mark.promise("W-04")
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_foreign_text_travels_letter_by_letter(text: str) -> None:
    """What cannot be seen is written out, so that nothing hides in an id or a state; the page only writes text."""
    watched = Watched()
    watched.desk.mine = Own((OwnOrder(text, "buy", Decimal("99.5"), Decimal(1), text),))
    watched.book.note = text
    watched.turn()
    for said in (watched.page.own[0]["id"], watched.page.own[0]["words"], watched.page.facts["note"]):
        assert not {"\x1b", "\x07", "\u202e", "\u2028", "\n", "\ud800"} & set(said)


# --- rows -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bids", "asks", "tick", "group"),
    [
        ([1000 - n for n in range(10)], [1001 + n for n in range(10)], 1, 1),
        ([1000 - 5 * n for n in range(10)], [1005 + 5 * n for n in range(10)], 5, 1),
        ([632861, 632856, 632854, 632851, 632848], [632904, 632905, 632913, 632922, 632923], 1, 5),
        ([5821, 5800, 5790], [5854, 5892], 1, 5),
        ([1000], [], 1, 1),
        ([], [], 1, 1),
        ([100], [1_000_100], 1, 200_000),
    ],
)
def test_rows_are_as_fine_as_the_middle_of_the_book_fits(
    bids: list[int], asks: list[int], tick: int, group: int
) -> None:
    """Ticks where levels are close, and the next round number of them where they are not."""
    book = BookSnapshot.of(
        "X/Y", bids=[(str(p), "1") for p in bids], asks=[(str(p), "1") for p in asks], price_precision=0
    )
    found = fitting_group(book, tick)
    assert found == group
    near = [*book.bid_ladder.prices[:5], *book.ask_ladder.prices[:5]]
    if near:
        assert (max(near) - min(near)) / (tick * found) <= ROWS - 4


def test_a_group_that_was_asked_for_stays() -> None:
    """Whatever would fit; and a tick that is not known is the last decimal."""
    watched = Watched(group=3)
    watched.turn()
    assert watched.page.grid == {"price_digits": 1, "qty_digits": 2, "tick": "1", "group": 3, "rows": ROWS}
    assert grid_of(watched.book.snapshot(), None, 1).tick == 1
    assert grid_of(watched.book.snapshot(), Decimal("0.5"), 1).tick == 5


# --- picking --------------------------------------------------------------------------------------------------------


def test_a_pick_is_the_price_to_the_digit() -> None:
    """In units of the last decimal, which no float has touched."""
    watched = Watched()
    watched.turn()
    watched.view.post({"kind": "pick", "side": "buy", "price": "995"})
    watched.view.post({"kind": "pick", "side": "sell", "price": "90071992547409931"})
    watched.turn()
    assert watched.picked == [("buy", Decimal("99.5")), ("sell", Decimal("9007199254740993.1"))]
    assert [str(price) for _, price in watched.picked] == ["99.5", "9007199254740993.1"]


@pytest.mark.parametrize(
    "message",
    [
        {"side": "buy"}, {"side": "buy", "price": 995}, {"side": "buy", "price": "99.5"}, {"side": "x", "price": "9"},
        {"side": "buy", "price": "0"}, {"side": "buy", "price": "-5"}, {"side": "buy", "price": ""},
        {"side": ["buy"], "price": "995"}, {"side": "buy", "price": "9" * 41}, {"side": "buy", "price": "٣"},
        {"price": "995"}, {"side": None, "price": "1e3"},
    ],
)  # fmt: skip
def test_what_is_no_pick_does_nothing(message: dict[str, object]) -> None:
    """Whatever a page may say."""
    watched = Watched()
    watched.turn()
    watched.view.post({"kind": "pick", **message})
    watched.turn()
    assert watched.picked == []


def test_a_pick_before_there_is_a_book_does_nothing() -> None:
    """There is no price to be picked then."""
    watched = Watched()
    watched.book.verified = False
    watched.turn()
    watched.view.post({"kind": "pick", "side": "buy", "price": "995"})
    watched.turn()
    assert watched.picked == []


class Ladder:
    """A `LiveLadder` with a page at the other end of its comm, and a place for tickets of a dealing kernel."""

    def __init__(self, comms: Sequence[AComm], place: TicketPlace | None = None) -> None:  # noqa: F811
        self.book, self.desk, self.clock = ABook(), ADesk(), Clock()
        self.pump = Turned(self.clock)
        self.ladder = LiveLadder(
            self.book, self.desk, "BTC/USD <img src=x onerror=alert(1)> [test]", levels=100, place=lambda: place,
            pump=self.pump,
        )  # fmt: skip
        self.box = self.ladder.widget
        self.widget = self.box.children[0]
        self.comm = next(comm for comm in comms if comm.comm_id == self.widget.model_id)
        self.state = self.comm.sent[0][1]["state"]

    def say(self, **content: Any) -> None:
        """The page says something, and the pump hears it."""
        self.comm.say(**content)
        self.clock.now += 0.1
        self.pump.turn()


def test_picking_makes_a_ticket_and_sends_nothing(comms: list[AComm], tmp_path: Path) -> None:  # noqa: F811
    """A click in the page, the pump, the ticket: side and price, in the place under the ladder."""

    async def body(kernel: Kernel) -> None:
        desk = Desk(kernel)
        ladder = Ladder(comms, desk.place)
        assert ladder.state["offers"] is True
        ladder.say(kind="ready")
        ladder.say(kind="pick", side="sell", price="1002")
        desk.workers.work()
        assert ladder.box.children[1] is desk.place
        ticket = desk.place.ticket
        assert ticket is not None
        form = ticket.form.arguments()
        assert (form["side"], form["limit_price"]) == ("sell", "100.2")
        ladder.say(kind="pick", side="buy", price="985")
        desk.workers.work()
        form = ticket.form.arguments()
        assert (form["side"], form["limit_price"]) == ("buy", "98.5")
        assert (kernel.frames, len(desk.made)) == ([], 1)
        ladder.ladder.close()
        assert ticket.check.disabled
        ladder.say(kind="pick", side="buy", price="984")
        assert desk.workers.work() == 0

    dealing(body, tmp_path)


def test_without_a_place_for_tickets_the_page_is_told_to_offer_none(comms: list[AComm]) -> None:  # noqa: F811
    """And a pick that comes all the same does nothing."""
    ladder = Ladder(comms)
    assert ladder.state["offers"] is False
    ladder.say(kind="ready")
    ladder.say(kind="pick", side="buy", price="985")
    assert len(ladder.box.children) == 1


def test_it_is_made_once_and_closed_as_a_whole(comms: list[AComm]) -> None:  # noqa: F811
    """The same box however often it is asked for; closed, nothing of it is left in the pump, and again is nothing."""
    ladder = Ladder(comms)
    assert ladder.ladder.widget is ladder.box
    ladder.ladder.close()
    ladder.ladder.close()
    ladder.pump.turn()
    assert ladder.pump.pictures == ()
    assert (ladder.box.comm, ladder.widget.comm) == (None, None)
    assert ladder.ladder.ended


# --- where nobody looks ---------------------------------------------------------------------------------------------


def test_as_text_it_is_the_book(comms: list[AComm]) -> None:  # noqa: F811
    """What a script prints is the book of now; without one, the state in words that can do nothing to a terminal."""
    ladder = Ladder(comms)
    assert repr(ladder.ladder) == repr(ladder.book.snapshot())
    ladder.book.verified, ladder.book.state, ladder.book.note = False, "RESYNCING", "\x1b[31m"
    assert "RESYNCING" in repr(ladder.ladder)
    assert "\x1b" not in repr(ladder.ladder)


def test_its_still_is_the_ladder_with_what_is_ones_own(comms: list[AComm]) -> None:  # noqa: F811
    """As HTML: state, levels, my order at its level, and another where no level is shown."""
    ladder = Ladder(comms)
    ladder.book.put("bids", 985, 42)
    at = OwnOrder("A", "buy", Decimal("98.5"), Decimal("0.42"), "OPEN")
    ladder.desk.mine = Own((at, OwnOrder("B", "sell", Decimal(500), Decimal(1), "<b>OPEN</b>")))
    bundle = ladder.ladder._repr_mimebundle_()
    page = Page(bundle["text/html"])
    assert "LIVE" in page.texts
    assert at.words in page.texts
    assert "my sell 1 at 500, <b>OPEN</b>" in page.text
    assert not {"img", "b"} & page.tags
    assert bundle["text/plain"].splitlines() == [
        *repr(ladder.book.snapshot()).splitlines(),
        at.words,
        "my sell 1 at 500, <b>OPEN</b>",
    ]
    ladder.book.verified, ladder.book.state = False, "STALE"
    assert "none that is verified" in ladder.ladder._repr_html_()


def test_the_figure_is_the_book_and_never_changes() -> None:
    """A bar for each level, best in the middle, in order of price; own orders and the last trade on it."""
    book = ABook().snapshot()
    far = OwnOrder("F", "buy", Decimal(1), Decimal(1), "OPEN")
    between = OwnOrder("M", "buy", Decimal("99.5"), Decimal("0.25"), "OPEN")
    trade = LastTrade(1, "buy", Decimal("100.0"), Decimal("0.5"))
    figure = ladder_figure(book, levels=3, own=(between, far), trade=trade, title="T")
    bids, asks, mine = figure.data
    assert list(bids.y) == ["99.0", "98.9", "98.8"]
    assert list(bids.x) == [1.0, 1.01, 1.02]
    assert list(asks.y) == ["100.0", "100.1", "100.2"]
    assert [row[1] for row in asks.customdata] == ["2.00", "4.01", "6.03"]
    assert list(mine.y) == ["99.5"]
    assert list(figure.layout.yaxis.categoryarray) == ["98.8", "98.9", "99.0", "99.5", "100.0", "100.1", "100.2"]
    last, mine_there = figure.layout.annotations
    assert "last trade: buy 0.5" in last.text
    assert mine_there.text == "my buy 0.25"


def test_a_note_in_the_figure_stands_at_its_row_by_number() -> None:
    """A price as text would be read as the row of that number, and all rows would be one line at the bottom."""
    book = ABook().snapshot()
    between = OwnOrder("M", "buy", Decimal("99.5"), Decimal("0.25"), "OPEN")
    places = {"M": QueuePlace(3, 7, Decimal("1.25"))}
    trade = LastTrade(1, "buy", Decimal("100.0"), Decimal("0.5"))
    figure = ladder_figure(book, levels=3, own=(between,), places=places, trade=trade)
    rows = list(figure.layout.yaxis.categoryarray)
    last, mine = figure.layout.annotations
    assert (rows[last.y], rows[mine.y]) == ("100.0", "99.5")
    assert mine.text == "my buy 0.25, 3 of 7"
    assert figure.data[2].customdata[0][0].endswith("3rd of 7 in the queue, 1.25 ahead")


@pytest.mark.parametrize(
    ("bids", "asks", "said"),
    [([], [("100", "1")], None), ([("99", "1")], [], None), ([], [], "the book is empty")],
)
def test_the_figure_of_a_thin_book(bids: list[Any], asks: list[Any], said: str | None) -> None:
    """A side without levels is not there; of an empty book it is said."""
    figure = ladder_figure(BookSnapshot.of("X/Y", bids=bids, asks=asks), own=(MINE,))
    assert len([bar for bar in figure.data if bar.type == "bar"]) == bool(bids) + bool(asks)
    assert [note.text for note in figure.layout.annotations] == (["my buy 0.25"] if said is None else [said])


def test_the_figure_of_no_book_says_why(comms: list[AComm], tmp_path: Path) -> None:  # noqa: F811
    """And what is saved is one file that needs nothing else."""
    ladder = Ladder(comms)
    ladder.book.verified, ladder.book.state = False, "DISCONNECTED"
    assert ladder.ladder.snapshot().layout.annotations[0].text == "there is no verified book: DISCONNECTED"
    ladder.book.verified = True
    before = ladder.ladder.snapshot()
    ladder.book.put("bids", 990, 5)
    assert before.data[0].x[0] == 1.0
    saved = ladder.ladder.save(tmp_path / "ladder.html").read_text()
    assert "<script src" not in saved
    assert "onerror=alert(1)>" not in saved


def test_ladders_without_own_orders_look_as_before() -> None:
    """No column for them."""
    book = ABook().snapshot()
    assert "my orders" not in ladder_html(book)
    assert ladder_html(book, own=(OwnOrder("B", "sell", Decimal(500), Decimal(1), "OPEN"),)).count("my orders") == 0
