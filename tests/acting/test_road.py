"""One confirmed order goes once, rests, changes, fills and ends, in both of the exchange's and our own eyes."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_lab.errors import ConfirmationVoid
from tests.dealing import Kernel, dealing
from tests.virtual import DEEP


@pytest.mark.promise("O-01")
@pytest.mark.promise("A-05")
def test_an_order_is_sent_once_and_is_what_was_confirmed(tmp_path: Path) -> None:
    """One frame, whose parameters are those of the proposal and the fresh id, deadline and token."""

    async def story(kernel: Kernel) -> None:
        proposal = kernel.propose(limit_price="50000.1", order_qty="0.0123", post_only=True)
        (order,) = kernel.confirm(proposal)
        await kernel.until(lambda: str(order.state) == "OPEN")
        (frame,) = kernel.frames
        params = json.loads(frame, parse_float=Decimal)["params"]
        assert {name: params[name] for name in params if name not in ("token", "deadline", "cl_ord_id")} == {
            "order_type": "limit",
            "side": "buy",
            "order_qty": Decimal("0.0123"),
            "limit_price": Decimal("50000.1"),
            "post_only": True,
            "symbol": "BTC/USD",
        }
        (theirs,) = kernel.world.exchange.trading.open_orders
        assert theirs.order_id == order.order_id

    dealing(story, tmp_path)


@pytest.mark.promise("O-08")
def test_preview_and_fills_agree_exactly_while_the_market_stands_still(tmp_path: Path) -> None:
    """Average price, fee and balances are what the preview said, to the last digit."""

    async def story(kernel: Kernel) -> None:
        proposal = kernel.propose(order_type="market", order_qty="0.75")
        preview = proposal.preview
        assert preview is not None
        (order,) = kernel.confirm(proposal)
        await kernel.until(lambda: str(order.state) == "FILLED")
        assert [(fill.price, fill.qty) for fill in order.fills] == list(preview.fills)
        assert sum((fill.fee or Decimal(0) for fill in order.fills), Decimal(0)) == preview.fee
        await kernel.until(lambda: kernel.known.balances["BTC"] == preview.balances_after["BTC"])
        assert kernel.known.balances["USD"] == preview.balances_after["USD"]

    # Where a book is deep, its best prices are one order each: a preview sees levels, fills are of orders.
    dealing(story, tmp_path, levels=DEEP)


def test_an_amendment_keeps_the_order_and_a_cancel_ends_it(tmp_path: Path) -> None:
    """The same ids, another quantity; then CANCELED, which the exchange says too."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        name = order.order_id
        kernel.confirm(kernel.amend(order, order_qty="0.005"))
        await kernel.until(lambda: order.record.order_qty == Decimal("0.005"))
        assert order.order_id == name
        kernel.cancel(order)
        await kernel.until(lambda: str(order.state) == "CANCELED")
        assert kernel.world.exchange.trading.open_orders == ()

    dealing(story, tmp_path)


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-13")
def test_a_kill_ends_everything_and_outlives_the_kernel(tmp_path: Path) -> None:
    """Cancelled and said so; the next kernel on the same folder is halted and sends nothing."""

    async def story(kernel: Kernel) -> None:
        orders = [await kernel.open(order_qty=qty) for qty in ("0.01", "0.02", "0.03")]
        kernel.dealer.kill("enough")
        await kernel.until(lambda: kernel.known.kill.complete, within=10.0)
        assert {each.order for each in kernel.known.kill.cancelled} == {order.order_id for order in orders}
        await kernel.killed()
        frames = len(kernel.frames)
        another = Kernel(kernel.world, tmp_path, pid=2)
        await another.ready()
        refused = another.propose()
        assert not refused.ok
        assert "HALTED" in refused.mode_words
        assert len(another.frames) == frames

    dealing(story, tmp_path)


@pytest.mark.promise("O-14")
def test_a_new_kernel_knows_the_orders_of_the_one_before(tmp_path: Path) -> None:
    """An order that was open is found open, under its own ids, and is not external."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        await kernel.killed()
        another = Kernel(kernel.world, tmp_path, pid=2)
        await another.ready()
        (found,) = another.known.open
        assert (found.order_id, found.cl_ord_id, found.external) == (order.order_id, order.cl_ord_id, False)

    dealing(story, tmp_path)


@pytest.mark.promise("A-04")
def test_live_wants_its_code_and_then_sends_once(tmp_path: Path) -> None:
    """Armed and confirmed with the code that this kernel showed."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        assert len(kernel.frames) == 1
        assert order.record.external is False

    dealing(story, tmp_path, mode="live")


def test_a_market_order_has_no_limit_price(tmp_path: Path) -> None:
    """The exchange tells 0 for it, which is nobody's price."""

    async def story(kernel: Kernel) -> None:
        order = kernel.place(order_type="market")
        await kernel.until(lambda: str(order.state) == "FILLED")
        assert order.record.limit_price is None
        assert "at 0" not in repr(order).partition("filled")[0]

    dealing(story, tmp_path)


@pytest.mark.promise("A-05")
@pytest.mark.promise("A-06")
def test_an_amendment_of_an_order_that_has_changed_since_is_void(tmp_path: Path) -> None:
    """Its card showed another order: one that is made of what there is now goes."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        first, second = kernel.amend(order, order_qty="0.02"), kernel.amend(order, order_qty="0.03")
        kernel.confirm(first)
        await kernel.until(lambda: order.record.order_qty == Decimal("0.02"))
        frames = len(kernel.frames)
        with pytest.raises(ConfirmationVoid, match="changed since"):
            kernel.confirm(second)
        assert len(kernel.frames) == frames
        kernel.confirm(kernel.amend(order, order_qty="0.03"))
        await kernel.until(lambda: order.record.order_qty == Decimal("0.03"))

    dealing(story, tmp_path)
