"""``kraken-lab demo``: both roads in one command, with a broken line in the middle and an order at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .. import views
from ..errors import BadArgument
from ..lab import Lab, connect
from ..streams import BookStream, Level3Stream, OhlcStream, Stream, StreamState, TickerStream, TradeStream
from ..trading import Order
from ..views.saving import save_page
from ..wire import from_ns

__all__ = ["run"]

FRAMES_PER_S = 4
TOLD_EVERY = 2.0
"""Seconds between two lines where the output is no terminal."""
WIDE = 190
"""Characters in which a trade has room with all its columns."""
TOLD_OF_TRADES = ("symbol", "side", "price", "qty", "trade_id")
TOLD_OF_BOOKS = ("symbol", "bid", "bid_qty", "ask", "ask_qty")
STYLES = {"LIVE": "bold green", "FAILED": "bold red", "STOPPED": "dim"}


@dataclass(frozen=True, slots=True)
class _Streams:
    """What the demo streams."""

    ticker: TickerStream
    trades: TradeStream
    ohlc: OhlcStream
    book: BookStream
    level3: Level3Stream

    @classmethod
    def of(cls, lab: Lab, symbols: Sequence[str]) -> _Streams:
        return cls(
            lab.ticker(*symbols, event_trigger="bbo"),
            lab.trades(*symbols),
            lab.ohlc(*symbols, interval=1),
            lab.book(*symbols, depth=100),
            lab.level3(*symbols, depth=10),
        )

    @property
    def all(self) -> tuple[Stream[Any, Any], ...]:
        return (self.ticker, self.trades, self.ohlc, self.book, self.level3)


def run(*, seconds: float, symbols: Sequence[str], seed: int, output: Path, console: Console | None = None) -> int:
    """Run the demo; 0 when every stream was whole again at the end.

    Raises:
        KrakenLabError: the sandbox did not start, or a symbol is not one of its.
    """
    console = console or Console()
    if not output.parent.is_dir():
        raise BadArgument("output", str(output), "a file in a folder that exists")
    started = time.monotonic()
    lab = connect("sandbox", seed=seed, new=True)
    try:
        streams = _Streams.of(lab, symbols)
        ready = time.monotonic() - started
        console.print(
            Text.assemble(
                ("kraken_lab ", "bold"),
                f"started an exchange on this machine (process {lab.sandbox.pid if lab.sandbox else '?'}) and had "
                f"{sum(len(stream.symbols) for stream in streams.all)} verified subscriptions after {ready:.1f} s.",
            )
        )
        broken_at = _watch(lab, streams, seconds, console)
        whole = all(stream.state is StreamState.LIVE for stream in streams.all)
        _print_frames(streams, console)
        _print_recovery(streams, broken_at, console)
        order = _place_order(lab, symbols[0], console)
        page = _page(lab, streams, symbols, order)
        save_page(output, page)
        console.print(f"\nThe page: [bold]{output}[/bold] ({output.stat().st_size / 1e6:.1f} MB, needs no network)")
        console.print("Next: open a notebook and type  import kraken_lab as kl; kl.book('BTC/USD')")
    finally:
        lab.close()
    if not whole:
        console.print("[bold red]Not every stream was LIVE at the end.[/bold red]")
    return 0 if whole else 1


# --- while it streams -----------------------------------------------------------------------------------------------


def _watch(lab: Lab, streams: _Streams, seconds: float, console: Console) -> float:
    """Show the streams for a while, break the line half way; gives when that was, in seconds from the start."""
    begun = time.monotonic()
    if not console.is_terminal:
        return _tell(lab, streams, seconds, console)
    rates = _Rates()
    broken_at = 0.0
    with Live(console=console, refresh_per_second=FRAMES_PER_S, transient=False) as live:
        while (elapsed := time.monotonic() - begun) < seconds:
            if not broken_at and elapsed >= seconds / 2 and lab.sandbox:
                lab.sandbox.control(fault="reset")
                broken_at = elapsed
            live.update(_screen(lab, streams, elapsed, seconds, broken_at, rates, console.width))
            time.sleep(1 / FRAMES_PER_S)
        _wait_until_live(streams)
        live.update(_screen(lab, streams, seconds, seconds, broken_at, rates, console.width))
    return broken_at


def _wait_until_live(streams: _Streams) -> None:
    for stream in streams.all:
        stream.wait(until=lambda stream: stream.state is StreamState.LIVE, timeout=15.0)


def _tell(lab: Lab, streams: _Streams, seconds: float, console: Console) -> float:
    """As `_watch` where nothing can be drawn over, as in a file or a pipe: a line now and then, each once."""
    begun = time.monotonic()
    broken_at = 0.0
    lines = max(2, min(round(seconds / TOLD_EVERY), 20))
    for line in range(1, lines + 1):
        moment = seconds * line / lines
        if not broken_at and moment >= seconds / 2 and lab.sandbox:
            time.sleep(max(0.0, begun + seconds / 2 - time.monotonic()))
            lab.sandbox.control(fault="reset")
            broken_at = time.monotonic() - begun
            console.print(f"{broken_at:5.1f} s: the line is broken, on purpose")
        time.sleep(max(0.0, begun + moment - time.monotonic()))
        console.print(f"{time.monotonic() - begun:5.1f} s: {_standing(streams)}")
    _wait_until_live(streams)
    console.print(f"{time.monotonic() - begun:5.1f} s: {_standing(streams)}")
    return broken_at


def _standing(streams: _Streams) -> str:
    """What came so far, in a line."""
    live = sum(feed.state is StreamState.LIVE for stream in streams.all for feed in stream.feeds)
    feeds = [feed for stream in streams.all for feed in stream.feeds]
    return f"{live} of {len(feeds)} subscriptions LIVE, {sum(feed.messages for feed in feeds):,} messages"


class _Rates:
    """Messages a second of each feed, over the last second or so."""

    def __init__(self) -> None:
        self._then: dict[object, tuple[float, int, float]] = {}

    def of(self, feed: object, messages: int) -> float:
        now = time.monotonic()
        at, count, rate = self._then.get(feed, (now, messages, 0.0))
        if now - at >= 1.0 or feed not in self._then:
            rate = (messages - count) / (now - at) if now > at else rate
            self._then[feed] = (now, messages, rate)
        return rate


COLUMNS = {
    "stream": "left",
    "symbol": "left",
    "state": "left",
    "rows": "right",
    "msg/s": "right",
    "latency": "right",
    "verified": "right",
    "failed": "right",
    "gaps": "right",
    "now": "right",
}
SPARED = ("rows", "now", "latency")
"""Columns that go, one after another, where the terminal is narrow."""


def _screen(
    lab: Lab, streams: _Streams, elapsed: float, seconds: float, broken_at: float, rates: _Rates, width: int
) -> Panel:
    spared = SPARED[: 0 if width >= 110 else 1 if width >= 100 else 3]
    table = Table(expand=True, box=None, padding=(0, 1))
    for name, justify in COLUMNS.items():
        if name not in spared:
            table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for stream in streams.all:
        for feed in stream.feeds:
            checked = isinstance(stream, BookStream | Level3Stream)
            failed = feed.counters["checksum mismatches"]
            cells = {
                "stream": feed.channel,
                "symbol": views.escape.terminal(feed.symbol),
                "state": Text(str(feed.state), style=STYLES.get(str(feed.state), "bold yellow")),
                "rows": f"{sum(t.rows for t in feed.tables):,}" if feed.tables else "",
                "msg/s": f"{rates.of(feed, feed.messages):,.0f}",
                "latency": _latency(feed),
                "verified": f"{feed.messages:,}" if checked else "",
                "failed": Text(f"{failed:,}", style="bold red" if failed else "") if checked else "",
                "gaps": f"{len(feed.gaps)}",
                "now": _present(stream, feed.symbol),
            }
            table.add_row(*(cell for name, cell in cells.items() if name not in spared))
    line = lab.lines[0][1]
    note = f"line {line.state}"
    if broken_at:
        note += f", broken on purpose at {broken_at:.1f} s, connected {line.connects} times"
    bar = ProgressBar(total=seconds, completed=min(elapsed, seconds), width=20 if spared else 40)
    head = Table.grid(padding=(0, 2))
    head.add_row(bar, f"{min(elapsed, seconds):.0f} of {seconds:.0f} s", note)
    return Panel(Group(head, table), title=f"kraken_lab demo · {lab.venue_name}", border_style="cyan")


def _latency(feed: Any) -> str:
    """The median of the newest rows' time from the exchange to here."""
    if not feed.tables or "timestamp" not in feed.tables[0].schema.position:
        return ""
    view = feed.tables[0].view(last=100)
    if not len(view):
        return ""
    received = view.column("received_at").astype("int64")
    sent = view.column("timestamp").astype("int64")
    if "source" in view.schema.position:
        # Rows of a snapshot are older than the connection; they say nothing about the way here.
        live = view.column("source") == "live"
        received, sent = received[live], sent[live]
    if not len(received):
        return ""
    return f"{float(np.median(received - sent)) / 1e6:.1f} ms"


