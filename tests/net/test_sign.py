"""Signatures against known vectors, and nonces that only rise."""

from __future__ import annotations

import threading

import pytest

from kraken_lab.net import Nonce, Secret, api_sign

SECRET = Secret("kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==")


@pytest.mark.parametrize(
    ("path", "nonce", "body", "signature"),
    [
        (
            "/0/private/AddOrder",
            "1616492376594",
            "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25",
            "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==",
        ),
        (
            "/0/private/GetWebSocketsToken",
            "1695828436000",
            "nonce=1695828436000",
            "bP6gMueocUar1De0eVnHEq5xYmWTvi9lgqZGhYTKmSi1Yn8axGVwe/W7ymBxdCy3e4CvYFPvCB/MzSIRIRCuJA==",
        ),
        (
            "/0/private/GetWebSocketsToken",
            "1695828436000",
            '{"nonce":1695828436000}',
            "Gi7CfDXbkQPXzofG2OEfKXTH+T7/Tz8WQ4+lAIy5R0BYPWfiXY0wamKgggJ7fDzFRoLfv91sZOpHYIl0Qef/oA==",
        ),
    ],
)
def test_documented_signatures(path: str, nonce: str, body: str, signature: str) -> None:
    """Form and JSON alike. Source: "Spot REST authentication", Kraken API guides, and the same rule for JSON."""
    assert api_sign(path=path, nonce=nonce, body=body, secret=SECRET) == signature


@pytest.mark.promise("S-20")
@pytest.mark.fault("F-040")
def test_nonces_rise_though_the_clock_goes_back() -> None:
    """And though it stands still."""
    times = iter([100, 50, 50, 101, 300])
    nonce = Nonce(lambda: next(times))
    assert [nonce() for _ in range(5)] == [100, 101, 102, 103, 300]


@pytest.mark.promise("S-20")
def test_nonces_are_unique_across_threads() -> None:
    """Four threads, one clock that stands still."""
    nonce = Nonce(lambda: 0)
    found: list[int] = []

    def take() -> None:
        found.extend(nonce() for _ in range(1_000))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 4_000
