"""What a lab keeps on the disk for its account, opened: the folder, the log, the halt, and that the lab lives there.

Everything here may wait for the disk, and a folder on a server that is gone would be waited for without end. So it is
done on threads that can be left behind, and whoever waits for one hears in words what did not answer.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Final, TypeVar

from ..errors import NotReady, SetupError
from ..net import DiskWorker
from ..net.in_time import in_time
from ..trading import Arming, Audit, Chain, Halt, OrderSettings, StateFolder, home, remove_dead
from ..trading.disk import Files
from ..trading.presence import Presence
from ..trading.restore import Legacy
from .ground import Ground

__all__ = ["Keeping"]

T = TypeVar("T")

OPEN_WAIT: Final = 10.0
"""How long the folder may take to answer, in seconds."""
LOOK_WAIT: Final = 0.5
"""How long a cell waits for the halt file, in seconds."""
READ_WAIT: Final = 60.0
"""How long reading a long log may take, in seconds."""


class Keeping:
    """One lab's things on the disk. ``lab`` is its name, which no other lab ever has.

    `open` makes it; the constructor itself waits for as long as it takes.
    """

    def __init__(self, ground: Ground, settings: OrderSettings, files: Files, lab: str) -> None:
        root, pid = home(os.environ), os.getpid()
        remove_dead(root)
        self._now = ground.clock.now
        self.folder = StateFolder(root, ground.key, venue_pid=ground.venue_pid)
        path = self.folder.path
        self._presence = Presence(path, lab)
        self.disk = DiskWorker(files, post=ground.io.soon, clock=ground.clock, group=settings.audit_group)
        try:
            self._presence.begin()
            chain = Chain(path / "audit.jsonl", files)
            self.audit = Audit(chain, self.disk, pid=pid, lab=lab, redact=ground.redact)
            self.halt = Halt(path, self.disk, self.audit, pid=pid)
        except BaseException as error:
            self._close(1.0)
            if isinstance(error, OSError):
                raise SetupError(f"{path} cannot be used ({error.strerror or error}).") from error
            raise
        self.arming: Arming | None = None
        if ground.mode == "live":
            account = ground.key.account
            self.arming = Arming(path, self.disk, self.audit, self.halt, account=account, settings=settings, pid=pid)

    @classmethod
    def open(cls, ground: Ground, settings: OrderSettings, files: Files, lab: str) -> Keeping:
        """Open it in ten seconds at most.

        Raises:
            SetupError: the folder cannot be made, is not private, or does not answer.
        """

        def late(opened: Keeping) -> None:
            opened._close(1.0)

        try:
            return in_time(lambda: cls(ground, settings, files, lab), OPEN_WAIT, "the folder of the state", late=late)
        except NotReady:
            raise SetupError(_silent(f"{home(os.environ) / ground.key.name}", OPEN_WAIT)) from None

    def read(self) -> Legacy:
        """What is on the disk, and what of it is this lab's from now on.

        Raises:
            SetupError: it takes longer than a minute.
        """
        try:
            return self.wait(lambda: Legacy.read(self.audit, self._presence.lives, self._now()), READ_WAIT)
        except NotReady:
            raise SetupError(_silent(str(self.audit.path), READ_WAIT)) from None

    def wait(self, work: Callable[[], T], timeout: float = READ_WAIT) -> T:
        """Do something that reads what is kept, in the caller's time.

        Raises:
            NotReady: the disk does not answer.
        """
        return in_time(work, timeout, f"{self.folder.path} to be read")

    def look(self) -> None:
        """Have the halt file read now, and not within a quarter of a second, so that this cell sees what is in it."""
        if self.disk.trouble is None:
            with contextlib.suppress(NotReady):
                in_time(lambda: self.disk.watch(self.halt.path), LOOK_WAIT, "the halt file")

    def close(self, timeout: float) -> None:
        """Everything on the disk, and let go of the folder, within ``timeout`` seconds. Idempotent."""
        with contextlib.suppress(NotReady):
            in_time(lambda: self._close(timeout), timeout, "the disk")

    def _close(self, timeout: float) -> None:
        self.disk.close(timeout)
        self._presence.end()
        self.folder.close()


def _silent(what: str, seconds: float) -> str:
    return (
        f"{what} did not answer within {seconds:g} s: its disk or its server is held up. Nothing was sent. Orders need "
        "it, and wait until it answers; looking goes on without it. 'kraken-lab kill' cancels without it."
    )
