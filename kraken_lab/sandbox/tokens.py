"""The tokens that level3 and private requests carry.

A token has 15 minutes to be used. Once a subscription has been made with it, it lives for as long as such a
subscription is kept; without one it dies 15 minutes after it was issued.

Source: Get WebSockets Token, Kraken REST API reference.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from random import Random
from typing import Final

from kraken_lab.sandbox.numbers import NS_PER_SECOND

__all__ = ["DEFAULT_LIFETIME_S", "Tokens"]

DEFAULT_LIFETIME_S: Final = 900


@dataclass(slots=True)
class _Life:
    dies_ns: int
    kept_by: int = 0


class Tokens:
    """The session store: which tokens are alive at which instant.

    >>> tokens = Tokens(Random(7))
    >>> token = tokens.issue(now_ns=0)
    >>> tokens.accepts(token, now_ns=899 * NS_PER_SECOND), tokens.accepts(token, now_ns=900 * NS_PER_SECOND)
    (True, False)
    """

    def __init__(self, random: Random) -> None:
        self.lifetime_s = DEFAULT_LIFETIME_S
        self.rejecting = 0
        """How many more uses are refused whatever the token: a fault control."""
        self._random = random
        self._lives: dict[str, _Life] = {}

    def issue(self, now_ns: int) -> str:
        """A new token; those that died are forgotten."""
        self._lives = {token: life for token, life in self._lives.items() if self._alive(life, now_ns)}
        token = base64.urlsafe_b64encode(self._random.randbytes(32)).rstrip(b"=").decode("ascii")
        self._lives[token] = _Life(now_ns + self.lifetime_s * NS_PER_SECOND)
        return token

    def accepts(self, token: str, now_ns: int) -> bool:
        """Whether a request with this token is let in now."""
        if self.rejecting:
            self.rejecting -= 1
            return False
        life = self._lives.get(token)
        return life is not None and self._alive(life, now_ns)

    def keep(self, token: str) -> None:
        """A subscription was made with it."""
        self._lives[token].kept_by += 1

    def release(self, token: str) -> None:
        """A subscription made with it is gone."""
        life = self._lives.get(token)
        if life is not None:
            life.kept_by -= 1

    def forget_all(self) -> None:
        """As after a restart of the exchange that loses its sessions."""
        self._lives.clear()

    @staticmethod
    def _alive(life: _Life, now_ns: int) -> bool:
        return life.kept_by > 0 or now_ns < life.dies_ns
