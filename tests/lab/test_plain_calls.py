"""Calls whose arguments do not fit: what is said, and that nothing of the call was begun."""

from __future__ import annotations

import builtins
import inspect
import pydoc
from collections.abc import Callable
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import kraken_lab as kl
from kraken_lab.errors import BadArgument, BadCall, NoWidgets
from kraken_lab.lab.acting import Acting
from kraken_lab.trading import Order
from kraken_lab.trading.builders import propose_add
from tests.trading.wishes import a_wish, an_order, some_facts


class Idle(Acting):
    """An acting half that must not be asked for anything."""

    def _acting(self) -> Any:
        raise AssertionError("nothing was to be begun")


LAB: Any = Idle()
KL: Any = kl
"""Without its types, which would not let anybody call it so."""


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: LAB.buy("BTC/USD"), "lab.buy needs order_qty. It is called as lab.buy(symbol, order_qty, limit_pr"),
        (lambda: LAB.sell(), "lab.sell needs symbol and order_qty."),
        (lambda: LAB.buy("BTC/USD", orderqty=1), "lab.buy needs order_qty. Is orderqty meant to be order_qty?"),
        (lambda: LAB.add_order("BTC/USD"), "lab.add_order takes its arguments by name, and was given 1 without."),
        (
            lambda: LAB.amend_order(order_qty=1),
            "lab.amend_order needs order, or order_id or cl_ord_id. It is called as lab.amend_order(order, **",
        ),
        (lambda: LAB.edit_order(), "lab.edit_order needs order, or order_id or cl_ord_id."),
        (lambda: LAB.batch_add(), "lab.batch_add needs orders."),
        (lambda: LAB.cancel_order(), "lab.cancel_order needs order, or order_id or cl_ord_id."),
        (lambda: LAB.cancel_order("O1", "O2"), "lab.cancel_order takes 1 argument without a name, and was given 2"),
        (lambda: LAB.cancel_order("O1", order="O2"), "lab.cancel_order was given order twice."),
        (lambda: LAB.cancel_order("O1", order_id="O2"), "was given order and order_id: one of them says which order."),
        (lambda: LAB.cancel_order(orderid="O1"), "lab.cancel_order has no argument orderid. Did you mean order_id?"),
        (lambda: LAB.order(), "lab.order needs order, or order_id or cl_ord_id."),
        (lambda: LAB.batch_cancel(order=[]), "lab.batch_cancel has no argument order. Did you mean orders?"),
        (lambda: LAB.cancel_all_orders_after(), "lab.cancel_all_orders_after needs timeout."),
        (lambda: LAB.arm(max_order_notionl=1), "no argument max_order_notionl. Did you mean max_order_notional?"),
        (lambda: LAB.resume(), "lab.resume needs reason."),
        (lambda: LAB.ticket(), "lab.ticket needs symbol."),
        (lambda: LAB.cancel_all(scop="own"), "lab.cancel_all has no argument scop. Did you mean scope?"),
        (lambda: LAB.dead_man(of=True), "lab.dead_man has no argument of. It is called as lab.dead_man(on=True)."),
        (lambda: LAB.kill("now", "here"), "lab.kill takes 1 argument without a name, and was given 2 without."),
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


@pytest.mark.parametrize("orders", [None, 5, "O1", {"O1": 1}])
def test_what_is_no_list_of_orders_is_said_to_be_none(orders: object) -> None:
    """Of either kind: never as an error of Python's own."""
    with pytest.raises(BadArgument, match=r"orders=.* is not possible: use a list of mappings"):
        LAB.batch_add(orders, symbol="BTC/USD")
    with pytest.raises(BadArgument, match=r"orders=.* is not possible: use a list of orders or ids"):
        LAB.batch_cancel(orders)
    with pytest.raises(BadArgument, match=r"orders=\[5\] is not possible: use a list of mappings"):
        LAB.batch_add([5])