def _present(stream: Stream[Any, Any], symbol: str) -> str:
    """What the stream says of a symbol now."""
    if isinstance(stream, BookStream):
        photo = stream[symbol].latest
        return f"{photo.mid:,f}" if photo is not None and photo.bids and photo.asks else ""
    if isinstance(stream, Level3Stream):
        photo3 = stream[symbol].latest
        return "" if photo3 is None else f"{len(photo3.queue):,} orders"
    rows = [feed.tables[0].latest for feed in stream.feeds if feed.symbol == symbol]
    row = rows[0] if rows else None
    if row is None:
        return ""
    name = {"ticker": "last", "trade": "price", "ohlc": "close"}[stream.feeds[0].channel]
    return f"{row[name]:,f}"


# --- afterwards -----------------------------------------------------------------------------------------------------


def _print_frames(streams: _Streams, console: Console) -> None:
    import pandas as pd
    import polars as pl

    console.print()
    wide = console.width >= WIDE
    some = "" if wide else ", some of its columns"
    console.rule(f"trades.df(last=5), pandas{some}")
    # A narrow terminal shows the columns that matter, instead of whichever stand first and last.
    trades = streams.trades.df(last=5)
    with pd.option_context("display.width", console.width, "display.max_columns", None):
        console.print(Text(repr(trades if wide else trades[[*TOLD_OF_TRADES]])))
    console.rule(f"book.history.pl(last=5), polars{some}")
    tops = streams.book.history.pl(last=5)
    with pl.Config(tbl_width_chars=console.width, tbl_cols=-1):
        console.print(Text(str(tops if wide else tops.select(TOLD_OF_BOOKS))))
    console.rule(f"book['{streams.book.symbols[0]}']")
    console.print(Text(repr(streams.book[streams.book.symbols[0]])))


