"""A JupyterLab of a test's own, on loopback, with one of the kernels that `.ci/browser` prepared."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

__all__ = ["JUPYTERS", "Jupyter", "jupyter", "write_notebook"]

ROOT = Path(__file__).parents[2]
JUPYTERS = ("ipykernel-6", "ipykernel-7")

SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/apputils-extension/themes": {"theme": "JupyterLab Light"},
}


@dataclass(frozen=True)
class Jupyter:
    """A server that runs: where it is, the folder its notebooks lie in, and the Python beside it."""

    url: str
    token: str
    folder: Path
    python: Path


def prepared(name: str) -> Path:
    """The Python of a prepared environment; without it the test fails and says what makes it."""
    folder = Path(os.environ.get("KRAKEN_LAB_BROWSER_ENVS", ROOT / ".ci" / "envs"))
    python = folder / name / "bin" / "python"
    if not python.exists():
        pytest.fail(f"There is no environment {name} in {folder}: run .ci/browser first.", pytrace=False)
    return python


@contextmanager
def jupyter(name: str, home: Path, without: Sequence[str] = ()) -> Iterator[Jupyter]:
    """Run JupyterLab with nobody's settings but ours and ``without`` some extensions; end it with all its kernels."""
    python, token = prepared(name), secrets.token_hex(16)
    folder = home / "notebooks"
    folder.mkdir(parents=True)
    for plugin, values in SETTINGS.items():
        path = home / "settings" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    page = home / "config" / "labconfig" / "page_config.json"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(json.dumps({"disabledExtensions": dict.fromkeys(without, True)}))
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "JUPYTER_TOKEN": token,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "KRAKEN_LAB_HOME": str(home / "state"),
    }
    command: list[str | Path] = [python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
    command += ["--JupyterNotebookApp.expose_app_in_browser=True"]
    command += ["--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={folder}"]
    with (home / "log.txt").open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        url = _address(process, home)
        yield Jupyter(url, token, folder, python)
    finally:
        process.terminate()
        process.wait(20)


def _address(process: subprocess.Popen[bytes], home: Path) -> str:
    """Where the server listens, as it wrote down itself, once it answers."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        for path in (home / "runtime").glob("jpserver-*.json"):
            try:
                url = str(json.loads(path.read_text())["url"])
                urllib.request.urlopen(f"{url}api", timeout=5).close()
            except (ValueError, urllib.error.URLError, OSError):
                continue
            return url
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{(home / 'log.txt').read_text()[-3000:]}")


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """A notebook of code cells, as a person would have saved it."""
    made: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    path.write_text(json.dumps({"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}))
