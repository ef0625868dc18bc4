"""The levels of order books as a browser is sent them: what came, what went, and the digits of what changed.

A book's table follows from its levels, so only these travel: which side a row is on, its place and the quantity up to
there are worked out in the browser, from the same whole numbers. So a changed quantity costs its own digits and not
those of every sum behind it, and where a level comes or goes, the levels that make room for it are not sent again.

The rows run from the highest ask down to the lowest bid, book after book. On the wire a frame of levels has ``rows``,
``middle`` (the rows above the first bid) and ``levels``, with these values:

===========  ===========================================================================================================
``removed``  rows that are gone, by their place in the frame before
``added``    rows that came, by their place now; ``anew`` instead: all did
``books``    one mapping a book, where that is news: its ``symbol``, how many ``asks`` and ``bids``, and how many digits
             of a ``price`` and of a ``qty`` stand behind the point
``width``    how many of a row's digits are its price; 0 where that differs, and price and quantity are two texts
===========  ===========================================================================================================

Its buffers are the changed rows as uint32, little-endian, and the digits of these rows, separated by commas. See
`picture` for all other tables and ``table_levels.js`` for the other side.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import ne
from typing import Any

from ..market import BookSnapshot
from ..market.ladder import Ladder
from . import escape
from .live_view import Frame

__all__ = ["LevelPicture", "level_frame", "level_picture"]


@dataclass(frozen=True, slots=True)
class LevelPicture:
    """The levels of some books at one moment. ``headings`` are as sent, ``keys`` and ``held`` those of all rows.

    ``middle`` is how many rows stand above the first bid.
    """

    headings: tuple[dict[str, Any], ...]
    keys: tuple[tuple[int, ...], ...]
    held: tuple[tuple[str | int, ...], ...]
    width: int
    middle: int

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.keys))


def level_picture(books: Sequence[BookSnapshot]) -> LevelPicture:
    """Some books as they are sent.

    >>> book = BookSnapshot.of("BTC/USD", bids=[("98", "3"), ("97", "1")], asks=[("99", "1")])
    >>> picture = level_picture([book])
    >>> picture.rows, picture.middle, picture.width
    (3, 1, 4)
    """
    headings, keys, held, widths = [], [], [], set()
    middle = first = 0
    for book in books:
        asks, bids = book.ask_ladder, book.bid_ladder
        headings.append(_heading(book.symbol, asks, bids))
        keys.append(asks.keys[::-1] + bids.keys)
        held.append((*asks.held[::-1], *bids.held))
        if middle == first:  # no bid was seen so far
            middle += len(asks)
        first += len(asks) + len(bids)
        widths |= _widths(asks) | _widths(bids)
    return LevelPicture(tuple(headings), tuple(keys), tuple(held), widths.pop() if len(widths) == 1 else 0, middle)


def _heading(symbol: str, asks: Ladder, bids: Ladder) -> dict[str, Any]:
    return {
        "symbol": escape.visible(escape.clip(symbol, 60)),
        "asks": len(asks),
        "bids": len(bids),
        "price": bids.price_precision,
        "qty": bids.qty_precision,
    }


def _widths(ladder: Ladder) -> set[int]:
    """How many digits its prices have, where its levels are held as text; 0 stands for another way to hold them."""
    if not ladder.held:
        return set()
    if not isinstance(ladder.held[0], str):
        return {0}
    return {len(str(abs(ladder.keys[0]))), len(str(abs(ladder.keys[-1])))}


def level_frame(old: LevelPicture | None, new: LevelPicture) -> Frame | None:
    """What a browser that has the old picture needs to have the new one; all of it without an old one.

    None if nothing differs.
    """
    levels: dict[str, Any] = {"width": new.width}
    if old is None or list(map(_named, old.headings)) != list(map(_named, new.headings)):
        levels |= {"anew": True, "books": new.headings}
        changed = [list(range(len(keys))) for keys in new.keys]
    else:
        removed: list[int] = []
        added: list[int] = []
        changed, before, after = [], 0, 0
        for was_keys, was_held, keys, held in zip(old.keys, old.held, new.keys, new.held, strict=True):
            gone, came = _edits(was_keys, keys)
            changed.append(list(compress(range(len(held)), map(ne, held, _moved(was_held, gone, came)))))
            removed += [row + before for row in gone]
            added += [row + after for row in came]
            before, after = before + len(was_keys), after + len(keys)
        if not (removed or any(changed)):
            return None
        if removed or added:
            levels |= {"removed": removed, "added": added}
        if old.headings != new.headings:
            levels["books"] = new.headings
    content = {"rows": new.rows, "middle": new.middle, "levels": levels}
    return Frame(content, _buffers(new, changed), whole=old is None)


def _named(heading: dict[str, Any]) -> tuple[Any, ...]:
    """What a book's rows depend on: were one of these another, no row would be the one that it was."""
    return heading["symbol"], heading["price"], heading["qty"]


def _edits(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """The places of the keys that are gone and of those that came. The rest is in the same order before and after."""
    if old == new:
        return [], []
    before, after = set(old), set(new)
    gone = [row for row, key in enumerate(old) if key not in after] if before - after else []
    return gone, [row for row, key in enumerate(new) if key not in before] if after - before else []


def _moved(held: Sequence[Any], removed: list[int], added: list[int]) -> Sequence[Any]:
    """What was held where it would stand now; nothing where a row is added."""
    if not (removed or added):
        return held
    kept = list(held)
    for row in reversed(removed):
        del kept[row]
    for row in added:
        kept.insert(row, None)
    return kept


def _buffers(picture: LevelPicture, changed: Sequence[Sequence[int]]) -> list[bytes]:
    rows, first = array("I"), 0
    texts: list[str] = []
    for keys, held, places in zip(picture.keys, picture.held, changed, strict=True):
        rows.extend(places if not first else [row + first for row in places])
        texts.extend([held[row] for row in places] if picture.width else _apart(keys, held, places))  # type: ignore[misc]
        first += len(keys)
    return [rows.tobytes(), ",".join(texts).encode()]


def _apart(keys: Sequence[int], held: Sequence[str | int], rows: Sequence[int]) -> Iterator[str]:
    """Price and quantity of some rows, one after the other."""
    for row in rows:
        price, digits = str(abs(keys[row])), held[row]
        yield price
        yield digits[len(price) :] if isinstance(digits, str) else str(digits)
