"""The texts that live pictures are in a browser: a script with what they all share before it, and a style."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["script", "style", "text"]

SHARED = "live.js"


@cache
def script(*names: str) -> str:
    """The module of one widget: what all share, then these files, as one text, for a widget is loaded from one.

    As text and not as a path: a path would be watched by a thread in a development install.

    >>> script("live_table.js").rstrip().endswith("export default lively(Store, View);")
    True
    """
    return "\n".join(text(name) for name in (SHARED, *names))


@cache
def style(*names: str) -> str:
    """The style sheet of one widget.

    >>> ".kl-live" in style("live_table.css")
    True
    """
    return "".join(text(name) for name in names)


def text(name: str) -> str:
    """One of the files of the folder, as it stands.

    >>> text("heat_page.html").startswith("<!doctype html>")
    True
    """
    return (files(__package__) / "static" / name).read_text("utf-8")
