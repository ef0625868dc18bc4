"""A view's columns as a pandas or a polars frame: two functions that do nothing else.

Both share memory with the columns wherever the library can: in pandas that is every column but texts, in polars times,
floats and whole numbers. polars packs flags into bits and keeps words by numbers of its own, so those are written
anew, once (see `Pieces`); and so is, each time, a column in which something is missing.
Neither library is imported before a frame is asked for.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .columns import Array, ColumnData
from .decimals import MISSING
from .schemas import EXACT_DIGITS, EXACT_SCALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas
    import polars

__all__ = ["polars_series", "to_pandas", "to_polars"]


def to_pandas(columns: Sequence[ColumnData], index: str | None, *, exact: bool) -> pandas.DataFrame:
    """The columns as pandas, with the time column ``index`` as its index."""
    import pandas as pd

    made = {data.column.name: _pandas_array(data, exact) for data in columns}
    labels = (
        pd.RangeIndex(len(columns[0])) if index is None else pd.DatetimeIndex(made.pop(index), name=index, copy=False)
    )
    return pd.DataFrame(made, index=labels, copy=False)


def _pandas_array(data: ColumnData, exact: bool) -> Any:
    import pandas as pd

    first = data.parts[0]
    match data.column.kind:
        case "time":
            # Viewed as UTC, not localized: localizing copies.
            return pd.array(first.view("datetime64[ns]"), copy=False).view(pd.DatetimeTZDtype("ns", "UTC"))
        case "decimal" if exact:
            return _objects(data.exact())
        case "category":
            return pd.Categorical.from_codes(first, dtype=_pandas_words(data.words), validate=False)
        case "text":
            whole = int(pd.__version__.partition(".")[0])
            return pd.array(first, dtype=pd.StringDtype(na_value=np.nan)) if whole >= 3 else first
    if len(data.parts) == 2:
        masked = pd.arrays.BooleanArray if data.column.kind == "bool" else pd.arrays.IntegerArray
        return masked(first, data.parts[1], copy=False)
    return first


@lru_cache(maxsize=64)  # making one takes as long as half a frame, and frames keep asking for the same
def _pandas_words(words: tuple[str, ...]) -> pandas.CategoricalDtype:
    import pandas as pd

    return pd.CategoricalDtype(list(words))


def to_polars(columns: Sequence[ColumnData], *, exact: bool) -> polars.DataFrame:
    """The columns as polars."""
    import polars as pl

    constant = [data for data in columns if _is_constant(data)]
    # For a constant its codes hold the place: to put a column between others takes longer than all the rest.
    made = [pl.Series(d.column.name, d.parts[0]) if _is_constant(d) else polars_series(d, exact=exact) for d in columns]
    frame = pl.DataFrame(made)
    if not constant:
        return frame
    return frame.with_columns([_polars_constant(d.column.name, d.words, d.column.ours) for d in constant])


def _is_constant(data: ColumnData) -> bool:
    return data.column.kind == "category" and len(data.words) == 1 and not data.missing


def _polars_dtype(words: tuple[str, ...], ours: bool) -> Any:
    import polars as pl

    return pl.Enum(list(words)) if ours else pl.Categorical()


@lru_cache(maxsize=64)
def _polars_constant(name: str, words: tuple[str, ...], ours: bool) -> polars.Expr:
    """One word for all rows, as the symbol of one stream: a literal takes no memory and no time a row."""
    import polars as pl

    return pl.lit(words[0], dtype=_polars_dtype(words, ours)).alias(name)


@lru_cache(maxsize=64)
def _polars_words(words: tuple[str, ...], ours: bool) -> polars.Series:
    """The words and one null behind them, to gather from by code."""
    import polars as pl

    return pl.Series([*words, None], dtype=_polars_dtype(words, ours))


def polars_series(data: ColumnData, *, exact: bool = False) -> polars.Series:
    """One column as polars: put together from the pieces there are, or made anew."""
    import polars as pl

    if data.pieces is not None and (made := data.pieces.rows(data.offset, data.offset + len(data))) is not None:
        return made
    name, first = data.column.name, data.parts[0]
    match data.column.kind:
        case "time":
            if data.missing:
                return pl.Series(name, first.view("datetime64[ns]")).dt.replace_time_zone("UTC")
            return pl.Series(name, first).cast(pl.Datetime("ns", "UTC"))
        case "decimal":
            return _polars_decimals(data) if exact else pl.Series(name, first, nan_to_null=data.missing)
        case "text":
            return pl.Series(name, data.exact(), dtype=pl.String)
        case "category":
            codes = np.where(first < 0, len(data.words), first) if data.missing else first
            words = _polars_words(data.words, data.column.ours)
            return words[pl.Series(codes.view(f"u{codes.itemsize}"))].alias(name)  # half the time of gather()
    series = pl.Series(name, first)
    if len(data.parts) == 2 and data.missing:
        present = pl.Series("present", ~data.parts[1])
        return pl.select(pl.when(present).then(series).alias(name)).to_series()
    return series


def _polars_decimals(data: ColumnData) -> polars.Series:
    """A Decimal with the digits the column is written with; as text with all digits if no scale holds every row."""
    import polars as pl

    values = data.exact()
    scale = _scale_for(data, values)
    if scale is None:
        return pl.Series(data.column.name, [None if v is None else format(v, "f") for v in values], dtype=pl.String)
    return pl.Series(data.column.name, values, dtype=pl.Decimal(EXACT_DIGITS, scale))


def _scale_for(data: ColumnData, values: Sequence[Decimal | None]) -> int | None:
    """The scale at which every value keeps all its digits within the 38 there are, or None.

    It is the table's, not the window's, so that frames of one table are of one type.
    """
    scales, behind = data.parts[2], data.behind
    if not data.spill and behind <= EXACT_SCALE and not ((scales < 0) & (scales != MISSING)).any():
        # At most 18 digits a value, and no more than 18 behind the point in any: they fit.
        return EXACT_SCALE if behind == MISSING else max(behind, 0)
    needed = before = 0
    for value in values:
        if value is not None:
            _, digits, exponent = value.as_tuple()
            assert isinstance(exponent, int)
            needed = max(needed, -exponent)
            before = max(before, len(digits) + exponent)
    # The table's own scale if it can be; else, rather than text, the one that these rows need.
    return next((scale for scale in (max(behind, needed), needed) if before + scale <= EXACT_DIGITS), None)


def _objects(values: Sequence[Any]) -> Array:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
