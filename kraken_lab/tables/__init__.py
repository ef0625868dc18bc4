"""Rows and columns: what came, as pandas and polars tables that never change once handed out.

`EventTable` keeps rows as they come, `KeyedTable` one row a key (candles), `GapLog` what was missed and
`LadderHistory` the order book over time. Each gives a `TableView` (or a grid), which is a photograph. Nothing here
knows of sockets, clocks or drawing: times come as arguments.
"""

from .event_table import EventTable, RowSource
from .gaps import Gap, GapLog
from .keyed_table import KeyedTable
from .ladder_history import HeatGrid, LadderHistory
from .row import Row, printable
from .schemas import SCHEMAS, Column, Schema, schema
from .table_view import TableView, merge, view_of, view_of_columns
from .text import text_table

__all__ = [
    "SCHEMAS",
    "Column",
    "EventTable",
    "Gap",
    "GapLog",
    "HeatGrid",
    "KeyedTable",
    "LadderHistory",
    "Row",
    "RowSource",
    "Schema",
    "TableView",
    "merge",
    "printable",
    "schema",
    "text_table",
    "view_of",
    "view_of_columns",
]
