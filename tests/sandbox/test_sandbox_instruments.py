"""The sandbox's listing has every shape that a client must cope with, and its numbers are exact."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.instruments import ASSETS, PAIRS
from kraken_lab.sandbox.numbers import decimal, divided, scaled, written
from kraken_lab.sandbox.profiles import profile


def test_the_listing_has_every_shape_of_the_simulator_checklist() -> None:
    """One- and eight-decimal prices, short quantities, a coarse price step, each special status, no margin."""
    assert any(pair.price_precision == 1 for pair in PAIRS)
    assert any(pair.price_precision == 8 for pair in PAIRS)
    assert any(0 < pair.qty_precision < 8 for pair in PAIRS)
    assert any(pair.qty_precision == 0 for pair in PAIRS)
    assert any(pair.price_increment > 1 for pair in PAIRS)
    assert {"online", "cancel_only", "post_only"} <= {pair.status for pair in PAIRS}
    assert any(not pair.marginable for pair in PAIRS)


def test_every_pair_trades_listed_assets_and_has_a_market() -> None:
    """Base and quote are in the listing, and a profile says how the pair trades."""
    ids = {asset.id for asset in ASSETS}
    for pair in PAIRS:
        assert {pair.base, pair.quote} <= ids
        assert pair.symbol == f"{pair.base}/{pair.quote}"
        assert profile(pair.symbol).levels > 0


def test_names_do_not_repeat() -> None:
    """Symbols, REST names and asset ids are keys."""
    for names in (
        [pair.symbol for pair in PAIRS],
        [pair.rest_name for pair in PAIRS],
        [asset.id for asset in ASSETS],
        [asset.rest_name for asset in ASSETS],
    ):
        assert len(set(names)) == len(names)


def test_rest_still_spells_bitcoin_and_dogecoin_its_own_way() -> None:
    """The old spellings are in the REST and version 1 names only."""
    names = {pair.symbol: (pair.rest_name, pair.altname, pair.wsname) for pair in PAIRS}
    assert names["BTC/USD"] == ("XXBTZUSD", "XBTUSD", "XBT/USD")
    assert names["DOGE/USD"] == ("XDGUSD", "XDGUSD", "XDG/USD")


def test_margin_figures_come_all_or_none() -> None:
    """A pair without margin has no initial margin, no limits and no leverage; an asset without a rate is not lent."""
    for pair in PAIRS:
        present = {pair.margin_initial is not None, pair.position_limit_long is not None, bool(pair.leverages)}
        assert present == {pair.marginable}
    for asset in ASSETS:
        assert asset.borrowable == (asset.margin_rate is not None)


def test_a_pair_without_a_profile_is_refused_by_name() -> None:
    """The error names the pair and those that can be played."""
    with pytest.raises(SandboxError, match="no market for BTC/XYZ; it plays BTC/USD"):
        profile("BTC/XYZ")


@settings(max_examples=100)
@given(st.integers(-(10**30), 10**30), st.integers(0, 10))
def test_written_digits_read_back_exactly(value: int, precision: int) -> None:
    """Writing and scaling are inverses, with all decimals and no exponent."""
    text = written(value, precision)
    assert scaled(text, precision) == value
    assert "e" not in text.lower()
    assert len(text.partition(".")[2]) == precision
    assert decimal(value, precision) == Decimal(text)


@pytest.mark.parametrize("bad", ["1.23", "NaN", "Infinity", "many", "", "1E+999999999", "1E-999999999"])
def test_what_is_not_on_the_scale_is_refused(bad: str) -> None:
    """Too many decimals, no number, and a number meant to fill the memory."""
    with pytest.raises(SandboxError):
        scaled(bad, 1)


@settings(max_examples=100)
@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_division_rounds_as_decimal_does(numerator: int, denominator: int) -> None:
    """To the nearest integer, ties to even, against exact fractions."""
    twice = 2 * (numerator - divided(numerator, denominator) * denominator)
    assert abs(twice) <= denominator
    if abs(twice) == denominator:
        assert divided(numerator, denominator) % 2 == 0
