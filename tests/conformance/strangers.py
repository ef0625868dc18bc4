"""Runs a stranger's program, in its own environment, against a sandbox process started for it alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

__all__ = ["Heard", "run", "sandbox"]

HERE = Path(__file__).parent
RATE = 240
"""Three times the default pace, so that two hundred updates take seconds."""
PATIENCE_S = 150.0


class Heard(NamedTuple):
    """What a stranger's program said: its result, and everything else it printed (its log)."""

    result: dict[str, Any]
    log: str


def run(client: str, *parts: str, authority: Path | None = None, faults: Sequence[Mapping[str, Any]] = ()) -> Heard:
    """Run the program of a client, or those parts of it, against a sandbox that nobody else uses.

    The program is given the sandbox's line on standard input and prints one JSON object, as its last line. With
    ``authority``, a file to write, the sandbox serves TLS and the client trusts the certificate authority in that file.
    ``faults`` are control lines, given before the program starts.
    """
    python = _python(client)
    program = HERE / f"{client.replace('-', '_')}_client.py"
    # Somewhere else: one of them writes its log where it is started.
    with TemporaryDirectory() as elsewhere, sandbox(tls=authority is not None, faults=faults) as facts:
        if authority is not None:
            authority.write_text(facts["ca_pem"])
        done = subprocess.run(
            [python, program, *parts],
            cwd=elsewhere,
            input=json.dumps(facts),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
            env=os.environ | _trust(authority),
        )
    assert done.returncode == 0, f"{client} failed:\n{done.stderr}"
    log, _, result = done.stdout.rstrip().rpartition("\n")
    return Heard(json.loads(result), log + done.stderr)


@contextmanager
def sandbox(*, tls: bool = False, faults: Sequence[Mapping[str, Any]] = ()) -> Iterator[dict[str, Any]]:
    """A sandbox process, given these control lines; what it says of itself."""
    command = [sys.executable, "-m", "kraken_lab.sandbox", "--json", "--seed", "7", "--rate", str(RATE)]
    with (
        subprocess.Popen(
            [*command, *(["--tls"] if tls else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
        _killed_after(process, 2 * PATIENCE_S),
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            facts: dict[str, Any] = json.loads(process.stdout.readline())
            for fault in faults:
                process.stdin.write(json.dumps(fault) + "\n")
                process.stdin.flush()
                assert json.loads(process.stdout.readline()).get("ok"), fault
            yield facts
        finally:
            process.stdin.close()
    assert process.returncode == 0, "the sandbox did not end well"


@contextmanager
def _killed_after(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _python(client: str) -> Path:
    """The Python of a client's environment."""
    folder = Path(os.environ.get("KRAKEN_LAB_CONFORMANCE_ENVS", HERE.parents[1] / ".ci" / "envs"))
    reason = folder / f"{client}.missing"
    if reason.exists():
        pytest.skip(reason.read_text().strip())
    python = (folder / client / "bin" / "python").absolute()
    if not python.exists():
        pytest.fail(f"There is no environment for {client} in {folder}: run .ci/conformance first.", pytrace=False)
    return python


def _trust(authority: Path | None) -> dict[str, str]:
    """The variables by which Python's clients are told of a certificate authority."""
    return {} if authority is None else dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(authority))
