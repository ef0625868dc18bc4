"""API-Sign: how a private REST request proves that its sender holds the secret.

Source: Spot REST authentication, Kraken API guides.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["api_sign", "is_signed"]


def api_sign(path: str, nonce: str, body: bytes, secret: str) -> str:
    """The signature of a request: ``path`` without host and query, ``body`` exactly as sent, ``secret`` in base64.

    >>> api_sign("/0/private/GetWebSocketsToken", "1", b"nonce=1", "c2VjcmV0")[:12]
    'foQMHFxKiFWj'
    """
    digest = hashlib.sha256(nonce.encode() + body).digest()
    return base64.b64encode(
        hmac.new(base64.b64decode(secret), path.encode() + digest, hashlib.sha512).digest()
    ).decode()


def is_signed(given: str, path: str, nonce: str, body: bytes, secret: str) -> bool:
    """Whether ``given`` is that signature; takes as long for a wrong one as for the right one."""
    return hmac.compare_digest(given.encode(), api_sign(path, nonce, body, secret).encode())
