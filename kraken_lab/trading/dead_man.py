"""The dead man's switch: the exchange cancels everything unless it is asked not to, again and again.

One timer for the whole account. While it is on it is set anew every ``dms_refresh`` seconds; a setting that is not
acknowledged in time is said aloud. Once the time it was last set to has passed, it may have fired: then nothing that is
open is sure, and it is not turned on again by itself.

Source: "Cancel All Orders After", Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ..errors import BadArgument, Malformed
from ..wire import (
    CancelAllOrdersAfter,
    CancelAllOrdersAfterResult,
    Instant,
    Response,
    encode,
    from_ns,
    to_ns,
    whole_number,
)
from .outbox import Outbox
from .rules import OrderSettings

__all__ = ["DeadMan", "DeadManState", "DeadManStatus", "maintenance_starts"]

LONGEST_S: Final = 86_399
_NOT_SET: Final = "not set from this kernel; whether another program of the account has set it cannot be seen"
_BEFORE_MAINTENANCE: Final = 2
"""Timeouts before an announced maintenance at which the switch is turned off."""


class DeadManState(StrEnum):
    """Where the switch is."""

    OFF = "OFF"
    STARTING = "STARTING"
    """Asked for; the exchange has not acknowledged it yet."""
    ON = "ON"
    STOPPING = "STOPPING"
    """Asked to be off; the exchange has not acknowledged it yet."""
    FIRED = "FIRED"
    """Its time has passed without a refresh that is known to have arrived: it may have fired."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeadManStatus:
    """The switch at one instant. ``trigger_ns`` is the exchange's time at which it fires, as it acknowledged it.

    Printed, it says what holds now and what changes it.

    >>> on = DeadManState.ON
    >>> DeadManStatus(state=on, timeout_s=60, refreshes=False, refreshed_ns=0, trigger_ns=60 * 10**9, why="")
    <dead man's switch ON: every open order of the account ends at 1970-01-01T00:01:00Z; nobody sets it anew. \
lab.cancel_all_orders_after(0) takes it back>
    """

    state: DeadManState
    timeout_s: int
    refreshes: bool
    """Whether it is kept refreshed, or was set once."""
    refreshed_ns: int | None
    """Wall clock: when the setting that was acknowledged last had been sent."""
    trigger_ns: int | None
    why: str
    """Why it is off, or what is wrong; empty otherwise."""

    def __repr__(self) -> str:
        because = f" ({self.why})" if self.why else ""
        return f"<dead man's switch {self.state}{because}: {self._holds()}>"

    def _holds(self) -> str:
        if self.state is DeadManState.OFF:
            return "no order ends by it" if self.refreshed_ns is not None else "no order ends by what was asked here"
        if self.state is DeadManState.STOPPING:
            return "asked to be off; the exchange has not acknowledged that yet"
        if self.state is DeadManState.FIRED:
            return "everything that was open is unverified; it is not turned on again by itself"
        when = f"in {self.timeout_s} s" if self.trigger_ns is None else f"at {from_ns(self.trigger_ns, 0)}"
        if self.state is DeadManState.STARTING:
            when = f"{self.timeout_s} s after it arrived; the exchange has not acknowledged it yet"
        anew = "nobody sets it anew. lab.cancel_all_orders_after(0) takes it back"
        if self.refreshes:
            anew = "while this kernel lives it sets it anew before. lab.dead_man(False) turns it off"
        return f"every open order of the account ends {when}; {anew}"


class _Setting:
    """One setting of the timer, on its way."""

    method = CancelAllOrdersAfter.method
    urgent = True
    cl_ord_id: str | None = None

    def __init__(self, switch: DeadMan, asked: Instant) -> None:
        self.switch = switch
        self.alarm_at = asked.mono + switch.settings.dms_alarm
        self.timeout = 0
        self.sent_at: Instant | None = None
        self.alarmed = False

    def write(self, token: str, req_id: int, at: Instant) -> str:
        """What is wanted at this moment, which may not be what was wanted when it was put in."""
        self.timeout = self.switch.wanted_timeout
        return encode(CancelAllOrdersAfter(timeout=self.timeout, token=token, req_id=req_id))

    def sent(self, at: Instant) -> None:
        """It may arrive from now on."""
        self.sent_at = at
        self.switch.left(self)
        self.alarm_at = at.mono + self.switch.settings.dms_alarm

    def answered(self, response: Response, at: Instant, *, matched: bool) -> None:
        """Acknowledged, or refused."""
        self.switch.answered(self, response, at)

    def unanswered(self, reason: str, at: Instant) -> None:
        """It may have arrived; the alarm has a time of its own."""

    def dropped(self, reason: str, at: Instant) -> None:
        """It was never sent; the alarm has a time of its own."""


