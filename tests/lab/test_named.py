"""What an order method shows of its parameters is what its reader accepts."""

from __future__ import annotations

import inspect
from pathlib import Path

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


def test_completion_offers_what_is_for_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machinery is where it was, and is not in the way."""
    monkeypatch.setenv("KRAKEN_LAB_HOME", str(tmp_path))
    assert {name for name in dir(kl) if not name.startswith("__")} == {*kl.__all__} - {"__version__"}
    with kl.connect(new=True, seed=5) as lab:
        hidden = {"trader", "dispatcher", "give_again", "io", "lines", "now", "over", "views", "wait_for_instruments"}
        assert all(hasattr(lab, name) for name in hidden)
        assert not hidden & set(dir(lab))
        assert {"add_order", "book", "orders", "kill", "streams"} <= set(dir(lab))
        for table, shown in ((lab.book("BTC/USD"), {"mid", "df", "on"}), (lab.orders, {"df", "pl"})):
            assert not {"vitals", "pulse", "photograph", "order_by", "feeds", "books"} & set(dir(table))
            assert shown <= set(dir(table))
