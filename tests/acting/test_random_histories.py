"""Whatever happens, in whatever order, the client says nothing untrue and no order leaves twice.

The default run tells a few histories of fixed seeds; ``HISTORIES=1000 FIRST_HISTORY=5000`` tells others, and
``pytest -m soak tests/acting`` three hundred. A history that fails is told again with as few steps as it needs, and
those are printed in a form that can be put into `FOUND`.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.acting.histories import WEIGHTS, History, Step, Story, history, play, shrunk
from tests.acting.witness import Violation

FIRST = int(os.environ.get("FIRST_HISTORY", "0"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("HISTORIES", "5")))

FOUND = {
    "a snapshot tells of a filled order fill by fill": History(
        Story(seed=20), (Step("drop", 0.099, 0.248, 0.718), Step("taking", 0.339, 0.035, 0.482))
    ),
    "a kill goes on while a lost batch is in doubt": History(
        Story(seed=74),
        (
            Step("lose_request", 0.347, 0.203, 0.322),
            Step("batch", 0.333, 0.88, 0.488),
            Step("kill", 0.393, 0.87, 0.382),
        ),
    ),
    "a kernel ends with fills that nobody told of": History(
        Story(seed=34, rate=20.0),
        (
            Step("limit", 0.855, 0.025, 0.212),
            Step("fill", 0.088, 0.162, 0.901),
            Step("cancel", 0.143, 0.857, 0.651),
            Step("restart", 0.385, 0.718, 0.064),
        ),
    ),
}
"""What once went wrong, in as few steps as it took."""


def tell(told: History) -> None:
    """Let it happen; where it fails, say which few steps are enough."""
    try:
        play(told)
    except Violation as violation:
        few = shrunk(told)
        steps = "".join(f"\n    {step!r}," for step in few.steps)
        pytest.fail(f"history {told.story.seed}: {violation}\n\nThese steps are enough:\n{few.story!r}{steps}")


@pytest.mark.promise("O-01")
@pytest.mark.promise("O-03")
@pytest.mark.promise("O-04")
@pytest.mark.promise("O-07")
@pytest.mark.promise("O-08")
@pytest.mark.promise("O-09")
@pytest.mark.promise("O-10")
@pytest.mark.promise("O-14")
@pytest.mark.promise("A-08")
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_untrue_is_said_and_nothing_leaves_twice(seed: int) -> None:
    """Orders, changes, cancels, kills, restarts and cuts in random order, held to the exchange's books all along."""
    tell(history(seed))


@pytest.mark.promise("O-04")
@pytest.mark.promise("O-07")
@pytest.mark.promise("O-14")
@pytest.mark.parametrize("name", FOUND)
def test_what_once_went_wrong_stays_right(name: str) -> None:
    """The histories that showed a fault, kept."""
    play(FOUND[name])


def test_a_history_is_its_seed() -> None:
    """Told again it is the same, so a seed that failed can be looked at."""
    assert history(7) == history(7) != history(8)
    first, second = play(history(7, length=8)), play(history(7, length=8))
    assert first.told() == second.told() != ()


def test_every_kind_of_step_comes_up() -> None:
    """What is told by default has all of them: none is left out by a bad weight."""
    assert {step.what for seed in range(40) for step in history(seed).steps} == WEIGHTS.keys()


def test_a_failing_history_is_told_with_as_few_steps_as_it_needs() -> None:
    """Two of forty steps are enough here, and these two are found."""

    def fails(told: History) -> bool:
        names = [step.what for step in told.steps]
        return "kill" in names and "restart" in names[names.index("kill") :]

    steps = [Step("wait", 0, 0, 0)] * 40
    steps[Random(3).randrange(20)] = Step("kill", 0, 0, 0)
    steps[Random(4).randrange(20, 40)] = Step("restart", 0, 0, 0)
    assert [step.what for step in shrunk(History(Story(0), tuple(steps)), fails).steps] == ["kill", "restart"]


@pytest.mark.soak
def test_three_hundred_histories() -> None:
    """By hand: many seeds; all that fail are named before the first is shrunk."""
    seeds = range(FIRST, FIRST + int(os.environ.get("HISTORIES", "300")))
    failed = []
    for seed in seeds:
        try:
            play(history(seed))
        except Violation as violation:
            failed.append((seed, str(violation).splitlines()[:3]))
    if failed:
        shown = "\n".join(f"{seed}: {said}" for seed, said in failed)
        print(f"{len(failed)} of {len(seeds)} failed:\n{shown}")  # noqa: T201
        tell(history(failed[0][0]))
