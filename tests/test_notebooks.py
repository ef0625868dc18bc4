"""The notebooks run from start to finish, and what is kept of them is what they say, not what they once showed."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from ipykernel.kernelspec import write_kernel_spec
from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
KERNEL = "kraken-lab-test"
RICH = {"text/html", "application/vnd.plotly.v1+json", "application/vnd.jupyter.widget-view+json"}
"""How a cell shows more than words: a page, a figure, a widget."""


def names(path: Path) -> str:
    """How a notebook is called in a test's name."""
    return path.stem


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel of this very Python, whatever else is installed on the machine."""
    write_kernel_spec(tmp_path / "kernels" / KERNEL)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    # This checkout, and not another one that may be installed.
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    return KERNEL


class Patient(AsyncKernelClient):
    """A client that does not feel a kernel's pulse: on a busy machine it might wait for ever for one that ended."""

    def start_channels(self, *args: Any, **options: Any) -> None:
        """All but that of the heartbeat."""
        super().start_channels(*args, **{**options, "hb": False})


def shown(cell: Any) -> set[str]:
    """The kinds of output of a cell, by MIME type."""
    return {mime for output in cell.outputs for mime in output.get("data", {})}


def ends_with_a_value(source: str) -> bool:
    """Whether a cell's last statement is a value to be shown, and not a print or an assignment."""
    last = ast.parse(source).body[-1]
    return isinstance(last, ast.Expr) and not ast.unparse(last).startswith("print(")


@pytest.mark.early
@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_a_notebook_runs_from_start_to_finish(path: Path, kernel: str, tmp_path: Path) -> None:
    """In a kernel of its own; no cell fails, none warns, and a cell that ends with a value shows more than words."""
    notebook = jupytext.read(path)
    client = NotebookClient(
        notebook,
        kernel_name=kernel,
        timeout=60,
        store_widget_state=False,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.create_kernel_manager().client_factory = Patient
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        complaints = [output.text for output in cell.outputs if output.get("name") == "stderr"]
        assert not complaints, cell.source
        if ends_with_a_value(cell.source):
            assert shown(cell) & RICH, cell.source


def test_the_first_notebook_answers_by_its_third_cell(kernel: str, tmp_path: Path) -> None:
    """A live book is on the screen three code cells in."""
    notebook = jupytext.read(NOTEBOOKS[0])
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "lab.book(" in "\n".join(cell.source for cell in code[:3])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_the_ipynb_is_the_py_without_outputs(path: Path) -> None:
    """It is generated: ``jupytext --update --to ipynb notebooks/NAME.py``, and nothing that was shown is kept."""
    source = jupytext.read(path)
    kept = nbformat.read(path.with_suffix(".ipynb"), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(kept)
    assert [(cell.cell_type, cell.source) for cell in kept.cells] == [(c.cell_type, c.source) for c in source.cells]
    for cell in kept.cells:
        assert not cell.metadata
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_binder_installs_this_and_has_what_it_needs() -> None:
    """The package itself, a kernel whose threads may show things, and a Python that all dependencies exist for."""
    requirements = (ROOT / "binder" / "requirements.txt").read_text("utf-8").split()
    assert "." in requirements
    assert "ipykernel>=7.1" in requirements
    assert (ROOT / "binder" / "runtime.txt").read_text("utf-8").strip() == "python-3.12"
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "labpath=notebooks/01-first-look.ipynb" in readme
