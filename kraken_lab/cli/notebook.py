"""``kraken-lab notebook``: JupyterLab on the notebooks that come with this package.

In a checkout they are opened where they are. An installed package holds copies of them, which are copied once more to
a folder that is yours to write in. What you have changed there is never overwritten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from .. import views
from ..errors import BadArgument, SetupError

__all__ = ["FIRST", "Copied", "command_line", "copy_to", "run", "source"]

PACKAGE: Final = Path(__file__).parent.parent
FIRST: Final = "01-first-look.ipynb"
FOLDER: Final = Path("kraken-lab-notebooks")
INSTALL: Final = "pip install 'kraken-lab[notebook]'"

Launch = Callable[[Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of each notebook: made just now, there already and the same, or there with other cells."""

    made: tuple[str, ...]
    same: tuple[str, ...]
    kept: tuple[str, ...]


def run(
    *,
    folder: Path | None,
    port: int | None,
    browser: bool,
    allow_root: bool = False,
    console: Console | None = None,
    launch: Launch | None = None,
) -> int:
    """Open JupyterLab and come back when it was ended; 0 unless it could not be started.

    Raises:
        SetupError: JupyterLab is not installed, or the package holds no notebooks.
        BadArgument: the folder cannot be written to.
    """
    console = console or Console()
    if launch is None:
        if find_spec("jupyterlab") is None:
            raise SetupError(f"JupyterLab is not installed: {INSTALL}. Nothing was copied or started.")
        launch = _launch
    notebooks, checkout = source()
    place = notebooks
    if folder is not None or not checkout:
        place = (FOLDER if folder is None else folder).resolve()
        _tell(console, place, copy_to(notebooks, place))
    else:
        _say(console, f"The notebooks of this checkout, where they are: {place}")
    _say(
        console,
        "JupyterLab runs on 127.0.0.1 only, with a token of its own. Ctrl-C ends it, its kernels and their sandboxes.",
    )
    launch(command_line(place, port=port, browser=browser, allow_root=allow_root))
    _say(console, f"Ended. Your notebooks are in {place}")
    return 0


def source(package: Path = PACKAGE) -> tuple[Path, bool]:
    """The folder of notebooks that belongs to this package, and whether it is that of a checkout.

    Raises:
        SetupError: there is none.
    """
    checkout = package.parent / "notebooks"
    if (package.parent / "pyproject.toml").is_file() and (checkout / FIRST).is_file():
        return checkout, True
    packed = package / "notebooks"
    if (packed / FIRST).is_file():
        return packed, False
    raise SetupError(f"This installation holds no notebooks (looked in {packed}); install kraken-lab anew.")


def copy_to(notebooks: Path, folder: Path) -> Copied:
    """Copy each notebook that is not there yet. Whatever is there stays as it is.

    Raises:
        BadArgument: the folder cannot be made or written to.
    """
    made: list[str] = []
    same: list[str] = []
    kept: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(notebooks.glob("*.ipynb")):
            mine, there = notebook.read_bytes(), folder / notebook.name
            try:
                with there.open("xb") as file:
                    file.write(mine)
            except FileExistsError:
                (same if _cells(there.read_bytes()) == _cells(mine) else kept).append(notebook.name)
            else:
                made.append(notebook.name)
    except OSError as error:
        raise BadArgument("folder", str(folder), "a folder that you may write to", f"({error.strerror})") from error
    return Copied(tuple(made), tuple(same), tuple(kept))


def command_line(folder: Path, *, port: int | None, browser: bool, allow_root: bool = False) -> list[str]:
    """What JupyterLab is started with. Nobody's settings can make it listen elsewhere: the command line wins.

    >>> command_line(Path("there"), port=9000, browser=False)[-1]
    '--ServerApp.port_retries=0'
    """
    arguments = [
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.allow_remote_access=False",
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        "--ServerApp.answer_yes=True",  # else Ctrl-C asks whether it is meant
    ]
    if not browser:
        arguments.append("--no-browser")
    if allow_root:
        arguments.append("--allow-root")
    if port is not None:
        # Who names a port wants that one, and not its neighbour.
        arguments += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    return arguments


def _launch(arguments: Sequence[str]) -> None:
    # In this process, so that whatever ends it ends the server and its kernels too.
    lab: Any = import_module("jupyterlab.labapp").LabApp
    lab.launch_instance(list(arguments))


def _cells(text: bytes) -> object:
    """What somebody wrote into a notebook, without what running it showed; None if it cannot be read."""
    try:
        return [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(text)["cells"]]
    except (ValueError, KeyError, TypeError):
        return None


def _tell(console: Console, folder: Path, copied: Copied) -> None:
    _say(console, f"Notebooks in {folder}")
    for names, what in (
        (copied.made, "copied"),
        (copied.same, "there already"),
        (copied.kept, "kept as you have it; this version's is different, and comes when yours is moved or removed"),
    ):
        for name in names:
            _say(console, f"  {name}: {what}")


def _say(console: Console, text: str) -> None:
    console.print(views.escape.terminal(text), markup=False, highlight=False, soft_wrap=True)
