"""``kraken-lab notebook`` with a real JupyterLab: it comes up on this machine alone, and Ctrl-C ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from .jupyter import JUPYTERS, ROOT, prepared
from .notebook import until

pytestmark = pytest.mark.browser


def the_server(runtime: Path, process: subprocess.Popen[bytes]) -> Any:
    """What a running server wrote down of itself; None while it is not there yet."""
    assert process.poll() is None, "it ended by itself"
    for path in runtime.glob("jpserver-*.json"):
        try:
            return json.loads(path.read_text())
        except ValueError:
            return None
    return None


def contents(ask: urllib.request.Request) -> set[str]:
    """The names of what is served; none while the server does not listen yet, which it writes down before."""
    try:
        with urllib.request.urlopen(ask, timeout=20) as answer:
            return {entry["name"] for entry in json.load(answer)["content"]}
    except urllib.error.URLError:
        return set()


def test_the_notebooks_are_served_until_ctrl_c(tmp_path: Path) -> None:
    """On loopback, with a token, the copies in the folder; one Ctrl-C ends server and command without a question."""
    runtime, folder, said = tmp_path / "runtime", tmp_path / "mine", tmp_path / "said.txt"
    command: list[str | Path] = [prepared(JUPYTERS[-1]), "-c", "from kraken_lab.cli import main; main()"]
    command += ["notebook", "--no-browser", "--allow-root", "--folder", folder]
    with said.open("w") as log:
        process = subprocess.Popen(
            command,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_CONFIG_DIR": str(tmp_path)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        server = until(lambda: the_server(runtime, process), 90, "the server did not come up")
        assert (server["hostname"], server["root_dir"]) == ("127.0.0.1", str(folder))
        assert server["token"]
        ask = urllib.request.Request(
            f"{server['url']}api/contents", headers={"Authorization": f"token {server['token']}"}
        )
        served = until(lambda: contents(ask), 30, "it does not answer")
        assert served == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    assert f"Ended. Your notebooks are in {folder}" in said.read_text()
