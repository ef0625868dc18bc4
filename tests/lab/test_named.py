"""What an order method shows of its parameters is what its reader accepts."""

from __future__ import annotations

import inspect

import pytest

import kraken_lab as kl
from kraken_lab.trading.terms import AMENDED, EDITED, TERMS, read_add

NAMED = {"order", "order_id", "cl_ord_id"}


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("add_order", {"symbol", *TERMS}),
        ("buy", {"symbol", *TERMS} - {"side"}),
        ("sell", {"symbol", *TERMS} - {"side"}),
        ("amend_order", {*NAMED, *AMENDED}),
        ("edit_order", {*NAMED, *EDITED}),
        ("ticket", {"symbol", *TERMS}),
    ],
)
def test_the_signature_has_the_names_that_are_accepted(method: str, names: set[str]) -> None:
    """Completion and help() read it; each has a type."""
    parameters = dict(inspect.signature(getattr(kl.Lab, method)).parameters)
    del parameters["self"]
    assert parameters.keys() == names
    assert all(each.annotation is not each.empty for each in parameters.values())


def test_amount_is_told_to_be_order_qty() -> None:
    """What other libraries call it."""
    told = [problem.said for problem in read_add({"symbol": "BTC/USD", "amount": "1"}).problems]
    assert "amount is not a parameter of this API: use order_qty." in told
