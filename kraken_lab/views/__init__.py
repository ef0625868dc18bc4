"""What we look at: static tables, ladders, figures, cards and pages, and the escaping of all text in them.

Nearly every function takes a photograph (a frame, a grid, a snapshot) and gives a value: HTML text, plain text or a
plotly figure. What is live takes photographs itself, one after the other: `show_live` puts a table into a cell and the
pump keeps it fresh. Plotly, pandas and the widget libraries are loaded only when used.
"""

from . import escape
from .boxes import Badge, boxed, facts_html
from .candles import candles, draw_candles
from .depth import depth, draw_depth
from .equity_chart import EquityPhoto, draw_equity, equity
from .explanation_card import explanation_card
from .heatmap import heatmap
from .history_chart import draw_history, history
from .html_table import table_html
from .ladder import ladder_html, ladder_text
from .live_figure import LiveFigure
from .live_table import Source
from .order_card import order_card
from .page import page
from .proposal_card import proposal_card
from .showing import live_widget, show_live
from .shown import Shown
from .theme import Plain
from .trades_chart import draw_trades, trades

__all__ = [
    "Badge",
    "EquityPhoto",
    "LiveFigure",
    "Plain",
    "Shown",
    "Source",
    "boxed",
    "candles",
    "depth",
    "draw_candles",
    "draw_depth",
    "draw_equity",
    "draw_history",
    "draw_trades",
    "equity",
    "escape",
    "explanation_card",
    "facts_html",
    "heatmap",
    "history",
    "ladder_html",
    "ladder_text",
    "live_widget",
    "order_card",
    "page",
    "proposal_card",
    "show_live",
    "table_html",
    "trades",
]
