"""The embedded exchange as a local process of its own, tied to this one by its pipes."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Mapping
from queue import Empty, Queue
from typing import Any

from ..errors import SandboxError
from .endpoints import Endpoints
from .secrets import Credentials, Secret

__all__ = ["SandboxProcess", "describe_sandbox"]

KEYS = ("ws_public", "ws_private", "ws_l3", "rest")


class SandboxProcess:
    """A running sandbox: its addresses, its key, and the control pipe to it.

    It ends when `close` is called or when this process ends in any way: its standard input is the pipe.

    Raises:
        SandboxError: it did not start within ``timeout`` seconds, or said something else than its addresses.
    """

    def __init__(self, *, seed: int, rate: float | None = None, tls: bool = False, timeout: float = 15.0) -> None:
        self._pid = os.getpid()
        command = [sys.executable, "-m", "kraken_lab.sandbox", "--json", "--port", "0", "--seed", str(seed)]
        command += ["--rate", repr(rate)] if rate is not None else []
        command += ["--tls"] if tls else []
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                # An interrupt in the terminal stops the cell or script, not the exchange under it.
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"The sandbox could not be started: {error.strerror}.") from error
        self._answers: Queue[str] = Queue()
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="kraken_lab sandbox pipe", daemon=True)
        self._reader.start()
        try:
            line = self._answers.get(timeout=timeout)
        except Empty:
            self.close()
            raise SandboxError(f"The sandbox did not say where it listens within {timeout:g} s.") from None
        if not line:
            said = self._process.stderr.read() if self._process.stderr else ""
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

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        for line in stdout:
            self._answers.put(line)
        self._answers.put("")

    def control(self, *, timeout: float = 5.0, **order: object) -> Mapping[str, Any]:
        """Send one order down the control pipe, such as ``fault="reset"``, and give its answer.

        Raises:
            SandboxError: it refused, did not answer, or is gone.
        """
        stdin = self._process.stdin
        assert stdin is not None
        with self._lock:
            try:
                stdin.write(json.dumps(order) + "\n")
                stdin.flush()
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
        if process.stdin is not None and not process.stdin.closed:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout)
        self._reader.join(timeout)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
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
