"""Fuzz for a bounded time, by hand: ``python -m tests.fuzz.run --seconds 60 [decode] [requests]``.

Where atheris is installed (``pip install atheris``; no dependency of ours) it is guided by coverage, otherwise samples
are mutated at random. Each target gets its share of the seconds. What broke a target, and breaks it again when run once
more here, is kept under ``tests/fuzz/findings/`` and from then on part of the default tier.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from random import Random

from . import fuzz_decode, fuzz_requests
from .corpus import FINDINGS
from .mutations import mutated

__all__ = ["TARGETS", "Outcome", "guided", "main", "unguided"]

Target = Callable[[bytes], None]

TARGETS: dict[str, tuple[Target, Callable[[], list[bytes]]]] = {
    "decode": (fuzz_decode.target, fuzz_decode.corpus),
    "requests": (fuzz_requests.target, fuzz_requests.corpus),
}
SLOW_S = 5
"""Seconds after which libFuzzer calls a run hung; the usual one takes about a millisecond."""
LONGEST = 20_000
"""Bytes of an input: room for what nests too deeply."""


@dataclass
class Outcome:
    """What a run came to. ``coverage`` is in libFuzzer's words, empty where nothing measured it."""

    executions: int = 0
    seconds: float = 0.0
    coverage: str = ""
    slowest_s: float = 0.0
    broke: list[bytes] = field(default_factory=list)
    """Inputs that did not go well, each a candidate until it was run again."""

    def __str__(self) -> str:
        rate = self.executions / self.seconds if self.seconds else 0.0
        covered = f", {self.coverage}" if self.coverage else ", coverage not measured"
        slowest = f", slowest {self.slowest_s:.2f} s" if self.slowest_s else ""
        return f"{self.executions} executions in {self.seconds:.0f} s ({rate:.0f}/s){covered}{slowest}"


def unguided(target: Target, corpus: Sequence[bytes], seconds: float, random: Random) -> Outcome:
    """Mutate samples at random until the time is up or something breaks."""
    outcome = Outcome()
    begun = time.perf_counter()
    while not outcome.broke and outcome.seconds < seconds:
        data = random.choice(corpus)
        for _ in range(random.randrange(1, 5)):
            data = mutated(data, random)
        before = time.perf_counter()
        if trouble(target, data):
            outcome.broke.append(data)
        outcome.executions += 1
        outcome.seconds = time.perf_counter() - begun
        outcome.slowest_s = max(outcome.slowest_s, time.perf_counter() - before)
    return outcome


def guided(name: str, corpus: Sequence[bytes], seconds: float, seed: int) -> Outcome:
    """Let atheris do it, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="kraken-lab-fuzz-") as folder:
        found, seeds = Path(folder, "found"), Path(folder, "seeds")
        found.mkdir()
        seeds.mkdir()
        for number, data in enumerate(corpus):
            (seeds / str(number)).write_bytes(data)
        options = [f"-max_total_time={seconds:.0f}", f"-seed={seed}", f"-timeout={SLOW_S}", f"-max_len={LONGEST}"]
        options += [f"-artifact_prefix={found}/", "-print_final_stats=1", str(seeds)]
        command = [sys.executable, "-m", "tests.fuzz.guided", name, *options]
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        outcome = read_report(done.stderr)
        outcome.seconds = time.perf_counter() - begun
        outcome.broke = [path.read_bytes() for path in sorted(found.iterdir())]
    if done.returncode and not outcome.broke:
        raise RuntimeError(f"atheris did not run: {done.stderr[-2000:]}")
    return outcome


def read_report(text: str) -> Outcome:
    """What libFuzzer printed: how many runs, how many edges and features of the code they reached.

    >>> print(read_report("#3 INITED cov: 12 ft: 30 corp: 2/9b\\nDone 800 runs in 2 second(s)"))
    800 executions in 0 s (0/s), 12 edges and 30 features covered
    """
    runs = re.findall(r"^(?:Done (\d+) runs|stat::number_of_executed_units: +(\d+))", text, re.MULTILINE)
    reached = re.findall(r"cov: (\d+) ft: (\d+)", text)
    coverage = f"{reached[-1][0]} edges and {reached[-1][1]} features covered" if reached else ""
    return Outcome(executions=int(max(runs[-1], key=len)) if runs else 0, coverage=coverage)


def trouble(target: Target, data: bytes) -> str:
    """What the target raises for this input; empty if nothing."""
    try:
        target(data)
    except Exception:
        return traceback.format_exc()
    return ""


def keep(name: str, data: bytes) -> Path:
    """Make it part of the default tier."""
    FINDINGS.mkdir(exist_ok=True)
    path = FINDINGS / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the targets; 1 if one of them broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="target", help=f"one of {', '.join(TARGETS)}; all unless said")
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unguided", action="store_true", help="mutate at random even where atheris is installed")
    given = parser.parse_args(arguments)
    names = given.targets or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    with_atheris = find_spec("atheris") is not None and not given.unguided
    broke = False
    for name in names:
        target, corpus = TARGETS[name]
        share = given.seconds / len(names)
        print(f"{name}: {'atheris' if with_atheris else 'random mutations'} for {share:.0f} s", flush=True)
        if with_atheris:
            outcome = guided(name, corpus(), share, given.seed)
        else:
            outcome = unguided(target, corpus(), share, Random(given.seed))
        print(f"{name}: {outcome}")
        for data in outcome.broke:
            if said := trouble(target, data):
                print(f"{name}: broken by {keep(name, data)}\n{said}")
                broke = True
            else:
                print(f"{name}: {data[:200]!r} broke it once, or took over {SLOW_S} s, but goes well when run again")
        if not outcome.broke:
            print(f"{name}: nothing found")
    return int(broke)


if __name__ == "__main__":
    sys.exit(main())
