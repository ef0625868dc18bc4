"""Calls whose arguments do not fit: what is said, and that nothing of the call was begun."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import pytest

import kraken_lab as kl
from kraken_lab.errors import BadArgument, BadCall, NoWidgets
from kraken_lab.lab.acting import Acting


class Idle(Acting):
    """An acting half that must not be asked for anything."""

    def _acting(self) -> Any:
        raise AssertionError("nothing was to be begun")


LAB: Any = Idle()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: LAB.buy("BTC/USD"), "lab.buy needs order_qty. It is called as lab.buy(symbol, order_qty, limit_pr"),
        (lambda: LAB.sell(), "lab.sell needs symbol and order_qty."),
        (lambda: LAB.buy("BTC/USD", orderqty=1), "lab.buy needs order_qty. Is orderqty meant to be order_qty?"),
        (lambda: LAB.add_order("BTC/USD"), "lab.add_order takes its arguments by name, and was given 1 without."),
        (
            lambda: LAB.amend_order(order_qty=1),
            "lab.amend_order needs order. It is called as lab.amend_order(order, **",
        ),
        (lambda: LAB.edit_order(), "lab.edit_order needs order."),
        (lambda: LAB.batch_add(), "lab.batch_add needs orders."),
        (lambda: LAB.cancel_order(), "lab.cancel_order needs order."),
        (lambda: LAB.cancel_order("O1", "O2"), "lab.cancel_order takes 1 argument without a name, and was given 2"),
        (lambda: LAB.cancel_order("O1", order="O2"), "lab.cancel_order was given order twice."),
        (lambda: LAB.batch_cancel(order=[]), "lab.batch_cancel has no argument order. Did you mean orders?"),
        (lambda: LAB.cancel_all_orders_after(), "lab.cancel_all_orders_after needs timeout."),
        (lambda: LAB.arm(max_order_notionl=1), "no argument max_order_notionl. Did you mean max_order_notional?"),
        (lambda: LAB.resume(), "lab.resume needs reason."),
        (lambda: LAB.ticket(), "lab.ticket needs symbol."),
    ],
)
def test_arguments_that_do_not_fit_are_said_in_words(call: Callable[[], object], said: str) -> None:
    """What is needed or unknown, the name that was meant, how it is called, and that nothing was sent."""
    with pytest.raises(BadCall) as caught:
        call()
    assert said in str(caught.value)
    assert str(caught.value).endswith("Nothing was sent.")
    assert isinstance(caught.value, BadArgument | TypeError)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("make", "instead"), [("ticket", "lab.add_order(...).confirm()"), ("blotter", "lab.orders")])
def test_without_a_widget_library_it_says_what_to_do(make: str, instead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing by name, how to get it, and what does the same without it."""
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if f"views.{make}" in name:
            raise ModuleNotFoundError("No module named 'anywidget'", name="anywidget")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NoWidgets, match="needs anywidget, which is not installed") as caught:
        getattr(LAB, make)(*["BTC/USD"] * (make == "ticket"))
    assert "pip install ipywidgets anywidget" in str(caught.value)
    assert instead in str(caught.value)


@pytest.mark.parametrize("text", ["1,5", "1,000", " -2,5 "])
def test_a_number_with_a_comma_is_told_how_numbers_are_written(text: str) -> None:
    """Wherever it was given, also where one only looks; other texts are not."""
    assert str(BadArgument("interval", text, "minutes")).endswith(
        "Decimals begin with a point, and thousands are not separated."
    )
    assert "Decimals" not in str(BadArgument("symbol", "BTC,USD", "a pair"))
    with pytest.raises(kl.BadArgument, match="Decimals begin with a point"):
        kl.Settings(ack_timeout=text)  # type: ignore[arg-type]
