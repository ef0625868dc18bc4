"""The order in a user's hand: what can be waited for, and what is said when it cannot come."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from kraken_lab.errors import BadArgument, NotReady, OrderEnded, OrderRefused, OrderRejected
from kraken_lab.trading.order import Order
from kraken_lab.trading.states import FillRecord, OrderEvent, OrderRecord, OrderState

from .line import D, Line, report


def an_order(state: OrderState = OrderState.OPEN, **fields: Any) -> Order:
    """An order as a user holds it, without an account."""
    record = OrderRecord(
        state=OrderState.OPEN, order_id="O1", cl_ord_id="a", symbol="BTC/USD", side="buy", order_type="limit",
        order_qty=D(1), limit_price=D(100), created_ns=0, updated_ns=0,
    )  # fmt: skip
    return Order(replace(record, state=state, **fields))


def become(order: Order, state: OrderState, **fields: Any) -> None:
    """What the account does when it learns something."""
    order.show(replace(order.record, state=state, **fields), order.fills, order.timeline)


@pytest.mark.parametrize(
    ("state", "reached"),
    [
        (OrderState.CONFIRMED, set()),
        (OrderState.IN_FLIGHT, {"sent"}),
        (OrderState.UNKNOWN, {"sent", "answered"}),
        (OrderState.PENDING_NEW, {"sent", "answered"}),
        (OrderState.OPEN, {"sent", "answered", "open"}),
        (OrderState.FILLED, {"sent", "answered", "open", "filled", "done"}),
        (OrderState.CANCELED, {"sent", "answered", "done"}),
    ],
)
def test_what_is_reached_returns_at_once(state: OrderState, reached: set[str]) -> None:
    """And what is not runs out, or can never come."""
    order = an_order(state)
    for name in ("sent", "answered", "open", "filled", "done"):
        if name in reached:
            assert order.wait(name, timeout=0) is order
        else:
            with pytest.raises(OrderEnded if order.is_terminal else NotReady):
                order.wait(name, timeout=0)


def test_a_wait_that_runs_out_says_for_what_and_how_it_is_now() -> None:
    """The order goes on."""
    with pytest.raises(NotReady, match=r"buy 1 BTC/USD limit at 100 to be filled \(now OPEN\)"):
        an_order().wait("filled", timeout=0)


def test_what_cannot_come_any_more_is_said_in_the_exchanges_words() -> None:
    """Stopped here, rejected there, or ended otherwise."""
    with pytest.raises(OrderRefused, match="collar"):
        an_order(OrderState.REFUSED, error="beyond the collar").wait("open")
    with pytest.raises(OrderRejected, match="EOrder:Insufficient funds"):
        an_order(OrderState.REJECTED, error="EOrder:Insufficient funds").wait("open")
    with pytest.raises(OrderEnded, match=r"CANCELED \(Post only order\), so it cannot be open"):
        an_order(OrderState.CANCELED, reason="Post only order").wait("open")
    assert an_order(OrderState.REJECTED).wait("done").state == "REJECTED"


@pytest.mark.parametrize("until", ["fulfilled", 3, None])
def test_what_cannot_be_meant_is_refused(until: Any) -> None:
    """With the words that there are."""
    with pytest.raises(BadArgument, match="answered"):
        an_order().wait(until)
    with pytest.raises(BadArgument, match="timeout"):
        an_order().wait("done", timeout=-1)


def test_another_threads_change_wakes_the_wait() -> None:
    """The cell sleeps until the account's thread has news."""
    order = an_order()
    waiting = threading.Event()
    order.watch(lambda: None)

    def until(that: Order) -> bool:
        waiting.set()
        return that.filled == 1

    def change() -> None:
        assert waiting.wait(5)
        become(order, OrderState.PARTIAL, filled_qty=D("0.5"))
        become(order, OrderState.FILLED, filled_qty=D(1))

    other = threading.Thread(target=change)
    other.start()
    assert order.wait(until, timeout=5).state == "FILLED"
    other.join()


