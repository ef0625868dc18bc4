"""The dead man's switch: refreshed, alarmed about, off before maintenance, and never on again by itself."""

from __future__ import annotations

from typing import Any

import pytest

from kraken_lab.errors import BadArgument
from kraken_lab.wire import CancelAllOrdersAfterResult, from_ns

from .line import START_NS, Line, report

METHOD = "cancel_all_orders_after"


def timeouts(line: Line) -> list[int]:
    """What the switch was asked to be set to, in seconds."""
    return [frame["params"]["timeout"] for frame in line.sent(METHOD)]


def confirm(line: Line) -> None:
    """The exchange acknowledges the newest setting."""
    frame = line.sent(METHOD)[-1]
    seconds = frame["params"]["timeout"]
    trigger = from_ns(START_NS + round((line.seconds + seconds) * 1e9), 0) if seconds else "0"
    result = CancelAllOrdersAfterResult(currentTime=from_ns(line.at.wall_ns, 0), triggerTime=trigger)
    line.respond(METHOD, result, req_id=frame["req_id"])


def switched_on(*, confirmed: bool = True, **options: Any) -> Line:
    """A line whose switch was just turned on."""
    line = Line().open()
    line.account.dead_man(True, line.at, **options)
    line.flush()
    if confirmed:
        confirm(line)
    return line


def alarms(line: Line) -> list[str]:
    """What was said aloud."""
    return [alarm.what for alarm in line.now.alarms]


def run(line: Line, seconds: float, *, lost: tuple[int, ...] = ()) -> None:
    """Let time pass; every setting is acknowledged at once but those with these numbers (from 0)."""
    end = line.seconds + seconds
    while line.seconds < end:
        before = len(line.sent(METHOD))
        line.wait(min(1.0, end - line.seconds))
        if len(line.sent(METHOD)) > before and before not in lost:
            confirm(line)


def test_whoever_watches_hears_that_it_is_on() -> None:
    """Though no order changed: what shows the account shows the switch."""
    line = switched_on(confirmed=False)
    heard: list[str] = []
    line.account.watchers = (lambda: heard.append(str(line.now.dead_man.state)),)
    confirm(line)
    assert heard == ["ON"]


@pytest.mark.promise("A-14")
def test_it_is_refreshed_every_fifteen_seconds() -> None:
    """Sixty seconds, set anew long before they are over."""
    line = switched_on()
    run(line, 61.0)
    assert timeouts(line) == [60] * 5
    status = line.now.dead_man
    assert (status.state, status.timeout_s, status.refreshes, alarms(line)) == ("ON", 60, True, [])
    assert status.trigger_ns == START_NS + 120 * 1_000_000_000


@pytest.mark.promise("A-14")
@pytest.mark.fault("F-125")
def test_one_lost_refresh_is_alarmed_about_after_twenty_seconds() -> None:
    """The next one arrives, so the switch stays on, but it is said."""
    line = switched_on()
    run(line, 34.0, lost=(1,))
    assert alarms(line) == []
    run(line, 2.0)
    assert len(alarms(line)) == 1
    run(line, 60.0)
    assert (line.now.dead_man.state, len(alarms(line))) == ("ON", 1)


@pytest.mark.promise("A-14")
@pytest.mark.fault("F-125")
def test_refreshes_lost_until_it_expires_leave_everything_unverified() -> None:
    """It may have fired: orders are unverified until a fresh snapshot, and it is not on again by itself."""
    line = switched_on()
    order = line.placed("O1")
    line.renew_with = None
    run(line, 59.0, lost=tuple(range(1, 100)))
    assert (line.now.dead_man.state, order.record.unverified) == ("ON", False)
    run(line, 2.0, lost=tuple(range(1, 100)))
    assert (line.now.dead_man.state, order.record.unverified, order.state) == ("FIRED", True, "OPEN")
    assert line.renewals
    assert not line.account.reconciled
    sent = len(timeouts(line))
    line.snapshot()
    line.answers["QueryOrders"] = {"O1": line.rest_order(order, "canceled")}
    run(line, 120.0)
    assert order.state == "CANCELED"
    assert len(timeouts(line)) == sent


@pytest.mark.promise("A-14")
def test_a_switch_that_was_never_acknowledged_may_fire_too() -> None:
    """The first setting may have arrived although no answer ever did."""
    line = switched_on(confirmed=False)
    run(line, 61.0, lost=tuple(range(100)))
    assert line.now.dead_man.state == "FIRED"


@pytest.mark.promise("A-14")
@pytest.mark.fault("F-127")
def test_turning_it_off_sets_the_timer_to_zero() -> None:
    """Acknowledged it is off."""
    line = switched_on()
    line.account.dead_man(False, line.at)
    line.flush()
    assert line.now.dead_man.state == "STOPPING"
    confirm(line)
    assert (timeouts(line), line.now.dead_man.state, line.now.dead_man.trigger_ns) == ([60, 0], "OFF", None)
    line.wait(300.0)
    assert (timeouts(line), alarms(line)) == ([60, 0], [])


