"""What is at the other end of a lab."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from typing import Any

from ..net import Credentials, Endpoints, SandboxProcess, describe_sandbox

__all__ = ["Venue", "sandbox_venue"]


@dataclass(frozen=True, slots=True)
class Venue:
    """Its name, its addresses, a key if there is one, and whom to trust for TLS."""

    name: str
    endpoints: Endpoints
    credentials: Credentials | None = None
    ssl_context: ssl.SSLContext | None = None

    def with_key(self, credentials: Credentials) -> Venue:
        """The same place, asked with a key."""
        return replace(self, credentials=credentials)

    def redact(self, text: str) -> str:
        """A text without this venue's key and secret."""
        if self.credentials is None:
            return text
        for secret in (self.credentials.key, self.credentials.secret):
            text = text.replace(secret.reveal(), "<secret>")
        return text


def sandbox_venue(name: str, facts: Any) -> Venue:
    """A sandbox by the facts that it printed; ``name`` may have ``{pid}`` in it.

    Raises:
        SandboxError: they do not describe one.
    """
    endpoints, credentials, context = describe_sandbox(facts)
    return Venue(name.format(pid=facts.get("pid", "?")), endpoints, credentials, context)


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
