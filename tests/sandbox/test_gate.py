"""Who is let in, request by request."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import pytest

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.gate import Gate, loopback

GATE = Gate(8080, "s3cret", frozenset({"http://lab.example"}))
PATH = "/s3cret/public/v2"
HOST = ("host", "127.0.0.1:8080")


def basic(user: str, password: str) -> tuple[str, str]:
    """The header that clients make of ``http://user:password@``."""
    return "authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080", "127.0.0.2:8080"])
def test_any_name_of_loopback_with_the_own_port_comes_in(host: str) -> None:
    """And is told the path behind the secret."""
    assert GATE.admits(PATH, [("host", host)]) == "/public/v2"


def test_the_secret_may_be_the_password_of_the_address() -> None:
    """For clients that drop the path of the address they are given; the path then is as it was asked for."""
    assert GATE.admits("/0/public/Time?a=1", [HOST, basic("any", "s3cret")]) == "/0/public/Time?a=1"
    assert GATE.admits(PATH, [HOST, basic("", "s3cret")]) == "/public/v2"


def test_an_allowed_origin_comes_in() -> None:
    """One that was named when the server was started."""
    assert GATE.admits(PATH + "?a=1", [HOST, ("origin", "http://lab.example")]) == "/public/v2?a=1"


@pytest.mark.promise("W-02")
@pytest.mark.fault("F-145")
@pytest.mark.fault("F-146")
@pytest.mark.fault("F-147")
@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (PATH, []),
        (PATH, [HOST, HOST]),
        (PATH, [("host", "127.0.0.1")]),
        (PATH, [("host", "127.0.0.1:8081")]),
        (PATH, [("host", "evil.example:8080")]),
        (PATH, [("host", "127.0.0.1.evil.example:8080")]),
        (PATH, [("host", "evil.example#@127.0.0.1:8080")]),
        (PATH, [("host", "0.0.0.0:8080")]),
        (PATH, [("host", "192.168.0.1:8080")]),
        (PATH, [("host", ":8080")]),
        (PATH, [HOST, ("origin", "http://evil.example")]),
        (PATH, [HOST, ("origin", "null")]),
        (PATH, [HOST, ("origin", "http://127.0.0.1:8080")]),
        (PATH, [HOST, ("origin", "http://lab.example"), ("origin", "http://lab.example")]),
        ("/public/v2", [HOST]),
        ("/S3CRET/public/v2", [HOST]),
        ("/s3cre/public/v2", [HOST]),
        ("/s3cretx/public/v2", [HOST]),
        ("//s3cret/public/v2", [HOST]),
        ("http://127.0.0.1:8080/s3cret/public/v2", [HOST]),
        ("/\u00e9/public/v2", [HOST]),
        ("", [HOST]),
        ("/0/public/Time", [HOST, ("authorization", "s3cret")]),
        ("/0/public/Time", [HOST, ("authorization", "Bearer " + base64.b64encode(b"any:s3cret").decode())]),
        ("/0/public/Time", [HOST, ("authorization", "Basic ?")]),
        ("/0/public/Time", [HOST, ("authorization", "Basic " + base64.b64encode(b"\xff:s3cret").decode())]),
        ("/0/public/Time", [HOST, basic("any", "S3CRET")]),
        ("/0/public/Time", [HOST, basic("s3cret", "")]),
        ("/0/public/Time", [HOST, basic("any", "s3cret"), basic("any", "s3cret")]),
        ("/0/public/Time", [HOST, basic("any", "s3cret"), ("origin", "http://evil.example")]),
        ("/0/public/Time", [("host", "evil.example:8080"), basic("any", "s3cret")]),
    ],
)
def test_everybody_else_stays_out(target: str, headers: list[tuple[str, str]]) -> None:
    """A foreign or missing host, a foreign origin, a missing or wrong secret."""
    assert GATE.admits(target, headers) is None


@pytest.mark.promise("W-02")
@pytest.mark.fault("F-147")
def test_the_secret_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the function made for it, whatever else is wrong with the request."""
    compared: list[tuple[Any, Any]] = []

    def compare(given: Any, expected: Any) -> bool:
        compared.append((given, expected))
        return True

    monkeypatch.setattr(hmac, "compare_digest", compare)
    GATE.admits("/guess/public/v2", [("host", "evil.example"), ("origin", "http://evil.example")])
    assert compared == [(b"guess", b"s3cret"), (b"", b"s3cret")]


@pytest.mark.promise("W-01")
@pytest.mark.fault("F-148")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.2", "example.org", "127.0.0.1.example.org"])
def test_only_loopback_can_be_bound(host: str) -> None:
    """Anything else is refused before anything is opened."""
    with pytest.raises(SandboxError, match=r"127\.0\.0\.1 or ::1 only"):
        loopback(host)
