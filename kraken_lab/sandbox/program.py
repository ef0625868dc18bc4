"""The sandbox as a program: ``kraken-lab sandbox``, ``python -m kraken_lab.sandbox``.

When it is ready it says where it listens, as one JSON line or as a readable page. With ``--json`` its standard input is
the control pipe and its end ends the program, so that it never outlives whoever started it; without, a signal ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TextIO

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox import certificate
from kraken_lab.sandbox.control import Control
from kraken_lab.sandbox.exchange import Exchange
from kraken_lab.sandbox.feed_lines import FeedLines
from kraken_lab.sandbox.feed_market import SILENCE_S, FeedMarket
from kraken_lab.sandbox.gate import loopback
from kraken_lab.sandbox.market import DEFAULT_RATE
from kraken_lab.sandbox.pipe_reader import PipeReader
from kraken_lab.sandbox.server import Server, wall_clock

__all__ = ["main", "run"]

_MARKETS: Final = ("synthetic", "feed")


def run(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = 7,
    as_json: bool = False,
    tls: bool = False,
    market: str = "synthetic",
    rate: float = DEFAULT_RATE,
    silence_s: float = SILENCE_S,
    allow_origin: Sequence[str] = (),
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
) -> int:
    """Run a sandbox until it is told to end; 0, the exit code of a clean end.

    ``port`` 0 takes a free one. ``rate`` is synthetic actions a second over all pairs. With ``market`` "feed" there are
    none: the real exchange's public frames come down the control pipe (see `feed_lines`), and after ``silence_s``
    seconds without any nothing is matched.

    Raises:
        SandboxError: it cannot be started like this: another market, a feed without a pipe, a host that is not
            loopback, a port that is taken.
    """
    if market not in _MARKETS:
        raise SandboxError(f"market={market!r} is not available: this version has {' and '.join(_MARKETS)} only.")
    if market == "feed" and not as_json:
        raise SandboxError("market='feed' is possible with --json only: the frames come down the control pipe.")
    if not 0 < silence_s < 1e6:
        raise SandboxError(f"silence={silence_s} is not possible: use a number of seconds.")
    if not 0 <= rate < 1e6:
        raise SandboxError(f"rate={rate} is not possible: use a number of actions a second; 0 is a market at rest.")
    loopback(host)
    sandbox = _Sandbox(stdin or sys.stdin, stdout or sys.stdout, as_json=as_json)
    clock = wall_clock()
    feed = FeedMarket(seed=seed, start_ns=clock(), silence_s=silence_s) if market == "feed" else None
    exchange = Exchange(seed=seed, start_ns=clock(), rate=rate) if feed is None else Exchange(seed=seed, market=feed)
    asyncio.run(sandbox.run(exchange, feed, clock, host, port, tls=tls, allow_origin=allow_origin))
    return 0


class _Sandbox:
    """One run: what it prints, what it is told, and when it ends."""

    def __init__(self, stdin: TextIO, stdout: TextIO, *, as_json: bool) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._as_json = as_json
        self._end = asyncio.Event()

    async def run(
        self,
        exchange: Exchange,
        feed: FeedMarket | None,
        clock: Callable[[], int],
        host: str,
        port: int,
        *,
        tls: bool,
        allow_origin: Sequence[str],
    ) -> None:
        server = Server(exchange, clock=clock, allowed_origins=allow_origin)
        chain = certificate.make() if tls else None
        try:
            await server.start(host, port, chain.context if chain else None)
        except OSError as error:
            raise SandboxError(f"The sandbox cannot listen on {host}:{port} ({error.strerror}).") from error
        facts: dict[str, str | int] = {
            **server.addresses(),
            "api_key": exchange.api_key,
            "api_secret": exchange.api_secret,
            "pid": os.getpid(),
            "run_id": secrets.token_hex(8),
            "seed": exchange.seed,
        }
        if chain:
            facts["ca_pem"] = chain.ca_pem
        with self._signals():
            self._say(json.dumps(facts) if self._as_json else _page(facts))
            if self._as_json:
                self._listen(Control(exchange.faults), feed, server)
            await self._end.wait()
            await server.close()

    def _say(self, text: str) -> None:
        # Whoever reads this may be gone already; then the end of standard input is about to tell us.
        with contextlib.suppress(OSError, ValueError):
            self._stdout.write(text + "\n")
            self._stdout.flush()

    def _listen(self, control: Control, feed: FeedMarket | None, server: Server) -> None:
        """Do what comes down the pipe, until its end."""
        handle = FeedLines(feed, control, self._say).handle if feed else lambda line: self._say(control.handle(line))

        def take(lines: Sequence[str]) -> None:
            server.catch_up()
            for line in lines:
                handle(line)
            server.flush()

        PipeReader(self._stdin, take, self._end.set)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """End on SIGTERM and SIGINT, in a main thread; elsewhere the caller has other means."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {
            number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._end.set))
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _page(facts: Mapping[str, str | int]) -> str:
    """The facts for a person to read."""
    lines = [f"  {name:<11}{value}" for name, value in facts.items() if name != "ca_pem"]
    tail = [str(facts["ca_pem"])] if "ca_pem" in facts else []
    return "\n".join(["The sandbox exchange is ready (Ctrl-C ends it).", *lines, *tail])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of ``python -m kraken_lab.sandbox``; its exit code."""
    parser = argparse.ArgumentParser(prog="kraken_lab.sandbox", description="An exchange in small, on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="127.0.0.1 or ::1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=7, help="of the synthetic market and the keys")
    parser.add_argument("--json", action="store_true", help="print one JSON line; standard input is the control pipe")
    parser.add_argument("--tls", action="store_true", help="serve TLS with a throw-away certificate")
    parser.add_argument("--market", default="synthetic", help="synthetic or feed")
    parser.add_argument("--rate", type=float, default=DEFAULT_RATE, help="synthetic actions a second over all pairs")
    parser.add_argument("--silence", type=float, default=SILENCE_S, help="of a feed, in seconds, that pauses it")
    parser.add_argument("--allow-origin", action="append", default=[], help="an Origin that web pages may have")
    given = parser.parse_args(arguments)
    try:
        return run(
            host=given.host,
            port=given.port,
            seed=given.seed,
            as_json=given.json,
            tls=given.tls,
            market=given.market,
            rate=given.rate,
            silence_s=given.silence,
            allow_origin=given.allow_origin,
        )
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return 2
