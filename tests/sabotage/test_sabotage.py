"""No guard can be taken away unnoticed: the promises about orders, arming and secrets are held by tests.

``pytest -m sabotage -n 2`` takes each away in turn and prints which test noticed. That the table fits the source and
leaves no promise out is looked at in every run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest

from tests.sabotage.lock_guards import LOCK
from tests.sabotage.order_guards import ORDERS
from tests.sabotage.secret_guards import SECRETS
from tests.sabotage.workshop import ROOT, Guard, Stale, noticed, sound

GUARDS = (*ORDERS, *LOCK, *SECRETS)
PROMISES = {
    *(f"O-{number:02}" for number in range(1, 17)),
    *(f"A-{number:02}" for number in range(1, 19)),
    *(f"K-{number:02}" for number in range(1, 6)),
    *("S-10", "S-20", "P-05"),
}


@pytest.mark.sabotage
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name.replace(" ", "_"))
def test_a_guard_that_is_gone_is_noticed(guard: Guard, record_property: Callable[[str, object], None]) -> None:
    """Without it, one of its tests fails."""
    verdict = noticed(guard)
    assert not verdict.broken, verdict.said
    assert verdict.failed, f"nobody noticed that {guard.what!r} was gone from {guard.file}:\n{verdict.said}"
    record_property("report", f"{guard.name} -> {verdict.failed[0]}")


@pytest.mark.sabotage
@pytest.mark.parametrize("room", sorted({test.partition("/")[0] for guard in GUARDS for test in guard.tests}))
def test_while_every_guard_stands_nothing_fails(room: str) -> None:
    """Or a failing test would notice everything."""
    verdict = sound(test for guard in GUARDS for test in guard.tests if test.startswith(f"{room}/"))
    assert not verdict.broken, verdict.said
    assert verdict.failed == (), verdict.said


# --- the table ------------------------------------------------------------------------------------------------------


def test_every_guard_stands_where_the_table_says() -> None:
    """Its text is there once, and without it there is still a program."""
    stale = []
    for guard in GUARDS:
        try:
            guard.without()
        except Stale as error:
            stale.append(str(error))
    assert stale == []


def test_every_promise_about_orders_arming_and_secrets_has_a_guard() -> None:
    """And there are no others in the table, nor one guard under two names."""
    assert {guard.promise for guard in GUARDS} == PROMISES
    assert len({guard.name for guard in GUARDS}) == len(GUARDS) >= 60
    assert len({(guard.file, guard.there, guard.instead) for guard in GUARDS}) == len(GUARDS)


def test_every_named_test_exists() -> None:
    """A test that was renamed would notice nothing."""
    named = sorted({test.partition("::")[::2] for guard in GUARDS for test in guard.tests})
    missing = []
    for file, group in groupby(named, lambda pair: pair[0]):
        there = _names(ROOT / "tests" / file)
        missing += [f"{file}::{test}" for _, test in group if test not in there]
    assert missing == []


def _names(path: Path) -> set[str]:
    """Every test of a file, those in a class with its name before them."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return found


def test_a_guard_that_moved_is_an_error() -> None:
    """It is not silently left out."""
    gone = Guard("O-01", "nothing", "trading/gate.py", "no such text in it", "", ())
    with pytest.raises(Stale, match="0 times"):
        gone.without()
    broken = Guard("O-01", "nothing", "trading/__init__.py", "from . import builders", "from", ())
    with pytest.raises(Stale, match="no source"):
        broken.without()
