"""The command line, run as a newcomer would run it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from kraken_lab import __version__
from kraken_lab.cli import app
from kraken_lab.cli.demo import _Rates, _screen, _Streams
from kraken_lab.cli.doctor import Finding, findings
from kraken_lab.cli.doctor import run as run_doctor
from kraken_lab.lab import Lab

COMMANDS = ("demo", "notebook", "sandbox", "doctor", "kill", "check-notebook")


def program(
    *arguments: str, stdin: str | None = None, timeout: float = 60.0, columns: int = 160
) -> subprocess.CompletedProcess[str]:
    """Run ``kraken-lab`` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from kraken_lab.cli import main; main()", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1"},
        check=False,
    )


def test_help_names_every_command() -> None:
    """In a sentence each, and without starting anything."""
    said = CliRunner().invoke(app, ["--help"])
    assert said.exit_code == 0
    for command in COMMANDS:
        assert command in said.output


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    """Every option has a help text."""
    said = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert said.exit_code == 0
    options = re.findall(r"^\W*(--[a-z-]+)", said.output, re.MULTILINE)
    assert "--help" in options
    for line in said.output.splitlines():
        if re.match(r"^\W*--", line):
            assert len(line.strip(" │|").split()) > 2, line


@pytest.mark.early
def test_the_demo_shows_the_recovery_and_writes_a_page(tmp_path: Path) -> None:
    """The line is broken once; all streams are whole again; trades are proved complete; the page stands alone."""
    page = tmp_path / "demo.html"
    done = program("demo", "--seconds", "4", "--symbol", "BTC/USD", "--output", str(page), columns=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "connection lost" in done.stdout
    assert re.search(r"trade\s+BTC/USD\s+connection lost\s+[\d.]+ s\s+0\s+yes", done.stdout), done.stdout
    assert re.search(r"[1-9][\d,]* book messages verified by checksum, 0 failed", done.stdout)
    assert "shape: (5, 5)" in done.stdout
    assert re.search(r"symbol +side +price +qty +trade_id", done.stdout), done.stdout
    assert re.search(r"symbol +┆ bid +┆ bid_qty +┆ ask +┆ ask_qty", done.stdout), done.stdout
    assert len(re.findall(r"^ +\d\.\d s: \d of 5 subscriptions LIVE, \d+ messages$", done.stdout, re.MULTILINE)) == 3
    html = page.read_text("utf-8")
    assert html.count("<!DOCTYPE html>") + html.count("<!doctype html>") == 1
    assert "BTC/USD" in html
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"']?https?:", html)


def test_the_demo_refuses_a_pair_that_does_not_exist(tmp_path: Path) -> None:
    """In one sentence that names what would be right, without a traceback, and nothing is written."""
    page = tmp_path / "demo.html"
    done = program("demo", "--seconds", "2", "--symbol", "XBT/USD", "--output", str(page))
    assert done.returncode == 1
    assert "'BTC/USD'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not page.exists()


def test_the_sandbox_command_says_where_it_listens_and_ends_with_its_pipe() -> None:
    """One JSON line with every address and the key; end of input is its end."""
    done = program("sandbox", "--json", "--seed", "3", stdin='{"fault":"status","status":"maintenance"}\n')
    first, second = done.stdout.splitlines()[:2]
    facts = json.loads(first)
    assert done.returncode == 0
    assert {"ws_public", "ws_private", "ws_l3", "rest", "api_key", "api_secret"} <= set(facts)
    assert all(facts[name].endswith("/v2") for name in ("ws_public", "ws_private", "ws_l3"))
    assert json.loads(second)["ok"] is True


def test_the_sandbox_command_refuses_what_it_cannot_do() -> None:
    """Another market than it has, and an address that is not loopback."""
    feed = program("sandbox", "--market", "hearsay")
    everywhere = program("sandbox", "--host", "0.0.0.0")
    assert (feed.returncode, everywhere.returncode) == (1, 1)
    assert "synthetic" in feed.stderr
    assert "127.0.0.1 or ::1 only" in everywhere.stderr
    assert "Traceback" not in feed.stderr + everywhere.stderr


def test_the_doctor_finds_this_machine_fit() -> None:
    """Python, packages and the sandbox, with the time to the first verified book."""
    said = io.StringIO()
    assert run_doctor(offline=True, console=Console(file=said, width=160)) == 0
    assert re.search(r"ok\s+sandbox\s+first verified book after [\d.]+ s", said.getvalue())


def test_the_doctor_says_what_to_do_about_a_wrong_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment cannot choose live."""
    monkeypatch.setenv("KRAKEN_LAB_MODE", "live")
    monkeypatch.setattr("kraken_lab.cli.doctor._sandbox", lambda: Finding("sandbox", "good", "not started here"))
    found = {finding.name: finding for finding in findings(offline=True)}
    assert found["mode"].verdict == "bad"
    assert "sandbox or paper" in found["mode"].advice


def test_the_doctor_explains_a_missing_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a note and not an illness: the sandbox needs none. Outgoing connections are blocked in the tests."""
    monkeypatch.setattr("kraken_lab.cli.doctor._sandbox", lambda: Finding("sandbox", "good", "not started here"))
    monkeypatch.setattr("kraken_lab.cli.doctor.NETWORK_TIMEOUT", 1.0)
    found = {finding.name: finding for finding in findings(offline=False)}
    for name in ("Kraken REST", "Kraken WebSocket"):
        assert found[name].verdict == "note"
        assert "sandbox" in found[name].advice


def test_the_version_can_be_asked() -> None:
    """It is the package's."""
    said = CliRunner().invoke(app, ["--version"])
    assert (said.exit_code, said.output) == (0, f"kraken-lab {__version__}\n")


def test_a_page_that_cannot_be_written_is_said_before_the_streaming(tmp_path: Path) -> None:
    """Nobody waits a quarter of a minute for that."""
    done = program("demo", "--seconds", "60", "--output", str(tmp_path / "missing" / "demo.html"), timeout=20)
    assert done.returncode == 1
    assert "a folder that exists" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_demos_screen_fits(width: int, lab: Lab) -> None:
    """No column is cut in a terminal of the usual width."""
    streams = _Streams.of(lab, ["BTC/USD"])
    said = Console(file=io.StringIO(), width=width, force_terminal=False)
    said.print(_screen(lab, streams, 1.0, 2.0, 0.0, _Rates(), width))
    assert isinstance(said.file, io.StringIO)
    shown = said.file.getvalue()
    assert "…" not in shown
    assert all(len(line) <= width for line in shown.splitlines())
    assert ("latency" in shown) == (width >= 100)
