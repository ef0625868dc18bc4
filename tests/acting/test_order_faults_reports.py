"""Execution reports that are lost, repeated, reordered, incomplete, of a future kind, or wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import OrderRefused
from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.streams.executions_feed import ExecutionsFeed
from tests.acting.invariants import changed, passed, strangers_order, theirs, tried
from tests.dealing import LIMITS, Kernel


def executions(kernel: Kernel) -> ExecutionsFeed:
    """The kernel's own feed of them."""
    (feed,) = [feed for feed in kernel.desk.feeds if isinstance(feed, ExecutionsFeed)]
    return feed


def reports(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    """A message of executions, with each report in it changed."""
    return changed(lambda message: [change(report) for report in message["data"]])


def trades(**more: Any) -> Match:
    """The messages that tell of fills."""
    return Match(channel="executions", type="update", contains='"exec_type":"trade"', **more)


@pytest.mark.fault("F-090")
@pytest.mark.promise("S-10")
def test_a_jump_in_the_sequence_is_a_gap_and_ends_with_the_exchanges_own_state(tmp_path: Path) -> None:
    """The message behind the jump is not used; the snapshot that is asked for then tells of the fill in it."""

    async def story(kernel: Kernel) -> None:
        order, other = await kernel.open(), await kernel.open(order_qty="0.02")
        before = len(executions(kernel).gaps)
        kernel.world.exchange.faults.skip_seq(3, "executions")
        kernel.world.exchange.faults.fill(str(order.order_id))
        await kernel.until(lambda: order.state == "FILLED")
        await kernel.until(lambda: kernel.account.reconciled)
        assert other.state == "OPEN"
        assert order.filled == Decimal("0.01")
        assert len(executions(kernel).gaps) == before + 1

    tried(story, tmp_path)


@pytest.mark.fault("F-091")
@pytest.mark.promise("S-11", "S-12")
def test_repeated_and_reordered_reports_leave_the_filled_quantity_exact(tmp_path: Path) -> None:
    """Every fill told twice, then two told the wrong way round: each counts once, and what was dropped is counted."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        faults.dup(trades(times=2))
        for qty in ("0.001", "0.002"):
            faults.fill(str(order.order_id), qty)
        await kernel.until(lambda: order.filled == Decimal("0.003"))
        faults.swap(trades(), trades())
        for qty in ("0.003", "0.004"):
            faults.fill(str(order.order_id), qty)
        await kernel.until(lambda: order.state == "FILLED" and kernel.account.reconciled)
        assert order.filled == Decimal("0.01") == sum((fill.qty for fill in order.fills), Decimal(0))
        assert len(order.fills) == len(kernel.known.fills) == 4
        assert executions(kernel).counters["repeated messages"] >= 2
        assert kernel.known.alarms == ()

    tried(story, tmp_path)


@pytest.mark.fault("F-092")
@pytest.mark.promise("S-11")
def test_a_fill_that_is_told_twice_with_different_contents_keeps_the_first_and_raises_an_alarm(tmp_path: Path) -> None:
    """A second fill under the first one's id is not counted; that something is missing is shown, and looked up."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        order = await kernel.open()
        faults.fill(str(order.order_id), "0.004")
        await kernel.until(lambda: order.state == "PARTIAL")
        (first,) = order.fills
        faults.edit(trades(), reports(lambda report: report.update(exec_id=first.exec_id)))
        faults.rest_lag(20.0)
        faults.fill(str(order.order_id), "0.005")
        await kernel.until(lambda: kernel.known.alarms)
        assert order.fills == (first,)
        assert first.exec_id in kernel.known.alarms[0].what
        assert order.record.unverified
        await kernel.until(lambda: order.filled == Decimal("0.009"))
        assert order.fills[0] == first

    tried(story, tmp_path)


@pytest.mark.fault("F-093")
@pytest.mark.promise("O-16")
def test_reports_that_name_only_the_order_and_what_changed_are_merged(tmp_path: Path) -> None:
    """Without symbol, side and client id, from the second report on, an order has its whole life all the same."""

    def sparse(report: dict[str, Any]) -> None:
        if report["exec_type"] != "pending_new":
            for name in ("cl_ord_id", "symbol", "side", "order_type"):
                report.pop(name, None)

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        faults.edit(Match(channel="executions", type="update", times=None), reports(sparse))
        order = await kernel.open()
        faults.fill(str(order.order_id), "0.004")
        await kernel.until(lambda: order.state == "PARTIAL")
        kernel.confirm(kernel.amend(order, order_qty="0.03"))
        await kernel.until(lambda: order.record.order_qty == Decimal("0.03"))
        kernel.cancel(order)
        await kernel.until(lambda: order.state == "CANCELED")
        (fill,) = order.fills
        assert (fill.symbol, fill.side, fill.cl_ord_id) == ("BTC/USD", "buy", order.cl_ord_id)
        assert executions(kernel).counters["resyncs"] == 0
        assert executions(kernel).counters["reports of unknown orders"] == 0

    tried(story, tmp_path)


@pytest.mark.fault("F-093")
@pytest.mark.promise("O-16", "O-13")
def test_a_report_of_an_order_that_was_never_described_asks_for_a_snapshot(tmp_path: Path) -> None:
    """Another program's order whose first report was lost without a trace is shown, as external."""

    async def story(kernel: Kernel) -> None:
        faults = kernel.world.exchange.faults
        faults.edit(
            Match(channel="executions", contains='"exec_type":"pending_new"'),
            changed(lambda message: message.update(data=[])),
        )
        stranger = strangers_order(kernel)
        await kernel.until(lambda: any(record.order_id == stranger for record in kernel.known.external))
        assert executions(kernel).counters["reports of unknown orders"] > 0
        kinds = [json.loads(record["raw"])["type"] for record in kernel.audit.records() if "raw" in record]
        assert kinds.count("snapshot") == 2

    tried(story, tmp_path)


@pytest.mark.fault("F-094")
@pytest.mark.promise("S-14", "O-08")
def test_an_order_in_an_unknown_state_is_shown_as_it_was_told_and_counts_as_open(tmp_path: Path) -> None:
    """A state of the future stops no limit: the order counts, and the next one is over the limit of one."""

    async def story(kernel: Kernel) -> None:
        kernel.world.exchange.faults.edit(
            Match(channel="executions", contains='"exec_type":"new"'),
            reports(lambda report: report.update(exec_type="hibernated", order_status="hibernating")),
        )
        order = kernel.place()
        await kernel.until(lambda: order.record.exchange_status == "hibernating")
        assert order.record.possibly_open
        refused = kernel.propose(order_qty="0.02")
        assert [found.name for found in refused.refusals] == ["open orders"], refused.refusals
        with pytest.raises(OrderRefused):
            kernel.confirm(refused)
        kernel.world.exchange.faults.fill(str(order.order_id))
        await kernel.until(lambda: order.state == "FILLED")

    tried(story, tmp_path, mode="live", limits=replace(LIMITS, max_open_orders=1))


@pytest.mark.fault("F-095")
@pytest.mark.promise("O-08")
def test_more_filled_than_ordered_is_shown_and_not_clipped(tmp_path: Path) -> None:
    """An exchange that tells of 0.015 of 0.01: shown as it was told, marked as overfilled, and said aloud."""

    def more(report: dict[str, Any]) -> None:
        if report["exec_type"] == "trade":
            report.update(last_qty=0.015)
        report.update(cum_qty=0.015)

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        kernel.world.exchange.faults.edit(
            Match(channel="executions", type="update", contains="cum_qty", times=None), reports(more)
        )
        kernel.world.exchange.faults.fill(str(order.order_id))
        await kernel.until(lambda: order.state == "FILLED")
        assert order.filled == Decimal("0.015")
        assert order.record.overfilled
        assert "0.015 was filled, and 0.01 was ordered" in kernel.known.alarms[0].what
        assert theirs(kernel, order.order_id).status == "filled"
        await passed(5.0)
        assert order.filled == Decimal("0.015")

    tried(story, tmp_path, lied_to=True)
