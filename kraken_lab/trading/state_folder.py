"""Where the acting road keeps what must outlive a kernel: one folder for each venue, account and run.

Halt, audit log, nonce and arming lock of two accounts never meet, because everything that has one is told its folder. A
sandbox's folder belongs to its run, which ends with the sandbox's process and not with a kernel's: it is removed when
the run has ended, or by whoever starts next if nobody was left to do it. A live account's is never removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ..errors import SetupError
from .facts import TradingMode
from .file_lock import FileLock, have_locks

__all__ = ["StateFolder", "StateKey", "fingerprint", "home", "remove_dead", "run_name"]

VenueName: TypeAlias = Literal["live", "live-like", "sandbox", "paper", "replay"]

_ALIVE: Final = "alive.lock"
_VENUE: Final = "venue.pid"
_DEAD: Final = ".dead-"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}")


def home(environment: Mapping[str, str]) -> Path:
    """The folder of all state: ``KRAKEN_LAB_HOME``, or ``.kraken_lab`` in the user's own.

    >>> home({"KRAKEN_LAB_HOME": "state"})
    PosixPath('state')
    """
    given = environment.get("KRAKEN_LAB_HOME")
    return Path(given) if given else Path.home() / ".kraken_lab"


def fingerprint(key: str) -> str:
    """A short name of an API key from which the key cannot be had: the same wherever it is used.

    >>> fingerprint("key")
    '6d42-c8fe'
    """
    digest = hashlib.sha256(b"kraken_lab account " + key.encode()).hexdigest()
    return f"{digest[:4]}-{digest[4:8]}"


def run_name(address: str) -> str:
    """A short name of one sandbox's run, from the address that is new with each; the address cannot be had from it.

    >>> run_name("ws://127.0.0.1:1/secret/v2")
    '9a0895438094'
    """
    return hashlib.sha256(b"kraken_lab run " + address.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class StateKey:
    """Whose state it is. ``account`` is a fingerprint; ``run`` names a sandbox's run and is None for a real account.

    Raises:
        SetupError: a name that could not be a folder's.

    >>> StateKey("live", "3f9a-11c2").name, StateKey("sandbox", "3f9a-11c2", "1d7b1e3f6c8f").name
    ('live_3f9a-11c2', 'sandbox_3f9a-11c2_1d7b1e3f6c8f')
    """

    venue: VenueName
    account: str
    run: str | None = None

    def __post_init__(self) -> None:
        for name in (self.venue, self.account, self.run):
            if name is not None and not _NAME.fullmatch(name):
                raise SetupError(f"{name!r} cannot name a folder of state.")

    @classmethod
    def of(cls, mode: TradingMode, account: str, private: str | None) -> StateKey:
        """The key of a mode's account; ``private`` is a sandbox's private address, None for the exchange itself.

        >>> StateKey.of("live", "3f9a-11c2", "ws://127.0.0.1:1/secret/v2").name
        'live-like_3f9a-11c2_9a0895438094'
        """
        if private is None:
            return cls(mode, account)
        return cls("live-like" if mode == "live" else mode, account, run_name(private))

    @property
    def name(self) -> str:
        """The folder's name."""
        return "_".join(part for part in (self.venue, self.account, self.run) if part is not None)


class StateFolder:
    """One key's folder, held open. Several kernels may hold the same one.

    ``venue_pid`` is the sandbox's process: while it lives the run goes on, also without a kernel.

    Raises:
        SetupError: it cannot be made, or others can write in it.
    """

    def __init__(self, root: Path, key: StateKey, *, venue_pid: int | None = None) -> None:
        self.key = key
        self.path = root / key.name
        self._alive = FileLock(self.path / _ALIVE)
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make()
            if key.run is not None and venue_pid is not None:
                (self.path / _VENUE).write_text(str(venue_pid))
            mode = self.path.stat().st_mode
        except OSError as error:
            raise SetupError(
                f"The folder for halt and audit log cannot be made ({self.path}: {error.strerror or error}). "
                "Set KRAKEN_LAB_HOME to one of your own."
            ) from error
        if mode & 0o022:
            raise SetupError(f"{self.path} can be written by others: make it private with chmod 700.")

    def _make(self) -> None:
        while True:
            self.path.mkdir(mode=0o700, exist_ok=True)
            # A folder without this lock is nobody's run, and is not removed.
            if self.key.run is None or not have_locks():
                return
            with contextlib.suppress(FileNotFoundError):
                if self._alive.take(shared=True):
                    return
            # Somebody is removing it as a dead run's at this very moment: make it anew.

    def close(self) -> None:
        """Let go of it; the folder of a run that has ended and that nobody else holds is removed. Idempotent."""
        if self._alive.held:
            self._alive.release()
            _remove_if_dead(self.path)


def remove_dead(root: Path) -> list[str]:
    """Remove the folders of runs that have ended, and give their names.

    What a kernel holds is not touched, nor that of a sandbox that still runs.
    """
    try:
        names = sorted(entry.name for entry in root.iterdir())
    except FileNotFoundError:
        return []
    return [name for name in names if _remove_if_dead(root / name)]


def _remove_if_dead(path: Path) -> bool:
    """Remove a run's folder if nobody holds it: it is renamed first, so that it is there whole or not at all."""
    if path.name.startswith(_DEAD):
        shutil.rmtree(path, ignore_errors=True)
        return False
    if not (path / _ALIVE).is_file():
        return False  # no run's folder
    lock = FileLock(path / _ALIVE)
    try:
        if not lock.take() or _lives(path / _VENUE):
            return False
        grave = path.with_name(f"{_DEAD}{path.name}.{os.getpid()}")
        path.rename(grave)
        shutil.rmtree(grave, ignore_errors=True)
    except OSError:
        return False
    finally:
        lock.release()
    return True


def _lives(path: Path) -> bool:
    """Whether the process that a file names is there; another one of that number only keeps the folder for longer."""
    try:
        os.kill(int(path.read_text()), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True
