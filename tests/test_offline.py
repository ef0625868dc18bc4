"""The guard around the tests: nothing leaves this machine, and what stays on it is let through."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

AWAY = ("192.0.2.1", 443)
"""An address reserved for documentation: even without the guard, nobody answers there."""


def connect_tcp(address: tuple[str, int]) -> None:
    """Open a connection."""
    with socket.socket() as opened:
        opened.settimeout(5)
        opened.connect(address)


def connect_by_name(address: tuple[str, int]) -> None:
    """Open a connection to a name, as most libraries do."""
    socket.create_connection(("name.invalid", address[1]), timeout=5)


def send_datagram(address: tuple[str, int]) -> None:
    """Send without a connection."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.sendto(b"hello", address)


@pytest.mark.promise("U-03")
@pytest.mark.fault("F-156")
@pytest.mark.parametrize("way_out", [connect_tcp, connect_by_name, send_datagram])
def test_a_socket_that_leaves_this_machine_is_blocked(way_out: Callable[[tuple[str, int]], None]) -> None:
    """Whichever way it tries, before a packet is sent, and the error says by whom."""
    with pytest.raises(OSError, match="tests stay on this machine"):
        way_out(AWAY)


@pytest.mark.promise("U-03")
@pytest.mark.fault("F-156")
def test_a_python_that_a_test_starts_is_shut_in_too() -> None:
    """The sandbox, a kernel and a script inherit the guard."""
    code = f"import socket; socket.create_connection({AWAY!r}, timeout=5)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "tests stay on this machine" in done.stderr


def test_loopback_is_let_through() -> None:
    """By address and by name: the sandbox lives there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, port), timeout=5) as opened:
                assert opened.getpeername()[1] == port


def test_no_proxy_and_no_key_of_the_developer_reaches_a_test() -> None:
    """A proxy on this machine would be a way out, and a real key would be one too many."""
    ours = {
        "KRAKEN_LAB_CONFORMANCE_ENVS",
        "KRAKEN_LAB_HOME",
        "KRAKEN_LAB_ENGINE",
    }  # the tests themselves set them
    given = set(os.environ) - ours
    assert not [name for name in given if name.lower().endswith("_proxy") or name.startswith("KRAKEN_")]
