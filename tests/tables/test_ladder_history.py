"""The book's past: raw levels kept, binned when looked at."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import BadArgument
from kraken_lab.tables import LadderHistory

SECOND = 1_000_000_000
PRICES = st.lists(st.integers(-60, 60), unique=True, max_size=12)


def a_history(columns: int = 0, **settings: float) -> LadderHistory:
    """A history with one decimal, and columns a second apart: a bid at 99.9, an ask at 100.1."""
    history = LadderHistory(1, **settings)  # type: ignore[arg-type]
    for n in range(columns):
        history.sample(n * SECOND, [999], ["1.5"], [1001], [Decimal("2.5")])
    return history


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(PRICES, PRICES), min_size=1, max_size=4),
    st.integers(1, 9),
    st.integers(-70, 60),
    st.integers(1, 90),
)
def test_every_level_is_in_its_bin(ladders: list[tuple[list[int], list[int]]], bins: int, low: int, width: int) -> None:
    """Each quantity is where exact arithmetic puts it: from the lower edge up, the uppermost edge in the last bin."""
    history = LadderHistory(0)
    expected = np.zeros((2, len(ladders), bins))
    for n, sides in enumerate(ladders):
        bids, asks = sorted(sides[0], reverse=True), sorted(sides[1])
        history.sample(n, bids, range(1, len(bids) + 1), asks, range(1, len(asks) + 1))
        for side, prices in enumerate((bids, asks)):
            for qty, price in enumerate(prices, 1):
                if low <= price <= low + width:
                    expected[side, n, min(int(Fraction((price - low) * bins, width)), bins - 1)] += qty
    grid = history.grid(bins=bins, price_range=(low, low + width))
    np.testing.assert_array_equal(grid.bid_qty, expected[0])
    np.testing.assert_array_equal(grid.ask_qty, expected[1])
    np.testing.assert_array_equal(grid.qty, expected.sum(axis=0))
    np.testing.assert_allclose(grid.price_edges, np.linspace(low, low + width, bins + 1))


def test_all_levels_are_in_the_grid_when_no_range_is_given() -> None:
    """Whatever their number or distance, prices beyond 32 bits apart and one level alone included."""
    for bids, asks in [([10**13, 1], [10**13 + 5]), ([5], []), ([], [7, 8]), ([10**12], [10**12 + 2**32 + 1])]:
        history = LadderHistory(8)
        history.sample(0, bids, [1.0] * len(bids), asks, [2.0] * len(asks))
        grid = history.grid(bins=50)
        assert grid.bid_qty.sum() == len(bids)
        assert grid.ask_qty.sum() == 2 * len(asks)
        if len(bids + asks) > 1:
            assert grid.qty[0, 0] > 0
            assert grid.qty[0, -1] > 0
            assert (grid.qty > 0).sum() == 2


def test_best_prices_are_in_quote_and_missing_where_a_side_is_empty() -> None:
    """An empty side is no gap: nothing rests there, and that is known."""
    history = a_history(1)
    history.sample(SECOND, [], [], [1003], ["1"])
    history.sample(2 * SECOND, [], [], [], [])
    grid = history.grid(bins=4)
    np.testing.assert_array_equal(grid.best_bid, [99.9, np.nan, np.nan])
    np.testing.assert_array_equal(grid.best_ask, [100.1, 100.3, np.nan])
    assert grid.gap.tolist() == [False, False, False]
    assert not grid.qty[2].any()
    assert grid.times.tolist() == [0, SECOND, 2 * SECOND]


@pytest.mark.promise("S-05")
def test_a_gap_is_an_empty_column() -> None:
    """Not a number throughout, so that no picture bridges it."""
    history = a_history(2)
    history.gap(2 * SECOND)
    history.sample(3 * SECOND, [999], [1], [1001], [1])
    grid = history.grid(bins=5)
    assert grid.gap.tolist() == [False, False, True, False]
    assert np.isnan(grid.qty[2]).all()
    assert np.isnan([grid.best_bid[2], grid.best_ask[2]]).all()
    assert not np.isnan(grid.qty[[0, 1, 3]]).any()


def test_only_gaps_or_nothing_still_make_a_grid() -> None:
    """Of the right shape."""
    history = a_history()
    assert history.grid(bins=3).bid_qty.shape == (0, 3)
    history.gap(0)
    assert history.grid(bins=3).bid_qty.shape == (1, 3)


def test_a_stretch_of_time_can_be_chosen() -> None:
    """Both ends included."""
    grid = a_history(10).grid(start_ns=2 * SECOND, end_ns=4 * SECOND)
    assert grid.times.tolist() == [2 * SECOND, 3 * SECOND, 4 * SECOND]
    assert len(grid) == 3
    assert repr(grid) == "<HeatGrid: 3 columns x 200 bins, prices 99.9 to 100.1>"


@pytest.mark.parametrize(
    ("low", "high", "decimals"), [(10.05, 10.12, 2), (10.03, 10.13, 2), (0.00001001, 0.00001015, 8)]
)
def test_a_price_on_the_edge_of_the_range_is_inside(low: float, high: float, decimals: int) -> None:
    """10.05 times 100 is a hair more than 1005 in floats, and 10.12 a hair less than 1012: that loses no level."""
    assert low * 10**decimals != round(low * 10**decimals) or high * 10**decimals != round(high * 10**decimals)
    history = LadderHistory(decimals)
    history.sample(0, [round(low * 10**decimals)], [1], [round(high * 10**decimals)], [2])
    grid = history.grid(bins=5, price_range=(low, high))
    assert grid.bid_qty.tolist() == [[1, 0, 0, 0, 0]]
    assert grid.ask_qty.tolist() == [[0, 0, 0, 0, 2]]


def test_a_column_is_due_after_a_beat() -> None:
    """Ten a second unless told otherwise; the first at once."""
    history = a_history()
    assert history.due(0)
    history.sample(0, [], [], [], [])
    assert not history.due(SECOND // 10 - 1)
    assert history.due(SECOND // 10)
    history.gap(SECOND)
    assert not history.due(SECOND)


@pytest.mark.promise("B-01")
def test_the_past_is_bounded_in_time_and_bytes() -> None:
    """The oldest columns go and are counted; the newest stays whatever its size."""
    history = a_history(10, seconds=3)
    assert history.grid().times.tolist() == [n * SECOND for n in (6, 7, 8, 9)]
    assert (len(history), history.evicted) == (4, 6)
    history = a_history(100, bytes=5_000)
    assert history.nbytes <= 5_000
    assert len(history) + history.evicted == 100
    assert history.grid().times[-1] == 99 * SECOND
    assert len(a_history(3, bytes=1)) == 1


@pytest.mark.promise("B-01")
def test_what_a_reader_works_out_is_not_kept_beside_what_is_counted() -> None:
    """A grid needs the place of every level; it is as large as the levels, and `nbytes` says nothing of it."""
    history = LadderHistory(1)
    for at in range(600):
        history.sample(at, [100 - at % 3], ["1"], [101 + at % 3], ["1"])
    history.grid()
    history.grid(end_ns=400)
    assert [set(vars(run)) & {"ends", "is_ask", "places"} for run in history.runs()] == [set()] * 3


def test_a_grid_never_changes() -> None:
    """Not by what comes later, nor by its reader."""
    history = a_history(2)
    grid = history.grid(bins=2)
    before = grid.bid_qty.copy()
    history.sample(0, [999], [50], [1001], [50])
    np.testing.assert_array_equal(grid.bid_qty, before)
    for array in (grid.times, grid.price_edges, grid.bid_qty, grid.ask_qty, grid.best_bid, grid.best_ask, grid.gap):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[0]


def test_a_ladder_given_away_may_be_changed_by_its_owner() -> None:
    """The book goes on with its lists; what was kept stays."""
    prices, qty = [999, 998], [1.0, 2.0]
    history = LadderHistory(1)
    history.sample(0, prices, qty, [], [])
    prices[0], qty[0] = 5, 500.0
    assert history.grid(bins=1).bid_qty.tolist() == [[3.0]]
    assert history.grid(bins=1).best_bid.tolist() == [99.9]


@pytest.mark.parametrize(
    "arguments",
    [{"bins": 0}, {"bins": 1.5}, {"price_range": (2, 1)}, {"price_range": (1, 1)}, {"price_range": (1, float("inf"))}],
)
def test_a_grid_that_cannot_be_is_refused(arguments: dict[str, object]) -> None:
    """With what would be right."""
    with pytest.raises(BadArgument):
        a_history(1).grid(**arguments)  # type: ignore[arg-type]


def test_impossible_settings_are_refused() -> None:
    """No time to remember, no beat."""
    with pytest.raises(BadArgument):
        a_history(seconds=0)
    with pytest.raises(BadArgument):
        a_history(beat=-1)
