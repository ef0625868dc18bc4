"""The order book as a ladder: asks above, bids below, a bar for the size at each price.

As HTML for a notebook and as plain text for a terminal. Sides are told by words, colour only helps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from itertools import accumulate

from ..market import BookSnapshot
from . import cells, escape
from .boxes import Badge, boxed
from .own import OwnOrder, QueuePlace, with_place

__all__ = ["ladder_html", "ladder_text"]

Level = tuple[Decimal, Decimal]

_EXACT = Context(prec=200)  # whatever the caller's own context says


def ladder_html(
    book: BookSnapshot,
    *,
    levels: int = 10,
    badge: Badge | None = None,
    caption: str = "",
    own: Sequence[OwnOrder] = (),
    places: Mapping[str, QueuePlace] | None = None,
) -> str:
    """The best ``levels`` of each side as an HTML table, with the digits of the book.

    Orders of one's ``own`` stand beside the level of their price, or below where none is shown, each with its place in
    the queue where ``places`` has it.

    >>> "spread 2.00" in ladder_html(BookSnapshot.of("BTC/USD", bids=[("99", "3")], asks=[("101", "1")]))
    True
    """
    asks, bids = _side(book.asks, levels), _side(book.bids, levels)
    largest = max((qty for _, qty, _ in (*asks, *bids)), default=Decimal(0))
    digits = _decimals([*asks, *bids])
    at = places or {}
    shown = {price for price, _, _ in (*asks, *bids)}
    elsewhere = [with_place(order, at) for order in own if order.price not in shown]
    mine = _mine(own, at) if len(elsewhere) < len(own) else None
    rows = [_row("ask", "down", level, largest, digits, mine) for level in reversed(asks)]
    span = 4 if mine is None else 5
    rows.append(f'<tr class="mid"><td colspan="{span}">{escape.html(_middle(book))}</td></tr>')
    rows += [_row("bid", "up", level, largest, digits, mine) for level in bids]
    caption = "; ".join(filter(None, [caption, *elsewhere]))
    heading = "" if mine is None else '<th scope="col">my orders</th>'
    return boxed(
        f'<div class="title">{escape.html(escape.clip(book.symbol))} order book</div>',
        badge.html() if badge else "",
        '<table><thead><tr><th scope="col">side</th><th scope="col" class="n">price</th>'
        '<th scope="col" class="n">qty</th><th scope="col" class="n">to here</th>'
        f"{heading}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>",
        f'<div class="caption">{escape.html(caption)}</div>' if caption else "",
    )


def ladder_text(book: BookSnapshot, *, levels: int = 10, width: int = 24) -> str:
    """The best ``levels`` of each side as plain text; the longest bar takes ``width`` columns.

    >>> book = BookSnapshot.of("BTC/USD", bids=[("99.5", "1")], asks=[("100", "2")], price_precision=1, qty_precision=1)
    >>> print(ladder_text(book, width=4))
    BTC/USD order book
    ask  100.0  2.0  ████
          spread 0.5
    bid   99.5  1.0  ██
    """
    asks, bids = _side(book.asks, levels), _side(book.bids, levels)
    both = [*asks, *bids]
    largest = max((qty for _, qty, _ in both), default=Decimal(0))
    places = _decimals(both)
    words = [[cells.number(value, digits) for value, digits in zip(level[:2], places, strict=True)] for level in both]
    wide = [max((len(pair[at]) for pair in words), default=0) for at in (0, 1)]

    def line(side: str, level: tuple[Decimal, Decimal, Decimal]) -> str:
        price, qty = (
            cells.number(value, digits).rjust(room) for value, digits, room in zip(level, places, wide, strict=False)
        )
        return f"{side}  {price}  {qty}  {_bar(level[1], largest, width)}".rstrip()

    return "\n".join(
        [
            f"{escape.terminal(escape.clip(book.symbol))} order book",
            *(line("ask", level) for level in reversed(asks)),
            f"      {_middle(book)}",
            *(line("bid", level) for level in bids),
        ]
    )


def _side(side: Sequence[Level], levels: int) -> list[tuple[Decimal, Decimal, Decimal]]:
    """The best levels as (price, quantity, quantity from the best to here)."""
    best = side[:levels]
    sums = accumulate((qty for _, qty in best), _EXACT.add)
    return [(price, qty, total) for (price, qty), total in zip(best, sums, strict=True)]


def _decimals(levels: Sequence[tuple[Decimal, Decimal, Decimal]]) -> tuple[int, int]:
    """Decimals of prices and of quantities: the most that any level was written with, so that they line up."""
    return cells.decimals(price for price, _, _ in levels), cells.decimals(qty for _, qty, _ in levels)


def _mine(own: Sequence[OwnOrder], places: Mapping[str, QueuePlace]) -> dict[Decimal, str]:
    """By price: one's own orders, in words."""
    mine: dict[Decimal, str] = {}
    for order in own:
        words = escape.html(escape.clip(with_place(order, places), 200))
        mine[order.price] = f"{mine[order.price]}<br>{words}" if order.price in mine else words
    return mine


def _row(
    side: str,
    tone: str,
    level: tuple[Decimal, Decimal, Decimal],
    largest: Decimal,
    places: tuple[int, int],
    mine: Mapping[Decimal, str] | None = None,
) -> str:
    price, qty, total = level
    share = float(qty / largest) * 100 if largest else 0.0
    bar = f"background:linear-gradient(to left,var(--kl-bar) {share:.1f}%,transparent {share:.1f}%)"
    last = "" if mine is None else f"<td>{mine.get(price, '')}</td>"
    tint = f"--kl-bar:color-mix(in srgb,var(--kl-{tone}) 26%,transparent)"
    return (
        f'<tr><td class="{tone}">{side}</td><td class="n {tone}">{cells.number(price, places[0])}</td>'
        f'<td class="n" style="{tint};{bar};padding:3px 8px 3px 44px">{cells.number(qty, places[1])}</td>'
        f'<td class="n" style="padding-left:14px">{cells.number(total, places[1])}</td>'
        f"{last}</tr>"
    )


def _middle(book: BookSnapshot) -> str:
    if book.bids and book.asks:
        return f"spread {cells.number(book.spread)}"
    return f"no {' and no '.join(name for name, side in (('bids', book.bids), ('asks', book.asks)) if not side)}"


def _bar(qty: Decimal, largest: Decimal, width: int) -> str:
    """A bar in eighths of a column."""
    eighths = int(qty / largest * width * 8) if largest else 0
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
