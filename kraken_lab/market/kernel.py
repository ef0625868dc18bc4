"""The compiled half of a book: from the bytes of an update to a proved change, in one call.

Needs numba, so nothing imports this module but `kraken_lab.market.compiled`. A book is one array of whole numbers, its
*cells*, which `QuickBook` fills and reads; the functions here read a frame, apply it, and compare the checksum.

What they take is one form, byte for byte: an update as it is documented, of one symbol, its keys in the documented
order, numbers without sign and exponent that fit the pair's decimals and a machine's whole numbers. Of everything else
they say `NOT_MINE` before they have changed anything, and it goes the way of any other message, which decides what it
is. They decide nothing themselves but what follows from a whole message: crossed, or not the exchange's.

A side lies in its cells from worst to best, so that what happens near the best moves few levels, with room at both
ends. A level is three cells: a key (the price in units, negated among the asks), a quantity, and its *proof*, the CRC32
of its digits and how many they are, 0 until somebody needs it. The checksum of a side follows from the proofs of its
best ten, as the CRC32 of two texts follows from those of each: `SHIFTED` knows what so many bytes more make of one.

Source: "Book (Level 2)" and the book checksum guide, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .checksum import LEVELS
from .engine import update_head

__all__ = ["cells_for", "read"]

Cells = NDArray[np.int64]

# --- where things are -----------------------------------------------------------------------------------------------

PRICE_DECIMALS: Final = 0
QTY_DECIMALS: Final = 1
DEPTH: Final = 2
ROOM: Final = 3
"""Levels that a side has room for."""
COMPUTED: Final = 4
"""The checksum of the book as it is, and, in the next cell, what the last message claimed."""
CLAIMED: Final = 5
HEAD: Final = 6
"""How many bytes come before a message's bids; they are in the cells from `HEAD_AT` on."""
TOUCH: Final = 8
"""Best bid, its quantity, best ask, its quantity; zeros where there is none."""
BIDS: Final = 12
ASKS: Final = 17
"""Where the cells about a side begin, of which there are these:"""
LOW, HIGH, FIRST, PROOF, LENGTH = range(5)
"""Its levels are those from LOW to HIGH; the cell where its room begins; CRC32 and length of its best ten levels."""
DIGITS: Final = 24
"""Where the digits of a level are spelled out."""
DIGITS_END: Final = DIGITS + 40
HEAD_AT: Final = DIGITS_END
HEAD_ROOM: Final = 128
MOST_HEAD: Final = 128
ENTRIES: Final = HEAD_AT + MOST_HEAD
"""Where the entries of a message are put, two cells each, until all of it has been read."""
MOST_ENTRIES: Final = 256
WRITTEN: Final = ENTRIES + 2 * MOST_ENTRIES
TAKEN: Final = WRITTEN + 1
"""How many rows were ever written, and taken from there."""
ROWS: Final = TAKEN + 1
"""Where rows wait, one behind the other and from the first place again: two times and the `TOUCH`."""
ROW: Final = 6
MOST_ROWS: Final = 2048
SIDES: Final = ROWS + ROW * MOST_ROWS
LEVEL: Final = 3
"""Cells of a level: its key, its quantity and its proof."""


def cells_for(symbol: str, depth: int, price_decimals: int, qty_decimals: int) -> Cells:
    """The cells of an empty book. With a name too long to be remembered they take no message."""
    head = np.frombuffer(update_head(symbol), dtype=np.uint8)
    if len(head) > MOST_HEAD:
        head = head[:0]
    room = 2 * (depth + MOST_ENTRIES)
    cells = np.zeros(SIDES + 2 * LEVEL * room, dtype=np.int64)
    cells[[PRICE_DECIMALS, QTY_DECIMALS, DEPTH, ROOM]] = price_decimals, qty_decimals, depth, room
    cells[HEAD], cells[HEAD_AT : HEAD_AT + len(head)] = len(head), head
    cells[ASKS + FIRST], cells[BIDS + FIRST] = SIDES, SIDES + LEVEL * room
    return cells


