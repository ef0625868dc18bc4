"""A view's columns as a pandas or a polars frame: two functions that do nothing else.

Both share memory with the columns wherever the library can: in pandas that is every column but texts, in polars times,
floats and whole numbers. polars packs flags into bits and keeps words by numbers of its own, so those are written anew.
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

__all__ = ["to_pandas", "to_polars"]


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

    names = [data.column.name for data in columns]
    constant = {data.column.name: data for data in columns if _is_constant(data)}
    frame = pl.DataFrame([_polars_series(data, exact) for data in columns if data.column.name not in constant])
    if not constant:
        return frame
    # One word for all rows, as the symbol of one stream: a literal takes no memory and no time a row.
    literals = [pl.lit(d.words[0], dtype=_polars_dtype(d.words, d.column.ours)).alias(n) for n, d in constant.items()]
    return frame.with_columns(literals).select(names)


def _is_constant(data: ColumnData) -> bool:
    return data.column.kind == "category" and len(data.words) == 1 and not data.missing


def _polars_dtype(words: tuple[str, ...], ours: bool) -> Any:
    import polars as pl

    return pl.Enum(list(words)) if ours else pl.Categorical()


@lru_cache(maxsize=64)
def _polars_words(words: tuple[str, ...], ours: bool) -> polars.Series:
    """The words and one null behind them, to gather from by code."""
    import polars as pl

    return pl.Series([*words, None], dtype=_polars_dtype(words, ours))


def _polars_series(data: ColumnData, exact: bool) -> polars.Series:
    import polars as pl

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
            unsigned = pl.Series(codes.view(f"u{codes.itemsize}"))
            return _polars_words(data.words, data.column.ours).gather(unsigned).alias(name)
    series = pl.Series(name, first)
    if len(data.parts) == 2 and data.missing:
        present = pl.Series("present", ~data.parts[1])
        return pl.select(pl.when(present).then(series).alias(name)).to_series()
    return series


def _polars_decimals(data: ColumnData) -> polars.Series:
    """Decimal(38, 18); with another scale if a row needs it; as text with all digits if no scale holds every row."""
    import polars as pl

    values = data.exact()
    scale = _scale_for(data, values)
    if scale is None:
        return pl.Series(data.column.name, [None if v is None else format(v, "f") for v in values], dtype=pl.String)
    return pl.Series(data.column.name, values, dtype=pl.Decimal(EXACT_DIGITS, scale))


def _scale_for(data: ColumnData, values: Sequence[Decimal | None]) -> int | None:
    """The scale at which every value keeps all its digits within the 38 there are, or None."""
    scales = data.parts[2]
    if not data.spill and not ((scales > EXACT_SCALE) | ((scales < 0) & (scales != MISSING))).any():
        return EXACT_SCALE  # at most 18 digits a value, none of them beyond the scale: they fit
    behind, before = EXACT_SCALE, 0
    for value in values:
        if value is not None:
            _, digits, exponent = value.as_tuple()
            assert isinstance(exponent, int)
            behind = max(behind, -exponent)
            before = max(before, len(digits) + exponent)
    if before + behind <= EXACT_DIGITS:
        return behind
    needed = max((-value.as_tuple().exponent for value in values if value is not None), default=0)  # type: ignore[operator]
    return max(needed, 0) if max(needed, 0) + before <= EXACT_DIGITS else None


def _objects(values: Sequence[Any]) -> Array:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
