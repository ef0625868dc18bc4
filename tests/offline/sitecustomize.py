"""No way out: this process and every Python it starts can reach this machine and nothing else.

`conftest.py` imports it for the tests themselves and puts its folder on ``PYTHONPATH``, so that a Python started by a
test (a sandbox, a kernel, a script) loads it before anything else. An audit hook cannot be taken out again.
"""

from __future__ import annotations

import sys

__all__ = ["NetworkBlocked"]

NAMES = ("", "localhost", "ip6-localhost")


class NetworkBlocked(OSError):
    """A test, or something it started, tried to leave this machine."""


def _is_here(host: object) -> bool:
    """Whether a host is this machine. No host at all is: that is how a server asks for an address to listen on."""
    if host is None:
        return True
    name = host.decode("latin-1") if isinstance(host, bytes | bytearray) else str(host)
    return name in NAMES or name == "::1" or name.startswith(("127.", "::ffff:127."))


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        # A text is the path of a Unix socket; without an address the socket was connected before, and so was looked at.
        if isinstance(address, tuple) and address and not _is_here(address[0]):
            raise NetworkBlocked(f"tests stay on this machine: {event} to {address[0]!r} was blocked")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not _is_here(arguments[0]):
        raise NetworkBlocked(f"tests stay on this machine: looking up {arguments[0]!r} was blocked")


if not hasattr(sys, "only_this_machine"):
    # A test worker is a Python that was started by a test session: it would have two guards.
    sys.only_this_machine = True  # type: ignore[attr-defined]
    sys.addaudithook(_guard)
