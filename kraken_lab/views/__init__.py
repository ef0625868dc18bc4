"""What we look at: static tables, ladders, figures, cards and pages, and the escaping of all text in them.

Every function takes a photograph (a frame, a grid, a snapshot) and gives a value: HTML text, plain text or a plotly
figure. Nothing here waits, remembers or changes what it was given, and plotly and pandas are loaded only when used.
"""

from . import escape
from .boxes import Badge, boxed, facts_html
from .candles import candles
from .depth import depth
from .explanation_card import explanation_card
from .heatmap import heatmap
from .html_table import table_html
from .ladder import ladder_html, ladder_text
from .order_card import order_card
from .page import page
from .proposal_card import proposal_card

__all__ = [
    "Badge",
    "boxed",
    "candles",
    "depth",
    "escape",
    "explanation_card",
    "facts_html",
    "heatmap",
    "ladder_html",
    "ladder_text",
    "order_card",
    "page",
    "proposal_card",
    "table_html",
]
