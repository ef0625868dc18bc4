"""States of the exchange and of a pair, announced maintenance, and tokens: what may leave, and what waits."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from kraken_lab.errors import OrderRefused
from kraken_lab.sandbox.instruments import PairStatus
from kraken_lab.streams.executions_feed import ExecutionsFeed
from kraken_lab.trading import Order, Proposal
from tests.acting.invariants import TWO, parameters, passed, tried
from tests.dealing import Kernel


def refuses(kernel: Kernel, proposal: Proposal, word: str) -> None:
    """The proposal says no for that state of the exchange or the pair, and confirming it is refused with the reason."""
    (said,) = [found.said for found in proposal.refusals if found.name == "status"]
    assert word in said
    with pytest.raises(OrderRefused, match=word):
        kernel.confirm(proposal)


async def told(kernel: Kernel, system: str) -> None:
    """Until the account has heard of that state."""
    await kernel.until(lambda: kernel.known.system == system, within=2.0)


async def sent_and_ended(kernel: Kernel, order: Order, end: str = "CANCELED") -> None:
    """Cancel, and see it end."""
    kernel.cancel(order)
    await kernel.until(lambda: str(order.state) == end, within=90.0)


@pytest.mark.fault("F-026")
@pytest.mark.promise("A-10", "S-18")
def test_maintenance_stops_orders_and_amendments_and_a_cancel_is_sent_all_the_same(tmp_path: Path) -> None:
    """0 frames; who cancels is told that it may be refused; back online nothing is trusted before it came anew."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        faults.status("maintenance")
        await told(kernel, "maintenance")
        refuses(kernel, kernel.propose(order_qty="0.02"), "maintenance")
        refuses(kernel, kernel.amend(order, order_qty="0.02"), "maintenance")
        kernel.cancel(order)
        await passed(0.5)
        assert sum('"cancel_order"' in text for text in kernel.world.sent) == 1
        assert any("maintenance" in event.what and "may be refused" in event.what for event in order.timeline)
        (feed,) = [feed for feed in kernel.desk.feeds if isinstance(feed, ExecutionsFeed)]
        epochs, snapshots = feed.epoch, _snapshots(kernel)
        seen: list[tuple[str | None, bool]] = []
        kernel.account.watchers = (
            *kernel.account.watchers,
            lambda: seen.append((kernel.known.system, kernel.known.reconciled)),
        )
        faults.status("online")
        await told(kernel, "online")
        await kernel.ready()
        assert list(dict.fromkeys(seen))[-2:] == [("online", False), ("online", True)]
        assert (feed.epoch, _snapshots(kernel)) == (epochs + 1, snapshots + 1)
        await kernel.until(lambda: order.state == "CANCELED", within=90.0)
        assert len(kernel.frames) == 1
        await kernel.open(order_qty="0.02")

    tried(story, tmp_path)


def _snapshots(kernel: Kernel) -> int:
    records = kernel.audit.records()
    return sum(record["kind"] == "executions" and record["type"] == "snapshot" for record in records)


@pytest.mark.fault("F-027")
@pytest.mark.promise("A-10")
def test_cancel_only_takes_cancels_only(tmp_path: Path) -> None:
    """Add, batch and amend are refused here, with 0 frames; the cancel works."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        kernel.world.exchange.faults.status("cancel_only")
        await told(kernel, "cancel_only")
        refuses(kernel, kernel.propose(order_qty="0.02", post_only=True), "cancel_only")
        refuses(kernel, kernel.amend(order, order_qty="0.005"), "cancel_only")
        legs = [{"side": "buy", "order_type": "limit", "order_qty": "0.01", "limit_price": "100"}] * 2
        refuses(kernel, kernel.batch(legs), "cancel_only")
        await sent_and_ended(kernel, order)
        assert len(kernel.frames) == 1

    tried(story, tmp_path)


@pytest.mark.fault("F-028")
@pytest.mark.promise("A-10")
def test_post_only_takes_post_only_limit_orders_only(tmp_path: Path) -> None:
    """A plain limit order and a market order are refused; one that only posts is taken by the exchange too."""

    async def story(kernel: Kernel) -> None:
        kernel.world.exchange.faults.status("post_only")
        await told(kernel, "post_only")
        refuses(kernel, kernel.propose(), "post_only")
        refuses(kernel, kernel.propose(order_type="market"), "post_only")
        await kernel.open(post_only=True)
        assert len(kernel.frames) == 1

    tried(story, tmp_path)


@pytest.mark.fault("F-029")
@pytest.mark.promise("A-06", "A-10")
@pytest.mark.parametrize("what", ["cancel_only", "post_only", "pair"])
def test_a_status_that_changes_between_confirming_and_sending_voids_the_confirmation(what: str, tmp_path: Path) -> None:
    """The disk takes its time over the intent; meanwhile the status changes: REFUSED with the reason, 0 frames."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        kernel.disk.delay = 0.5
        order = kernel.place(post_only=True)
        await passed(0.1)
        assert order.state == "CONFIRMED"
        if what == "pair":
            faults.pair_status("BTC/USD", "limit_only")
        elif what == "post_only":
            faults.status("post_only")
        else:
            faults.status("cancel_only")
        await kernel.until(lambda: order.is_terminal, within=5.0)
        assert order.state == "REFUSED"
        assert "status changed" in order.record.error
        assert kernel.frames == []

    tried(story, tmp_path)


