"""Two kernels on one live account and one folder, one armed after the other: the day's limit is the account's."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_lab.errors import OrderRefused
from kraken_lab.trading import phrase
from tests.dealing import ACCOUNT, FEES, LIMITS, READY, Kernel, dealing


@pytest.mark.promise("A-08")
@pytest.mark.promise("A-18")
def test_what_another_kernel_used_of_the_day_counts_for_who_is_armed_next(tmp_path: Path) -> None:
    """Also if this kernel began before that one traded, and each order counts once however often it is armed."""
    limits = replace(LIMITS, max_day_notional=Decimal(1000))

    async def story(kernel: Kernel) -> None:
        other = Kernel(kernel.world, tmp_path, mode="live", limits=limits, pid=2)
        await other.ready()
        await kernel.open()
        used = {"USD": Decimal(500) * (1 + FEES[1])}
        assert other.dealer.used_today() == {}
        kernel.dealer.disarm("the other's turn")
        await other.arm()
        assert other.dealer.used_today() == used
        with pytest.raises(OrderRefused, match="used today"):
            other.confirm(other.propose(limit_price="49999"))
        await other.open(order_qty="0.009")
        other.dealer.disarm("and back")
        await kernel.arm()
        await kernel.until(lambda: kernel.account.reconciled)
        assert kernel.dealer.used_today() == other.dealer.used_today()
        with pytest.raises(OrderRefused, match="used today"):
            kernel.confirm(kernel.propose(order_qty="0.002"))
        assert len(kernel.frames) == 2

    dealing(story, tmp_path, mode="live", limits=limits)


@pytest.mark.promise("A-08")
@pytest.mark.promise("A-17")
def test_no_order_goes_before_what_others_used_is_known(tmp_path: Path) -> None:
    """Armed, and the log not read yet: it waits."""

    async def story(kernel: Kernel) -> None:
        kernel.dealer.disarm("once more")
        said: list[object] = []
        kernel.dealer.arm(phrase(ACCOUNT), limits=kernel.dealer.limits, readiness=READY, done=said.append)
        await kernel.until(lambda: said)
        assert said == [None]
        with pytest.raises(OrderRefused, match="RECONCILING"):
            kernel.place()
        kernel.dealer.recount(kernel.audit.records())
        await kernel.open()
        assert len(kernel.frames) == 1

    dealing(story, tmp_path, mode="live")
