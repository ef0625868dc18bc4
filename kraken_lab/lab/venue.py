"""What is at the other end of a lab."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..errors import BadKey
from ..net import Credentials, Endpoints, Nonce, SandboxProcess, describe_sandbox
from ..trading import StateKey, TradingMode, home

__all__ = ["Venue", "sandbox_venue"]


@dataclass(frozen=True, slots=True)
class Venue:
    """Its name, its addresses, a key if there is one, and whom to trust for TLS."""

    name: str
    endpoints: Endpoints
    credentials: Credentials | None = None
    ssl_context: ssl.SSLContext | None = None
    pid: int | None = None
    """The process of a sandbox on this machine; its account's state lives as long as that."""

    def state_key(self, mode: TradingMode) -> StateKey:
        """Whose state is kept where: this venue's, this account's and, of a sandbox, this run's.

        Raises:
            BadKey: there is no account without a key.
        """
        if self.credentials is None:
            raise BadKey(f"There is no key for {self.name}, and so no account.")
        run = self.endpoints.ws_private if self.endpoints.loopback else None
        return StateKey.of(mode, self.credentials.fingerprint, run)

    def nonce(self, mode: TradingMode, wall_ns: Callable[[], int]) -> Nonce | None:
        """Numbers for its private requests, rising over all processes that use this account; None without a key."""
        if self.credentials is None:
            return None
        return Nonce(wall_ns, path=home(os.environ) / self.state_key(mode).name / "nonce")

    def with_key(self, credentials: Credentials) -> Venue:
        """The same place, asked with a key."""
        return replace(self, credentials=credentials)


def sandbox_venue(name: str, facts: Any) -> Venue:
    """A sandbox by the facts that it printed; ``name`` may have ``{pid}`` in it.

    Raises:
        SandboxError: they do not describe one.
    """
    endpoints, credentials, context = describe_sandbox(facts)
    pid = facts.get("pid")
    return Venue(
        name.format(pid="?" if pid is None else pid),
        endpoints,
        credentials,
        context,
        pid if isinstance(pid, int) else None,
    )


def venue_of(process: SandboxProcess, name: str) -> Venue:
    """The venue that a sandbox's process is; it is ended if it does not describe itself.

    Raises:
        SandboxError: it does not describe a sandbox.
    """
    try:
        return sandbox_venue(name, process.facts)
    except BaseException:
        process.close()
        raise
