"""How fast rows are kept and frames are made, as ratios within one run: ``python tests/benchmarks/bench_tables.py``.

The machine's clock swings, so only ratios are to be trusted. Budgets: packing a trade at most 1.5 us; a frame of ten
million rows at most 0.3 ms and no more than of a thousand; a heatmap column of 2,000 levels at most 0.04 ms.

polars has words and flags in a form of its own, which a table keeps ready from the moment polars is imported. So there
are four figures for it: the frame that is asked for again, the one after a hundred new rows, the first one of a table
that was filled with polars imported, and the first one of a table that was full before, which pays once for all rows.
"""

# ruff: noqa: T201
from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from functools import partial
from unittest import mock

import numpy as np

from kraken_lab.tables import EventTable, LadderHistory, schema


def best_of(work: Callable[[], object], rounds: int = 7) -> float:
    """Seconds of the fastest of several runs."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def trades(count: int, seed: int = 7) -> list[tuple[object, ...]]:
    """Trades as they come off the wire, texts and all."""
    rng = random.Random(seed)
    return [
        (
            f"2026-05-04T10:15:31.{rng.randrange(10**6):06d}Z",
            1_777_000_000_000_000_000 + at,
            "BTC/USD",
            rng.choice(("buy", "sell")),
            f"{rng.uniform(50_000, 70_000):.1f}",
            f"{rng.uniform(0, 3):.8f}",
            rng.choice(("limit", "market")),
            at,
            1,
            False,
            "live",
        )
        for at in range(count)
    ]


def a_table(count: int) -> EventTable:
    """A table of so many trades."""
    table = EventTable(schema("trade"), rows=max(count, 1), bytes=8 << 30, symbols=["BTC/USD"])
    some = trades(min(count, 100_000))
    for _ in range(0, count, 100_000):
        table.extend(some)
    return table


def once(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def after_new_rows(table: EventTable, rounds: int = 50) -> float:
    """Seconds of the median polars frame that has a hundred rows more than the one before."""
    some, took = trades(100), []
    for _ in range(rounds):
        table.extend(some)
        took.append(once(table.view().polars))
    return sorted(took)[rounds // 2]


def main(largest: int) -> None:
    """Prints the figures."""
    rows = trades(51_200)

    def bare() -> None:
        kept: list[tuple[object, ...]] = []
        for row in rows:
            kept.append(row)

    def appended() -> None:
        table = EventTable(schema("trade"), symbols=["BTC/USD"])
        for row in rows:
            table.append(row)

    floor, kept = best_of(bare) / len(rows), best_of(appended) / len(rows)
    print(f"append and pack a trade       {kept * 1e6:8.3f} us   {kept / floor:6.1f} x a bare list.append")

    sizes = [size for size in (1_000, 100_000, 1_000_000, 10_000_000) if size <= largest]
    first: dict[str, float] = {}

    def show(name: str, size: int, took: float) -> None:
        first.setdefault(name, took)
        times = f"{took / first[name]:6.1f} x of {sizes[0]:,}"
        print(f"{name + ' frame':26} of {size:>10,} rows {took * 1e3:9.3f} ms   {times}")

    for size in sizes:
        with mock.patch.dict(sys.modules):
            sys.modules.pop("polars", None)  # for the table, as if nobody had imported it yet
            full = a_table(size)
        EventTable(full.schema).view().polars()  # what the library does once in a process is not ours
        show("polars, full before: first", size, once(full.view().polars))
        table = a_table(size)
        view = table.view()
        show("polars, filled: first", size, once(view.polars))
        show("polars", size, best_of(view.polars, 15))
        show("pandas", size, best_of(view.pandas, 15))
        if size <= 100_000:
            print(f"pandas exact of {size:>9,} rows {best_of(partial(view.pandas, exact=True), 3) * 1e3:9.3f} ms")
            print(f"polars exact of {size:>9,} rows {best_of(partial(view.polars, exact=True), 3) * 1e3:9.3f} ms")
        show("polars, 100 rows later", size, after_new_rows(table))

    history, n = LadderHistory(1), 0
    bids, asks = np.arange(500_000, 499_000, -1), np.arange(500_001, 501_001)
    sizes_ = np.ones(2000)

    def keep() -> None:
        """A column of which a hundred levels changed."""
        nonlocal n
        n += 1
        sizes_[np.arange(100) * 20 + n % 20] = n
        history.sample(n * 100_000_000, bids, sizes_[:1000], asks, sizes_[1000:])

    sampled = best_of(keep, 600)
    binned = best_of(lambda: history.grid(bins=500), 5)
    print(f"heatmap: keep a column        {sampled * 1e3:8.3f} ms   {history.nbytes / len(history):.0f} bytes")
    columns = len(history)
    print(f"heatmap: bin a column         {binned / columns * 1e3:8.4f} ms   {columns} columns {binned * 1e3:.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
