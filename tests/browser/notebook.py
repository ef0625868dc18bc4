"""A notebook in JupyterLab in Chromium, as a person has it: cells are run, pages read, keys pressed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .jupyter import Jupyter, write_notebook

__all__ = ["BUSY", "LAB", "LIGHT", "NOTEBOOK_7", "SCREENSHOTS", "SHOW", "SIZE", "Notebook", "Window", "until"]

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SIZE = {"width": 1280, "height": 1000}
LIGHT = "JupyterLab Light"

LAB = "lab/workspaces/tests/tree/{}?reset&"
"""A notebook in JupyterLab. A workspace of its own, and emptied: else those of other tests are opened beside it."""
NOTEBOOK_7 = "notebooks/{}?"
"""A notebook on a page of its own, as Jupyter Notebook 7 has it."""

READY = """async path => {
  const shown = window.jupyterapp?.shell?.currentWidget?.context;
  if (shown?.path !== path) return false;
  await shown.sessionContext.ready;
  const kernel = shown.sessionContext.session?.kernel;
  return kernel?.connectionStatus === "connected" && kernel?.status === "idle";
}"""

# What a command gives is a widget with all that hangs on it: to hand that over takes Playwright two seconds.
OPEN = """path => { window.jupyterapp.commands.execute("docmanager:open", { path }); }"""

ALONE = """path => {
  for (const one of [...window.jupyterapp.shell.widgets("main")]) if (one.context?.path !== path) one.dispose();
}"""

END = """() => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"""

THEME = """() => document.body.dataset.jpThemeName"""

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


SHOW = """state => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""Has the page say that it is hidden, or visible again, as when somebody looks at another one."""

BUSY = """from pathlib import Path
Path("busy").touch()
while Path("busy").exists():
    for _ in range(1000):
        sum(range(1000))"""
"""A cell that computes until `Notebook.busy` ends."""


def until(condition: Callable[[], Any], seconds: float = 20.0, what: str = "it did not happen") -> Any:
    """Ask again and again until the answer is true, and give it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


class Window:
    """A window of JupyterLab's in which one notebook after the other is opened, each in the place of the one before.

    That takes a second; a window of its own takes four, with all of JupyterLab to be loaded and its kernel to be found.
    ``page`` is Playwright's; ``strangers`` are addresses asked for that are not this machine, ``errors`` what scripts
    failed of, both since the notebook was opened. ``place`` is the address of a notebook on the server.
    """

    def __init__(self, browser: Any, jupyter: Jupyter, place: str = LAB) -> None:
        self.jupyter, self._place = jupyter, place
        self.context = browser.new_context(viewport=SIZE)
        self.page = self.context.new_page()
        self.strangers: list[str] = []
        self.errors: list[str] = []
        self._loaded = False
        self.page.on("request", self._look_at)
        self.page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))

    def _look_at(self, request: Any) -> None:
        if not request.url.startswith((self.jupyter.url, "data:", "blob:", "ws://127.0.0.1")):
            self.strangers.append(request.url)

    def load(self, path: str) -> None:
        """Load the whole page anew, with this notebook, and wait until its kernel can be talked to."""
        self.page.bring_to_front()
        self.page.goto(f"{self.jupyter.url}{self._place.format(path)}token={self.jupyter.token}")
        self._until_ready(path)
        # Only the notebook: the folder beside it is of no interest to anybody.
        self.page.evaluate("window.jupyterapp.shell.collapseLeft()")
        self._loaded = True

    def show(self, path: str) -> None:
        """Open this notebook instead of the one before, and wait until its kernel can be talked to."""
        self.strangers.clear()
        self.errors.clear()
        self.page.set_viewport_size(SIZE)
        if not self._loaded:
            self.load(path)
            return
        self.page.bring_to_front()
        self.page.evaluate(OPEN, path)
        self._until_ready(path)
        self.page.evaluate(ALONE, path)

    def _until_ready(self, path: str) -> None:
        until(lambda: self.page.evaluate(READY, path), 60, "the kernel did not become ready")

    def close(self) -> None:
        """Close it, with all it shows."""
        self.context.close()


class Notebook:
    """A notebook of code cells that is open in a window, with a kernel of its own."""

    def __init__(self, window: Window, name: str, cells: Sequence[str]) -> None:
        self.window, self.name = window, name
        self.jupyter, self.context, self.page = window.jupyter, window.context, window.page
        self.strangers, self.errors = window.strangers, window.errors
        self.path = self.jupyter.folder / f"{name}.ipynb"
        write_notebook(self.path, cells)
        window.show(self.path.name)
        if self.page.evaluate(THEME) != LIGHT:  # a test that failed in the dark left it
            self.command("apputils:change-theme", theme=LIGHT)

    def open(self) -> None:
        """Load the whole page anew; the kernel is the same."""
        self.window.load(self.path.name)

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

    @contextmanager
    def busy(self, number: int) -> Iterator[None]:
        """Meanwhile a cell computes; its source is `BUSY`."""
        sign = self.path.with_name("busy")
        self.start(number)
        try:
            until(sign.exists, what="the cell did not begin")
            yield
        finally:
            sign.unlink(missing_ok=True)
        until(lambda: self.value("1") == 1)

    def restart(self) -> None:
        """Restart the kernel, without a question and without running anything."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()"
        )
        until(lambda: self.page.evaluate(READY, self.path.name), 60, "the kernel did not come back")

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
        """End its kernel. What the page shows of it stays until the next notebook is opened in this window."""
        self.page.evaluate(END)
