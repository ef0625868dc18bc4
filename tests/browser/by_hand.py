"""Order tickets and blotters on a page: their controls by the names a screen reader says, and where they stand."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from .notebook import Notebook, until

__all__ = ["CELLS_NOW", "SHOT", "Panel", "apart", "hears_only_between_cells", "inside"]

SHOT = {"width": 1280, "height": 1500}
"""A window in which a whole ticket can be seen at once."""

CELLS_NOW = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(
  cell => [cell.model.type, cell.model.executionCount])"""
"""What the cells of the notebook are, and which run each has shown."""

CONTROLS = """root => [...root.querySelectorAll("input, select, button, summary")]
  .filter(e => e.offsetParent).map(e => {
  const b = e.getBoundingClientRect();
  return { box: [b.left, b.top, b.right, b.bottom], tag: e.tagName, disabled: Boolean(e.disabled) };
})"""

FOCUS = """() => {
  const e = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(e);
  return { tag: e.tagName, outline: `${outlineStyle} ${outlineWidth}`, inside: Boolean(e.closest(".kl-whole")),
           name: (e.getAttribute("aria-label") || e.labels?.[0]?.textContent || e.textContent || "").trim() };
}"""

CUT = """root => [...root.querySelectorAll("button, .kl-card, input, select, label")].filter(
  e => e.offsetParent && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible"
    && !["INPUT", "SELECT"].includes(e.tagName) && e.clientWidth > 2).map(e => e.outerHTML.slice(0, 120))"""

Box = tuple[float, float, float, float]


def hears_only_between_cells(notebook: Notebook) -> bool:
    """Whether its kernel hears the browser only when no cell runs. Newer ones may hear it in between, on a subshell:
    which of the two happens changes while they run, so a test of those takes either.
    """
    return "ipykernel-6" in notebook.jupyter.python.parts


class Panel:
    """One ticket or blotter on the page; ``kind`` is its class."""

    def __init__(self, notebook: Notebook, kind: str) -> None:
        self.notebook, self.page = notebook, notebook.page
        self.element = notebook.page.locator(f".{kind}")
        self.element.wait_for(timeout=30_000)
        self.element.scroll_into_view_if_needed()

    def field(self, name: str) -> Any:
        """A text field, a choice or a box to tick, by its label."""
        return self.element.get_by_label(name, exact=True)

    def button(self, name: str) -> Any:
        """A button, by what it is called or how that begins."""
        return self.element.get_by_role("button", name=name)

    @property
    def confirm(self) -> Any:
        """The button that sends what is under review."""
        return self.element.locator(".kl-press").first

    @property
    def text(self) -> str:
        """All its words."""
        return str(self.element.inner_text())

    def until_says(self, words: str, seconds: float = 30.0) -> None:
        """Wait until it says this."""
        until(lambda: words in self.text, seconds, f"it never said {words!r}: {self.text}")

    def until_ready(self) -> None:
        """Wait until the button can be pressed: the clocks are compared, and it stood there long enough to be seen."""
        until(lambda: self.confirm.is_enabled(), 30, self.text)

    def press_confirm(self) -> None:
        """Click the button that sends, as a mouse does."""
        self.until_ready()
        box = self.confirm.bounding_box()
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def focus(self) -> dict[str, Any]:
        """What has the focus: its tag, its name, how it is framed, and whether it is part of a ticket or blotter."""
        focus: dict[str, Any] = self.page.evaluate(FOCUS)
        return focus

    def tab_to(self, name: str, most: int = 40) -> None:
        """Press Tab until the control of that name has the focus."""
        for _ in range(most):
            if self.focus()["name"].startswith(name):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never came to {name}")

    def boxes(self) -> list[Box]:
        """Where its controls stand, in pixels of the window: left, top, right, bottom."""
        return [tuple(control["box"]) for control in self.element.evaluate(CONTROLS)]

    def cut(self) -> list[str]:
        """What holds more than it shows."""
        found: list[str] = self.element.evaluate(CUT)
        return found


def apart(boxes: list[Box]) -> bool:
    """Whether no two of them overlap by more than a pixel."""
    return not any(
        min(one[2], other[2]) - max(one[0], other[0]) > 1 and min(one[3], other[3]) - max(one[1], other[1]) > 1
        for one, other in combinations(boxes, 2)
    )


def inside(panel: Panel) -> bool:
    """Whether all its controls have an extent, and stand within what the cell shows of its output."""
    area = panel.element.locator("xpath=ancestor::*[contains(@class, 'jp-OutputArea-output')][1]").bounding_box()
    left, right = area["x"] - 1, area["x"] + area["width"] + 1
    return all(left <= box[0] < box[2] <= right and box[1] < box[3] for box in panel.boxes())