def test_awaiting_it_waits_for_its_end() -> None:
    """In the caller's own loop; already ended it returns at once."""
    order = an_order()

    async def use() -> Order:
        asyncio.get_running_loop().call_soon(become, order, OrderState.PARTIAL)
        asyncio.get_running_loop().call_soon(become, order, OrderState.CANCELED)
        return await order

    assert asyncio.run(use()) is order
    assert asyncio.run(use()).state == "CANCELED"


def test_nothing_is_left_behind_by_waiting() -> None:
    """A thousand waits leave no watcher."""
    order = an_order()
    for _ in range(20):
        with pytest.raises(NotReady):
            order.wait("filled", timeout=0)
    assert len(order._watchers) == 0
    told: list[str] = []
    remove = order.watch(lambda: told.append(str(order.state)))
    become(order, OrderState.PARTIAL)
    remove()
    become(order, OrderState.FILLED)
    assert told == ["PARTIAL"]


def test_cancelling_and_amending_go_through_the_lab() -> None:
    """An order of no open lab cannot act."""

    class Lab:
        views: Any = None

        def cancel_order(self, order: Order) -> object:
            asked.append(("cancel", order, {}))
            return order

        def amend_order(self, order: Order, **changes: Any) -> Any:
            asked.append(("amend", order, changes))
            return "a proposal"

    asked: list[tuple[str, Order, dict[str, Any]]] = []
    order = Order(an_order().record, Lab())
    assert order.cancel() is order
    assert order.amend(limit_price="101") == "a proposal"
    assert asked == [("cancel", order, {}), ("amend", order, {"limit_price": "101"})]
    with pytest.raises(OrderRefused, match="no open lab"):
        an_order().cancel()


def test_it_looks_as_the_views_make_it() -> None:
    """Without a lab it has its text."""

    class Views:
        def order(self, record: OrderRecord, fills: tuple[FillRecord, ...], timeline: tuple[OrderEvent, ...]) -> str:
            return f"<b>{record.state}</b>"

    class Lab:
        views = Views()

        def cancel_order(self, order: Order) -> object:
            return None

        def amend_order(self, order: Order, **changes: Any) -> Any:
            return None

    assert Order(an_order().record, Lab())._repr_html_() == "<b>OPEN</b>"
    assert an_order()._repr_html_() is None


@pytest.mark.promise("O-08")
def test_its_text_says_what_matters() -> None:
    """State, terms, fills, an amendment in doubt, marks, ids and when."""
    order = an_order(
        OrderState.PARTIAL, filled_qty=D("0.5"), avg_price=D("99.5"), amend="UNKNOWN",
        amending=(("limit_price", D(101)),), unverified=True,
    )  # fmt: skip
    assert repr(order) == (
        "<Order PARTIAL: buy 1 BTC/USD limit at 100, filled 0.5 at 99.5, amend UNKNOWN (limit_price=101), unverified, "
        "O1, 1970-01-01T00:00:00.000Z>"
    )


def test_an_average_is_read_in_the_digits_of_its_prices() -> None:
    """One more than they have, and marked; the value has all of them."""
    exact = D("99.53333333333333333333333333")
    order = an_order(OrderState.PARTIAL, filled_qty=D("0.5"), avg_price=exact, limit_price=D("99.6"))
    assert "filled 0.5 at ≈99.53, O1" in repr(order)
    assert "avg_price=≈99.53333333, " in repr(order.record)
    assert order.avg_price == exact


def test_the_account_hands_out_one_object_for_one_order() -> None:
    """Whoever asks for it, and it changes in every hand."""
    line = Line().open()
    order = line.placed("O1")
    assert line.account.find("O1") is order
    assert line.account.find(order.cl_ord_id or "") is order
    line.hear(line.fill("O1", "T1", "1", "1"), report("O1", "filled", cum_qty="1"))
    assert order.wait("filled", timeout=0).remaining == 0
    assert [event.what for event in order.timeline] == [
        "confirmed", "sent", "accepted as O1", "new", "filled 1 at 100", "filled",
    ]  # fmt: skip
    assert [str(event.state) for event in order.timeline[-3:]] == ["OPEN", "None", "FILLED"]
    last = str(order.timeline).splitlines()[-1].split()
    assert last[-2:] == ["FILLED", "filled"]
