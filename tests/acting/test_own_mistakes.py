"""An exception that nobody expected, in the acting road or in a user's watcher: nothing is sent on its account, it is
said, the line comes back, and the data goes on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import OrderError
from kraken_lab.streams.guarded import Guarded
from kraken_lab.wire import Response
from tests.dealing import Kernel, dealing
from tests.trading.line import Line

METHODS = (
    "opened", "closed", "status_changed", "reports", "ledger", "acknowledged", "doubted", "responded", "to_renew",
    "to_send", "next_deadline", "let_time_pass", "queries", "answered", "unanswered",
)  # fmt: skip
"""What the connection calls of the account."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The mistakes of these tests are meant."""
    logger = logging.getLogger("kraken_lab")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


class _Mistake(Exception):
    """What nobody expects."""


def _break(kernel: Kernel, method: str, *, times: int = 1_000_000) -> Callable[[], int]:
    """Have a method of the account do its work and then raise, so many times; how often it did so far."""
    account, done = kernel.account, 0
    real = getattr(account, method)

    def broken(*args: Any, **options: Any) -> Any:
        nonlocal done
        result = real(*args, **options)
        if done < times:
            done += 1
            raise _Mistake("sec-ret")
        return result

    setattr(account, method, broken)
    return lambda: done


def _alarms(kernel: Kernel) -> list[str]:
    return [alarm.what for alarm in kernel.known.alarms]


@pytest.mark.promise("A-17")
@pytest.mark.parametrize("method", METHODS)
def test_one_mistake_is_said_and_everything_is_looked_up_anew(tmp_path: Path, method: str) -> None:
    """The orders end up as the exchange has them, and market data did not stop for a moment."""

    async def story(kernel: Kernel) -> None:
        resting = await kernel.open(order_qty="0.02")
        book = kernel.dealer.gatherer.references.get("BTC/USD")
        assert book is not None
        epoch = book.epoch
        mistakes = _break(kernel, method, times=1)
        order = kernel.place()
        kernel.cancel(resting)
        await asyncio.sleep(5)
        kernel.world.exchange.faults.reset("private")
        await asyncio.sleep(5)
        kernel.dealer.act(lambda account, at: account._reconciler.renew())
        await kernel.until(lambda: kernel.account.reconciled and order.state != "IN_FLIGHT", within=300)
        assert (book.state, book.epoch) == ("LIVE", epoch)
        if mistakes():
            assert any(method in alarm and "_Mistake" in alarm for alarm in _alarms(kernel))
            assert not any("sec-ret" in alarm for alarm in _alarms(kernel))
        await kernel.until(lambda: resting.is_terminal and order.state in ("OPEN", "REFUSED", "NOT_PLACED"), within=300)
        theirs = {found.order_id for found in kernel.world.exchange.trading.open_orders}
        assert theirs == ({order.order_id} if order.state == "OPEN" else set())
        assert len(kernel.frames) <= 2

    dealing(story, tmp_path)


@pytest.mark.promise("A-17")
def test_after_a_mistake_the_connection_is_replaced_and_until_then_nothing_is_sure() -> None:
    """What was half done nobody knows: both follow at once, and neither waits for the other."""
    line = Line().open()
    order, replaced = line.placed("O1"), list[str]()
    guarded = Guarded(line.account, replaced.append)

    def broken(*_: Any) -> bool:
        raise _Mistake("sec-ret")

    line.account.responded = broken  # type: ignore[method-assign, assignment]
    assert guarded.responded(Response(method="ping", success=True), line.at)
    assert [(text.count("_Mistake"), text.count("sec-ret")) for text in replaced] == [(1, 0)]
    assert order.record.unverified
    assert not line.account.reconciled
    assert line.now.balances is None


@pytest.mark.promise("A-17")
@pytest.mark.promise("A-12")
@pytest.mark.parametrize("method", ["reports", "ledger", "let_time_pass", "responded", "answered", "next_deadline"])
def test_a_mistake_that_comes_again_and_again_stops_orders_and_nothing_else(tmp_path: Path, method: str) -> None:
    """A kill still reaches the exchange, the book stays live, and it is said once, not with every message."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        _break(kernel, method)
        kernel.world.exchange.faults.reset("private")
        await asyncio.sleep(3)
        with contextlib.suppress(OrderError):
            kernel.place(order_qty="0.02")
        await asyncio.sleep(3)
        kernel.dealer.kill("nothing works")
        await kernel.until(lambda: not kernel.world.exchange.trading.open_orders, within=120)
        book = kernel.dealer.gatherer.references.get("BTC/USD")
        assert book is not None
        assert book.state == "LIVE"
        said = [alarm for alarm in _alarms(kernel) if "an error of this program" in alarm]
        assert 0 < len(said) == len(set(said))
        assert len(kernel.world.attempts) < 60

    dealing(story, tmp_path)


@pytest.mark.promise("S-21")
@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, KeyboardInterrupt])
def test_a_watcher_that_raises_harms_nobody(tmp_path: Path, error: type[BaseException]) -> None:
    """It is not called again, which is said; the order goes on, and so do other watchers and the line."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        calls: list[str] = []

        def bad() -> None:
            calls.append("bad")
            raise error

        order.watch(bad)
        order.watch(lambda: calls.append(str(order.state)))
        kernel.cancel(order)
        await kernel.until(lambda: order.state == "CANCELED")
        assert calls.count("bad") == 1
        assert calls[-1] == "CANCELED"
        assert [alarm for alarm in _alarms(kernel) if error.__name__ in alarm and "not called again" in alarm]
        assert all(line.state == "open" and line.connects == 1 for line in kernel.lines)

    dealing(story, tmp_path)


def test_whoever_looks_on_does_not_decide_what_is_true(tmp_path: Path) -> None:
    """A watcher of the account that fails is said once; reports are heard, and orders go."""

    async def story(kernel: Kernel) -> None:
        def bad() -> None:
            raise _Mistake

        kernel.account.watchers = (bad, *kernel.account.watchers)
        order = await kernel.open()
        kernel.cancel(order)
        await kernel.until(lambda: order.state == "CANCELED")
        assert len([alarm for alarm in _alarms(kernel) if "_Mistake" in alarm]) == 1
        assert all(line.connects == 1 for line in kernel.lines)

    dealing(story, tmp_path)


def test_what_was_made_in_a_call_that_fails_does_not_leave(tmp_path: Path) -> None:
    """Of an order whose text was made and not given, nothing is sent; it is UNKNOWN until that is proved."""

    async def story(kernel: Kernel) -> None:
        _break(kernel, "to_send", times=sys.maxsize)
        order = kernel.place()
        await asyncio.sleep(10)
        assert kernel.frames == []
        assert order.state in ("UNKNOWN", "REFUSED")
        assert kernel.world.exchange.trading.open_orders == ()

    dealing(story, tmp_path)