@pytest.mark.fault("F-030")
@pytest.mark.promise("A-10")
@pytest.mark.parametrize(
    "status", ["reduce_only", "delisted", "work_in_progress", "maintenance", "cancel_only", "post_only", "limit_only"]
)
def test_a_pairs_own_state_stops_its_orders_and_no_other_pairs(status: PairStatus, tmp_path: Path) -> None:
    """A market order of the pair is refused with the state; its book and orders stay, a cancel goes, ETH/USD trades."""

    async def story(kernel: Kernel) -> None:
        await kernel.ready("ETH/USD")
        order = await kernel.open()
        kernel.world.exchange.faults.pair_status("BTC/USD", status)
        await kernel.until(lambda: _pair_status(kernel) == status)
        refuses(kernel, kernel.propose(order_type="market"), status)
        assert order in kernel.account.orders
        assert str(kernel.dealer.facts("BTC/USD").book_state) == "LIVE"
        await kernel.open(symbol="ETH/USD", order_qty="0.1", limit_price="1000")
        await sent_and_ended(kernel, order, "OPEN" if status in SHUT else "CANCELED")
        assert len(kernel.frames) == 2

    tried(story, tmp_path, pairs=TWO)


SHUT = {"maintenance", "delisted", "work_in_progress"}
"""States in which the exchange takes no cancel either: it is sent, and the order is shown as it is."""


def _pair_status(kernel: Kernel) -> str | None:
    pair = kernel.dealer.facts("BTC/USD").pair
    return None if pair is None else pair.status


@pytest.mark.fault("F-031")
@pytest.mark.promise("A-14", "S-18")
def test_the_dead_mans_switch_is_off_before_announced_maintenance_begins(tmp_path: Path) -> None:
    """It would fire when the engine is back: set to 0 in time, acknowledged, and the audit log says why."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        kernel.dealer.switch(True)
        await kernel.until(lambda: str(kernel.known.dead_man.state) == "ON")
        kernel.world.exchange.faults.announce(150.0)
        await passed(20.0)
        assert str(kernel.known.dead_man.state) == "ON"
        await kernel.until(lambda: str(kernel.known.dead_man.state) == "OFF", within=15.0)
        assert "maintenance" in kernel.known.dead_man.why
        settings = [text for text in kernel.world.sent if '"cancel_all_orders_after"' in text]
        assert parameters(settings, "timeout")[-2:] == [60, 0]
        (off,) = [record for record in kernel.audit.records() if record["kind"] == "dead_man" and not record["on"]]
        assert "maintenance" in str(off["why"])
        await passed(130.0)
        assert order.state == "OPEN"
        assert order.record.order_qty == Decimal("0.01")

    tried(story, tmp_path)


@pytest.mark.fault("F-036")
@pytest.mark.promise("S-20", "O-15")
def test_a_token_that_has_expired_is_fetched_anew_and_the_account_goes_on(tmp_path: Path) -> None:
    """One more fetch and nothing for a person to do: orders are known again, and the next one goes."""

    async def story(kernel: Kernel) -> None:
        world = kernel.world
        order = await kernel.open()
        before = world.fetches
        world.exchange.faults.token(reject=1)
        world.exchange.faults.reset("private")
        await kernel.until(lambda: kernel.known.connection is None)
        await kernel.until(lambda: kernel.account.reconciled)
        assert world.fetches == before + 2  # one for the new connection, and one for the refusal
        assert order.state == "OPEN"
        await kernel.open(order_qty="0.02")

    tried(story, tmp_path)


@pytest.mark.fault("F-037")
@pytest.mark.promise("S-20", "O-15")
def test_a_token_that_is_always_refused_ends_the_private_stream_and_leaves_the_market_data_alone(
    tmp_path: Path,
) -> None:
    """Five fetches more, then FAILED with the reason; the book is LIVE, and no order is placed blindly."""

    async def story(kernel: Kernel) -> None:
        world = kernel.world
        order = await kernel.open()
        world.exchange.faults.token(reject=1_000)
        world.exchange.faults.reset("private")
        (feed,) = [feed for feed in kernel.desk.feeds if isinstance(feed, ExecutionsFeed)]
        before = world.fetches
        await kernel.until(lambda: str(feed.state) == "FAILED", within=300.0)
        assert world.fetches - before <= 6
        assert feed.reason
        assert str(kernel.dealer.facts("BTC/USD").book_state) == "LIVE"
        assert order.record.unverified
        assert not kernel.account.reconciled
        with pytest.raises(OrderRefused):
            kernel.confirm(kernel.propose(order_qty="0.02"))

    tried(story, tmp_path)