MISSPELT: list[tuple[Callable[[Any], object], str]] = [
    (lambda lab: lab.book("BTC/USD", dept=10), "lab.book has no argument dept. Did you mean depth?"),
    (
        lambda lab: lab.trades(symbol="BTC/USD"),
        "Give symbols without a name, before all others.",
    ),
    (
        lambda lab: lab.ohlc("BTC/USD", intervall=5),
        "Did you mean interval? It is called as lab.ohlc(*symbols,",
    ),
    (
        lambda lab: lab.ticker("BTC/USD", trigger="bbo"),
        "no argument trigger. Did you mean event_trigger?",
    ),
    (lambda lab: lab.level3("BTC/USD", dept=10), "Did you mean depth?"),
    (lambda lab: lab.executions(True), "lab.executions takes its arguments by name, and was given 1 without."),
    (lambda lab: lab.balances(timout=1), "Did you mean timeout?"),
    (lambda lab: lab.instruments("BTC"), "lab.instruments takes its arguments by name"),
    (lambda lab: lab.status(1), "lab.status takes no arguments, and was given 1. It is called as lab.status()."),
    (lambda lab: lab.equity(qote="USD"), "Did you mean quote?"),
    (lambda lab: lab.audit.records(lst=3), "lab.audit.records has no argument lst. Did you mean last?"),
    (
        lambda lab: lab.trades("BTC/USD").df(rows=3),
        "no argument rows. It is called as table.df(last=None,",
    ),
    (lambda lab: lab.trades("BTC/USD").pl(5, None, True), "table.pl takes 2 arguments without a name, and was given 3"),
    (lambda lab: lab.trades("BTC/USD").wait(row=1), "stream.wait has no argument row. Did you mean rows?"),
    (lambda lab: lab.trades("BTC/USD").on(), "stream.on needs callback."),
    (lambda lab: lab.trades("BTC/USD").chart(lst=9), "trades.chart has no argument lst. Did you mean last?"),
    (
        lambda lab: lab.ohlc("BTC/USD").chart(symbl="BTC/USD"),
        "candles.chart has no argument symbl. Did you",
    ),
    (lambda lab: lab.book("BTC/USD").heatmap(minute=3), "book.heatmap has no argument minute. Did you mean minutes?"),
    (lambda lab: lab.book("BTC/USD").depth_chart(level=3), "Did you mean levels?"),
    (lambda lab: lab.book("BTC/USD").ladder(level=3), "Did you mean levels?"),
    (lambda lab: lab.book("BTC/USD").walk("buy"), "book.walk needs qty."),
    (
        lambda lab: lab.book("BTC/USD").history.chart(minute=3),
        "book.history.chart has no argument minute. Did",
    ),
    (lambda lab: lab.book("BTC/USD").depth_chart().save(), "picture.save needs path."),
    (lambda lab: lab.instruments().search(), "lab.instruments().search needs text."),
    (lambda lab: lab.book("BTC/USD").snapshot().imbalance(level=3), "book.snapshot().imbalance has no argument level."),
    (lambda lab: lab.book("BTC/USD").snapshot().walk(qty=1), "book.snapshot().walk needs side."),
    (lambda lab: KL.connect(sed=7), "kl.connect has no argument sed. Did you mean seed?"),
    (lambda lab: KL.trades(symbol="BTC/USD"), "kl.trades has no argument symbol. Give symbols without a name"),
    (
        lambda lab: KL.Limits(max_ordr_notional="5"),
        "no argument max_ordr_notional. Did you mean max_order_no",
    ),
    (lambda lab: KL.Settings(ack_timout=1), "kl.Settings has no argument ack_timout. Did you mean ack_timeout?"),
    (lambda lab: KL.OrderSettings(5), "kl.OrderSettings takes its arguments by name, and was given 1 without."),
    (lambda lab: KL.schema(), "kl.schema needs channel."),
    (lambda lab: KL.explain(), "kl.explain needs subject."),
]


