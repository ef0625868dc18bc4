"""The sandbox as a process: what it prints, what it is told, how it ends."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox import program

COMMAND = [sys.executable, "-m", "kraken_lab.sandbox"]
FACTS = {"ws_public", "ws_private", "ws_l3", "rest", "api_key", "api_secret", "pid", "run_id", "seed"}


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The program, which is gone afterwards whatever happens."""
    with subprocess.Popen(
        [*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def test_the_end_of_the_control_pipe_ends_the_process() -> None:
    """It says where it is in one line, answers control lines one by one, and leaves with 0."""
    with process("--json", "--seed", "11") as running:
        assert running.stdin
        assert running.stdout
        facts = json.loads(running.stdout.readline())
        assert set(facts) == FACTS
        assert (facts["seed"], facts["pid"]) == (11, running.pid)
        assert all(facts[name].endswith("/v2") for name in ("ws_public", "ws_private", "ws_l3"))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{facts['rest']}/0/public/SystemStatus", timeout=10) as answer:
            assert json.load(answer)["result"]["status"] == "online"
        for line in ('{"fault":"status","status":"maintenance"}', "\n", "nonsense"):
            running.stdin.write(line + "\n")
        running.stdin.flush()
        assert json.loads(running.stdout.readline()) == {"ok": True, "fault": "status"}
        assert list(json.loads(running.stdout.readline())) == ["error"]
        with opener.open(f"{facts['rest']}/0/public/SystemStatus", timeout=10) as answer:
            assert json.load(answer)["result"]["status"] == "maintenance"
        running.stdin.close()
        assert running.wait(10) == 0
        assert running.stdout.read() == ""


def test_without_a_pipe_a_signal_ends_it() -> None:
    """The page is for people; the end of standard input means nothing then."""
    with process("--rate", "0") as running:
        assert running.stdin
        assert running.stdout
        running.stdin.close()
        assert "ready" in running.stdout.readline()
        page = [running.stdout.readline() for _ in FACTS]
        assert any(line.split()[0] == "ws_public" for line in page)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0


@pytest.mark.promise("W-01")
@pytest.mark.fault("F-148")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "127.0.0.1 or ::1 only"),
        (["--market", "feed"], "with --json only"),
        (["--market", "feed", "--json", "--silence", "0"], "silence=0.0 is not possible"),
        (["--market", "replay:tape"], "synthetic and feed only"),
        (["--rate", "-1"], "rate=-1.0 is not possible"),
        (["--rate", "nan"], "rate=nan is not possible"),
    ],
)
def test_what_cannot_be_started_is_said_in_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with exit code 2."""
    assert program.main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert said.err.count("\n") == 1


def test_it_can_be_run_from_another_program() -> None:
    """With streams of its own; a pipe that is at its end already ends it at once. TLS adds its authority."""
    out = io.StringIO()
    assert program.run(as_json=True, tls=True, rate=0, seed=3, stdin=io.StringIO(""), stdout=out) == 0
    facts = json.loads(out.getvalue())
    assert set(facts) == {*FACTS, "ca_pem"}
    assert facts["ws_public"].startswith("wss://")
    assert facts["ca_pem"].startswith("-----BEGIN CERTIFICATE-----")


def test_a_port_that_is_taken_is_an_error_that_names_it() -> None:
    """The first keeps it."""
    with process("--json", "--rate", "0") as running:
        assert running.stdout
        port = int(json.loads(running.stdout.readline())["rest"].split(":")[2].split("/")[0])
        with pytest.raises(SandboxError, match=str(port)):
            program.run(port=port, as_json=True, rate=0, stdin=io.StringIO(""), stdout=io.StringIO())
