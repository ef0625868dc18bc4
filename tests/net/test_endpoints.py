"""Whom a client may talk to at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kraken_lab.errors import BadArgument, SandboxError
from kraken_lab.net import KRAKEN, Endpoints, describe_sandbox


@pytest.mark.promise("W-05")
@pytest.mark.fault("F-153")
@pytest.mark.parametrize(
    "address",
    [
        "wss://evil.example/v2",
        "ws://ws.kraken.com/v2",
        "wss://ws.kraken.com.evil.example/v2",
        "wss://ws.kraken.com@evil.example/v2",
        "wss://10.0.0.1/v2",
        "ws://127.0.0.1.evil.example/v2",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "",
    ],
)
@pytest.mark.parametrize("name", ["ws_public", "ws_private", "ws_l3", "rest"])
def test_only_the_exchange_over_tls_or_this_machine(name: str, address: str) -> None:
    """Whatever the address looks like."""
    with pytest.raises(BadArgument, match="a Kraken host over TLS, or a loopback address"):
        replace(KRAKEN, **{name: address})


def test_the_exchange_is_not_this_machine() -> None:
    """And a sandbox is."""
    assert not KRAKEN.loopback
    here = Endpoints("ws://127.0.0.1:1/x/v2", "ws://[::1]:1/v2", "ws://localhost:1/v2", "http://127.0.0.1:1/x")
    assert here.loopback
    assert here.websocket("level3") == "ws://localhost:1/v2"


@pytest.mark.promise("W-05")
def test_a_sandbox_elsewhere_is_none() -> None:
    """Its line must name addresses of this machine, and all of them."""
    facts = {"ws_public": KRAKEN.ws_public, "ws_private": KRAKEN.ws_private, "ws_l3": KRAKEN.ws_l3}
    with pytest.raises(SandboxError, match="rest, api_key, api_secret missing"):
        describe_sandbox(facts)
    whole = {**facts, "rest": KRAKEN.rest, "api_key": "k", "api_secret": "c2VjcmV0"}
    with pytest.raises(SandboxError, match="on this machine"):
        describe_sandbox(whole)