# --- what a call says -----------------------------------------------------------------------------------------------

NOT_MINE: Final = -1
CROSSED: Final = -2
NOT_THE_EXCHANGES: Final = -3
NO_ROW: Final = 0
WROTE_ROW: Final = 1
MANY_ROWS: Final = 2
"""It wrote one, and half of those that there is room for wait."""

# --- numbers and texts ----------------------------------------------------------------------------------------------

LIMIT: Final = 10**18
"""Every number is less: a whole number of a machine has a digit to spare."""
TENTH: Final = LIMIT // 10
NEAR: Final = 12
"""Levels from the best on that are looked at one by one."""
LENGTH_BITS: Final = 6


def _text(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)


AFTER_HEAD: Final = _text('","bids":[')
PRICE: Final = _text('{"price":')
QTY: Final = _text(',"qty":')
THEN_ASKS: Final = _text('],"asks":[')
CHECKSUM: Final = _text('],"checksum":')
TIMESTAMP: Final = _text(',"timestamp":"')
END: Final = _text('"}]}')


def _crc_table() -> Cells:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return np.array(table, dtype=np.int64)


CRC: Final = _crc_table()


def _shift_table() -> Cells:
    """What zero bytes behind it make of a CRC32, for each half byte of it: 0 to 63 of them, then 0 to 5 times 64."""
    bits = [1 << at for at in range(32)]
    short: list[int] = []
    long: list[int] = []
    for length in range(6 * 64):
        for rows in (short,) * (length < 64) + (long,) * (length % 64 == 0):
            for half in range(0, 32, 4):
                for value in range(16):
                    rows.append(reduce(xor, (bits[half + bit] for bit in range(4) if value >> bit & 1), 0))
        bits = [int(CRC[value & 255]) ^ value >> 8 for value in bits]
    return np.array(short + long, dtype=np.int64)


SHIFTED: Final = _shift_table()


@njit(error_model="numpy")
def _is(frame: bytes, at: int, text: NDArray[np.uint8]) -> bool:
    """Whether the text stands there."""
    if at + len(text) > len(frame):
        return False
    wrong = 0
    for place in range(len(text)):
        wrong |= frame[at + place] ^ text[place]
    return wrong == 0


@njit(error_model="numpy")
def _number(frame: bytes, at: int, decimals: int) -> tuple[int, int]:
    """The number there in units of its last decimal, and where it ends; -1 if it is not of the usual form."""
    size, begun = len(frame), at
    units = 0
    while at < size and 48 <= frame[at] <= 57:
        if units >= TENTH:
            return -1, at
        units = units * 10 + (frame[at] - 48)
        at += 1
    whole = at - begun
    if whole == 0 or (whole > 1 and frame[begun] == 48):
        return -1, at
    if at < size and frame[at] == 46:
        at += 1
        begun = at
        while at < size and 48 <= frame[at] <= 57:
            if units >= TENTH:
                return -1, at
            units = units * 10 + (frame[at] - 48)
            at += 1
        if at == begun:
            return -1, at
        decimals -= at - begun
        if decimals < 0:
            return -1, at
    for _ in range(decimals):
        if units >= TENTH:
            return -1, at
        units *= 10
    return units, at


@njit(error_model="numpy")
def _entries(frame: bytes, at: int, cells: Cells, put: int) -> tuple[int, int]:
    """Read levels up to the closing bracket. How many entries there are now, and where they end; -1 if unusual."""
    size = len(frame)
    if at < size and frame[at] == 93:
        return put, at
    while put < MOST_ENTRIES:
        if not _is(frame, at, PRICE):
            return -1, at
        price, at = _number(frame, at + len(PRICE), cells[PRICE_DECIMALS])
        if price <= 0 or not _is(frame, at, QTY):
            return -1, at
        qty, at = _number(frame, at + len(QTY), cells[QTY_DECIMALS])
        if qty < 0 or at + 1 >= size or frame[at] != 125:
            return -1, at
        cells[ENTRIES + 2 * put] = price
        cells[ENTRIES + 2 * put + 1] = qty
        put += 1
        at += 1
        if frame[at] == 93:
            return put, at
        if frame[at] != 44:
            return -1, at
        at += 1
    return -1, at


