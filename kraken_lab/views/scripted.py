"""A widget whose script a page loads once, however often its cell is run."""

from __future__ import annotations

from hashlib import sha256

import anywidget
import traitlets

from .scripts import text

__all__ = ["Scripted"]


class Scripted(anywidget.AnyWidget):
    """A class of widgets gives its ``script``, a module with ``initialize`` and ``render`` as anywidget wants them.

    >>> class Empty(Scripted):
    ...     script = traitlets.Unicode("export default {}").tag(sync=True)
    >>> len(Empty().digest)
    64
    """

    _esm = text("loader.js")
    script = traitlets.Unicode().tag(sync=True)
    digest = traitlets.Unicode().tag(sync=True)

    @traitlets.default("digest")
    def _digest(self) -> str:
        return sha256(self.script.encode()).hexdigest()
