"""A browser, a JupyterLab for each kernel, and a notebook to look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from .jupyter import JUPYTERS, Jupyter, jupyter
from .notebook import Notebook, Window

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "no Chromium on this machine (Debian's: apt-get install chromium)"
DRIVERLESS = "playwright is not installed; .ci/browser does that"
EVERYTHING = "KRAKEN_LAB_BROWSER_BOTH"
"""A variable of the environment: set, every test is run with both kernels."""

Opener = Callable[..., Notebook]


def cannot(reason: str) -> None:
    """Skip, and say why. In continuous integration a browser is always there: without it the test fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window, reaching nothing but this machine."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        cannot(MISSING)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        cannot(DRIVERLESS)
    arguments = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=arguments)
        yield opened
        opened.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test is run with the newest kernel, and with the older one too where what it shows depends on the kernel."""
    if "lab_server" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("both_kernels") is not None
        kernels = JUPYTERS if marked or os.environ.get(EVERYTHING) else JUPYTERS[-1:]
        metafunc.parametrize("lab_server", kernels, indirect=True, scope="session")


@pytest.fixture(scope="session")
def lab_server(
    request: pytest.FixtureRequest, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Jupyter]:
    """A JupyterLab with one of the kernels."""
    with jupyter(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@contextmanager
def opening(browser: Any, server: Jupyter) -> Iterator[Opener]:
    """Opens notebooks of code cells in a window made for them; the next one takes the place of the one before."""
    window = Window(browser, server)
    try:
        with opening_in(window) as opener:
            yield opener
    finally:
        window.close()


@contextmanager
def opening_in(window: Window) -> Iterator[Opener]:
    """The same, in a window that stays."""
    opened: list[Notebook] = []

    def opener(name: str, cells: Sequence[str]) -> Notebook:
        while opened:
            opened.pop().close()
        opened.append(Notebook(window, name, cells))
        return opened[-1]

    yield opener
    for notebook in opened:
        notebook.close()


@pytest.fixture(scope="session")
def window(browser: Any, lab_server: Jupyter) -> Iterator[Window]:
    """Where the notebooks of the modules are opened, one after the other."""
    window = Window(browser, lab_server)
    yield window
    window.close()


@pytest.fixture(scope="session")
def another_window(browser: Any, lab_server: Jupyter) -> Iterator[Window]:
    """Where tests open notebooks of their own, beside their module's."""
    window = Window(browser, lab_server)
    yield window
    window.close()


@pytest.fixture(scope="module")
def open_notebook(window: Window) -> Iterator[Opener]:
    """Opens the notebook that all tests of a module share."""
    with opening_in(window) as opener:
        yield opener


@pytest.fixture
def own_notebook(another_window: Window) -> Iterator[Opener]:
    """Opens notebooks for one test alone."""
    with opening_in(another_window) as opener:
        yield opener
