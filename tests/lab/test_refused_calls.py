"""What a book cannot answer it refuses, in a sentence that can be read."""

from __future__ import annotations

import pytest

import kraken_lab as kl
from kraken_lab.errors import BadArgument


@pytest.mark.parametrize(
    "value", [range(10), "x" * 300, list(range(500)), type("Long", (), {"__repr__": lambda _: "a\nb" * 200})()]
)
def test_a_value_in_a_sentence_is_no_longer_than_one_reads(value: object) -> None:
    """The beginning of it on one line; the error has the whole."""
    error = BadArgument("trades", value, "True or False")
    assert len(str(error)) < 260
    assert "\n" not in str(error)
    assert str(error).endswith("is not possible: use True or False.")
    assert error.value is value


def test_another_pairs_trades_are_refused_by_name() -> None:
    """Not with the whole table of them."""
    with kl.connect(new=True) as lab:
        book, trades = lab.book("BTC/USD"), lab.trades("ETH/USD")
        with pytest.raises(BadArgument, match=r"^trades='trades ETH/USD' is not possible: use True, False or a trade"):
            book.heatmap(trades=trades)


def test_imbalance_is_not_of_more_levels_than_are_subscribed() -> None:
    """Ten levels a side do not answer for a thousand."""
    with kl.connect(new=True) as lab:
        book = lab.book("BTC/USD", depth=10)
        assert -1 <= book.imbalance(levels=10) <= 1
        with pytest.raises(BadArgument, match=r"levels=11 .*at most 10.*lab\.book\('BTC/USD', depth=\.\.\.\)"):
            book.imbalance(levels=11)
        with pytest.raises(BadArgument, match=r"levels=0 "):
            book.imbalance(levels=0)
