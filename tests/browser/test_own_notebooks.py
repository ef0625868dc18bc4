"""This repository's notebooks in JupyterLab: they run from top to bottom, and all that is live on them is painted."""

from __future__ import annotations

import os
from pathlib import Path

import jupytext
import pytest

from .conftest import EVERYTHING, Opener
from .jupyter import ROOT
from .notebook import Notebook, until

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
"""All of them are executed without a browser too; here, unless everything is asked for, the first and the fullest."""
SHOWN = NOTEBOOKS if os.environ.get(EVERYTHING) else [NOTEBOOKS[0], NOTEBOOKS[4]]
LIVE = ".kl-live, .kl-heat, .kl-ladder, .kl-figure, .kl-health"
"""What the pump keeps fresh; each tells how often it was painted."""
WHERE = """selector => window.jupyterapp.shell.currentWidget.content.widgets.flatMap(
  (cell, at) => cell.model.type === "code" && cell.outputArea.node.querySelector(selector) ? [at] : [])"""
LOOK_AT = "at => window.jupyterapp.shell.currentWidget.content.widgets[at].outputArea.node.scrollIntoView()"
SEEN = """([at, selector]) => {
  const output = window.jupyterapp.shell.currentWidget.content.widgets[at].outputArea.node;
  return [...output.querySelectorAll(selector)].map(view => {
    const { width, height } = view.getBoundingClientRect();
    return [view.className, Number(view.dataset.paints), width, height];
  });
}"""
"""How often each view of a cell was painted, and its extent. Cells far out of sight are not on the page: no locator
counts them."""


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_a_notebook_of_ours_runs_and_is_painted(open_notebook: Opener, path: Path) -> None:
    """No cell fails, nothing foreign is asked for, and every live view is painted where one can see it."""
    cells = [cell.source for cell in jupytext.read(path).cells if cell.cell_type == "code"]
    notebook = open_notebook(path.stem, cells)
    notebook.page.set_viewport_size({"width": 1280, "height": 1400})
    notebook.run(*range(len(cells)))
    for at in notebook.page.evaluate(WHERE, LIVE):
        look_at(notebook, at)
    notebook.screenshot(f"notebook-{path.stem}")
    assert notebook.errors == []
    assert notebook.strangers == []


def look_at(notebook: Notebook, at: int) -> None:
    """Scroll to a cell's views, and wait until they are painted, each with an extent."""

    def all_seen() -> bool:
        notebook.page.evaluate(LOOK_AT, at)
        seen = notebook.page.evaluate(SEEN, [at, LIVE])
        return all(paints > 0 and width > 300 and height > 100 for _, paints, width, height in seen)

    until(all_seen, 20, f"cell {at} is not painted: {notebook.page.evaluate(SEEN, [at, LIVE])}")