@njit(error_model="numpy")
def _digits(frame: bytes, at: int, count: int) -> int:
    """So many digits as a number; below zero if one is none."""
    number = 0
    for place in range(at, at + count):
        if not 48 <= frame[place] <= 57:
            return -(10**18)
        number = number * 10 + (frame[place] - 48)
    return number


@njit(error_model="numpy")
def _nanoseconds(frame: bytes, at: int) -> int:
    """The time from there to the end of the message, in nanoseconds since 1970 UTC; -1 if it is not an ordinary one.

    That is ``YYYY-MM-DDTHH:MM:SS.fZ`` with one to nine digits for f. Years are counted from March, so that a leap day
    comes last.
    """
    places = len(frame) - len(END) - at - 21
    if not 1 <= places <= 9 or frame[at + 4] != 45 or frame[at + 7] != 45 or frame[at + 10] != 84:
        return -1
    if frame[at + 13] != 58 or frame[at + 16] != 58 or frame[at + 19] != 46 or frame[at + 20 + places] != 90:
        return -1
    year, month, day = _digits(frame, at, 4), _digits(frame, at + 5, 2), _digits(frame, at + 8, 2)
    hour, minute, second = _digits(frame, at + 11, 2), _digits(frame, at + 14, 2), _digits(frame, at + 17, 2)
    fraction = _digits(frame, at + 20, places)
    if not (1970 <= year <= 2200 and 1 <= month <= 12 and day >= 1):
        return -1
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = 28 + leap if month == 2 else 30 + (month + month // 8) % 2
    if day > longest or not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59 and fraction >= 0):
        return -1
    for _ in range(9 - places):
        fraction *= 10
    year -= month <= 2
    month = (month + 9) % 12
    days = year * 365 + year // 4 - year // 100 + year // 400 + (month * 306 + 5) // 10 + day - 719_469
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000 + fraction


@njit(error_model="numpy")
def _middle(cells: Cells, side: int) -> int:
    """Move all levels of a side to the middle of its room; by how many places."""
    low, high, first = cells[side + LOW], cells[side + HIGH], cells[side + FIRST]
    by: int = (cells[ROOM] - (high - low)) // 2 - low
    if by < 0:
        for at in range(first + LEVEL * low, first + LEVEL * high):
            cells[at + LEVEL * by] = cells[at]
    else:
        for at in range(first + LEVEL * high - 1, first + LEVEL * low - 1, -1):
            cells[at + LEVEL * by] = cells[at]
    cells[side + LOW] = low + by
    cells[side + HIGH] = high + by
    return by


@njit(error_model="numpy")
def _insert(cells: Cells, side: int, at: int) -> int:
    """Make room for a level before place ``at``, moving the fewer; the new level's place."""
    low, high, first = cells[side + LOW], cells[side + HIGH], cells[side + FIRST]
    worse = at - low < high - at
    if (worse and low == 0) or (not worse and high == cells[ROOM]):
        by = _middle(cells, side)
        low, high, at = low + by, high + by, at + by
    if worse:
        for cell in range(first + LEVEL * low, first + LEVEL * at):
            cells[cell - LEVEL] = cells[cell]
        cells[side + LOW] = low - 1
        return at - 1
    for cell in range(first + LEVEL * high - 1, first + LEVEL * at - 1, -1):
        cells[cell + LEVEL] = cells[cell]
    cells[side + HIGH] = high + 1
    return at


