"""What ``lab.status()`` says of orders that nobody can speak for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kraken_lab.lab import status
from tests.dealing import Kernel, dealing


@pytest.mark.promise("O-04")
@pytest.mark.promise("O-05")
def test_an_unknown_order_is_not_accounted_for_and_grows_older(tmp_path: Path) -> None:
    """Its age is since it was sent; that it was acknowledged is said, and takes neither it nor its age away."""

    async def story(kernel: Kernel) -> None:
        def words() -> str:
            return status._orders(kernel.known, kernel.world.clock.now())

        assert words() == "0 open, all accounted for"
        kernel.world.exchange.faults.lose_request("add_order")
        order = kernel.place()
        await kernel.until(lambda: str(order.state) == "UNKNOWN")
        await asyncio.sleep(20)
        assert words() == f"1 open, UNKNOWN {order.cl_ord_id} for 25 s, all others accounted for"
        kernel.dealer.act(lambda account, at: account.acknowledge(str(order.cl_ord_id), at))
        await asyncio.sleep(5)
        assert words() == f"1 open, UNKNOWN {order.cl_ord_id} for 30 s, acknowledged, all others accounted for"
        await kernel.until(lambda: str(order.state) == "NOT_PLACED", within=300)
        assert words() == "0 open, all accounted for"

    dealing(story, tmp_path)