@pytest.mark.parametrize(("call", "said"), MISSPELT, ids=[said for _, said in MISSPELT])
def test_who_only_looks_is_told_the_name_that_was_meant(lab: kl.Lab, call: Callable[[Any], object], said: str) -> None:
    """As where one acts, without a word of sending; the error is the family's and Python's own kind at once."""
    with pytest.raises(BadCall) as caught:
        call(lab)
    assert said in str(caught.value)
    assert "sent" not in str(caught.value)
    assert isinstance(caught.value, TypeError)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_a_proposal_and_an_order_are_as_plain_as_the_lab() -> None:
    """A confirmation that does not fit sends nothing, and says so."""
    wish: Any = propose_add(a_wish(), some_facts())
    order: Any = Order(an_order())
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: wish.confirm(agian=True), "proposal.confirm has no argument agian. Did you mean again?"),
        (lambda: wish.corrected(0, 1), "proposal.corrected takes 1 argument without a name, and was given 2 without."),
        (lambda: order.wait(timout=1), "order.wait has no argument timout. Did you mean timeout?"),
        (lambda: order.amend("0.5"), "order.amend takes its arguments by name, and was given 1 without."),
        (lambda: order.cancel("now"), "order.cancel takes no arguments, and was given 1."),
    ]
    for call, said in calls:
        with pytest.raises(BadCall, match=r"Nothing was sent\.$") as caught:
            call()
        assert said in str(caught.value)


WRONG_KIND: list[tuple[Callable[[Any], object], str]] = [
    (lambda lab: lab.trades("BTC/USD", snapshot=[1]), r"snapshot=\[1\].*True or False"),
    (lambda lab: lab.book("BTC/USD", wait="no"), "wait='no'.*True or False"),
    (lambda lab: lab.instruments(wait=None), "wait=None.*True or False"),
    (lambda lab: lab.trades("BTC/USD").df(exact="yes"), "exact='yes'.*True or False"),
    (lambda lab: lab.trades("BTC/USD").chart().snapshot(theme="x"), "theme='x'.*'dark' or 'light'"),
    (lambda lab: lab.book("BTC/USD")[["BTC/USD"]], "symbol=.*use BTC/USD"),
    (lambda lab: lab.equity(3), "quote=3.*'USD'"),
    (lambda lab: KL.connect(new="yes"), "new='yes'.*True or False"),
    (lambda lab: KL.connect(at={}), "at={}.*JSON line"),
]


@pytest.mark.parametrize(("call", "said"), WRONG_KIND, ids=[said for _, said in WRONG_KIND])
def test_a_value_of_another_kind_is_refused_with_what_would_be_one(
    lab: kl.Lab, call: Callable[[Any], object], said: str
) -> None:
    """A flag is no flag because it is not empty, and nothing of it is Python's own TypeError."""
    with pytest.raises(BadArgument, match=said):
        call(lab)


def test_signatures_stay_visible(lab: kl.Lab) -> None:
    """For `help`, for `inspect`, and for the tab key, whether it looks at the object or at its source."""
    assert list(inspect.signature(lab.book).parameters) == ["symbols", "depth", "wait", "timeout"]
    assert "seed: 'int' = 7" in str(inspect.signature(kl.connect))
    assert next(iter(inspect.signature(kl.Limits).parameters)) == "max_order_notional"
    assert "depth" in pydoc.plain(pydoc.render_doc(lab.book))
    assert "def book(" in inspect.getsource(lab.book)
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    shell.user_ns.update(lab=lab, kl=kl)
    for line, offered in (
        ('lab.book("BTC/USD", dep', "depth="),
        ("kl.connect(see", "seed="),
        ("kl.Limits(max_day", "max_day_notional="),
    ):
        for by_source in (False, True):
            shell.Completer.use_jedi = by_source
            with provisionalcompleter():
                assert offered in [found.text for found in shell.Completer.completions(line, len(line))], line


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
