"""Runs of ladders kept as what changed: from any column on they are what was put in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.tables import LadderHistory
from kraken_lab.tables.ladder_history import LONGEST
from kraken_lab.tables.ladder_run import NOTHING, Run

BEAT = 100_000_000
Ladder = tuple[dict[int, float], dict[int, float]]
SIDES = st.dictionaries(st.integers(0, 8), st.sampled_from([0.5, 1.0, 2.25]), max_size=6)
LADDERS = st.lists(st.one_of(st.none(), st.tuples(SIDES, SIDES)), min_size=1, max_size=9)


def kept(ladders: list[Ladder | None], **bounds: float) -> LadderHistory:
    """A history of these ladders a beat apart; None is a gap. Best first, as a book gives them."""
    history = LadderHistory(0, **bounds)  # type: ignore[arg-type]
    for n, ladder in enumerate(ladders):
        if ladder is None:
            history.gap(n * BEAT)
            continue
        bids, asks = (dict(sorted(side.items(), reverse=not at)) for at, side in enumerate(ladder))
        history.sample(n * BEAT, list(bids), list(bids.values()), list(asks), list(asks.values()))
    return history


def read(runs: list[Run], begin: Ladder = ({}, {})) -> list[Ladder | None]:
    """What whoever applies the entries one after the other has, column by column."""
    now, columns = ({**begin[0]}, {**begin[1]}), []
    for run in runs:
        if run.whole:
            now = ({}, {})
        at = 0
        for end, bids in zip(run.ends.tolist(), run.bids.tolist(), strict=True):
            for place in range(at, end):
                side = now[0 if place < at + bids else 1]
                side[int(run.prices[place])] = float(run.qty[place])
                if not run.qty[place]:
                    del side[int(run.prices[place])]
            columns.append(None if run.gap else ({**now[0]}, {**now[1]}))
            at = end
    return columns


@settings(max_examples=60, deadline=None)
@given(LADDERS, st.integers(0, 8), st.integers(0, 9))
def test_from_any_column_on_the_ladders_are_what_was_put_in(
    ladders: list[Ladder | None], start: int, stop: int
) -> None:
    """Wherever one begins to read, and wherever one ends; the first column has all its levels then."""
    history = kept(ladders)
    assert read(history.runs()) == ladders
    assert read(history.runs(start, stop)) == ladders[start:stop]
    assert all(run.whole for run in history.runs(start, stop)[:1])


@settings(max_examples=60, deadline=None)
@given(LADDERS, st.integers(1, 8))
def test_who_has_the_column_before_needs_only_what_changed(ladders: list[Ladder | None], start: int) -> None:
    """The levels that are new, changed or gone, and no others."""
    before = ladders[min(start, len(ladders)) - 1]
    runs = kept(ladders).runs(start, standing=True)
    assert read(runs, before or ({}, {})) == ladders[start:]
    if before is not None and start < len(ladders) and (after := ladders[start]) is not None:
        differ = sum(
            one.get(price) != other.get(price) for one, other in zip(before, after, strict=True) for price in range(9)
        )
        assert int(runs[0].ends[0]) == differ


def test_the_best_prices_of_each_column_are_kept() -> None:
    """Of a side without levels there is none, and of a gap neither."""
    (run, gap) = kept([({3: 1.0, 5: 1.0}, {7: 1.0, 6: 2.0}), ({}, {9: 1.0}), None]).runs()
    assert run.best_bid.tolist() == [5, NOTHING]
    assert run.best_ask.tolist() == [6, 9]
    assert (gap.gap, gap.best_bid.tolist()) == (True, [NOTHING])


def test_a_column_is_never_far_from_one_with_all_its_levels() -> None:
    """However long nothing breaks the run, and numbers go on from run to run."""
    history = kept([({1: 1.0}, {2: float(n + 1)}) for n in range(2 * LONGEST + 5)])
    runs = history.runs()
    assert [len(run) for run in runs] == [LONGEST, LONGEST, 5]
    assert [run.first for run in runs] == [0, LONGEST, 2 * LONGEST]
    assert all(run.whole for run in runs)
    assert history.numbers == range(2 * LONGEST + 5)


def test_what_did_not_change_takes_no_room() -> None:
    """A thousand levels that stand still for a minute are kept once or twice, not six hundred times."""
    levels = dict.fromkeys(range(1000), 1.0)
    still = kept([(levels, {2000: 1.0})] * 600)
    assert still.nbytes < 200_000


@pytest.mark.promise("B-01")
def test_old_columns_go_one_by_one_and_what_is_left_is_whole() -> None:
    """Too old: the first that is left is in the middle of a run, and still has all its levels."""
    ladders: list[Ladder | None] = [({1: 1.0, 2: float(n + 1)}, {5: 2.0}) for n in range(40)]
    history = kept(ladders, seconds=1.0)
    assert history.numbers == range(29, 40)
    assert read(history.runs()) == ladders[29:]
    assert read(history.runs(0)) == ladders[29:]


@pytest.mark.promise("B-01")
@settings(max_examples=20, deadline=None)
@given(st.integers(1_500, 12_000))
def test_within_any_bound_the_newest_columns_are_right(bound: int) -> None:
    """Whatever had to go, what is there is what was put in, and within the bound."""
    ladders: list[Ladder | None] = [({n % 7: 1.0 + n}, {20 + n % 3: 2.0}) for n in range(120)]
    history = kept(ladders, bytes=bound)
    assert read(history.runs()) == ladders[history.numbers.start :]
    assert history.numbers.stop == 120
    assert history.nbytes <= bound or len(history) == 1


def test_a_moment_is_found_by_its_number() -> None:
    """The first column that is not before it; behind the last one if all are."""
    history = kept([({1: 1.0}, {})] * 3)
    assert [history.number_at(at) for at in (-5, 0, 1, 2 * BEAT, 2 * BEAT + 1)] == [0, 0, 1, 2, 3]


def test_an_exact_quantity_can_be_written_out_again() -> None:
    """A whole number of units over a power of ten is a float that gives back every digit."""
    units = [1, 99_999_999_999_999, 2**51 - 1, 123_456_789_012_345]
    history = LadderHistory(0, 8)
    history.sample(0, [4, 3, 2, 1], np.array(units, dtype=float) / 1e8, [], [])
    (run,) = history.runs()
    assert np.rint(run.qty * 1e8).astype(int).tolist() == units


@pytest.mark.parametrize("columns", [3, 7, 100])
def test_a_grid_of_fewer_columns_lacks_no_gap(columns: int) -> None:
    """The last column of every few is shown, unless one of them was a gap."""
    ladders: list[Ladder | None] = [({1: 1.0}, {3: 1.0})] * 50
    ladders[17] = None
    grid = kept(ladders).grid(bins=2, columns=columns)
    assert len(grid) == min(columns, 50)
    assert grid.gap.sum() == 1
    assert np.isnan(grid.qty).any(axis=1).tolist() == grid.gap.tolist()
    assert (np.diff(grid.times) > 0).all()