def _print_recovery(streams: _Streams, broken_at: float, console: Console) -> None:
    console.rule("what the broken line cost: stream.gaps")
    table = Table(box=None, padding=(0, 2))
    for name in ("stream", "symbol", "reason", "out for", "missed", "proved complete"):
        table.add_column(name)
    for stream in streams.all:
        for feed in stream.feeds:
            for gap in feed.gaps.gaps:
                out = "still" if gap.seconds is None else f"{gap.seconds:.2f} s"
                missed = "unknown" if gap.missed is None else str(gap.missed)
                table.add_row(
                    feed.channel,
                    views.escape.terminal(gap.symbol),
                    views.escape.terminal(gap.reason),
                    out,
                    missed,
                    "yes" if gap.filled else "no",
                )
    console.print(table)
    verified = sum(feed.messages for stream in (streams.book, streams.level3) for feed in stream.feeds)
    failed = sum(
        feed.counters["checksum mismatches"] for stream in (streams.book, streams.level3) for feed in stream.feeds
    )
    console.print(f"{verified:,} book messages verified by checksum, {failed:,} failed.")


def _figures(average: Decimal | None, value: Decimal, fees: Iterable[tuple[str, Decimal | None]]) -> tuple[str, ...]:
    """An average price, what was paid, and the fees, in digits that a person reads."""
    paid = ", ".join(f"{fee:.4f} {asset}" for asset, fee in fees if fee is not None)
    return ("" if average is None else f"{average:.10g}"), f"{value:.10g}", paid


def _place_order(lab: Lab, symbol: str, console: Console) -> Order:
    """One confirmed order in the sandbox: what its proposal expected, what became of it, and when."""
    console.rule("an order: proposed, confirmed, filled (the sandbox's money is not money)")
    wish = lab.buy(symbol, lab.instruments().now.pair(symbol).qty_min * 20)
    order: Order = wish.confirm().wait("filled")
    expected, table = wish.preview, Table(box=None, padding=(0, 2))
    for name in ("", "average price", "value", "fee"):
        table.add_column(name, justify="right" if name else "left")
    if expected is not None:
        table.add_row(
            "expected", *_figures(expected.average_price, expected.value, [(expected.fee_asset, expected.fee)])
        )
    table.add_row("what came", *_figures(order.avg_price, order.record.cost, order.record.fees))
    console.print(Text(f"{wish.mode_words}: {wish.what}; {len(wish.checks)} checks, all passed"), table)
    timeline = Table(box=None, padding=(0, 2))
    for event in order.timeline:
        timeline.add_row(
            from_ns(event.received_at_ns, 6)[11:-1], str(event.state or ""), views.escape.terminal(event.what)
        )
    console.print(timeline)
    return order


def _page(lab: Lab, streams: _Streams, symbols: Sequence[str], order: Order) -> str:
    sections: list[tuple[str, Any]] = []
    for symbol in symbols:
        book = streams.book[symbol]
        seen = book.heatmap(60.0, trades=streams.trades).snapshot()
        sections.append((f"{symbol}: the order book since subscribing", seen))
    first = symbols[0]
    candles = lab.ohlc(first, interval=1)
    sections.append((f"{first}: candles of one minute", candles.chart(last=90).snapshot()))
    sections.append((f"{first}: depth now", streams.book[first].depth_chart().snapshot()))
    sections.append((f"{first}: the book now", streams.book[first]._repr_html_()))
    sections.append(("An order: proposed, confirmed, filled", order._repr_html_() or ""))
    sections.append(("The newest trades", streams.trades._repr_html_()))
    sections.append(("What was missed, and what is proved complete", views.table_html(streams.trades.gap_table)))
    facts = {"data": "synthetic: a seeded market in an exchange on this machine", **dict(lab.status().facts)}
    return views.page(sections, title="kraken_lab demo", facts=facts)
