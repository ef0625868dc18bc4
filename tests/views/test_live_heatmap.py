"""The live heatmap without a browser: what its frames hold, what it answers, and what it is where nobody looks."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kraken_lab.errors import BadArgument
from kraken_lab.tables import Gap, LadderHistory, TableView, schema, view_of
from kraken_lab.tables.ladder_run import Run
from kraken_lab.tables.vitals import Vitals
from kraken_lab.views.heat_columns import decoded, size_of
from kraken_lab.views.heat_view import HeatView, newest
from kraken_lab.views.live_heatmap import HeatLook, LiveHeatmap, plotly_heatmap, still_heatmap
from kraken_lab.views.own import NOTHING, Own, OwnFill, OwnOrder
from kraken_lab.views.palettes import PALETTES
from tests.tables.test_ladder_run import read

from .figures import START
from .hostile import HOSTILE, Page
from .test_live_table import AComm, comms  # noqa: F401 - a fixture
from .test_pump import Clock, Turned

BEAT = 100_000_000
MINE = OwnOrder("OID-1", "buy", Decimal("99.5"), Decimal("0.25"), "OPEN")


class APast:
    """The past of a book that a test makes, a column a beat."""

    symbol = "BTC/USD"
    ended = False

    def __init__(self, columns: int = 0) -> None:
        self.heat: LadderHistory | None = LadderHistory(1, 8)
        self.known: list[Gap] = []
        self.rows: list[tuple[Any, ...]] = []
        self.dropped = self.beats = 0
        self.state = "LIVE"
        self.go_on(columns)

    def go_on(self, columns: int = 1) -> None:
        """Ladders of 60 levels a side, of which one changes from beat to beat."""
        for _ in range(columns):
            n = self.beats = self.beats + 1
            bids, asks = list(range(999, 939, -1)), list(range(1001, 1061))
            qty = [1.0 + (n if at == n % 60 else 0) for at in range(60)]
            assert self.heat is not None
            self.heat.sample(START + n * BEAT, bids, qty, asks, qty)

    def trade(self, side: str = "buy", price: str = "100.10", qty: str = "0.50") -> None:
        """One more, now."""
        at = self.now_ns()
        self.rows.append((at, at, "BTC/USD", side, price, qty, "limit", len(self.rows), 1, False, "live"))

    def now_ns(self) -> int:
        """The time of the newest column."""
        return START + self.beats * BEAT

    def history(self) -> LadderHistory | None:
        """As it is."""
        return self.heat

    def gaps(self) -> Sequence[Gap]:
        """As told."""
        return tuple(self.known)

    def trades(self) -> tuple[int, TableView] | None:
        """All but those that were dropped."""
        return self.dropped, view_of(schema("trade"), self.rows[self.dropped :])

    def vitals(self) -> Vitals:
        """As told."""
        return Vitals(self.state, age=0.5, messages=self.beats, epoch=1, gaps=len(self.known), agreed=9, failed=0)


class Browser:
    """Takes frames and columns of the past in, as heat_store.js does."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.trades: list[list[Any]] = []
        self.first_trade = self.seq = self.missed = self.oldest = 0
        self.meta: dict[str, Any] = {}
        self.seen: dict[str, Any] = {}
        self.sizes: list[int] = []

    @property
    def first(self) -> int:
        """The number of the first column here."""
        return self.runs[0].first if self.runs else 0

    @property
    def end(self) -> int:
        """One more than that of the last."""
        return self.runs[-1].first + len(self.runs[-1]) if self.runs else 0

    def take(self, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:
        """One message, through JSON as on the wire."""
        content = json.loads(json.dumps(content))
        if content["kind"] == "who":
            return
        self.sizes.append(len(json.dumps(content)) + sum(map(len, buffers)))
        headers = content.get("columns", [])
        digits = content.get("meta", self.meta).get("qty_precision", 8)
        runs = [decoded(header, data, digits) for header, data in zip(headers, buffers, strict=False)]
        rows = json.loads(buffers[len(headers)]) if "trades" in content else []
        self.oldest = content.get("oldest", self.oldest)
        if content["kind"] == "past":
            if content["history"] != self.meta["history"] or not runs or runs[-1].first + len(runs[-1]) != self.first:
                return
            self.runs[:0] = runs
            if rows and content["trades"]["first"] + len(rows) == self.first_trade:
                self.trades[:0], self.first_trade = rows, content["trades"]["first"]
            return
        unjoined = runs and not runs[0].whole and runs[0].first != self.end
        if content["base"] not in (0, self.seq) or unjoined:
            self.missed += 1
            return
        if content.get("meta", self.meta) != self.meta:
            self.runs = []
        self.seq, self.meta = content["seq"], content.get("meta", self.meta)
        if runs and runs[0].whole and runs[0].first != self.end:
            self.runs = []
        self.runs += runs
        if rows:
            if content["trades"]["first"] != self.first_trade + len(self.trades):
                self.trades, self.first_trade = [], content["trades"]["first"]
            self.trades += rows
        self.seen.update({name: content[name] for name in ("gaps", "own", "facts") if name in content})


class Show:
    """A heatmap in a browser of ours, the pump that keeps it fresh, and a user who owns ``own``."""

    def __init__(self, past: APast, minutes: float = 1.0, **arguments: Any) -> None:
        self.past, self.own, self.browser, self.clock = past, NOTHING, Browser(), Clock()
        self.picked: list[tuple[str, Decimal]] = []
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self.pump = Turned(self.clock)
        self.view = HeatView(
            past,
            lambda content, buffers: self.sent.append((content, buffers)),
            self.clock(),
            minutes=minutes,
            own=lambda: self.own,
            picked=lambda side, price: self.picked.append((side, price)),
            cost=lambda: 0.0,
            **arguments,
        )
        self.pump.add(self.view)

    def run(self, seconds: float = 0.3, *, columns: bool = False) -> None:
        """Let time pass, with a browser that takes in what comes and says so."""
        for _ in range(round(seconds / 0.05)):
            self.pump.turn()
            while self.sent:
                self.browser.take(*self.sent.pop(0))
                self.view.post({"kind": "ack", "seq": self.browser.seq, "ms": 2})
            self.clock.now += 0.05
            if columns:
                self.past.go_on()

    def same(self) -> bool:
        """Whether the browser has what the kernel has, from its first column on."""
        assert self.past.heat is not None
        return read(self.browser.runs) == read(self.past.heat.runs(self.browser.first, self.browser.end))


# --- columns --------------------------------------------------------------------------------------------------------


def test_the_browser_has_the_levels_of_the_kernel_at_every_moment() -> None:
    """All prices and quantities, column by column, over runs and gaps, and each column was sent once."""
    show = Show(APast(columns=30))
    show.view.post({"kind": "ready", "have": None})
    for _ in range(4):
        show.run(4.0, columns=True)
        assert show.past.heat is not None
        show.past.heat.gap(show.past.now_ns() + BEAT // 2)
    show.run()
    assert show.same()
    assert show.past.heat is not None
    assert (show.browser.first, show.browser.end) == (0, show.past.heat.numbers.stop)
    assert sum(map(len, show.browser.runs)) == show.browser.end
    assert show.browser.missed == 0


def test_a_column_costs_a_few_hundred_bytes() -> None:
    """And nothing is sent while nothing changes, but for a word every other second that the kernel lives."""
    show = Show(APast(columns=300))
    show.view.post({"kind": "ready"})
    show.run()
    show.browser.sizes.clear()
    show.run(5.0, columns=True)
    assert max(show.browser.sizes) < 800
    show.browser.sizes.clear()
    show.run(10.0)
    assert len(show.browser.sizes) <= 6


def test_the_first_frame_is_small_and_the_rest_comes_when_it_is_asked_for() -> None:
    """The newest columns at once; those before in pieces, until the browser has what the kernel has."""
    show = Show(APast(columns=600), first=9_000)
    show.view.post({"kind": "ready"})
    show.run()
    assert show.browser.sizes[0] < 20_000
    assert show.browser.end == 600
    assert 0 < show.browser.first < 600
    pieces = 0
    while show.browser.first > show.browser.oldest:
        show.view.post({"kind": "older", "before": show.browser.first, "trade": show.browser.first_trade})
        show.run()
        pieces += 1
        assert pieces < 20
    assert show.browser.first == 0
    assert show.same()


def test_a_thousand_levels_by_six_hundred_columns_begin_below_a_megabyte() -> None:
    """Though a fifth of all levels changes with every column."""
    past, random = APast(), np.random.default_rng(7)
    past.heat = LadderHistory(1, 8)
    bids, asks = np.arange(600_000, 599_000, -1), np.arange(600_001, 601_001)
    qty = random.integers(10**5, 10**9, 2000) / 1e8
    for past.beats in range(600):
        qty[random.integers(0, 2000, 400)] = random.integers(10**5, 10**9, 400) / 1e8
        past.heat.sample(START + past.beats * BEAT, bids, qty[:1000], asks, qty[1000:])
    show = Show(past)
    show.view.post({"kind": "ready"})
    show.run()
    assert show.browser.sizes[0] < 1_000_000
    assert show.browser.end == 600


def test_the_past_is_given_while_the_picture_is_paused() -> None:
    """Standing still, one wants to look back."""
    show = Show(APast(columns=300), first=9_000)
    show.view.post({"kind": "ready"})
    show.run()
    show.view.post({"kind": "pause", "on": True})
    show.run(1.0, columns=True)
    assert show.browser.end == 300
    before = show.browser.first
    show.view.post({"kind": "older", "before": before, "trade": 0})
    show.run()
    assert show.browser.first < before
    show.view.post({"kind": "pause", "on": False, "have": show.browser.end})
    show.run()
    assert show.same()
    assert show.browser.end == 320


def test_who_was_away_is_sent_only_what_is_missing() -> None:
    """A page that comes to the front again says what it has."""
    show = Show(APast(columns=300))
    show.view.post({"kind": "ready"})
    show.run()
    show.view.post({"kind": "seen", "visible": False, "near": True, "have": 300})
    show.run(2.0, columns=True)
    show.browser.sizes.clear()
    show.view.post({"kind": "seen", "visible": True, "near": True, "have": show.browser.end})
    show.run()
    assert show.browser.sizes[0] < 6_000
    assert show.same()
    assert show.browser.end == 340


def test_a_second_page_is_sent_all_though_the_first_has_it() -> None:
    """Both say what they have; who has nothing counts."""
    show = Show(APast(columns=50))
    show.view.post({"kind": "ready"})
    show.run()
    other = Browser()
    show.view.post({"kind": "seen", "visible": True, "near": True, "have": 50})
    show.view.post({"kind": "ready", "have": None})
    show.clock.now += 0.2
    show.pump.turn()
    other.take(*show.sent[-1])
    assert (other.first, other.end, other.missed) == (0, 50, 0)


def test_other_decimals_begin_a_new_picture() -> None:
    """What the kernel kept before is gone there, and goes here."""
    show = Show(APast(columns=20))
    show.view.post({"kind": "ready"})
    show.run()
    show.past.heat = LadderHistory(2, 5)
    show.past.heat.sample(show.past.now_ns(), [10_000], ["1.5"], [10_001], [2])
    show.run()
    assert (show.browser.meta["price_precision"], show.browser.meta["qty_precision"]) == (2, 5)
    assert show.browser.runs[-1].whole
    assert show.browser.meta["history"] == 2
    assert show.browser.runs[0].first == 0
    assert show.same()


def test_before_there_is_a_book_only_the_facts_are_sent() -> None:
    """And the columns as soon as there are some."""
    past = APast()
    past.heat, past.state = None, "CONNECTING"
    show = Show(past)
    show.view.post({"kind": "ready"})
    show.run()
    assert show.browser.runs == []
    assert show.browser.seen["facts"]["state"] == "CONNECTING"
    past.heat = LadderHistory(1)
    past.go_on(3)
    show.run()
    assert show.browser.end == 3


# --- on top ---------------------------------------------------------------------------------------------------------


def test_every_trade_is_sent_once_with_its_digits() -> None:
    """Those of the minutes in sight first, new ones as they come, older ones with their columns."""
    past = APast()
    for n in range(200):
        past.go_on()
        past.trade("buy" if n % 2 else "sell", f"100.{n:03}0", "0.50")
    show = Show(past, minutes=1 / 6, first=1_500)
    show.view.post({"kind": "ready"})
    show.run()
    assert 0 < show.browser.first_trade < 200
    assert show.browser.trades[-1][1:] == ["100.1990", "0.50", "buy"]
    past.trade("sell", "99.9", "1e-08")
    show.run()
    assert show.browser.trades[-1][1:] == ["99.9", "0.00000001", "sell"]
    while show.browser.first > 0:
        show.view.post({"kind": "older", "before": show.browser.first, "trade": show.browser.first_trade})
        show.run()
    assert [row[1] for row in show.browser.trades[:200]] == [
        f"100.{n:03}0" for n in range(show.browser.first_trade, 200)
    ]
    assert show.browser.first_trade <= 1


def test_trades_that_were_dropped_in_between_do_not_shift_the_others() -> None:
    """They are known by how many there ever were."""
    past = APast(columns=1)
    for _ in range(10):
        past.trade()
    show = Show(past)
    show.view.post({"kind": "ready"})
    show.run()
    past.dropped = 8
    past.trade(qty="7")
    show.run()
    assert len(show.browser.trades) == 11
    assert show.browser.trades[-1][2] == "7"


def test_gaps_are_sent_when_they_change_with_their_reason() -> None:
    """Open first, closed later; hostile words as words."""
    show = Show(APast(columns=5))
    show.view.post({"kind": "ready"})
    show.run()
    assert show.browser.seen["gaps"] == []
    gap = Gap("BTC/USD", "book", START, HOSTILE["escape sequence"], 2)
    show.past.known = [gap]
    show.run()
    ((start, end, words),) = show.browser.seen["gaps"]
    assert (start, end) == (START / 1e6, None)
    assert "\x1b" not in words
    show.past.known = [replace(gap, end_ns=START + 12 * 10**9)]
    show.run()
    assert show.browser.seen["gaps"][0][1:] == [START / 1e6 + 12_000, r"gap 12 s: \x1b[31mred\x1b[0m\x07"]


def test_own_orders_are_lines_for_as_long_as_they_rest() -> None:
    """From the left edge if nobody knows since when; amended to another price they begin anew."""
    show = Show(APast(columns=5))
    show.own = Own((MINE,))
    show.view.post({"kind": "ready"})
    show.run()
    (line,) = show.browser.seen["own"]["orders"]
    assert (line["from"], line["to"], line["price"]) == (0.0, None, "99.5")
    assert line["words"] == "my buy 0.25 at 99.5, OPEN"
    show.past.go_on(10)
    show.own = Own((replace(MINE, price=Decimal("99.6")),), (OwnFill(START, "buy", Decimal("99.5"), Decimal("0.1")),))
    show.run()
    old, new = show.browser.seen["own"]["orders"]
    now = show.past.now_ns() / 1e6
    assert (old["price"], old["to"]) == ("99.5", now)
    assert (new["price"], new["from"], new["to"]) == ("99.6", now, None)
    assert show.browser.seen["own"]["fills"] == [[START / 1e6, "buy", "99.5", "0.1"]]


def test_an_order_that_was_there_before_the_picture_rests_since_it_was_made() -> None:
    """Not since the left edge, nor since somebody looked; with a clock that is ahead no line begins after its end."""
    show = Show(APast(columns=5))
    show.own = Own((replace(MINE, since_ns=START - 10**9), replace(MINE, order_id="OID-2", since_ns=START + 10**15)))
    show.view.post({"kind": "ready"})
    show.run()
    made, later = show.browser.seen["own"]["orders"]
    assert made["from"] == START / 1e6 - 1_000
    assert later["from"] <= show.past.now_ns() / 1e6


# --- what is said ---------------------------------------------------------------------------------------------------


def test_a_picked_price_is_handed_on_digit_by_digit() -> None:
    """Once, as a side and a price."""
    show = Show(APast(columns=5))
    show.view.post({"kind": "pick", "side": "buy", "price": "60000.10"})
    show.run(0.1)
    assert show.picked == [("buy", Decimal("60000.10"))]
    assert str(show.picked[0][1]) == "60000.10"


@pytest.mark.parametrize(
    "said",
    [
        {"side": "buy", "price": "-5"},
        {"side": "buy", "price": 5.0},
        {"side": "buy", "price": "1e5"},
        {"side": "buy", "price": "NaN"},
        {"side": "buy", "price": "١"},
        {"side": "buy", "price": "9" * 50},
        {"side": "hold", "price": "5"},
        {"price": "5"},
    ],
)
def test_what_is_no_price_is_not_picked(said: dict[str, object]) -> None:
    """A page may say anything."""
    show = Show(APast(columns=5))
    show.view.post({"kind": "pick", **said})
    show.run(0.1)
    assert show.picked == []


@pytest.mark.parametrize("before", [-1, 10**12, "5", None, 2.5, True])
def test_what_is_no_column_gets_no_wrong_ones(before: object) -> None:
    """Nothing, or what there is before the end; never an error that ends the picture."""
    show = Show(APast(columns=20))
    show.view.post({"kind": "older", "before": before, "trade": before})
    for _ in range(10):
        show.pump.turn()
        show.clock.now += 0.05
    assert show.view.error is None
    assert all(
        content["kind"] != "past" or len(buffers) == 2 for content, buffers in show.sent if content.get("columns")
    )


# --- in a cell and out of it ----------------------------------------------------------------------------------------


def test_the_widget_says_how_it_is_to_look(comms: list[AComm]) -> None:  # noqa: F811
    """As it was asked for, with the units; hostile names letter by letter, and its script has no secrets of others."""
    past = APast(columns=5)
    past.symbol = HOSTILE["element"] + "/USD"
    clock = Clock()
    look = HeatLook(2, levels=10, bins=100, colorscale="grey", cutoff=(0.5, 9))
    shown = LiveHeatmap(past, HOSTILE["right to left"], look, pump=Turned(clock))
    widget = shown.widget
    (heat,) = widget.children
    assert heat.options["minutes"] == 2
    assert (heat.options["levels"], heat.options["bins"], heat.options["cutoff"]) == (10, 100, (0.5, 9.0))
    assert heat.options["offers"] is False
    assert "\u202e" not in heat.options["title"]
    assert heat.palette["light"][0] == "#ffffff"
    assert shown.widget is widget
    shown.close()
    assert any(comm.sent[-1][0] == "comm_close" for comm in comms)


@pytest.mark.parametrize(
    "look",
    [
        {"levels": 0},
        {"levels": 2.5},
        {"bins": 9},
        {"bins": True},
        {"colorscale": "rainbow"},
        {"colorscale": None},
        {"cutoff": (2, 1)},
        {"cutoff": (0, 1)},
        {"cutoff": 5},
        {"cutoff": (1, "x")},
        {"cutoff": (1, 2, 3)},
        {"cutoff": (1, float("inf"))},
    ],
)
def test_a_look_that_cannot_be_is_refused(look: dict[str, Any]) -> None:
    """With what would be right."""
    with pytest.raises(BadArgument, match=next(iter(look))):
        HeatLook(**look)


def test_the_snapshot_has_the_levels_and_sizes_that_were_asked_for() -> None:
    """And what is on top of them: trades, gaps, and what is the user's own."""
    past = APast(columns=1200)
    past.trade()
    own = Own((MINE,), (OwnFill(past.now_ns(), "sell", Decimal("100"), Decimal("0.1")),))
    figure = still_heatmap(past, "BTC/USD order book [test]", HeatLook(2, levels=5, cutoff=(1, 10)), own)
    names = [trace.name for trace in figure.data]
    assert names[5:] == ["buy trades", "sell trades", "own buy orders", "own sell fills"]
    low, high = figure.layout.yaxis.range
    assert 99.4 < low < high < 100.6
    assert figure.data[0].zmax == 10
    assert len(figure.data[3].x) <= 601


def test_the_plotly_engine_draws_the_same_with_fewer_columns() -> None:
    """As a live figure."""
    figure = plotly_heatmap(APast(columns=600), "title", HeatLook(1), Own).snapshot()
    assert figure.layout.title.text == "title"
    assert len(figure.data[3].x) <= 301


def test_what_is_saved_needs_nothing_but_itself(tmp_path: Path) -> None:
    """One small file with all columns of the minutes, that refers to nothing, loads nothing, and runs no words."""
    past = APast(columns=400)
    past.known = [Gap("BTC/USD", "book", START, HOSTILE["script end"], 2)]
    title = HOSTILE["script end"]
    path = LiveHeatmap(past, title, HeatLook(1)).save(tmp_path / "picture.html")
    text = path.read_text("utf-8")
    assert len(text) < 150_000
    page = Page(text)
    _, kept, _ = page.scripts  # a style, the state, and the widget's own script
    assert not re.search(r"https?://|@import|url\(", text.replace("http-equiv", ""))
    assert "default-src 'none'" in text
    state = json.loads(kept)
    raw = zlib.decompress(base64.b64decode(state["data"]))
    buffers, at = [], 0
    for size in state["sizes"]:
        buffers.append(raw[at : at + size])
        at += size
    browser = Browser()
    browser.take(state["content"], buffers)
    assert browser.end == 400
    assert browser.oldest == browser.first
    assert past.heat is not None
    assert read(browser.runs) == read(past.heat.runs(browser.first))


def test_in_a_terminal_it_is_words() -> None:
    """What it is, how many columns there are, and what one can do."""
    words = repr(LiveHeatmap(APast(columns=7), "BTC/USD order book [test]"))
    assert words.startswith("<BTC/USD order book [test]: a live heatmap, 7 columns, LIVE")
    assert ".snapshot()" in words


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("paper", ["dark", "light"])
def test_in_every_palette_lightness_goes_one_way(name: str, paper: str) -> None:
    """So that the order of sizes holds for every eye, and in grey."""

    def lightness(colour: str) -> float:
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    steps = np.diff([lightness(colour) for colour in getattr(PALETTES[name], paper)])
    assert (steps > 0).all() or (steps < 0).all()


def test_pieces_of_the_past_are_never_larger_than_they_may_be() -> None:
    """Unless a single column is."""
    history = APast(columns=500).heat
    assert history is not None
    for most in (1_000, 3_000, 10_000, 10**6):
        runs = newest(history.runs(), most)
        assert runs[-1].first + len(runs[-1]) == 500
        assert sum(size_of(run) for run in runs) <= most or sum(map(len, runs)) == 1
    assert sum(map(len, newest(history.runs(), 10**6))) == 500


def test_a_long_road_to_the_browser_does_not_slow_the_picture() -> None:
    """A few small frames may be under way; without any answer it waits, as every picture does."""
    show = Show(APast(columns=5))
    show.view.post({"kind": "ready"})
    show.run()
    sent = []
    for n in range(100):
        show.pump.turn()
        sent += [(n, content["seq"]) for content, _ in show.sent]
        show.sent.clear()
        for at, seq in sent:
            if at == n - 5:  # a quarter of a second there and back
                show.view.post({"kind": "ack", "seq": seq, "ms": 2})
        show.clock.now += 0.05
        show.past.go_on()
    assert len(sent) >= 48
    assert show.view.seq - sent[0][1] >= 47
    show.past.go_on(50)
    silent = show.view.seq
    for _ in range(100):
        show.pump.turn()
        show.clock.now += 0.05
        show.past.go_on()
    assert show.view.seq - silent <= 20


def test_of_a_book_that_has_ended_its_last_minutes_are_shown() -> None:
    """However long ago that was."""
    past = APast(columns=900)
    past.now_ns = lambda: START + 10**13  # type: ignore[method-assign]
    show = Show(past, minutes=0.5)
    show.view.post({"kind": "ready"})
    show.run()
    assert (show.browser.first, show.browser.end) == (599, 900)
    assert len(still_heatmap(past, "title", HeatLook(0.5), Own()).data[3].x) > 200


def test_columns_that_come_for_others_are_not_shown_after_the_end() -> None:
    """A stopped book may go on for another stream: a picture that says it ended stands still, with all until then."""
    past = APast(columns=20)
    show = Show(past)
    show.view.post({"kind": "ready"})
    show.run()
    past.go_on()
    past.ended, past.state = True, "STOPPED"
    show.run()
    assert show.browser.end == 21
    for _ in range(20):
        past.go_on()
        show.run()
    assert show.browser.end == 21


@pytest.mark.promise("B-04")
def test_a_still_makes_no_figure_of_plotlys(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn anew while the notebook is open, and each such figure is megabytes in a circle."""

    def refused(*args: object, **options: object) -> None:
        raise AssertionError("a figure was made")

    past = APast(columns=600)
    past.trade()
    heat = LiveHeatmap(past, "title", HeatLook(1))
    monkeypatch.setattr("plotly.graph_objects.Figure", refused)
    assert "data:image/svg+xml" in heat.still()
    with pytest.raises(AssertionError, match="a figure was made"):
        heat.snapshot()
