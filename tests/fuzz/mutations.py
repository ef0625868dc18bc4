"""Small damage to lines of JSON: where a byte-wise fuzzer would mostly break the syntax, this breaks the meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

__all__ = ["ODD", "mutated"]

LONGEST = 1 << 16
"""Bytes beyond which nothing grows."""

_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[^\s"{}\[\]:,&=?]+')

ODD: Sequence[bytes] = (
    *(
        b"null",
        b"true",
        b"[]",
        b"{}",
        b"[[]]",
        b'""',
        b"0",
        b"-0",
        b"-1",
        b"1.5",
        b"1e-8",
        b"1E+5",
        b"0.10",
        b"01",
        b"NaN",
    ),
    *(b"Infinity", b"1e31", b"-1e-31", b"1e400", b"1e9999999999999999999", b"-1e-9999999999999999999", b"9" * 41),
    *(b"9" * 4301, b"4294967296", b"9223372036854775808", b"18446744073709551616", b'"1.5"', b'"NaN"', b'"\\ud800"'),
    *(
        b'"\\u0000"',
        b'"BTC/USD"',
        b'"snapshot"',
        b'"update"',
        b'"9999-12-31T23:59:60.999999999Z"',
        b"\xff",
        b"\xed\xa0\x80",
    ),
    *(b"[" * 40 + b"]" * 40, b"[" * 9000, b'"' + b"x" * 3000 + b'"', b"\xef\xbb\xbf", b"\x00"),
)
"""Values that code which expects better ones trips over."""


def mutated(data: bytes, random: Random) -> bytes:
    """The data with one thing changed: a value, a byte, a piece, or a line."""
    return random.choice((_value, _value, _swap, _byte, _cut, _double, _line))(data, random)[:LONGEST]


def _value(data: bytes, random: Random) -> bytes:
    """One value, or key, becomes an odd one."""
    tokens = list(_TOKEN.finditer(data))
    if not tokens:
        return random.choice(ODD)
    start, end = random.choice(tokens).span()
    return data[:start] + random.choice(ODD) + data[end:]


def _swap(data: bytes, random: Random) -> bytes:
    """One value, or key, becomes another one of the same data."""
    tokens = list(_TOKEN.finditer(data))
    if not tokens:
        return data
    start, end = random.choice(tokens).span()
    return data[:start] + random.choice(tokens)[0] + data[end:]


def _byte(data: bytes, random: Random) -> bytes:
    """One byte becomes another, mostly one that means something."""
    at = random.randrange(len(data) + 1)
    new = random.choice(b'{}[]",:\\\n 0-.eE') if random.random() < 0.8 else random.randrange(256)
    return data[:at] + bytes([new]) + data[at + 1 :]


def _piece(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.randrange(1, 200))


def _cut(data: bytes, random: Random) -> bytes:
    """A piece is missing."""
    start, end = _piece(data, random)
    return data[:start] + data[end:]


def _double(data: bytes, random: Random) -> bytes:
    """A piece comes twice."""
    start, end = _piece(data, random)
    return data[:end] + data[start:end] + data[end:]


def _line(data: bytes, random: Random) -> bytes:
    """A line is said again somewhere else."""
    lines = data.split(b"\n")
    lines.insert(random.randrange(len(lines) + 1), random.choice(lines))
    return b"\n".join(lines)
