"""A program of this package's own that runs beside everything else, and gives way to it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from threading import Event
from time import monotonic

__all__ = ["run_quietly"]

LOOK = 0.1
"""Seconds between two looks whether it has ended, or need not."""
NICENESS = 10


def run_quietly(module: str, needless: Event, *, timeout: float = 120.0) -> str | None:
    """Run ``python -m module`` at low priority and wait for it. None if it ended well, else why not.

    Once it is ``needless`` it is not waited for any longer; it ends by itself.
    """
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return f"it could not be started: {error.strerror}"
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    end = monotonic() + timeout
    while process.poll() is None:
        if needless.wait(LOOK):
            return "it is not needed any longer"
        if monotonic() > end:
            process.kill()
            process.wait()
            return f"it took more than {timeout:g} s"
    assert process.stderr is not None
    with process.stderr as said:
        words = said.read().decode("utf-8", "replace").strip()
    return None if process.returncode == 0 else words[-300:].rpartition("\n")[2] or f"code {process.returncode}"