@njit(error_model="numpy")
def _remove(cells: Cells, side: int, at: int) -> None:
    """Close the gap that a level leaves, moving the fewer."""
    low, high, first = cells[side + LOW], cells[side + HIGH], cells[side + FIRST]
    if at - low < high - at:
        for cell in range(first + LEVEL * at - 1, first + LEVEL * low - 1, -1):
            cells[cell + LEVEL] = cells[cell]
        cells[side + LOW] = low + 1
    else:
        for cell in range(first + LEVEL * (at + 1), first + LEVEL * high):
            cells[cell - LEVEL] = cells[cell]
        cells[side + HIGH] = high - 1


@njit(error_model="numpy")
def _find(cells: Cells, side: int, key: int) -> int:
    """The place of the worst level that is not worse than ``key``: one by one from the best, then by halves."""
    low, first = cells[side + LOW], cells[side + FIRST]
    at: int = cells[side + HIGH]
    for _ in range(NEAR):
        if at == low or cells[first + LEVEL * (at - 1)] < key:
            return at
        at -= 1
    while low < at:
        middle = (low + at) // 2
        if cells[first + LEVEL * middle] < key:
            low = middle + 1
        else:
            at = middle
    return at


@njit(error_model="numpy")
def _apply(cells: Cells, side: int, begin: int, end: int) -> bool:
    """Entries in order, then the cut to depth. Whether any of the best ten was written."""
    sign = 1 if side == BIDS else -1
    first, near = cells[side + FIRST], False
    for entry in range(begin, end):
        key, qty = sign * cells[ENTRIES + 2 * entry], cells[ENTRIES + 2 * entry + 1]
        at = _find(cells, side, key)
        high = cells[side + HIGH]
        there = at < high and cells[first + LEVEL * at] == key
        better = high - at - there
        if qty:
            if not there:
                at = _insert(cells, side, at)
                cells[first + LEVEL * at] = key
            cells[first + LEVEL * at + 1] = qty
            cells[first + LEVEL * at + 2] = 0
        elif there:
            _remove(cells, side, at)
        else:
            continue
        near = near or better < LEVELS
    if cells[side + HIGH] - cells[side + LOW] > cells[DEPTH]:
        cells[side + LOW] = cells[side + HIGH] - cells[DEPTH]
    return near


@njit(error_model="numpy")
def _shift(crc: int, row: int) -> int:
    """A CRC32 after as many bytes more as that row of `SHIFTED` stands for."""
    at = row * 128
    shifted: int = (
        SHIFTED[at + (crc & 15)]
        ^ SHIFTED[at + 16 + (crc >> 4 & 15)]
        ^ SHIFTED[at + 32 + (crc >> 8 & 15)]
        ^ SHIFTED[at + 48 + (crc >> 12 & 15)]
        ^ SHIFTED[at + 64 + (crc >> 16 & 15)]
        ^ SHIFTED[at + 80 + (crc >> 20 & 15)]
        ^ SHIFTED[at + 96 + (crc >> 24 & 15)]
        ^ SHIFTED[at + 112 + (crc >> 28 & 15)]
    )
    return shifted


@njit(error_model="numpy")
def _proof(cells: Cells, price: int, qty: int) -> int:
    """The CRC32 of a level's digits, price before quantity, and how many they are."""
    at = DIGITS_END
    for number in (qty, price):
        while number:
            at -= 1
            rest = number // 10
            cells[at] = 48 + number - 10 * rest
            number = rest
    crc = 0xFFFFFFFF
    for place in range(at, DIGITS_END):
        crc = CRC[(crc ^ cells[place]) & 255] ^ (crc >> 8)
    return (crc ^ 0xFFFFFFFF) << LENGTH_BITS | (DIGITS_END - at)


