"""Gaps are written down, open ones too."""

from __future__ import annotations

import dataclasses

import pytest

from kraken_lab.tables import Gap, GapLog

from .builders import NOON

SECOND = 1_000_000_000


def an_open_gap(log: GapLog, symbol: str = "BTC/USD", at: int = 0) -> Gap:
    """A gap for silence, opened so many seconds after noon."""
    return log.open(symbol, "trade", NOON + at * SECOND, "silence", epoch=2)


@pytest.mark.promise("S-05")
def test_an_open_gap_is_a_row_without_an_end() -> None:
    """In both libraries; closing it fills in the rest."""
    log = GapLog()
    an_open_gap(log)
    frame = log.view().pandas()
    assert frame["end"].isna().tolist() == [True]
    assert log.view().polars()["end"].to_list() == [None]
    assert log.view().polars()["missed"].to_list() == [None]
    closed = log.close("BTC/USD", "trade", NOON + 3 * SECOND, missed=0, filled=True)
    assert closed is not None
    assert (closed.seconds, closed.is_open, len(log)) == (3.0, False, 1)
    assert log.view().pandas()["missed"].tolist() == [0]
    assert log.view().polars()["filled"].to_list() == [True]
    assert frame["end"].isna().tolist() == [True]


def test_a_gap_reopened_before_rows_came_is_one_gap() -> None:
    """It keeps its start and reason; the epoch is the one that will follow."""
    log = GapLog()
    an_open_gap(log)
    gap = log.open("BTC/USD", "trade", NOON + SECOND, "again", epoch=3)
    assert (gap.start_ns, gap.reason, gap.epoch, gap.seconds) == (NOON, "silence", 3, None)
    assert len(log) == 1


def test_each_symbol_and_channel_has_its_own_gap() -> None:
    """Closing one leaves the others; closing what is not open is nothing."""
    log = GapLog()
    an_open_gap(log, "BTC/USD")
    an_open_gap(log, "ETH/USD", at=-1)
    log.open("BTC/USD", "book", NOON, "checksum", epoch=2)
    assert log.close("BTC/USD", "trade", NOON + SECOND) is not None
    assert log.close("BTC/USD", "trade", NOON + SECOND) is None
    assert [(gap.symbol, gap.channel, gap.is_open) for gap in log.gaps] == [
        ("ETH/USD", "trade", True),
        ("BTC/USD", "trade", False),
        ("BTC/USD", "book", True),
    ]
    assert repr(log) == "<GapLog: 3 gaps, 2 open>"


def test_a_gap_never_ends_before_it_began() -> None:
    """Even if the clock was set back meanwhile."""
    log = GapLog()
    an_open_gap(log)
    closed = log.close("BTC/USD", "trade", NOON - SECOND)
    assert closed is not None
    assert closed.seconds == 0.0


@pytest.mark.promise("S-06")
def test_a_gap_can_be_proved_filled_later() -> None:
    """Its row changes, an earlier frame does not; a gap no longer kept is left alone."""
    log = GapLog(rows=1)
    lost = log.record("BTC/USD", "trade", NOON, NOON + SECOND, "overflow", epoch=2, missed=7)
    frame = log.view().polars()
    assert log.fill(lost) == log.gaps[0]
    assert (log.gaps[0].filled, log.gaps[0].missed) == (True, 0)
    assert frame["missed"].to_list() == [7]
    log.record("BTC/USD", "trade", NOON, NOON + SECOND, "overflow", epoch=3)
    assert log.fill(lost).filled
    assert [gap.filled for gap in log.gaps] == [False]


@pytest.mark.promise("B-01")
def test_the_log_is_bounded_and_counts_what_it_drops() -> None:
    """The oldest closed gaps go; an open one stays."""
    log = GapLog(rows=3)
    an_open_gap(log, "ETH/USD", at=-100)
    for n in range(5):
        log.record("BTC/USD", "trade", NOON + n, NOON + n, "overflow", epoch=n)
    assert [gap.epoch for gap in log.gaps] == [2, 2, 3, 4]
    assert log.evicted == 2


def test_the_newest_gap_is_the_one_that_began_last() -> None:
    """Whether it is open or over; None while there is none."""
    assert GapLog().newest is None
    log = GapLog()
    log.record("BTC/USD", "trade", 100, 200, "skipped", epoch=2)
    log.open("ETH/USD", "trade", 150, "silence", epoch=2)
    assert log.newest is not None
    assert (log.newest.symbol, log.newest.is_open) == ("ETH/USD", True)
    log.record("BTC/USD", "trade", 300, 400, "skipped again", epoch=3)
    assert log.newest.reason == "skipped again"


def test_a_gap_never_changes() -> None:
    """It is a value."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        an_open_gap(GapLog()).reason = "none"  # type: ignore[misc]
