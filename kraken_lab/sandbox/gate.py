"""Who is let in: nobody but a program on this machine that was told this run's secret.

A loopback address alone keeps no web page out: a page may open sockets to 127.0.0.1, or resolve its own name to it. So
before anything is served ``Host`` must be loopback with the server's own port, ``Origin`` must be absent or allowed,
and the request must carry the secret of the run. Whatever is wrong, the answer is the same.

The path carries the secret, as its first part. Some clients join their paths to nothing but the host of the address
that they are given; they can carry it as the password of that address (``http://any:SECRET@127.0.0.1:8080``), which
arrives as basic authorization. A page knows neither, and may not even send that header to a foreign origin unasked.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kraken_lab.errors import SandboxError

__all__ = ["Gate", "loopback"]


def loopback(host: str) -> str:
    """The loopback address to bind to.

    >>> loopback("localhost"), loopback("::1")
    ('127.0.0.1', '::1')

    Raises:
        SandboxError: anything but 127.0.0.1 or ::1.
    """
    address = "127.0.0.1" if host == "localhost" else host
    if address not in ("127.0.0.1", "::1"):
        raise SandboxError(f"host={host!r} is refused: the sandbox listens on 127.0.0.1 or ::1 only.")
    return address


@dataclass(frozen=True, slots=True)
class Gate:
    """The checks of one server."""

    port: int
    secret: str
    allowed_origins: frozenset[str] = frozenset()

    def admits(self, target: str, headers: Iterable[tuple[str, str]]) -> str | None:
        """The path behind the secret of a request that may come in, query included; None for all others.

        ``headers`` are name and value, names in lower case.

        >>> Gate(8080, "s3cret").admits("/s3cret/0/public/Time", [("host", "127.0.0.1:8080")])
        '/0/public/Time'
        """
        given = list(headers)
        passwords = [_password(value) for name, value in given if name == "authorization"]
        hosts = [value for name, value in given if name == "host"]
        origins = [value for name, value in given if name == "origin"]
        secret, slash, rest = target.removeprefix("/").partition("/")
        # All of it is looked at every time, so that the time taken says nothing about which was wrong.
        in_path = self._is_secret(secret)
        in_header = self._is_secret(passwords[0] if len(passwords) == 1 else "")
        is_local = len(hosts) == 1 and self._is_own(hosts[0])
        is_allowed = self._are_allowed(origins)
        if not (is_local and is_allowed):
            return None
        if in_path:
            return f"{slash}{rest}"
        return target if in_header else None

    def _is_secret(self, guess: str) -> bool:
        return hmac.compare_digest(guess.encode("utf-8", "replace"), self.secret.encode())

    def _are_allowed(self, origins: Sequence[str]) -> bool:
        return len(origins) <= 1 and all(origin in self.allowed_origins for origin in origins)

    def _is_own(self, host: str) -> bool:
        name, colon, port = host.rpartition(":")
        if not colon or port != str(self.port):
            return False
        if name.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
        except ValueError:
            return False


def _password(authorization: str) -> str:
    """The password of a basic authorization; "" if it is none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2] if scheme.lower() == "basic" else ""
