"""Keeps what is typed into a widget from being taken for commands to the notebook's cells.

JupyterLab reads keys that are pressed at a choice or a button as its own: typing the first letter of one, as everywhere
else, would make the cell Markdown or cut it, and with it the widget and all that was filled in.
"""

from __future__ import annotations

import anywidget
import ipywidgets

from .scripts import text

__all__ = ["OwnKeys"]


class OwnKeys(anywidget.AnyWidget):
    """One among the children of a box of the class ``kl-whole``. It is nothing to be seen.

    >>> OwnKeys().layout.display
    'none'
    """

    _esm = text("own_keys.js")

    def __init__(self) -> None:
        super().__init__(layout=ipywidgets.Layout(display="none"))
