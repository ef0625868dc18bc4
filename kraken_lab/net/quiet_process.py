"""A program of this package's own that runs beside everything else, and gives way to it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from tempfile import TemporaryFile
from threading import Event
from time import monotonic

__all__ = ["run_quietly"]

LOOK = 0.1
"""Seconds between two looks whether it has ended, or need not."""
NICENESS = 10


def run_quietly(module: str, needless: Event, *, timeout: float = 120.0) -> str | None:
    """Run ``python -m module`` at low priority and wait for it. None if it ended well, else why not.

    Once it is ``needless``, or has run for ``timeout`` seconds, it is ended.
    """
    try:
        with TemporaryFile() as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", module],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            why_not = _waited_for(process, needless, timeout)
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").split("\n")
    except OSError as error:
        return f"it could not be started: {error.strerror}"
    if why_not is not None or process.returncode == 0:
        return why_not
    return next((line.strip()[:300] for line in reversed(said) if line.strip()), f"code {process.returncode}")


def _waited_for(process: subprocess.Popen[bytes], needless: Event, timeout: float) -> str | None:
    """Why the process was ended; None if it ended by itself."""
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    end = monotonic() + timeout
    while process.poll() is None:
        unneeded = needless.wait(LOOK)
        if unneeded or monotonic() > end:
            process.kill()
            process.wait()
            return "it is not needed any longer" if unneeded else f"it took more than {timeout:g} s"
    return None
