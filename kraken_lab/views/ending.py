"""Ending widgets whole: ipywidgets ends only the one it is told to, and keeps its layout, its style and its contents.

What is kept has a comm in the kernel and a model in every page, for good; a cell that is run again leaves it behind.
"""

from __future__ import annotations

from typing import Any

__all__ = ["close_parts", "close_whole"]


def close_whole(widget: Any) -> None:
    """Close a widget with everything that is only there for it. Idempotent; from any thread.

    >>> import ipywidgets
    >>> box = ipywidgets.VBox([ipywidgets.Button()])
    >>> close_whole(box)
    >>> [part.comm for part in (box, box.layout, box.children[0], box.children[0].style)]
    [None, None, None, None]
    """
    close_parts(widget)
    widget.close()


def close_parts(widget: Any) -> None:
    """Close a widget's contents, its layout and its style, but not the widget itself."""
    for child in getattr(widget, "children", ()):
        close_whole(child)
    for name in ("layout", "style"):
        if (part := getattr(widget, name, None)) is not None:
            part.close()
