"""A sandbox process that sends two thousand book messages a second, and a client that does not fall behind."""

from __future__ import annotations

import time

import pytest

import kraken_lab as kl
from kraken_lab.streams import BookStream, StreamState

RATE = 6_500.0
"""Market actions a second over all pairs, of which some two in five change one of these books."""

SYMBOLS = ("BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD")


def lag_ms(book: BookStream) -> float:
    """How long the newest rows took from the exchange's clock to here, the median in milliseconds."""
    view = book.history.view(last=500)
    waited = view.column("received_at").astype("int64") - view.column("timestamp").astype("int64")
    return float(sorted(waited)[len(waited) // 2]) / 1e6


def hold_on(seconds: float, least: float) -> tuple[float, list[float]]:
    """Stream for so long; messages a second, and the lag in each quarter."""
    with kl.connect("sandbox", seed=5, rate=RATE, new=True) as lab:
        book = lab.book(*SYMBOLS, depth=10)
        begun, before = time.monotonic(), sum(feed.messages for feed in book.feeds)
        lags = []
        for quarter in range(1, 5):
            book.wait(until=lambda _, q=quarter: time.monotonic() - begun >= seconds * q / 4, timeout=seconds + 30)  # type: ignore[misc]
            lags.append(lag_ms(book))
        rate = (sum(feed.messages for feed in book.feeds) - before) / (time.monotonic() - begun)
        assert book.state is StreamState.LIVE
        assert len(book.gaps) == 0
        assert all(not feed.counters["checksum mismatches"] for feed in book.feeds)
        assert rate >= least, f"{rate:.0f} messages a second"
        return rate, lags


@pytest.mark.promise("B-07")
@pytest.mark.fault("F-068")
def test_a_busy_market_is_kept_up_with() -> None:
    """The short profile: every book verified, nothing missed, and no lag that a queue would show."""
    _, lags = hold_on(3.0, least=300.0)
    assert min(lags[1:]) < 1_000


@pytest.mark.soak
@pytest.mark.promise("B-07")
@pytest.mark.fault("F-068")
def test_two_thousand_book_messages_a_second_for_a_minute() -> None:
    """The lag of the last quarter is not that of a queue that grew."""
    rate, lags = hold_on(60.0, least=2_000.0)
    print(f"{rate:.0f} book messages a second, lag by quarter {[round(lag, 1) for lag in lags]} ms")  # noqa: T201
    assert lags[-1] < max(4 * lags[0], 250.0)
