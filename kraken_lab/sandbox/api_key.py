"""The one API key of a sandbox's account: what it is, and what it may do.

Source: Get API Key Info, Kraken REST API reference. ``close-trades`` (to cancel orders), ``query-closed-trades`` and
``websockets`` (to fetch tokens) are names of our own making where the reference shows none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

__all__ = ["ApiKey", "Permission"]

Permission: TypeAlias = Literal[
    "query-funds", "withdraw-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades",
    "websockets",
]  # fmt: skip

_USUAL: Final[frozenset[Permission]] = frozenset(
    {"query-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades", "websockets"}
)


@dataclass(slots=True)
class ApiKey:
    """A key and its secret (base64). At first it may do all that trading needs, and cannot withdraw.

    >>> ApiKey("key", "c2VjcmV0", 0).may("modify-trades", "close-trades"), ApiKey("key", "", 0).may("withdraw-funds")
    (True, False)
    """

    key: str
    secret: str
    created_ns: int
    permissions: set[str] = field(default_factory=lambda: set(_USUAL))
    modified_ns: int = 0
    used_ns: int = 0
    last_nonce: int = -1

    def may(self, *permissions: Permission) -> bool:
        """Whether it has one of these permissions."""
        return not self.permissions.isdisjoint(permissions)
