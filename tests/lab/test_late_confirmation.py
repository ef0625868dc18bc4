"""A proposal that is confirmed long after it was made."""

from __future__ import annotations

import pytest

import kraken_lab as kl


@pytest.mark.promise("A-09")
def test_a_book_that_was_given_back_is_there_again_for_the_confirmation(lab: kl.Lab) -> None:
    """The order is judged by the market of now, and not refused because nobody looked at it meanwhile."""
    wish = lab.buy("ETH/USD", "0.01", "1000")
    assert lab.trader is not None
    references = lab.trader.dealer.gatherer.references
    lab.call(lambda: references.sweep((), float("inf")))
    assert references.get("ETH/USD") is None
    order = wish.confirm()
    assert order.wait("open").cancel().wait("done").state == "CANCELED"
