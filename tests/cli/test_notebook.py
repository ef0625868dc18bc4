"""``kraken-lab notebook``: the right notebooks, in a folder of one's own, and a server on this machine alone."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from kraken_lab.cli import app
from kraken_lab.cli.notebook import command_line, copy_to, source
from kraken_lab.cli.notebook import run as run_notebook
from kraken_lab.errors import BadArgument, SetupError

ROOT = Path(__file__).parents[2]
COMMAND = "kraken_lab.cli.notebook"
NOTEBOOKS = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}


class Launched:
    """Stands for JupyterLab: keeps what it was started with."""

    def __init__(self) -> None:
        self.arguments: list[str] = []

    def __call__(self, arguments: Sequence[str]) -> None:
        """Started, and ended at once."""
        self.arguments = list(arguments)


def an_installation(folder: Path) -> Path:
    """The package as a wheel lays it down: its notebooks inside, and no checkout around."""
    package = folder / "site-packages" / "kraken_lab"
    shutil.copytree(ROOT / "notebooks", package / "notebooks")
    return package


def run(monkeypatch: pytest.MonkeyPatch, package: Path, folder: Path | None = None) -> tuple[list[str], str]:
    """What JupyterLab is started with, and what is said."""
    launched, said = Launched(), io.StringIO()
    monkeypatch.setattr(f"{COMMAND}.source", lambda: source(package))
    code = run_notebook(folder=folder, port=None, browser=False, console=Console(file=said, width=80), launch=launched)
    assert code == 0
    return launched.arguments, said.getvalue()


def test_a_wheel_holds_every_notebook() -> None:
    """By the builder's own list, where the command looks for them, and nothing else of that folder."""
    builders = pytest.importorskip("hatchling.builders.wheel", reason="the builder is only where the package is built")
    packed = {file.distribution_path for file in builders.WheelBuilder(str(ROOT)).recurse_included_files()}
    inside = {Path(path).name for path in packed if path.startswith("kraken_lab/notebooks/")}
    assert inside == NOTEBOOKS


def test_a_checkouts_notebooks_are_opened_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has the source wants to change them, not copies of them."""
    arguments, said = run(monkeypatch, ROOT / "kraken_lab")
    assert f"--ServerApp.root_dir={ROOT / 'notebooks'}" in arguments
    assert str(ROOT / "notebooks") in said


def test_an_installations_notebooks_are_copied_to_a_folder_of_ones_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All of them, under the working folder, and it is said."""
    monkeypatch.chdir(tmp_path)
    arguments, said = run(monkeypatch, an_installation(tmp_path))
    folder = tmp_path / "kraken-lab-notebooks"
    assert {path.name for path in folder.iterdir()} == NOTEBOOKS
    assert f"--ServerApp.root_dir={folder}" in arguments
    assert all(f"{name}: copied" in said for name in NOTEBOOKS)
    assert f"Ended. Your notebooks are in {folder}" in said


def test_what_was_changed_is_kept_and_said(tmp_path: Path) -> None:
    """A changed cell is somebody's work, as is a file that cannot be read; outputs of a run are no change."""
    package, folder = an_installation(tmp_path), tmp_path / "mine"
    assert set(copy_to(package / "notebooks", folder).made) == NOTEBOOKS
    first, second = folder / "01-first-look.ipynb", folder / "02-paper-orders.ipynb"
    notebook = json.loads(first.read_text())
    notebook["cells"][1]["source"] = "my own work"
    first.write_text(json.dumps(notebook))
    ran = json.loads(second.read_text())
    ran["cells"][1]["execution_count"] = 7
    second.write_text(json.dumps(ran))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    again = copy_to(package / "notebooks", folder)
    assert (again.made, again.kept) == ((), ("01-first-look.ipynb",))
    assert "02-paper-orders.ipynb" in again.same
    first.write_text("no notebook at all")
    assert copy_to(package / "notebooks", folder).kept == ("01-first-look.ipynb",)
    assert first.read_text() == "no notebook at all"
    assert {path: path.read_bytes() for path in folder.iterdir() if path != first} == {
        path: text for path, text in before.items() if path != first
    }


def test_a_kept_notebook_is_named_with_the_way_to_the_new_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is overwritten without a word, and nothing is left out without one."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "01-first-look.ipynb").write_text("{}")
    _, said = run(monkeypatch, an_installation(tmp_path), folder)
    assert "01-first-look.ipynb: kept as you have it; this version's is different" in said


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    """Say, because a file has its name."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(BadArgument, match="a folder that you may write to"):
        copy_to(ROOT / "notebooks", tmp_path / "taken")


def test_without_jupyterlab_the_command_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And has copied nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(f"{COMMAND}.find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"pip install 'kraken-lab\[notebook\]'"):
        run_notebook(folder=tmp_path / "mine", port=None, browser=False)
    assert list(tmp_path.iterdir()) == []


def test_an_installation_without_notebooks_says_so(tmp_path: Path) -> None:
    """Rather than open an empty folder."""
    with pytest.raises(SetupError, match="holds no notebooks"):
        source(tmp_path / "kraken_lab")


def test_the_server_listens_on_this_machine_alone() -> None:
    """At the port asked for or not at all; it opens the first notebook, and Ctrl-C ends it without a question."""
    arguments = command_line(Path("there"), port=9000, browser=False)
    for wanted in (
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.allow_remote_access=False", "--ServerApp.answer_yes=True"),
        *("--ServerApp.port=9000", "--ServerApp.port_retries=0", "--no-browser"),
        "--LabApp.default_url=/lab/tree/01-first-look.ipynb",
    ):
        assert wanted in arguments
    usual = command_line(Path("there"), port=None, browser=True)
    assert not {"--no-browser", "--allow-root"} & set(usual)
    assert not any(one.startswith("--ServerApp.port") for one in usual)
    assert "--allow-root" in command_line(Path("there"), port=None, browser=True, allow_root=True)


def test_the_options_reach_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As they were written."""
    given: dict[str, object] = {}

    def keep(**options: object) -> int:
        given.update(options)
        return 0

    monkeypatch.setattr(f"{COMMAND}.run", keep)
    done = CliRunner().invoke(app, ["notebook", "--no-browser", "--port", "9000", "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert given == {"folder": tmp_path, "port": 9000, "browser": False, "allow_root": False}