@pytest.mark.promise("A-14")
@pytest.mark.fault("F-127")
def test_turning_it_off_without_an_answer_is_alarmed_about() -> None:
    """It may still fire, and that is said: first that nothing came back, then that its time has passed."""
    line = switched_on()
    line.account.dead_man(False, line.at)
    line.flush()
    line.wait(21.0)
    assert len(alarms(line)) == 1
    assert "off" in alarms(line)[0]
    line.wait(60.0)
    assert line.now.dead_man.state == "FIRED"


def test_turned_off_without_a_connection_it_is_set_on_the_next_one() -> None:
    """The wish survives the line."""
    line = switched_on()
    line.close()
    line.account.dead_man(False, line.at)
    line.wait(5.0)
    line.open()
    assert timeouts(line) == [60, 0]


def test_a_new_connection_is_used_to_refresh_at_once() -> None:
    """Its time has not passed: it is set anew before it does."""
    line = switched_on()
    line.close()
    line.wait(40.0)
    line.open()
    assert timeouts(line) == [60, 60]


@pytest.mark.promise("A-14")
def test_a_connection_that_comes_too_late_does_not_turn_it_on_again() -> None:
    """It fired meanwhile, for all that is known."""
    line = switched_on()
    line.close()
    line.wait(70.0)
    line.open()
    assert (timeouts(line), line.now.dead_man.state) == ([60], "FIRED")


@pytest.mark.promise("A-14")
def test_before_announced_maintenance_it_is_turned_off() -> None:
    """It would fire when the engine is back."""
    line = switched_on()
    starts = from_ns(START_NS + 300 * 1_000_000_000)
    line.status("online", upcoming_maintenance=({"expected_start_utc": starts},))
    run(line, 170.0)
    assert 0 not in timeouts(line)
    run(line, 20.0)
    assert timeouts(line)[-1] == 0
    assert (line.now.dead_man.state, line.now.dead_man.why) == ("OFF", "maintenance is about to begin")


def test_it_lapses_with_the_kernel_if_asked_to() -> None:
    """While the kernel does not answer it is not refreshed."""
    answers = [True]
    line = switched_on(alive=lambda: answers[0])
    run(line, 16.0)
    assert timeouts(line) == [60, 60]
    answers[0] = False
    run(line, 58.0)
    assert timeouts(line) == [60, 60]
    run(line, 3.0)
    assert line.now.dead_man.state == "FIRED"


def test_a_refusal_is_said_at_once() -> None:
    """The switch that is thought to be on is not."""
    line = switched_on(confirmed=False)
    line.reject("EGeneral:Permission denied", METHOD)
    assert "Permission denied" in alarms(line)[0]


def test_set_once_it_is_left_alone() -> None:
    """No refresh follows; when its time has passed, orders are unverified."""
    line = Line().open()
    order = line.placed("O1")
    line.renew_with = None
    line.account.cancel_all_after(100, line.at)
    line.flush()
    confirm(line)
    line.wait(99.0)
    assert (timeouts(line), order.record.unverified) == ([100], False)
    line.wait(2.0)
    assert order.record.unverified
    line.hear(report("O1", "canceled", reason="CancelAllOrdersAfter Timeout"))
    assert order.record.reason == "CancelAllOrdersAfter Timeout"


@pytest.mark.parametrize("timeout", [-1, 86_400, True])
def test_a_timeout_the_exchange_does_not_take_is_refused(timeout: int) -> None:
    """Whole seconds below a day."""
    line = Line().open()
    with pytest.raises(BadArgument):
        line.account.cancel_all_after(timeout, line.at)
    assert line.flush() == []


def test_an_older_acknowledgement_that_comes_late_undoes_nothing() -> None:
    """Off was acknowledged; then comes the answer to the setting from before."""
    line = switched_on(confirmed=False)
    line.account.dead_man(False, line.at)
    line.wait(1.0)
    confirm(line)
    result = CancelAllOrdersAfterResult(currentTime="2026-05-04T10:00:00Z", triggerTime="2026-05-04T10:01:00Z")
    line.respond(METHOD, result, req_id=line.sent(METHOD)[0]["req_id"])
    assert (line.now.dead_man.state, line.now.dead_man.trigger_ns) == ("OFF", None)
    line.wait(120.0)
    assert (line.now.dead_man.state, alarms(line)) == ("OFF", [])


def test_a_switch_that_was_never_set_here_is_not_said_to_end_no_order() -> None:
    """Another program of the account may have set it, which nobody can see; once it is turned off here, it is off."""
    line = Line().open()
    status = line.now.dead_man
    assert status.state == "OFF"
    assert status.why == "not set from this kernel; whether another program of the account has set it cannot be seen"
    assert status.why in repr(status)
    assert "no order ends by it" not in repr(status)
    line = switched_on()
    line.account.dead_man(False, line.at)
    line.flush()
    confirm(line)
    assert repr(line.now.dead_man) == "<dead man's switch OFF: no order ends by it>"
