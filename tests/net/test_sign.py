"""Signatures against the documented vectors, and nonces that only rise."""

from __future__ import annotations

import threading

import pytest

from kraken_lab.net import Nonce, Secret, api_sign

SECRET = Secret("kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==")


def test_the_documented_order() -> None:
    """The form of the guide's example, signed as there. Source: "Spot REST authentication", Kraken API guides."""
    nonce = "1616492376594"
    body = f"nonce={nonce}&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    signature = api_sign(path="/0/private/AddOrder", nonce=nonce, body=body, secret=SECRET)
    assert signature == "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="


def test_a_json_body_is_signed_as_it_is_sent() -> None:
    """Letter by letter: another spacing is another signature."""
    nonce = "1616492376594"
    tight = '{"nonce":"1616492376594","pair":"XBTUSD"}'
    loose = '{"nonce": "1616492376594", "pair": "XBTUSD"}'
    signatures = {api_sign(path="/0/private/X", nonce=nonce, body=body, secret=SECRET) for body in (tight, loose)}
    assert len(signatures) == 2


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
