"""The instruments are known by the exchange's names, and a wrong name gets a right one in answer."""

from __future__ import annotations

import pytest

from kraken_lab.errors import UnknownSymbol
from kraken_lab.market import Instruments, InstrumentSnapshot, suggest
from kraken_lab.wire import InstrumentMessage, decode

from ..fixtures import sample

SYMBOLS = ["BTC/USD", "BTC/EUR", "ETH/USD", "ETH/BTC", "DOGE/USD", "DOT/EUR", "USDT/USD"]


def heard(name: str) -> InstrumentMessage:
    """An instrument sample."""
    message = decode(sample(f"instrument/{name}"))
    assert isinstance(message, InstrumentMessage)
    return message


@pytest.fixture
def instruments() -> Instruments:
    """The reference's own snapshot: BTC/USD and MATIC/GBP."""
    known = Instruments()
    known.apply(heard("snapshot"))
    return known


def test_a_pair_is_found_by_its_name(instruments: Instruments) -> None:
    """With its precisions and its state."""
    assert instruments.pair("BTC/USD").base == "BTC"
    assert instruments.precision("MATIC/GBP") == (4, 8)
    assert instruments.status("BTC/USD") == "online"
    assert instruments.assets["XRP"].precision == 8
    assert len(instruments.now) == 2
    assert instruments.ready


def test_a_snapshot_replaces_and_an_update_adds(instruments: Instruments) -> None:
    """Each object of an update is complete and replaces its namesake."""
    before = instruments.now
    instruments.apply(heard("update"))
    assert list(instruments.pairs) == ["BTC/USD", "MATIC/GBP"]
    instruments.apply(heard("snapshot-observed-fields"))
    assert list(instruments.pairs) == ["ETH/USD", "DOT/EUR"]
    assert instruments.status("DOT/EUR") == "cancel_only"
    assert list(before.pairs) == ["BTC/USD", "MATIC/GBP"]


def test_an_update_changes_the_state_of_a_pair(instruments: Instruments) -> None:
    """Also to a word nobody knows yet."""
    frame = sample("instrument/snapshot").replace(b'"snapshot"', b'"update"').replace(b'"online"', b'"dozing"')
    message = decode(frame)
    assert isinstance(message, InstrumentMessage)
    instruments.apply(message)
    assert instruments.status("BTC/USD") == "dozing"


def test_nothing_is_known_before_the_first_message() -> None:
    """And it is said that nothing came."""
    empty = Instruments()
    assert not empty.ready
    assert repr(empty) == "<Instruments: 0 pairs, 0 assets>"
    with pytest.raises(UnknownSymbol):
        empty.precision("BTC/USD")


def test_what_is_handed_out_cannot_be_changed(instruments: Instruments) -> None:
    """Its mappings are read-only."""
    with pytest.raises(TypeError):
        instruments.pairs["X/Y"] = instruments.pair("BTC/USD")  # type: ignore[index]
    assert isinstance(instruments.now, InstrumentSnapshot)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("XBT/USD", "BTC/USD"),
        ("XBTUSD", "BTC/USD"),
        ("XDG/USD", "DOGE/USD"),
        ("ETH/XBT", "ETH/BTC"),
        ("btc/usd", "BTC/USD"),
        ("BTCUSD", "BTC/USD"),
        ("btc-usd", "BTC/USD"),
        ("BTC_EUR", "BTC/EUR"),
        ("BTC/USSD", "BTC/USD"),
        ("DOGE/USB", "DOGE/USD"),
    ],
)
def test_a_wrong_name_gets_the_right_one_in_answer(asked: str, meant: str) -> None:
    """Old names, other cases, missing or other separators, slips of the finger."""
    assert suggest(asked, SYMBOLS)[0] == meant


def test_an_unknown_symbol_is_an_error_with_suggestions(instruments: Instruments) -> None:
    """The sentence repeats what was asked."""
    with pytest.raises(UnknownSymbol, match=r"'XBT/USD' is not traded.*'BTC/USD'") as caught:
        instruments.pair("XBT/USD")
    assert caught.value.suggestions == ("BTC/USD",)


@pytest.mark.parametrize("asked", ["", "???", "QQQQQQ", "x" * 10_000])
def test_what_resembles_nothing_gets_no_suggestion(asked: str) -> None:
    """Better none than a wrong one, and in bounded time."""
    assert suggest(asked, SYMBOLS) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("btc", ["BTC/USD"]),
        ("XBT", ["BTC/USD"]),
        ("gbp", ["MATIC/GBP"]),
        ("BTC/", ["BTC/USD"]),
        ("zzz", []),
        ("", ["BTC/USD", "MATIC/GBP"]),
    ],
)
def test_pairs_are_searched_by_a_part_of_their_name(instruments: Instruments, text: str, found: list[str]) -> None:
    """Whatever the case, old names too."""
    assert [pair.symbol for pair in instruments.search(text)] == found
