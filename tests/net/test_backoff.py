"""When to try again."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.net import Backoff
from kraken_lab.wire import Settings, SlidingBudget


@pytest.mark.promise("S-03")
@pytest.mark.fault("F-005")
@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_full_jitter_between_floor_and_cap(seed: int, attempts: int) -> None:
    """Each delay lies between the floor and a ceiling that doubles up to the cap."""
    backoff = Backoff(Settings(), Random(seed), SlidingBudget(10_000, 600.0))
    for attempt in range(attempts):
        delay = backoff.delay(now=0.0, refused=False)
        assert 0.25 <= delay <= max(0.25, min(60.0, 2.0**attempt))


@pytest.mark.promise("S-03")
@pytest.mark.fault("F-008")
def test_a_refusal_costs_a_minute_more() -> None:
    """At any attempt."""
    backoff = Backoff(Settings(), Random(3), SlidingBudget(100, 600.0))
    assert all(backoff.delay(now=0.0, refused=True) >= 60.0 for _ in range(20))


@pytest.mark.promise("S-03")
@pytest.mark.fault("F-006")
def test_several_lines_share_one_budget() -> None:
    """A hundred attempts in ten minutes are all there are, however often each line resets its own counter."""
    budget = SlidingBudget(100, 600.0)
    lines = [Backoff(Settings(), Random(n), budget) for n in range(4)]
    times: list[float] = []
    nows = [0.0] * 4
    while min(nows) < 1_500.0:
        n = nows.index(min(nows))
        lines[n].succeeded()
        nows[n] += lines[n].delay(now=nows[n], refused=False)
        times.append(nows[n])
    times.sort()
    assert all(sum(1 for other in times if at <= other < at + 600.0) <= 100 for at in times)
    assert len(times) > 200