class DeadMan:
    """The switch. ``alarm`` says something aloud; ``fired`` is called when it may have fired.

    ``stood_down`` is called with the reason when it turns itself off.
    """

    def __init__(
        self,
        settings: OrderSettings,
        outbox: Outbox,
        *,
        alarm: Callable[[str, Instant], object],
        fired: Callable[[Instant], object],
        stood_down: Callable[[str, Instant], object],
    ) -> None:
        self.settings = settings
        self._outbox, self._alarm, self._fired, self._stood_down = outbox, alarm, fired, stood_down
        self.state = DeadManState.OFF
        self.wanted_timeout = 0
        """Seconds that the next setting asks for; 0 is off."""
        self._timeout = 0
        self._refreshes = False
        self._alive: Callable[[], bool] | None = None
        self._next: float | None = None
        self._acknowledged: _Setting | None = None
        self._first: _Setting | None = None
        """The first one sent since it was turned on: without any acknowledgement, the worst counts from there."""
        self._trigger_ns: int | None = None
        self._pending: list[_Setting] = []
        """Settings that are not acknowledged and were not alarmed about."""
        self._maintenance: float | None = None
        self._why = _NOT_SET

    # --- turning it -------------------------------------------------------------------------------------------------

    def turn_on(self, at: Instant, *, alive: Callable[[], bool] | None = None) -> None:
        """Keep it set from now on, while ``alive`` (if given) says so."""
        self._begin(int(self.settings.dms_timeout), at, refreshes=True)
        self._alive = alive

    def set_once(self, timeout: int, at: Instant) -> None:
        """Set it and leave it; 0 is off.

        Raises:
            BadArgument: not a whole number of seconds that the exchange takes.
        """
        if whole_number("timeout", timeout, "seconds") > LONGEST_S:
            raise BadArgument("timeout", timeout, f"a whole number of seconds, 0 (off) to {LONGEST_S}")
        if timeout == 0:
            self.turn_off(at)
        else:
            self._begin(timeout, at, refreshes=False)

    def _begin(self, timeout: int, at: Instant, *, refreshes: bool) -> None:
        self.wanted_timeout = self._timeout = timeout
        self.state, self._refreshes, self._alive, self._why = DeadManState.STARTING, refreshes, None, ""
        self._acknowledged = self._first = None
        self._set(at)

    def turn_off(self, at: Instant, why: str = "") -> None:
        """Set it to 0, which is either acknowledged or said aloud."""
        if self.state is DeadManState.OFF:
            return
        self.wanted_timeout, self._next, self._why = 0, None, why
        self.state = DeadManState.STOPPING
        self._set(at)

    def _set(self, at: Instant) -> None:
        waiting = next((setting for setting in self._pending if setting.sent_at is None), None)
        if waiting is None:
            setting = _Setting(self, at)
            self._pending.append(setting)
            self._outbox.put(setting)
        self._next = at.mono + self.settings.dms_refresh if self._refreshes and self.wanted_timeout else None

    # --- what happens -----------------------------------------------------------------------------------------------

    def left(self, setting: _Setting) -> None:
        """A setting was given to the socket."""
        if self._first is None and setting.timeout:
            self._first = setting

    def answered(self, setting: _Setting, response: Response, at: Instant) -> None:
        """The exchange's answer to one setting."""
        if response.success is not True:
            self._alarm(f"the dead man's switch was refused: {response.error or 'an unreadable answer'}", at)
            setting.alarmed = True
            return
        # An older setting that is acknowledged late does not undo a newer one.
        self._pending = [other for other in self._pending if other is not setting]
        if self._acknowledged is not None and _sent(self._acknowledged) > _sent(setting):
            return
        self._acknowledged = setting
        if setting.timeout == 0:
            self._trigger_ns = None
            if self.state is DeadManState.STOPPING:
                self.state, self._first = DeadManState.OFF, None
        else:
            self._trigger_ns = _trigger(response.result)
            if self.state is DeadManState.STARTING:
                self.state = DeadManState.ON

    def opened(self, at: Instant) -> None:
        """A new connection: set it at once, if its time has not passed."""
        self.let_time_pass(at)
        if self.state in (DeadManState.STARTING, DeadManState.ON) and self._refreshes:
            self._refresh(at)

    def announced(self, starts_mono: Iterable[float], at: Instant) -> None:
        """Maintenance begins at these times (monotonic seconds): the switch must not fire when the engine is back."""
        self._maintenance = min((start for start in starts_mono), default=None)
        self.let_time_pass(at)

    def let_time_pass(self, at: Instant) -> None:
        """Refresh, raise the alarm, or see that its time has passed."""
        for setting in self._pending:
            if setting.alarm_at <= at.mono and not setting.alarmed:
                setting.alarmed = True
                asked = "off" if self.state is DeadManState.STOPPING else "on"
                self._alarm(
                    f"the dead man's switch was asked to be {asked} and did not answer for "
                    f"{self.settings.dms_alarm:g} s",
                    at,
                )
        self._pending = [setting for setting in self._pending if not (setting.alarmed and setting.sent_at)]
        on = self.state in (DeadManState.STARTING, DeadManState.ON)
        expires = self._expires
        if expires is not None and expires <= at.mono and self.state is not DeadManState.OFF:
            self._expire(at)
        elif on and self._stand_down is not None and self._stand_down <= at.mono:
            self.turn_off(at, "maintenance is about to begin")
            self._stood_down(self._why, at)
        elif on and self._next is not None and self._next <= at.mono:
            self._refresh(at)

    def _refresh(self, at: Instant) -> None:
        if self._alive is None or self._alive():
            self._set(at)
        else:
            self._next = at.mono + self.settings.dms_refresh

    @property
    def _expires(self) -> float | None:
        """When it fires for all that is known here, in monotonic seconds: counted from the sending, so never late."""
        last = self._acknowledged or self._first
        return _sent(last) + last.timeout if last is not None and last.timeout else None

    @property
    def _stand_down(self) -> float | None:
        """When to turn it off for the sake of maintenance."""
        return None if self._maintenance is None else self._maintenance - _BEFORE_MAINTENANCE * self._timeout

    def _expire(self, at: Instant) -> None:
        self.state, self._next, self.wanted_timeout = DeadManState.FIRED, None, 0
        self._acknowledged = self._first = None
        for setting in self._pending:
            self._outbox.withdraw(setting, "its time has passed", at)
        self._why = "its time passed without a refresh that arrived"
        self._pending = []
        self._alarm("the dead man's switch may have fired: everything open is unverified, and it is not on again", at)
        self._fired(at)

    def next_deadline(self) -> float | None:
        """When `let_time_pass` should be called next."""
        times = [setting.alarm_at for setting in self._pending if not setting.alarmed]
        on = self.state in (DeadManState.STARTING, DeadManState.ON)
        if on:
            times += [time for time in (self._next, self._stand_down) if time is not None]
        if self._expires is not None and self.state is not DeadManState.OFF:
            times.append(self._expires)
        return min(times, default=None)

    @property
    def status(self) -> DeadManStatus:
        """The switch as it is."""
        last = self._acknowledged
        return DeadManStatus(
            state=self.state,
            timeout_s=self._timeout,
            refreshes=self._refreshes,
            refreshed_ns=last.sent_at.wall_ns if last is not None and last.sent_at else None,
            trigger_ns=self._trigger_ns,
            why=self._why,
        )


def _sent(setting: _Setting) -> float:
    """When it was sent, in monotonic seconds; an acknowledged one always was."""
    return setting.sent_at.mono if setting.sent_at is not None else 0.0


def _trigger(result: object) -> int | None:
    if not isinstance(result, CancelAllOrdersAfterResult) or not result.triggerTime:
        return None
    try:
        return to_ns(result.triggerTime)
    except Malformed:
        return None


def maintenance_starts(announced: Iterable[Any]) -> list[int]:
    """When announced maintenances begin, in ns since 1970; those that do not say so are left out.

    >>> maintenance_starts([{"expected_start_utc": "2026-05-04T10:00:00Z"}, {"title": "soon"}])
    [1777888800000000000]
    """
    starts = []
    for each in announced:
        text = each.get("expected_start_utc") if isinstance(each, dict) else None
        try:
            starts.append(to_ns(text if isinstance(text, str) else ""))
        except Malformed:
            continue
    return starts