@njit(error_model="numpy")
def _prove(cells: Cells, side: int) -> bool:
    """CRC32 of a side's best ten levels. Whether its best level is another or was written."""
    high, first = cells[side + HIGH], cells[side + FIRST]
    best = first + LEVEL * (high - 1)
    count = min(high - cells[side + LOW], LEVELS)
    price, qty, written = 0, 0, False
    if count:
        price, qty, written = abs(cells[best]), cells[best + 1], cells[best + 2] == 0
    touch = TOUCH if side == BIDS else TOUCH + 2
    written = written or price != cells[touch]
    cells[touch] = price
    cells[touch + 1] = qty
    crc, length = 0, 0
    for level in range(count):
        at = best - LEVEL * level
        proof = cells[at + 2]
        if not proof:
            proof = _proof(cells, abs(cells[at]), cells[at + 1])
            cells[at + 2] = proof
        digits = proof & 63
        crc = _shift(crc, digits) ^ (proof >> LENGTH_BITS)
        length += digits
    cells[side + PROOF] = crc
    cells[side + LENGTH] = length
    return written


@njit(error_model="numpy")
def _write_row(cells: Cells, time: int, received: int) -> bool:
    """A row with the best prices as they are. Whether it is time that somebody takes what waits."""
    written = cells[WRITTEN]
    at = ROWS + ROW * (written % MOST_ROWS)
    cells[at] = time
    cells[at + 1] = received
    for place in range(4):
        cells[at + 2 + place] = cells[TOUCH + place]
    cells[WRITTEN] = written + 1
    return bool(written + 1 - cells[TAKEN] >= MOST_ROWS // 2)


@njit(cache=True, error_model="numpy")
def read(frame: bytes, received: int, cells: Cells) -> int:
    """Read an update received at that time (ns since 1970 UTC), apply and prove it, and write a row if one is due.

    That is when the best level of a side is another or was written. Says `NO_ROW`, `WROTE_ROW` or `MANY_ROWS`;
    `NOT_MINE`, and then nothing was changed; or `CROSSED` or `NOT_THE_EXCHANGES`, and then the book is void.
    """
    size, at = len(frame), cells[HEAD]
    if size < at or cells[WRITTEN] - cells[TAKEN] >= MOST_ROWS:
        return NOT_MINE
    wrong = 0
    for place in range(at):
        wrong |= frame[place] ^ cells[HEAD_AT + place]
    if wrong or not _is(frame, at, AFTER_HEAD):
        return NOT_MINE
    bids, at = _entries(frame, at + len(AFTER_HEAD), cells, 0)
    if bids < 0 or not _is(frame, at, THEN_ASKS):
        return NOT_MINE
    both, at = _entries(frame, at + len(THEN_ASKS), cells, bids)
    if both < 0 or not _is(frame, at, CHECKSUM):
        return NOT_MINE
    claimed, at = _number(frame, at + len(CHECKSUM), 0)
    if claimed < 0 or claimed > 0xFFFFFFFF or not _is(frame, at, TIMESTAMP):
        return NOT_MINE
    at += len(TIMESTAMP)
    time = _nanoseconds(frame, at)
    if time < 0 or not _is(frame, size - len(END), END):
        return NOT_MINE
    # All of it has been read. From here on it counts.
    written = False
    if bids and _apply(cells, BIDS, 0, bids) and _prove(cells, BIDS):
        written = True
    if both > bids and _apply(cells, ASKS, bids, both) and _prove(cells, ASKS):
        written = True
    bid, ask = cells[TOUCH], cells[TOUCH + 2]
    if bid and ask and ask <= bid:
        return CROSSED
    after, crc = cells[BIDS + LENGTH], cells[ASKS + PROOF]
    computed = _shift(_shift(crc, after & 63), 64 + (after >> 6)) ^ cells[BIDS + PROOF]
    cells[COMPUTED], cells[CLAIMED] = computed, claimed
    if computed != claimed:
        return NOT_THE_EXCHANGES
    if not written:
        return NO_ROW
    return MANY_ROWS if _write_row(cells, time, received) else WROTE_ROW
