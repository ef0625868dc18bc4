"""The embedded exchange as a local process of its own, tied to this one by its pipes."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from queue import Empty, Queue
from typing import Any, Literal

from ..errors import SandboxError
from .endpoints import Endpoints
from .secrets import Credentials, Secret

__all__ = ["SandboxProcess", "describe_sandbox"]

log = logging.getLogger(__name__)

KEYS = ("ws_public", "ws_private", "ws_l3", "rest")


class SandboxProcess:
    """A running sandbox: its addresses, its key, and the control pipe to it.

    It ends when `close` is called or when this process ends in any way: its standard input is the pipe.

    With ``market="feed"`` it matches orders against the real exchange's public frames, which a `MarketPipe` writes to
    `write_lines`. What it then has to say by itself (a pair pauses, a pair goes on) is given to ``on_notice``, on the
    thread that reads its output; `paused` is what those notices come to.

    Raises:
        SandboxError: it did not start within ``timeout`` seconds, or said something else than its addresses.
    """

    def __init__(
        self,
        *,
        seed: int,
        rate: float | None = None,
        tls: bool = False,
        market: Literal["synthetic", "feed"] = "synthetic",
        silence_s: float | None = None,
        on_notice: Callable[[Mapping[str, Any]], None] | None = None,
        timeout: float = 15.0,
    ) -> None:
        self._pid = os.getpid()
        self._on_notice = on_notice
        self._paused: dict[str, str] = {}
        self._matched: set[str] = set()
        command = [sys.executable, "-m", "kraken_lab.sandbox", "--json", "--port", "0", "--seed", str(seed)]
        command += ["--rate", repr(rate)] if rate is not None else []
        command += ["--market", market] if market != "synthetic" else []
        command += ["--silence", repr(silence_s)] if silence_s is not None else []
        command += ["--tls"] if tls else []
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # An interrupt in the terminal stops the cell or script, not the exchange under it.
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"The sandbox could not be started: {error.strerror}.") from error
        self._answers: Queue[str] = Queue()
        self._asking = threading.Lock()
        self._writing = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="kraken_lab sandbox pipe", daemon=True)
        self._reader.start()
        try:
            line = self._answers.get(timeout=timeout)
        except Empty:
            self.close()
            raise SandboxError(f"The sandbox did not say where it listens within {timeout:g} s.") from None
        if not line:
            said = self._process.stderr.read().decode("utf-8", "replace") if self._process.stderr else ""
            self.close()
            raise SandboxError(f"The sandbox ended before it was ready: {said.strip()[-500:] or 'no reason given'}.")
        self.facts: Mapping[str, Any] = json.loads(line)

    def __repr__(self) -> str:
        return f"<SandboxProcess {self.pid}: {'running' if self.alive else 'ended'}; control(fault=...) steers it>"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def paused(self) -> Mapping[str, str]:
        """With ``market="feed"``: the pairs of which it has said that it does not match them now, and why."""
        return dict(self._paused)

    @property
    def matched(self) -> frozenset[str]:
        """With ``market="feed"``: the pairs of which it has said that it matches them now."""
        return frozenset(self._matched)

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        for data in stdout:
            line = data.decode("utf-8", "replace")
            if line.startswith('{"notice"'):
                self._notice(json.loads(line))
            else:
                self._answers.put(line)
        self._answers.put("")

    def _notice(self, notice: Mapping[str, Any]) -> None:
        if notice["notice"] == "paused":
            self._matched.discard(notice["symbol"])
            self._paused[notice["symbol"]] = notice["reason"]
        elif notice["notice"] == "resumed":
            self._paused.pop(notice["symbol"], None)
            self._matched.add(notice["symbol"])
        if self._on_notice is not None:
            try:
                self._on_notice(notice)
            except Exception:
                # Whatever a listener does wrong, the answers behind this line must still be read.
                log.exception("notice.listener_failed notice=%r", dict(notice))

    def write_lines(self, data: bytes) -> None:
        """Write whole lines that nothing answers, such as a `MarketPipe` has. May wait until the sandbox reads them.

        Raises:
            OSError: it is gone.
        """
        with self._writing:
            self._write(data)

    def _write(self, data: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        if stdin.closed:
            raise BrokenPipeError("the sandbox was closed")
        stdin.write(data)
        stdin.flush()

    def control(self, *, timeout: float = 5.0, **order: object) -> Mapping[str, Any]:
        """Send one order down the control pipe, such as ``fault="reset"``, and give its answer.

        Raises:
            SandboxError: it refused, did not answer, or is gone.
        """
        with self._asking:
            try:
                if not self._writing.acquire(timeout=timeout):
                    raise Empty  # the feed is waiting for it to read
                try:
                    self._write(json.dumps(order).encode("ascii") + b"\n")
                finally:
                    self._writing.release()
                line = self._answers.get(timeout=timeout)
            except (OSError, ValueError):
                raise SandboxError("The sandbox is gone. kl.connect('sandbox') starts another.") from None
            except Empty:
                raise SandboxError(f"The sandbox did not answer {order!r} within {timeout:g} s.") from None
        answer: Mapping[str, Any] = json.loads(line) if line else {"error": "it is gone"}
        if "error" in answer:
            raise SandboxError(f"The sandbox refused {order!r}: {answer['error']}.")
        return answer

    def close(self, timeout: float = 3.0) -> None:
        """End it. Idempotent; a forked child leaves its parent's sandbox alone."""
        if os.getpid() != self._pid:
            return
        process = self._process
        # Who writes may be waiting for a sandbox that does not read: then its end sets the writer free.
        if self._writing.acquire(timeout=timeout):
            try:
                if process.stdin is not None and not process.stdin.closed:
                    with contextlib.suppress(OSError):
                        process.stdin.close()
            finally:
                self._writing.release()
        else:
            process.kill()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout)
        self._reader.join(timeout)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # there may be something left that nobody will read
                    pipe.close()


def describe_sandbox(facts: Mapping[str, Any]) -> tuple[Endpoints, Credentials, ssl.SSLContext | None]:
    """A sandbox's JSON line as addresses, key and, with TLS, the trust in its throw-away certificate.

    Raises:
        SandboxError: something is missing from it, or it is not on this machine.
    """
    missing = [name for name in (*KEYS, "api_key", "api_secret") if not isinstance(facts.get(name), str)]
    if missing:
        raise SandboxError(f"This does not describe a sandbox: {', '.join(missing)} missing. Give the line it printed.")
    endpoints = Endpoints(**{name: facts[name] for name in KEYS})
    if not endpoints.loopback:
        raise SandboxError("A sandbox is on this machine; these addresses are not.")
    credentials = Credentials(Secret(facts["api_key"]), Secret(facts["api_secret"]), "the sandbox")
    context = ssl.create_default_context(cadata=facts["ca_pem"]) if facts.get("ca_pem") else None
    return endpoints, credentials, context
