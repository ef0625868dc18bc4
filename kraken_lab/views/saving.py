"""Writing a page to a file, or saying in a sentence why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..errors import BadArgument, NotSaved

__all__ = ["save_page"]

_PAGES: Final = ("", ".html", ".htm")
"""How a page's name may end. A name without an ending promises nothing else."""
_PAGE: Final = "What is saved is a page that needs nothing but itself, and nothing was written."


def save_page(path: object, document: str) -> Path:
    """Write a document to ``path``, in the place of what may be there; the path.

    Raises:
        BadArgument: ``path`` is no name of a file, or of one that would be taken for a picture or a PDF.
        NotSaved: it cannot be written, say because its folder does not exist.
    """
    if not isinstance(path, str | Path) or not str(path):
        raise BadArgument("path", path, "the name of a file, as in 'page.html'")
    there = Path(path)
    if there.suffix.lower() not in _PAGES:
        raise BadArgument("path", str(path), f"a name that ends in .html, as {there.stem or 'page'}.html", _PAGE)
    try:
        file = there.open("w", encoding="utf-8")
    except (OSError, ValueError) as error:
        raise NotSaved(str(path), _why(there, error)) from error
    try:
        with file:
            file.write(document)
    except OSError as error:
        raise NotSaved(str(path), _why(there, error), "What there is of it is not complete.") from error
    return there


def _why(there: Path, error: Exception) -> str:
    """In a sentence's words: what is missing by name, else what the system says."""
    if isinstance(error, FileNotFoundError) and not there.parent.is_dir():
        return f"the folder {there.parent} does not exist"
    return str(getattr(error, "strerror", None) or error)
