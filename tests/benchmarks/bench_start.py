"""How long a newcomer waits: importing the package, and connecting up to the first verified book.

Run it by hand: ``python -m tests.benchmarks.bench_start``. Each is a process of its own, beside one that only starts
Python, as the reference of the same run.
"""

# ruff: noqa: T201
from __future__ import annotations

import subprocess
import sys
import time

ROUNDS = 5

CASES = {
    "starting Python": "pass",
    "import kraken_lab": "import kraken_lab",
    "kl.connect() to the first verified book": "import kraken_lab as kl; lab = kl.connect(); lab.book('BTC/USD').mid",
}


def seconds(code: str) -> float:
    """Wall seconds of a Python process that runs ``code``."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begun


def main() -> None:
    """Print the medians in seconds, and what each takes beyond starting Python."""
    results: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(ROUNDS):
        for name, code in CASES.items():
            results[name].append(seconds(code))
    medians = {name: sorted(values)[len(values) // 2] for name, values in results.items()}
    floor = medians["starting Python"]
    for name, median in medians.items():
        print(f"{median:7.3f} s  {median - floor:+7.3f} s  {name}")


if __name__ == "__main__":
    main()
