"""Whether somebody sits in front of this kernel who can be asked."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Terminal", "no_front_end"]


class Terminal(Protocol):
    """What a program reads its lines from."""

    def isatty(self) -> bool:
        """Whether a person types there."""


def no_front_end(shell: Any, terminal: Terminal | None) -> str | None:
    """Why nobody can be asked here, in words; None if somebody can.

    ``shell`` is IPython's (``get_ipython()``) or None. A kernel is told with each cell whether its front end takes
    questions; a notebook that is run by a program, converted or scheduled says no. Without a kernel, ``terminal`` must
    be one.

    >>> no_front_end(None, None)
    'nobody can be asked here: there is no terminal'
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        allowed = getattr(kernel, "_allow_stdin", False)
        return None if allowed is True else "nobody can be asked here: this notebook is run by a program"
    if terminal is None or not terminal.isatty():
        return "nobody can be asked here: there is no terminal"
    return None
