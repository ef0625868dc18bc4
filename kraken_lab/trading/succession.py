"""Whose an order is: it belongs to the lab that wrote its intent, and to another one only after that lab is gone.

Every line of the audit log names the lab that wrote it. A lab that begins takes up, once and in writing, the orders of
those that are gone; what a lab that still lives has placed is another program's to it. As the line is added before
anybody else can add one, no order ever has two labs that take it for their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from .disk import Record

__all__ = ["OF_ORDERS", "TAKEN_UP", "Succession"]

TAKEN_UP: Final = "taken up"
OF_ORDERS: Final = frozenset({"intent", "order", "fill"})
"""Kinds of records by which a lab says that an order is its own."""


class Succession:
    """Who follows whom, by what a log says. ``lives`` tells whether a lab does.

    >>> log = [{"kind": "intent", "lab": "a"}, {"kind": "intent", "lab": "b"}, {"kind": "intent", "lab": "c"},
    ...     {"kind": "taken up", "lab": "b", "labs": ["a"]}]
    >>> after = Succession(log, lives=lambda lab: lab == "b")
    >>> after.gone, after.holder("a"), [record["lab"] for record in after.left_by_the_gone(log)]
    (('c',), 'b', ['c'])
    """

    def __init__(self, records: Iterable[Record], lives: Callable[[str], bool]) -> None:
        self._heirs: dict[str, str] = {}
        wrote: dict[str, None] = {}
        for record in records:
            kind, lab = record.get("kind"), _lab(record)
            if kind == TAKEN_UP:
                labs = record.get("labs")
                self._heirs |= {str(other): lab for other in labs if other != lab} if isinstance(labs, list) else {}
            elif kind in OF_ORDERS:
                wrote[lab] = None
        holders = dict.fromkeys(map(self.holder, wrote))
        self.gone = tuple(lab for lab in holders if not lives(lab))
        """The labs that left orders and that nobody has followed yet."""

    def holder(self, lab: str) -> str:
        """Whose the orders of a lab are now: its own, or those of the last one that took them up."""
        seen = {lab}
        while (heir := self._heirs.get(lab)) is not None and heir not in seen:
            seen.add(heir)
            lab = heir
        return lab

    def left_by_the_gone(self, records: Iterable[Record]) -> list[Mapping[str, Any]]:
        """Those of a log's records that say what became of orders which nobody holds any more."""
        gone = frozenset(self.gone)
        return [record for record in records if record.get("kind") in OF_ORDERS and self.holder(_lab(record)) in gone]


def _lab(record: Record) -> str:
    """Who wrote it; nobody in particular, where that was not written down yet."""
    return str(record.get("lab", ""))
