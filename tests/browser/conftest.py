"""A browser, a JupyterLab for each kernel, and a notebook to look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from .jupyter import JUPYTERS, Jupyter, jupyter
from .notebook import Notebook

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "no Chromium on this machine (Debian's: apt-get install chromium)"
DRIVERLESS = "playwright is not installed; .ci/browser does that"

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


@pytest.fixture(scope="session", params=JUPYTERS)
def lab_server(
    request: pytest.FixtureRequest, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Jupyter]:
    """A JupyterLab with one of the kernels."""
    with jupyter(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@contextmanager
def opening(browser: Any, server: Jupyter) -> Iterator[Opener]:
    """Opens notebooks of code cells, and closes them all in the end."""
    opened: list[Notebook] = []

    def opener(name: str, cells: Sequence[str]) -> Notebook:
        opened.append(Notebook(browser, server, name, cells))
        return opened[-1]

    yield opener
    for notebook in opened:
        notebook.close()


@pytest.fixture(scope="module")
def open_notebook(browser: Any, lab_server: Jupyter) -> Iterator[Opener]:
    """Opens notebooks that all tests of a module share."""
    with opening(browser, lab_server) as opener:
        yield opener


@pytest.fixture
def own_notebook(browser: Any, lab_server: Jupyter) -> Iterator[Opener]:
    """Opens notebooks for one test alone."""
    with opening(browser, lab_server) as opener:
        yield opener
