"""The signature of private REST requests, and the number that must always rise.

Source: "Spot REST authentication", Kraken API guides.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable

from .secrets import Secret

__all__ = ["Nonce", "api_sign"]


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

    >>> nonce = Nonce(lambda: 7)
    >>> nonce(), nonce()
    (7, 8)
    """

    def __init__(self, wall_ns: Callable[[], int]) -> None:
        self._wall_ns = wall_ns
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self) -> int:
        """The next number."""
        with self._lock:
            self._last = max(self._wall_ns(), self._last + 1)
            return self._last
