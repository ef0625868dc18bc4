"""The invariants themselves: each is broken once, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from kraken_lab.sandbox.fault_rules import Match
from tests.acting.invariants import changed, passed, strangers_order, tried
from tests.dealing import Kernel


def test_a_frame_that_nobody_confirmed_breaks_them(tmp_path: Path) -> None:
    """One frame, and the confirmation is forgotten."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        kernel.confirmed.clear()

    with pytest.raises(AssertionError, match="1 frames for 0 confirmations"):
        tried(story, tmp_path)


def test_an_order_that_left_twice_breaks_them(tmp_path: Path) -> None:
    """The same id in two frames, although two were confirmed."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        kernel.world.sent.append(kernel.frames[0])
        kernel.confirmed *= 2

    with pytest.raises(AssertionError, match="left twice"):
        tried(story, tmp_path)


@pytest.mark.parametrize("end", ["canceled", "expired"])
def test_an_end_that_is_shown_and_is_not_true_breaks_them(end: str, tmp_path: Path) -> None:
    """The exchange is made to tell of an end that did not happen."""

    async def story(kernel: Kernel) -> None:
        kernel.world.exchange.faults.edit(
            Match(channel="executions", contains='"exec_type":"new"'),
            changed(lambda message: [report.update(exec_type=end, order_status=end) for report in message["data"]]),
        )
        kernel.place()
        await passed(1.0)

    with pytest.raises(AssertionError, match=f"is shown {end.upper()}, and is new"):
        tried(story, tmp_path)


def test_a_refusal_that_is_shown_and_is_not_true_breaks_them(tmp_path: Path) -> None:
    """The answer to an order that was placed is made a refusal in words that prove one, and nothing else is told."""

    def refused(answer: dict[str, object]) -> None:
        del answer["result"]
        answer.update(success=False, error="EOrder:Insufficient funds")

    async def story(kernel: Kernel) -> None:
        kernel.world.exchange.faults.drop(Match(channel="executions", type="update", times=None))
        kernel.world.exchange.faults.edit(Match(method="add_order"), changed(refused))
        kernel.place()
        await passed(1.0)

    with pytest.raises(AssertionError, match="is shown REJECTED, and is there: new"):
        tried(story, tmp_path)


def test_an_order_or_a_fill_that_is_not_known_breaks_them(tmp_path: Path) -> None:
    """Nobody is told of a stranger's order, nor of a fill of ours."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        kernel.world.exchange.faults.fill(str(order.order_id), "0.004", silent=True)
        kernel.world.exchange.faults.drop(Match(channel="executions", type="update", times=None))
        strangers_order(kernel)

    with pytest.raises(AssertionError, match=r"(?s)has 0 filled here, 0.00400000 there.*which is not shown"):
        tried(story, tmp_path)
