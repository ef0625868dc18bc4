"""What is looked at before anybody is asked to arm: what the key may do, and whether somebody is here."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Final

from ..errors import KrakenLabError
from ..net import RestClient
from ..trading import Readiness, shared_host
from .calls import Calls
from .person import nobody_here

__all__ = ["readiness_of"]

ASK_ATTEMPTS: Final = 3
"""How often a key's permissions are asked for."""


def readiness_of(rest: RestClient, calls: Calls) -> Readiness:
    """What there is for arming an account whose key ``rest`` has."""
    permissions: frozenset[str] | None = None
    for _ in range(ASK_ATTEMPTS):
        # It only reads; another program with the same key may have overtaken its nonce.
        with contextlib.suppress(KrakenLabError):
            info: Any = calls.answer(rest.private("GetApiKeyInfo", {}), "the key's permissions")
            if isinstance(info, dict):
                permissions = frozenset(map(str, info.get("permissions", ())))
            break
    return Readiness(
        credentials=True,
        permissions=permissions,
        front_end=nobody_here(),
        shared_host=shared_host(os.environ),
    )
