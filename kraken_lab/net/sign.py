"""The signature of private REST requests, and the number that must always rise.

Source: "Spot REST authentication", Kraken API guides.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import threading
from collections.abc import Callable
from pathlib import Path

from ..trading.file_lock import waiting_lock
from .in_time import soon_or_not
from .secrets import Secret

__all__ = ["Nonce", "api_sign"]

PATIENCE_S = 1.0
"""How long a request waits for the file of the numbers."""


def api_sign(*, path: str, nonce: str, body: str, secret: Secret) -> str:
    """The value of the ``API-Sign`` header.

    ``path`` is without host and query, ``body`` exactly the text that is sent (form or JSON), ``nonce`` the one in it.

    >>> secret = Secret("kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==")
    >>> api_sign(path="/0/private/GetWebSocketsToken", nonce="1695828436000", body="nonce=1695828436000", secret=secret)
    'bP6gMueocUar1De0eVnHEq5xYmWTvi9lgqZGhYTKmSi1Yn8axGVwe/W7ymBxdCy3e4CvYFPvCB/MzSIRIRCuJA=='
    """
    digest = hashlib.sha256((nonce + body).encode()).digest()
    signature = hmac.new(base64.b64decode(secret.reveal()), path.encode() + digest, hashlib.sha512)
    return base64.b64encode(signature.digest()).decode()


class Nonce:
    """Numbers that strictly rise, in nanoseconds, whatever the clock does.

    With a ``path`` they rise over every thread, process and restart that uses the same file: each takes its number
    under the file's lock. Where the file cannot be used, or does not answer, they rise in this process only, because a
    cancel must not fail for that.

    >>> nonce = Nonce(lambda: 7)
    >>> nonce(), nonce()
    (7, 8)
    """

    def __init__(self, wall_ns: Callable[[], int], *, path: Path | None = None) -> None:
        self._wall_ns, self._path = wall_ns, path
        self._last = 0
        self._lock = threading.Lock()
        self._left_behind = 0
        """Threads that wait for the file and that nobody waits for any more."""

    def __call__(self) -> int:
        """The next number. It may wait for the file."""
        if self._path is None:
            return self._next(0)
        try:
            with waiting_lock(self._path) as fd:
                number = self._next(_last_in(fd))
                os.pwrite(fd, f"{number:020d}".encode(), 0)
        except OSError:
            number = self._next(0)
        return number

    async def soon(self) -> int:
        """The next number, without holding up the loop: if the file takes its time, without the file."""
        if self._path is None:
            return self._next(0)
        if not self._left_behind:
            number = await soon_or_not(self, PATIENCE_S, lambda: self._count(-1))
            if number is not None:
                return number
            self._count(1)
        return self._next(0)

    def _count(self, change: int) -> None:
        with self._lock:
            self._left_behind += change

    def _next(self, elsewhere: int) -> int:
        with self._lock:
            self._last = max(self._wall_ns(), self._last + 1, elsewhere + 1)
            return self._last


def _last_in(fd: int) -> int:
    """The last number that a file tells of; 0 if it tells of none."""
    text = os.pread(fd, 20, 0)
    return int(text) if text.isdigit() else 0
