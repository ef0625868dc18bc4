"""Arming: what a person must do in this kernel before an order can reach real money, and when it lapses.

Armed is something this process is, and nothing on a disk, in the environment or in a notebook is. It takes a key
without withdrawal rights, the four limits, a phrase typed by somebody in front of this kernel, and the account's lock,
which only one kernel has at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from ..errors import NotArmed
from ..wire import Instant, from_ns
from ..wire.numbers import plain
from .audit import Audit
from .disk import Disk, Record
from .file_lock import FileLock
from .halt import Halt
from .rules import Limits, OrderSettings

__all__ = ["LOCK_FILE", "Arming", "Readiness", "limits_fields", "phrase"]

LOCK_FILE: Final = "arming.lock"

CLOCK_STEP = 2.0
"""Seconds by which wall and monotonic time may drift apart: more is a machine that slept, or a clock that was set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What is looked at before anybody is asked to type.

    ``credentials``: whether there is a key. ``permissions``: what the exchange says that it may do, None if it could
    not be asked. ``front_end`` and ``shared_host``: why nobody can be asked here, or None.
    """

    credentials: bool
    permissions: frozenset[str] | None
    front_end: str | None
    shared_host: str | None

    def lacking(self) -> list[str]:
        """Everything that is lacking, in words."""
        missing = [] if self.credentials else ["an API key is missing"]
        if self.permissions is None:
            missing.append("the key's permissions could not be looked at")
        elif any(name.startswith("withdraw") for name in self.permissions):
            missing.append("the key may withdraw: make one that cannot")
        return missing + [reason for reason in (self.front_end, self.shared_host) if reason is not None]


def phrase(account: str) -> str:
    """What must be typed to arm an account, by its fingerprint.

    >>> phrase("3f9a-11c2")
    'LIVE 3f9a-11c2'
    """
    return f"LIVE {account}"


def limits_fields(limits: Limits) -> Record:
    """Limits as a record keeps them.

    >>> limits_fields(Limits(max_open_orders=3))["max_open_orders"]
    3
    """
    symbols = None if limits.allowed_symbols is None else sorted(limits.allowed_symbols)
    return {
        "max_order_notional": _amount_field(limits.max_order_notional),
        "max_day_notional": _amount_field(limits.max_day_notional),
        "max_open_orders": limits.max_open_orders,
        "allowed_symbols": symbols,
        "order_rate": limits.order_rate,
        "order_rate_s": limits.order_rate_s,
        "dup_window_s": limits.dup_window_s,
    }


def _amount_field(limit: Decimal | Mapping[str, Decimal] | None) -> object:
    if isinstance(limit, Mapping):
        return {currency: plain(amount) for currency, amount in limit.items()}
    return None if limit is None else plain(limit)


class Arming:
    """Whether this kernel may send orders to a live account. Belongs to the I/O thread.

    `lacking_to_arm` says what is missing before a person is asked for the `phrase`; `arm` takes what was typed. It
    lapses by itself; `lacking` says why.
    """

    def __init__(
        self, folder: Path, disk: Disk, audit: Audit, halt: Halt, *, account: str, settings: OrderSettings, pid: int
    ) -> None:
        self.lapsed = "not armed in this kernel"
        """Why it is not armed, in words; of no meaning while it is."""
        self._disk, self._audit, self._halt = disk, audit, halt
        self._account, self._settings, self._pid = account, settings, pid
        self._lock = FileLock(folder / LOCK_FILE)
        self._since: Instant | None = None
        self._used_at = 0.0
        self._limits: Limits | None = None
        self._halts = 0
        self._count = 0
        self._arming = False

    # --- arming -----------------------------------------------------------------------------------------------------

    def lacking_to_arm(self, limits: Limits, readiness: Readiness) -> tuple[str, ...]:
        """What is lacking before anybody is asked to type the phrase; empty if nothing is."""
        missing = readiness.lacking()
        missing += [f"the limit {name} is not set" for name in limits.missing]
        if halted := self._halt.look():
            missing.append(f"trading is halted ({halted.reason})")
        if self._audit.broken is not None:
            missing.append(f"the audit log is broken ({self._audit.broken})")
        return tuple(missing)

    def arm(
        self,
        typed: str,
        *,
        limits: Limits,
        readiness: Readiness,
        at: Instant,
        done: Callable[[NotArmed | None], None],
    ) -> None:
        """A person has typed the phrase. ``done`` is called once: with None when it is armed, else with what it lacks.

        It is armed only when that is in the audit log and on the disk, and if that takes no longer than a confirmation
        counts.
        """
        missing = list(self.lacking_to_arm(limits, readiness))
        if " ".join(typed.split()) != phrase(self._account):
            missing.append(f"the phrase is {phrase(self._account)!r}, typed in full")
        if not missing and self._arming:
            missing.append("it is being armed already")
        if missing:
            self._refuse(missing, at, done)
            return
        self._arming = True
        halts, holders, latest = self._halt.count, list[str](), at.mono + self._settings.confirm_ttl

        def taken(error: OSError | None, at: Instant) -> None:
            if holders:
                self._arming = False
                self._refuse(holders, at, done)
                return
            fields = {"account": self._account, "limits": limits_fields(limits)}
            self._audit.record("armed", fields, at, recorded)

        def recorded(error: OSError | None, at: Instant) -> None:
            self._arming = False
            if error is not None:
                reason = f"the audit log cannot be written ({error.strerror})"
            elif self._halt.look() is not None or halts != self._halt.count:
                reason = "trading was halted"
            elif at.mono > latest:
                reason = f"the disk took longer than {self._settings.confirm_ttl:g} s"
            else:
                self._since, self._used_at, self._limits, self._halts = at, at.mono, limits, halts
                self._count += 1
                done(None)
                return
            self._let_go()
            done(NotArmed([reason]))

        self._disk.do(lambda: holders.extend(self._take_lock(at)), taken)

    def _refuse(self, missing: list[str], at: Instant, done: Callable[[NotArmed | None], None]) -> None:
        self._audit.record("not armed", {"missing": missing}, at)
        done(NotArmed(missing))

    def _let_go(self) -> None:
        """Let another kernel arm, as soon as the disk can."""
        self._disk.do(self._lock.release, lambda error, at: None)

    def _take_lock(self, at: Instant) -> tuple[str, ...]:
        """Take the account's lock; in words who has it, if somebody else does. On the disk's thread."""
        try:
            if self._lock.take():
                self._lock.write(f"process {self._pid} since {from_ns(at.wall_ns, 0)}\n")
                return ()
            holder = self._lock.path.read_text("utf-8", "replace").strip()
        except OSError as error:
            return (f"the account's lock cannot be taken ({error.strerror or error})",)
        return (f"another kernel has this account armed ({holder or 'it does not say which'})",)

    # --- being armed ------------------------------------------------------------------------------------------------

    def number(self, at: Instant, limits: Limits) -> int:
        """Which arming of this kernel holds now, counted from 1; 0 if none does."""
        return 0 if self.lacking(at, limits) else self._count

    def lacking(self, at: Instant, limits: Limits) -> tuple[str, ...]:
        """Why orders may not go to the live account now, in words; empty if they may. What has lapsed is disarmed."""
        reason = self._lapse(at, limits)
        if reason is not None:
            self.disarm(reason, at)
        return () if self._since is not None else (self.lapsed,)

    def _lapse(self, at: Instant, limits: Limits) -> str | None:
        since, settings = self._since, self._settings
        if since is None:
            return None
        if not self._lock.held:
            return "the account's lock is not held by this process"
        if at.mono - self._used_at > settings.arm_idle:
            return f"no order for {settings.arm_idle:g} s"
        if at.mono - since.mono > settings.arm_max:
            return f"armed for {settings.arm_max:g} s"
        if abs((at.wall_ns - since.wall_ns) / 1e9 - (at.mono - since.mono)) > CLOCK_STEP:
            return "the clock stepped"
        halted = self._halt.look()
        if halted is not None or self._halt.count != self._halts:
            return "trading was halted" if halted is None else f"trading was halted ({halted.reason})"
        return "the limits were edited" if limits != self._limits else None

    def used(self, at: Instant) -> None:
        """An order was sent: the idle time begins anew."""
        self._used_at = at.mono

    def disarm(self, reason: str, at: Instant) -> None:
        """Disarm now, and let another kernel arm. Idempotent."""
        if self._since is not None:
            self._since, self._limits, self.lapsed = None, None, f"disarmed: {reason}"
            self._audit.record("disarmed", {"reason": reason}, at)
            self._let_go()

    def next_deadline(self) -> float | None:
        """When it lapses if nothing happens, in monotonic seconds; None while it is not armed."""
        if self._since is None:
            return None
        return min(self._used_at + self._settings.arm_idle, self._since.mono + self._settings.arm_max)
