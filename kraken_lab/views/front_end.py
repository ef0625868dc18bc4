"""Which front end shows what a cell draws, as far as a kernel can know.

A kernel is not told. What it can see is whether there is one at all, whether somebody could answer it, and a few signs
of the programs that differ. Nothing is imported to find out: what is not loaded is not there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

__all__ = ["FrontEnd", "front_end"]


class FrontEnd(StrEnum):
    """Where output goes. A front end is also its own name.

    >>> FrontEnd.PLAIN.keeps_fresh, FrontEnd.NOTEBOOK.keeps_fresh
    (False, True)
    """

    PLAIN = "plain"
    """A script, a REPL or IPython in a terminal: text."""
    NOTEBOOK = "notebook"
    """A kernel with somebody at it: JupyterLab, Notebook 7, Voilà."""
    VSCODE = "vscode"
    """The same in VS Code, which loads widgets that are not its own only when allowed to."""
    COLAB = "colab"
    """A kernel whose threads cannot change an output once its cell is done."""
    RUNNER = "runner"
    """A kernel without anybody: nbclient, nbconvert, papermill. What a cell shows is written down once."""

    @property
    def keeps_fresh(self) -> bool:
        """Whether what was shown can be changed later, from a thread."""
        return self in (FrontEnd.NOTEBOOK, FrontEnd.VSCODE)


def front_end(modules: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> FrontEnd:
    """The front end of this process, from the loaded modules and the environment.

    >>> front_end({}, {})
    <FrontEnd.PLAIN: 'plain'>
    """
    modules = sys.modules if modules is None else modules
    environment = os.environ if environment is None else environment
    ipython = modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return FrontEnd.PLAIN
    if "google.colab" in modules:
        return FrontEnd.COLAB
    if "VSCODE_PID" in environment or "__vsc_ipynb_file__" in getattr(shell, "user_ns", ()):
        return FrontEnd.VSCODE
    if any(name.startswith("VOILA_") for name in environment):
        # It runs the cells as nbclient does, and then there is a browser after all.
        return FrontEnd.NOTEBOOK
    return FrontEnd.NOTEBOOK if _somebody_answers(kernel) else FrontEnd.RUNNER


def _somebody_answers(kernel: Any) -> bool:
    """Whether the request that is being run allows questions: programs that only run notebooks say no."""
    try:
        content = kernel.get_parent("shell").get("content", {})
    except (AttributeError, LookupError, TypeError):
        return True
    return bool(content.get("allow_stdin", True))
