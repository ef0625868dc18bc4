"""How fast the acting road is, as ratios within one run: ``python -m tests.benchmarks.bench_orders``.

The machine's clock swings, so only ratios are to be trusted. References: a bare typed decode of one execution report
(for reports to table), one ``fsync`` of a line (for a proposal's way to its frame, which has to wait for one), and one
encode of an order request (for the exchange's engine).
"""

# ruff: noqa: T201
from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from msgspec.structs import replace

from kraken_lab.sandbox.exchange import START_NS, Exchange
from kraken_lab.sandbox.order_terms import NewOrder
from kraken_lab.streams.executions_feed import EXECUTIONS, ExecutionsFeed
from kraken_lab.trading import OrderSettings
from kraken_lab.trading.account import Account
from kraken_lab.wire import AddOrder, ExecutionsMessage, Instant, Settings, decode, encode
from tests.dealing import Kernel
from tests.virtual import World, run

ROUNDS = 5
FILLS = 10
"""Fills of one order, in the session of 5,000 reports that is measured."""
WORDS = {
    "propose": "a proposal: checks, preview, card's figures",
    "confirm": "confirm to frame, all checks twice more",
}


def best_of(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest of several runs."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


# --- proposal to frame ----------------------------------------------------------------------------------------------


def proposal_to_frame() -> None:
    """A proposal with all its checks; then from confirming to the frame, both checked again and written down."""
    with tempfile.TemporaryDirectory() as folder:
        seconds: dict[str, float] = {}

        async def story() -> None:
            kernel = Kernel(World(rate=0.0), Path(folder), settings=OrderSettings())
            await kernel.ready()
            seconds["propose"] = best_of(lambda: kernel.propose(limit_price="50000"), 50)
            # The disk is a thread of its own in a lab; here it says at once that it is done.
            loop = asyncio.get_running_loop()
            kernel.disk._later = lambda work, done: loop.call_soon(done, None, kernel.world.clock.now())  # type: ignore[method-assign, assignment]
            count = 40
            proposals = [kernel.propose(limit_price="50000", order_qty=f"0.0{at + 10}") for at in range(count)]
            start = time.perf_counter()
            for proposal in proposals:
                kernel.confirm(proposal)
            await kernel.until(lambda: len(kernel.frames) == count)
            seconds["confirm"] = (time.perf_counter() - start) / count

        run(story)
        path = Path(folder, "line")
        with path.open("ab") as file:

            def flush() -> None:
                file.write(b"x" * 1000 + b"\n")
                file.flush()
                os.fsync(file.fileno())

            seconds["fsync"] = best_of(flush, 20)
    order = AddOrder(
        symbol="BTC/USD", side="buy", order_type="limit", order_qty=Decimal(1), limit_price=Decimal(1), token="t"
    )
    seconds["encode"] = best_of(lambda: [encode(order) for _ in range(1000)]) / 1000
    print("\nproposal to frame")
    print(f"  encoding the request                         {seconds['encode'] * 1e6:9.1f} us   1.0")
    for name, words in WORDS.items():
        print(f"  {words:<44} {seconds[name] * 1e6:9.1f} us {seconds[name] / seconds['encode']:5.0f} x encoding")
    print(f"  one flush to this disk, for which a confirmation waits: {seconds['fsync'] * 1e6:.0f} us")


# --- the exchange ---------------------------------------------------------------------------------------------------


def engine() -> None:
    """Orders a second through the sandbox's account: checked, held, matched or rested, reported, cancelled."""
    exchange = Exchange(seed=7, rate=0.0, start_ns=START_NS)
    trading = exchange.trading
    count, random = 2_000, Random(1)
    orders = [
        NewOrder(
            symbol="ETH/USD",
            side=random.choice(("buy", "sell")),
            order_type="limit",
            order_qty=Decimal("0.01"),
            limit_price=Decimal(random.randrange(310_000, 326_000)) / 100,
        )
        for _ in range(count)
    ]
    at, done = exchange.now_ns, 0
    start = time.perf_counter()
    for order in orders:
        at += 2_000_000_000
        exchange.advance(at)
        trading.add(order, at)
        done += 1
        if len(trading.open_orders) > 40:
            trading.cancel_all(at)
            done += 40
    seconds = time.perf_counter() - start
    reference = best_of(lambda: [decode(REPORT) for _ in range(1000)]) / 1000
    print("\nthe sandbox's account")
    times = seconds / done / reference
    print(f"  adds and cancels a second {done / seconds:9,.0f}   ({times:.0f} x a typed decode of one report)")


# --- executions to table --------------------------------------------------------------------------------------------

REPORT = (
    b'{"channel":"executions","type":"update","data":[{"order_id":"OLIMIT-AAAAA-BBBBBB","exec_id":"TEXEC1-AAAAA-BBBBBB",'
    b'"exec_type":"trade","trade_id":4711,"symbol":"BTC/USD","side":"buy","last_qty":0.00100000,"last_price":61234.5,'
    b'"liquidity_ind":"m","cost":61.23450,"order_type":"limit","timestamp":"2026-05-04T10:15:31.123456Z",'
    b'"order_status":"partially_filled","cum_qty":0.00100000,"cum_cost":61.23450,"avg_price":61234.5,'
    b'"fee_usd_equiv":0.09797,"fees":[{"asset":"USD","qty":0.0980}]}],"sequence":2}'
)


class _Upstream:
    """Whoever a feed asks; nothing is asked here."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        return lambda *_: False


def executions() -> None:
    """A report from bytes to its row, and to the account's truth."""
    message = decode(REPORT)
    assert isinstance(message, ExecutionsMessage)
    count = 5_000
    at = Instant(1.0, START_NS)
    reference = best_of(lambda: [decode(REPORT) for _ in range(count)]) / count

    def numbered() -> list[ExecutionsMessage]:
        (report,) = message.data
        changed = [
            ExecutionsMessage(
                type="update",
                data=[replace(report, order_id=f"O{n // FILLS}", exec_id=f"T{n}", trade_id=n)],
                sequence=n + 2,
            )
            for n in range(count)
        ]
        gone: dict[str, Any] = dict.fromkeys(("exec_id", "trade_id", "last_qty", "last_price", "cost"))
        opened = replace(
            report, exec_type="status", order_status="new", order_qty=Decimal(100), cum_qty=Decimal(0), fees=(), **gone
        )
        orders = [replace(opened, order_id=f"O{n}") for n in range(count // FILLS)]
        return [ExecutionsMessage(type="snapshot", data=orders, sequence=1), *changed]

    def to_rows() -> None:
        feed = ExecutionsFeed(EXECUTIONS, Settings(), _Upstream())  # type: ignore[arg-type]
        for each in messages:
            feed.take(each, at)
        assert feed.tables[0].rows == count + count // FILLS, feed.counters

    def to_account() -> None:
        account = Account(OrderSettings(), audit=lambda kind, fields: None)
        account.opened(at)
        for each in messages:
            account.reports(each, at)
        assert len(account.snapshot(at).fills) == count

    messages = numbered()
    rows, truth = best_of(to_rows, 3) / count, best_of(to_account, 3) / count
    print("\nexecutions, a report of one fill")
    print(f"  typed decode            {reference * 1e6:7.2f} us   1.0")
    print(f"  report to its row       {rows * 1e6:7.2f} us {rows / reference:5.1f} x")
    print(f"  report to the account   {truth * 1e6:7.2f} us {truth / reference:5.1f} x")


def main() -> None:
    """Print all of it."""
    proposal_to_frame()
    engine()
    executions()


if __name__ == "__main__":
    main()
