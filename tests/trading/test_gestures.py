"""What only a person in front of this kernel can do, and everything that is not that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kraken_lab.errors import ConfirmationVoid, OrderRefused
from kraken_lab.trading.gestures import Click, Code, Gesture
from kraken_lab.trading.permit import Permit
from kraken_lab.trading.proposal import Proposal

from .lock_bench import LIMITS, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A kernel that is armed."""
    bench = Bench(tmp_path, "live")
    assert bench.arm() is None
    return bench


def confirm(bench: Bench, proposal: Proposal, gesture: Gesture | None) -> Permit:
    """Answer with a gesture."""
    return bench.gate.permit(proposal, facts=bench.facts_now(), at=bench.now, gesture=gesture)


@pytest.mark.promise("A-04")
@pytest.mark.fault("F-106")
def test_live_takes_no_confirmation_without_a_gesture(bench: Bench) -> None:
    """A cell that calls confirm, run again by a program, sends nothing."""
    for proposal in (bench.propose(), bench.propose(limit_price="98.0")):
        with pytest.raises(OrderRefused, match="one-time code"):
            confirm(bench, proposal, None)


@pytest.mark.promise("A-04")
def test_a_code_is_drawn_anew_each_time(bench: Bench) -> None:
    """What was typed yesterday, or for the run before, is not what is shown now."""
    first, second = bench.propose(), bench.propose()
    yesterday = bench.code(first)
    confirm(bench, first, yesterday)
    today = bench.code(second)
    assert today != yesterday
    with pytest.raises(ConfirmationVoid, match="not the one that this kernel shows"):
        confirm(bench, second, yesterday)
    confirm(bench, second, today)


def test_a_code_is_typed_as_people_type(bench: Bench) -> None:
    """Small letters and a blank do no harm."""
    proposal = bench.propose()
    confirm(bench, proposal, Code(f" {bench.code(proposal).typed.lower()} "))


@pytest.mark.promise("A-06")
@pytest.mark.fault("F-109")
def test_a_code_is_good_once_and_for_its_own_proposal(bench: Bench) -> None:
    """The same again confirms nothing, nor does it confirm another proposal, though it asks for the same."""
    one, other = bench.propose(), bench.propose()
    code = bench.code(one)
    with pytest.raises(ConfirmationVoid, match="no confirmation of it is open"):
        confirm(bench, other, code)
    confirm(bench, one, code)
    with pytest.raises(ConfirmationVoid, match="it was confirmed already"):
        confirm(bench, one, code)
    with pytest.raises(ConfirmationVoid, match="it was confirmed already"):
        bench.code(one)


def test_guessing_ends(bench: Bench) -> None:
    """After three wrong codes the right one counts no more."""
    proposal = bench.propose()
    code = bench.code(proposal)
    for _ in range(3):
        with pytest.raises(ConfirmationVoid, match="not the one"):
            confirm(bench, proposal, Code("GUESS"))
    with pytest.raises(ConfirmationVoid, match="no confirmation of it is open"):
        confirm(bench, proposal, code)


def test_a_mistyped_code_can_be_typed_again(bench: Bench) -> None:
    """Twice wrong and then right is right."""
    proposal = bench.propose()
    code = bench.code(proposal)
    for _ in range(2):
        with pytest.raises(ConfirmationVoid):
            confirm(bench, proposal, Code("OOPS"))
    confirm(bench, proposal, code)


@pytest.mark.promise("A-06")
@pytest.mark.fault("F-108")
def test_what_was_shown_too_long_ago_is_void(bench: Bench) -> None:
    """Thirty seconds are good, thirty-one are not, and going back in time is not either."""
    for seconds, good in ((30.0, True), (31.0, False), (-1.0, False)):
        proposal = bench.propose()
        code = bench.code(proposal)
        bench.wait(seconds)
        if good:
            confirm(bench, proposal, code)
        else:
            with pytest.raises(ConfirmationVoid, match="s old"):
                confirm(bench, proposal, code)


@pytest.mark.promise("A-06")
@pytest.mark.fault("F-110")
def test_a_ticket_that_was_edited_needs_its_own_confirmation(bench: Bench) -> None:
    """The code belongs to what was shown; and what it confirms is what was shown."""
    shown = bench.propose()
    code = bench.code(shown)
    edited = bench.propose(order_qty="2")
    with pytest.raises(ConfirmationVoid):
        confirm(bench, edited, code)
    permit = confirm(bench, shown, code)
    assert permit.what == shown.what


