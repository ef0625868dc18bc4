"""nautilus-trader's Kraken adapter against the sandbox: strict schemas, and a checksum of every level3 message.

The adapter decodes into Rust structures; what does not fit is a line in its log, and so are refused subscriptions and
checksums that differ. Addresses are given by its ``base_url`` settings.
"""

from __future__ import annotations

import pytest

from .strangers import Heard, run

pytestmark = pytest.mark.conformance

FOLLOWED = ("BTC/USD.KRAKEN", "ETH/USD.KRAKEN")


@pytest.fixture(scope="module")
def heard() -> Heard:
    """What the client saw in one run."""
    return run("nautilus")


def test_it_finds_nothing_to_complain_of(heard: Heard) -> None:
    """No message it could not read, no refusal, no level3 checksum that differs, over all pairs and channels."""
    assert heard.log.strip() == ""


def test_it_notices_a_wrong_checksum() -> None:
    """So that an empty log means something."""
    spoilt = {
        "fault": "edit",
        "match": {"channel": "level3", "type": "update", "symbol": "BTC/USD", "skip": 50, "times": 1},
        "pattern": r'"checksum":\d+',
        "replace": '"checksum":1',
    }
    assert "checksum mismatch" in run("nautilus", faults=[spoilt]).log


def test_every_channel_flows(heard: Heard) -> None:
    """Books, quotes, trades and bars of two pairs, 200 updates and more of each kind of book; books of all pairs."""
    stream = heard.result["stream"]
    assert stream["complete"], stream["seen"]
    for name in FOLLOWED:
        for kind in ("OrderBookDeltas", "QuoteTick", "TradeTick", "Bar"):
            assert stream["seen"][f"{kind} {name}"] > 0
        assert stream["level2"][name] >= 200
        assert stream["level3"][name] >= 200
    instruments = heard.result["rest"]["instruments"]
    assert set(stream["level2"]) == set(stream["level3"]) == set(instruments)


def test_its_best_prices_are_those_of_rest(heard: Heard) -> None:
    """The best bid and ask of a Depth answer are those of its book at some moment."""
    assert heard.result["stream"]["consistent"] == dict.fromkeys(FOLLOWED, True)


def test_it_reads_every_instrument_exactly(heard: Heard) -> None:
    """Precisions, price steps and smallest orders, and which pairs cannot be traded just now."""
    rest = heard.result["rest"]
    assert rest["instruments"]["BTC/USD.KRAKEN"] == [1, 8, "0.1", "0.00005000"]
    assert rest["instruments"]["DOT/USD.KRAKEN"] == [4, 8, "0.0005", "1.00000000"]
    assert rest["instruments"]["PEPE/USD.KRAKEN"] == [9, 0, "0.000000001", "250000"]
    not_trading = {name for name, status in rest["statuses"].items() if status != "TRADING"}
    assert not_trading == {"MATIC/GBP.KRAKEN", "POL/EUR.KRAKEN"}
    assert (rest["trades"], rest["bars"]) == (50, 100)
