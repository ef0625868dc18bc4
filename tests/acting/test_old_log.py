"""What an earlier kernel left in the audit log: read once, however long, and trusted only where it can be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import AuditBroken
from kraken_lab.trading import Chain, OsFiles
from kraken_lab.trading.usage import Usage
from tests.dealing import Kernel, dealing


def _rewrite(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The same log with lines of another content, in a chain that holds."""
    path = folder / "audit.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for old in folder.glob("audit.*"):
        old.unlink()
    plain = [{name: value for name, value in record.items() if name not in ("n", "prev", "hash")} for record in records]
    Chain(path, OsFiles()).extend([change(record) for record in plain])


def _without_legs(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "legs": None} if record["kind"] == "intent" else record


def _without_key(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "key" or record["kind"] != "order"}


def _of_no_state(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "state": "WELL"} if record["kind"] == "order" else record


@pytest.mark.promise("A-15")
@pytest.mark.promise("A-17")
@pytest.mark.promise("O-14")
@pytest.mark.parametrize("change", [_without_legs, _without_key, _of_no_state])
def test_a_log_that_cannot_be_read_stops_orders_and_no_cancel_and_no_kill(
    tmp_path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Nobody knows what was placed; what the exchange shows can be cancelled all the same."""

    async def story(kernel: Kernel) -> None:
        first, second = await kernel.open(), await kernel.open(order_qty="0.02")
        await kernel.killed()
        _rewrite(tmp_path, change)
        heir = Kernel(kernel.world, tmp_path, pid=2)
        await heir.ready()
        heir.place(order_qty="0.03")
        assert [type(error) for error in heir.refusals] == [AuditBroken]
        assert "cannot be read" in str(heir.refusals[0])
        assert len(kernel.frames) == 2
        heir.cancel(str(first.order_id))
        await heir.until(lambda: len(kernel.world.exchange.trading.open_orders) == 1)
        heir.dealer.kill("that log is odd")
        await heir.until(lambda: heir.known.kill.complete)
        assert kernel.world.exchange.trading.open_orders == ()
        assert heir.account.find(str(second.order_id)).state == "CANCELED"

    dealing(story, tmp_path)


@pytest.mark.promise("A-15")
@pytest.mark.promise("B-05")
def test_kernels_that_only_look_do_not_lengthen_the_log(tmp_path: Path) -> None:
    """What it says of orders that have ended is not written once more with every start."""

    async def story(kernel: Kernel) -> None:
        for qty in ("0.01", "0.02", "0.03"):
            order = await kernel.open(order_qty=qty)
            kernel.cancel(order)
            await kernel.until(lambda order=order: order.state == "CANCELED")  # type: ignore[misc]
        filled = kernel.place(order_type="market", order_qty="0.01")
        await kernel.until(lambda: filled.state == "FILLED")
        await kernel.until(lambda: not kernel.known.orders[-1].unverified)
        before = [record for record in kernel.audit.records() if record["kind"] == "order"]
        states = {record.cl_ord_id: record.state for record in kernel.known.orders}
        await kernel.killed()
        for pid in (2, 3):
            heir = Kernel(kernel.world, tmp_path, pid=pid)
            await heir.ready()
            assert {record.cl_ord_id: record.state for record in heir.known.orders} == states
            await heir.killed()
        after = [record for record in kernel.audit.records() if record["kind"] == "order"]
        assert len(after) == len(before)

    dealing(story, tmp_path)


def test_many_orders_of_a_day_are_counted_one_by_one(tmp_path: Path) -> None:
    """Settled, refused and old ones count no more, wherever they stand among five thousand others."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        await kernel.until(lambda: any(record["kind"] == "intent" for record in kernel.audit.records()))
        [intent] = [record for record in kernel.audit.records() if record["kind"] == "intent"]
        usage = Usage()
        many = 5_000
        [leg] = intent["legs"]
        records: list[dict[str, Any]] = [
            {**intent, "confirmation": f"c{n}", "legs": [{**leg, "cl_ord_id": f"o{n}"}]} for n in range(many)
        ]
        day_before = {**records[0], "confirmation": "old", "confirmed": "2020-01-01T00:00:00Z"}
        records.insert(0, {**day_before, "legs": [{**leg, "cl_ord_id": "old"}]})
        records += [{"kind": "order", "cl_ord_id": f"o{n}", "state": "REJECTED"} for n in range(0, many, 2)]
        records += [{"kind": "refused", "confirmation": f"c{n}"} for n in range(1, many, 4)]
        usage.restore(records)
        left = many // 4
        assert len(usage.past) == left
        at_ns = usage.past[0].at_wall_ns
        assert usage.day_notional(at_ns, "USD") == left * Decimal(leg["notional"])
        assert not usage.fresh("o1")
        usage.settled("o2", "FILLED")
        assert len(usage.past) == left + 1

    dealing(story, tmp_path)