@pytest.mark.promise("A-06")
def test_a_change_since_it_was_shown_makes_it_void(bench: Bench) -> None:
    """The connection, the status and the limits are those that the person saw."""
    changes = ({"connection": "c9"}, {"system": "post_only"}, {"limits": replace(LIMITS, max_open_orders=99)})
    for change in changes:
        proposal = bench.propose()
        code = bench.code(proposal)
        before = {name: getattr(bench.facts, name) for name in change}
        bench.change(**change)
        with pytest.raises(ConfirmationVoid):
            confirm(bench, proposal, code)
        bench.change(**before)
        bench.arm()


def test_showing_it_again_leaves_the_older_code_good_for_nothing(bench: Bench) -> None:
    """Two on the screen are two answers to one question."""
    proposal = bench.propose()
    older, newer = bench.code(proposal), bench.code(proposal)
    with pytest.raises(ConfirmationVoid, match="not the one"):
        confirm(bench, proposal, older)
    confirm(bench, proposal, newer)


def test_what_is_not_sound_is_not_shown(bench: Bench) -> None:
    """No code for what would be refused."""
    with pytest.raises(OrderRefused):
        bench.code(bench.propose(limit_price="99.05"))
    assert bench.shown == []


def test_the_code_is_on_the_screen_only(bench: Bench) -> None:
    """Nothing that a cell could hold shows it."""
    proposal = bench.propose()
    code = bench.code(proposal)
    assert code.typed not in repr(proposal)
    assert all(code.typed not in repr(opened) for opened in bench.gate.confirmations._open.values())


# --- clicks ---------------------------------------------------------------------------------------------------------


def click(bench: Bench, number: int, *, ago: float, browser_ahead_s: float = 0.0) -> Click:
    """A click made so many seconds ago, by a browser whose clock is that much ahead."""
    return Click(number, (bench.wall_ns / 1e9 - ago + browser_ahead_s) * 1e3, browser_ahead_s * 1e3)


def opened(bench: Bench) -> tuple[Proposal, int]:
    """A proposal and the number of its confirmation."""
    proposal = bench.propose()
    return proposal, bench.gate.open_confirmation(proposal, facts=bench.facts_now(), at=bench.now)


@pytest.mark.promise("A-06")
@pytest.mark.fault("F-178")
@pytest.mark.parametrize(
    ("made", "delivered", "ahead", "good"),
    [(5, 40, 0, False), (5, 12, 0, False), (5, 5.1, 3600, True), (5, 5.1, -3600, True), (5, 12, 3600, False)],
)
def test_a_click_counts_only_when_it_is_fresh(
    bench: Bench, made: float, delivered: float, ahead: float, good: bool
) -> None:
    """By the browser's own time stamp, whatever the browser's clock shows."""
    proposal, number = opened(bench)
    bench.wait(delivered)
    gesture = click(bench, number, ago=delivered - made, browser_ahead_s=ahead)
    if good:
        confirm(bench, proposal, gesture)
    else:
        with pytest.raises(ConfirmationVoid):
            confirm(bench, proposal, gesture)


def test_a_click_from_the_future_is_void(bench: Bench) -> None:
    """Its time stamp is no time stamp."""
    proposal, number = opened(bench)
    with pytest.raises(ConfirmationVoid, match="delivered"):
        confirm(bench, proposal, click(bench, number, ago=-60.0))


@pytest.mark.promise("A-07")
@pytest.mark.fault("F-107")
def test_ten_clicks_are_one(bench: Bench) -> None:
    """A doubled event, a handler registered twice and an impatient finger all mean the same click."""
    proposal, number = opened(bench)
    for _ in range(10):
        try:
            permit = confirm(bench, proposal, click(bench, number, ago=0.05))
        except ConfirmationVoid:
            continue
        bench.submit(permit)
    bench.write()
    assert len(bench.frames) == 1


def test_a_click_on_another_button_confirms_nothing(bench: Bench) -> None:
    """Nor does one on a button that this kernel never made."""
    proposal, number = opened(bench)
    other, _ = opened(bench)
    for each, button in ((other, number), (proposal, 99)):
        with pytest.raises(ConfirmationVoid, match="no confirmation of it is open"):
            confirm(bench, each, click(bench, button, ago=0.0))


def test_a_click_that_came_late_uses_the_confirmation_up(bench: Bench) -> None:
    """The next one needs a new question."""
    proposal, number = opened(bench)
    bench.wait(10)
    with pytest.raises(ConfirmationVoid, match="delivered"):
        confirm(bench, proposal, click(bench, number, ago=5.0))
    with pytest.raises(ConfirmationVoid, match="no confirmation of it is open"):
        confirm(bench, proposal, click(bench, number, ago=0.0))
