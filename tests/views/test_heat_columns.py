"""Columns as a browser is sent them: nothing is lost on the way, and little is sent."""

from __future__ import annotations

import numpy as np
import pytest

from kraken_lab.tables import LadderHistory
from kraken_lab.tables.ladder_run import Run
from kraken_lab.views.heat_columns import EXACT, decoded, encoded, size_of

START = 1_777_889_400_000_000_000
BEAT = 100_000_000


def a_run(scale: int = 1, units: int = 10**8, *, columns: int = 3) -> Run:
    """A few columns around a price of 60,000, levels ``scale`` ticks apart."""
    history = LadderHistory(1, 8)
    for n in range(columns):
        qty = np.array([units + n, units]) / 1e8
        history.sample(START + n * BEAT, [600_000, 600_000 - scale], qty, [600_001 + scale * n], [3e-8])
    (run,) = history.runs()
    return run


@pytest.mark.parametrize(("scale", "price"), [(1, "u2"), (100_000, "i4"), (10**10, "f8")])
@pytest.mark.parametrize(("units", "wide"), [(10**8, False), (2**40, True), (int(EXACT) - 9, True)])
def test_what_arrives_is_what_was_kept(scale: int, price: str, units: int, wide: bool) -> None:
    """Prices to the tick and quantities to the last decimal, in as few bytes as they need."""
    run = a_run(scale, units)
    header, data = encoded(run, 8)
    assert (header["price"], header["wide_qty"]) == (price, wide)
    back = decoded(header, data, 8)
    assert (back.first, back.whole, back.gap) == (run.first, run.whole, run.gap)
    for name in ("best_bid", "best_ask", "bids", "asks", "prices", "qty"):
        assert getattr(back, name).tolist() == getattr(run, name).tolist(), name
    assert np.abs(back.times - run.times).max() < 1_000  # a float of milliseconds: to the microsecond


def test_a_gap_travels_as_columns_with_nothing_in_them() -> None:
    """They have a time, and no best prices."""
    history = LadderHistory(1)
    history.gap(START)
    history.gap(START + BEAT)
    header, data = encoded(history.runs()[0], 8)
    assert (header["gap"], header["columns"], header["entries"]) == (True, 2, 0)
    assert decoded(header, data, 8).gap


def test_an_empty_side_has_no_best_price_on_the_other_end_either() -> None:
    """Missing is not a number there, never a price."""
    history = LadderHistory(1)
    history.sample(START, [], [], [1000], [1])
    header, data = encoded(history.runs()[0], 8)
    back = decoded(header, data, 8)
    assert back.best_bid.tolist() == history.runs()[0].best_bid.tolist()
    assert back.best_ask.tolist() == [1000]


def test_a_column_with_few_changes_is_a_few_bytes() -> None:
    """Six for a level and forty for the column; and the guess of it is no less."""
    run = a_run(columns=50).after(49, whole=False)
    _, data = encoded(run, 8)
    assert len(data) <= size_of(run) <= 100
