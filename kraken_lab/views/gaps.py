"""Gaps as a figure shows them: a labelled band in which nothing is drawn.

Takes the table of gaps of a stream. Which rows or columns are missing is for the figure to leave out; nothing here,
or in any figure, fills a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tables import Gap
from . import cells, escape, theme

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["gap_label", "gap_marks", "gaps_of"]

_MOST_LABELS = 24  # more would cover each other; the bands themselves are always drawn
_NAT = np.iinfo(np.int64).min


def gap_label(gap: Gap) -> str:
    """What is written at a band: how long, why, and what is known of what is missing. Not escaped.

    >>> gap_label(Gap("BTC/USD", "trade", 0, "disconnected", 2, end_ns=12_000_000_000, missed=31))
    'gap 12 s: disconnected, 31 missed'
    """
    size = "gap, still open" if gap.seconds is None else f"gap {cells.age(gap.seconds)}"
    told = [gap.reason] if gap.reason else []
    told += [f"{gap.missed:,} missed"] if gap.missed else []
    told += ["filled since"] if gap.filled else []
    return f"{size}: {', '.join(told)}" if told else size


def gaps_of(table: pd.DataFrame | Sequence[Gap] | None, symbol: str = "") -> list[Gap]:
    """The gaps of ``stream.gaps`` (schema "gaps"), oldest first; only those of ``symbol`` if it is named."""
    if table is None:
        return []
    found = list(table) if isinstance(table, Sequence) else _read(table)
    return sorted((gap for gap in found if not symbol or gap.symbol == symbol), key=lambda gap: gap.start_ns)


def _read(frame: pd.DataFrame) -> list[Gap]:
    starts, ends = cells.nanoseconds_of(frame, "start").tolist(), cells.nanoseconds_of(frame, "end").tolist()
    others: list[tuple[Any, ...]] = list(
        frame[["symbol", "channel", "reason", "missed", "filled", "epoch"]].itertuples(index=False, name=None)
    )
    return [
        Gap(
            symbol=str(symbol),
            channel=str(channel),
            start_ns=start,
            reason=str(reason),
            epoch=int(epoch),
            end_ns=None if end == _NAT else end,
            missed=int(missed) if isinstance(missed, (int, np.integer)) else None,
            filled=bool(filled),
        )
        for start, end, (symbol, channel, reason, missed, filled, epoch) in zip(starts, ends, others, strict=True)
    ]


def gap_marks(gaps: Sequence[Gap], *, first: float, last: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A band for each gap that touches the time between ``first`` and ``last`` (milliseconds), and the labels.

    The longest carry their label; an open gap reaches to ``last``.
    """
    bands = []
    for gap in gaps:
        begin, end = gap.start_ns / 1e6, last if gap.end_ns is None else gap.end_ns / 1e6
        if end >= first and begin <= last:
            bands.append((max(begin, first), min(end, last), gap))
    longest = sorted(bands, key=lambda band: band[0] - band[1])[:_MOST_LABELS]
    return [_band(begin, end) for begin, end, _ in bands], [_label(begin, end, gap) for begin, end, gap in longest]


def _band(begin: float, end: float) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": begin,
        "x1": end,
        "y0": 0,
        "y1": 1,
        "layer": "above",
        "fillcolor": theme.GAP_FILL,
        "line": {"color": theme.GAP_EDGE, "width": 1, "dash": "dot"},
    }


def _label(begin: float, end: float, gap: Gap) -> dict[str, Any]:
    return {
        "x": (begin + end) / 2,
        "xref": "x",
        "y": 1,
        "yref": "paper",
        "yanchor": "top",
        "yshift": -6,
        "textangle": -90,
        "showarrow": False,
        "text": escape.plotly(escape.clip(gap_label(gap), 60)),
        "hovertext": escape.plotly(escape.clip(gap_label(gap), 300)),
        "bgcolor": theme.GAP_LABEL,
        "borderpad": 3,
        "font": {"size": 11, "color": theme.GAP_INK},
    }
