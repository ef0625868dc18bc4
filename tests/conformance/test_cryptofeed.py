"""cryptofeed's Kraken feed against the sandbox over TLS (it takes no other): books checked from the digits on the wire.

Its addresses are class attributes, so the program subclasses the feed for them.
"""

from __future__ import annotations

import pytest

from .strangers import Heard, run

pytestmark = pytest.mark.conformance

DEPTHS = ("10", "1000")
FOLLOWED = ("BTC-USD", "ETH-USD")


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """What the client saw in one run."""
    return run("cryptofeed", authority=tmp_path_factory.mktemp("tls") / "authority.pem")


def test_no_checksum_and_nothing_else_is_wrong(heard: Heard) -> None:
    """No refusal, no reconnect, no crossed book, no checksum that differs, over all pairs at both depths."""
    assert heard.log.strip() == ""
    assert heard.result["crossed"] == []


def test_it_notices_a_wrong_checksum(tmp_path_factory: pytest.TempPathFactory) -> None:
    """So that its silence means something."""
    spoilt = {
        "fault": "edit",
        "match": {"channel": "book", "type": "update", "symbol": "BTC/USD", "skip": 50, "times": 1},
        "pattern": r'"checksum":\d+',
        "replace": '"checksum":1',
    }
    authority = tmp_path_factory.mktemp("tls") / "authority.pem"
    assert "BTC-USD checksum validation failed" in run("cryptofeed", authority=authority, faults=[spoilt]).log


def test_it_notices_a_zero_that_is_missing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its checksum is over the digits as printed: a number that lost its padding is a wrong one."""
    spoilt = {
        "fault": "edit",
        "match": {"channel": "book", "type": "snapshot", "symbol": "BTC/USD", "times": 1},
        "pattern": r'"qty":(\d+\.\d+)\d',
        "replace": r'"qty":\1',
    }
    authority = tmp_path_factory.mktemp("tls") / "authority.pem"
    assert "BTC-USD checksum validation failed" in run("cryptofeed", authority=authority, faults=[spoilt]).log


def test_every_channel_flows(heard: Heard) -> None:
    """Books of all pairs, 200 updates and more of two; tickers, trades and candles of these."""
    assert heard.result["complete"], (heard.result["books"], heard.result["seen"])
    for depth in DEPTHS:
        assert set(heard.result["books"][depth]) == set(heard.result["symbols"])
        assert all(heard.result["books"][depth][symbol] >= 200 for symbol in FOLLOWED)
    for name in ("ticker", "trade", "candle"):
        assert all(heard.result["seen"][f"{name} {symbol}"] > 0 for symbol in FOLLOWED)


def test_it_translates_the_names_of_rest(heard: Heard) -> None:
    """It takes ``wsname`` from AssetPairs and turns XBT and XDG into what the socket calls them."""
    assert {"BTC-USD", "DOGE-USD", "ETH-BTC"} <= set(heard.result["symbols"])
    assert len(heard.result["symbols"]) == 12


def test_its_best_prices_are_those_of_rest(heard: Heard) -> None:
    """The best bid and ask of a Depth answer are those of its book at some moment."""
    assert heard.result["consistent"] == dict.fromkeys(FOLLOWED, True)
