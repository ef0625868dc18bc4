"""A notebook in JupyterLab in Chromium, as a person has it: cells are run, pages read, keys pressed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .jupyter import Jupyter, write_notebook

__all__ = ["SCREENSHOTS", "Notebook", "until"]

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"

READY = """async () => {
  const context = window.jupyterapp?.shell?.currentWidget?.context?.sessionContext;
  await context?.ready;
  const kernel = context?.session?.kernel;
  return kernel?.connectionStatus === "connected" && kernel?.status === "idle";
}"""

ASK = """async ([code, seconds]) => {
  const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const said = [];
  const future = kernel.requestExecute({ code, store_history: false });
  future.onIOPub = ({ content }) => {
    if (content.name === "stdout") said.push(content.text);
    if (content.traceback) said.push("ERROR " + content.ename + ": " + content.evalue);
  };
  const late = new Promise((_, no) => setTimeout(() => no(new Error("the kernel did not answer")), 1e3 * seconds));
  await Promise.race([future.done, late]);
  return said.join("");
}"""

WRONG = """number => {
  const { outputs } = window.jupyterapp.shell.currentWidget.content.widgets[number].model.sharedModel;
  return outputs.filter(one => one.output_type === "error").map(error => error.ename + ": " + error.evalue).join();
}"""


THEMED = """name => document.body.dataset.jpThemeName === name && !document.getElementById("jupyterlab-splash")"""


def until(condition: Callable[[], Any], seconds: float = 20.0, what: str = "it did not happen") -> Any:
    """Ask again and again until the answer is true, and give it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


class Notebook:
    """An open notebook. ``page`` is Playwright's; ``strangers`` are addresses asked for that are not this machine."""

    def __init__(self, browser: Any, jupyter: Jupyter, name: str, cells: Sequence[str]) -> None:
        self.jupyter, self.name = jupyter, name
        self.path = jupyter.folder / f"{name}.ipynb"
        write_notebook(self.path, cells)
        self.context = browser.new_context(viewport={"width": 1280, "height": 1000})
        self.page = self.context.new_page()
        self.strangers: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", self._look_at)
        self.page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))
        self.open()

    def _look_at(self, request: Any) -> None:
        if not request.url.startswith((self.jupyter.url, "data:", "blob:", "ws://127.0.0.1")):
            self.strangers.append(request.url)

    def open(self) -> None:
        """Load the page, and wait until the kernel can be talked to."""
        self.page.bring_to_front()
        # A workspace of its own, and emptied: else JupyterLab opens the notebooks of other tests beside it.
        place = f"lab/workspaces/{self.name}/tree/{self.path.name}?reset&token={self.jupyter.token}"
        self.page.goto(self.jupyter.url + place)
        until(lambda: self.page.evaluate(READY), 60, "the kernel did not become ready")
        # Only the notebook: the folder beside it is of no interest to anybody.
        self.page.evaluate("window.jupyterapp.shell.collapseLeft()")

    def run(self, *cells: int) -> None:
        """Run cells by their number, one after the other, as Shift-Enter does, and wait for each to end."""
        for number in cells:
            self.select(number)
            self.command("notebook:run-cell")
            assert not (wrong := self.page.evaluate(WRONG, number)), wrong

    def select(self, number: int) -> None:
        """Make a cell the one that commands are about."""
        self.page.evaluate(
            "number => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = number; }", number
        )

    def command(self, name: str, **arguments: Any) -> None:
        """Run a command of JupyterLab's, and wait for it."""
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments])
        if name == "apputils:change-theme":
            # JupyterLab takes its splash away 200 ms after that. A second change within this time makes it take away
            # one that is gone already: "The node to be removed is not a child of this node", an error of the page.
            until(lambda: self.page.evaluate(THEMED, arguments["theme"]), what=f"the theme is not {arguments['theme']}")

    def start(self, number: int) -> None:
        """Run a cell and do not wait for it."""
        self.select(number)
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")

    def restart(self) -> None:
        """Restart the kernel, without a question and without running anything."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()"
        )
        until(lambda: self.page.evaluate(READY), 60, "the kernel did not come back")

    def ask(self, code: str, seconds: float = 20.0) -> str:
        """What the kernel prints when it runs this; nothing of it is seen in the notebook."""
        said = str(self.page.evaluate(ASK, [code, seconds]))
        assert not said.startswith("ERROR"), said
        return said.strip()

    def value(self, expression: str) -> Any:
        """The value of an expression in the kernel, by way of JSON."""
        return json.loads(self.ask(f"import json; print(json.dumps({expression}))"))

    def saved(self) -> dict[str, Any]:
        """The notebook as it lies on the disk once it was saved."""
        self.command("docmanager:save")
        notebook: dict[str, Any] = json.loads(self.path.read_text())
        return notebook

    def screenshot(self, name: str) -> Path:
        """Keep what is seen, to be looked at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{self.jupyter.python.parts[-3]}-{name}.png"
        self.page.screenshot(path=path)
        return path

    def close(self) -> None:
        """End its kernel, and close the page."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.shutdown()"
        )
        self.context.close()
