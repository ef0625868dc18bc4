"""The account in plain text, for a terminal and for every ``repr``: what is open, what was filled, what there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..wire import from_ns, shortened
from .figures import average, trimmed
from .positions import not_counted
from .sentences import printable
from .words import in_words

if TYPE_CHECKING:
    from .account_snapshot import AccountSnapshot

__all__ = ["account_text"]

_SHOWN: Final = 8
"""Rows of a part; the others are counted. The tables ``lab.orders`` and ``lab.fills`` have them all."""


def account_text(known: AccountSnapshot) -> str:
    """Everything that is known of an account, a part after the other."""
    return "\n".join(printable(line) for line in _lines(known))


def _lines(known: AccountSnapshot) -> Iterator[str]:
    sure = "known for sure" if known.reconciled else f"NOT SURE: {known.reconciling}"
    yield f"<Account at {from_ns(known.at.wall_ns, 3)}: exchange {known.system or 'not heard of'}, {sure}"
    orders = [
        (
            str(one.state),
            in_words(one),
            f"{trimmed(one.filled_qty)} filled",
            one.order_id or one.cl_ord_id or "no id yet",
        )
        for one in known.open
    ]
    ended = len(known.orders) - len(orders)
    yield from _part("open orders", orders, f"none, and {ended} that ended" if ended else "none")
    if known.unknown:
        yield f"  {len(known.unknown)} UNKNOWN: they may or may not exist, do not place them again"
    fills = [
        (
            from_ns(fill.timestamp_ns, 3),
            f"{fill.side} {trimmed(fill.qty)} {fill.symbol} at {fill.price:f}",
            f"cost {trimmed(fill.cost)} {fill.symbol.partition('/')[2]}",
            "" if fill.fee is None else f"fee {trimmed(fill.fee)} {fill.fee_asset or ''}",
        )
        for fill in reversed(known.fills)
    ]
    yield from _part("fills, newest first", fills, "none")
    if known.balances is None:
        yield "  balances             not known for sure now"
    else:
        held = [(asset, trimmed(amount)) for asset, amount in sorted(known.balances.items()) if amount]
        yield from _part("balances", held, "nothing", most=len(held))
    prices: dict[str, list[Decimal]] = {}
    for fill in known.fills:
        prices.setdefault(fill.symbol, []).append(fill.price)
    positions = [
        (
            one.symbol,
            trimmed(one.net_qty),
            "" if one.avg_cost is None else f"average cost {average(one.avg_cost, prices.get(one.symbol, ()))}",
            f"realised {shortened(one.realised, 8)} {one.symbol.partition('/')[2]}",
        )
        for one in known.positions
    ]
    yield from _part("positions", positions, "none")
    if known.uncounted:
        yield f"  {'':19}  {not_counted(known.uncounted)}"
    rates = [(symbol, f"{rate.count:.3g} of {rate.maximum}") for symbol, rate in sorted(known.rates.items())]
    yield from _part("rate counters", rates, "at rest")
    why = f", {known.dead_man.why}" if known.dead_man.why else ""
    yield from _part("dead man's switch", [(f"{known.dead_man.state}{why}",)], "")
    yield from _part("alarms", [(from_ns(alarm.at_ns, 0), alarm.what) for alarm in reversed(known.alarms)], "none")
    yield ">"


def _part(name: str, rows: Sequence[tuple[str, ...]], nothing: str, most: int = _SHOWN) -> Iterator[str]:
    """A part's name, and its rows in columns beside and below it."""
    if not rows:
        yield f"  {name:19}  {nothing}"
        return
    shown = [*_columns(rows[:most])]
    if len(rows) > most:
        shown.append(f"… {len(rows) - most} more")
    for at, line in enumerate(shown):
        yield f"  {name if at == 0 else '':19}  {line}".rstrip()


def _columns(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
