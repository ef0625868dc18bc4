"""Which of two tellings of an order's terms holds: the one about the later moment, not the one that came later."""

from __future__ import annotations

from typing import Final

from .evidence import Evidence, Told
from .states import OrderRecord

__all__ = ["ToldTerms"]

_FIXED: Final = frozenset({"symbol", "side", "order_type", "ord_ref_id"})
"""Terms that an order has once and for all."""


class ToldTerms:
    """The times at which each term of one order was told, so that an older report cannot undo a newer one.

    A time is the exchange's, in ns, and whether it was told after the order was made. A snapshot, and REST where it is
    sure, say what is now under the time of something that was, so they are never older. REST that is not sure lags: it
    only fills in what is not known.

    >>> from decimal import Decimal
    >>> from kraken_lab.trading.states import OrderState
    >>> record = OrderRecord(state=OrderState.OPEN, order_id="O1", cl_ord_id=None, symbol="BTC/USD", side="buy",
    ...     order_type="limit", order_qty=None, limit_price=Decimal(100), created_ns=0, updated_ns=0)
    >>> def told(price, ns): return Evidence(source="stream", status="new", received_at_ns=0, timestamp_ns=ns,
    ...     terms={"limit_price": Decimal(price)})
    >>> terms = ToldTerms()
    >>> terms.newer(record, told(101, 5)), terms.newer(record, told(99, 4))
    ({'limit_price': Decimal('101')}, {})
    """

    def __init__(self) -> None:
        self._stamps: dict[str, tuple[int, int]] = {}

    def newer(self, record: OrderRecord, evidence: Evidence) -> dict[str, Told]:
        """What of the evidence holds and differs from the record; its times are remembered."""
        changes: dict[str, Told] = {}
        for name, value in evidence.terms.items():
            before = getattr(record, name)
            # What nobody told but the request counts for own orders; of other people's nothing was known at all.
            known = self._stamps.get(name, (-2, 0) if record.external else (0, 0))
            stamp = _stamp(evidence, known)
            if before == value:
                self._stamps[name] = max(stamp, known)
            elif before is None or before == "" or (name not in _FIXED and stamp >= known):
                changes[name] = value
                self._stamps[name] = stamp
        return changes


def _stamp(evidence: Evidence, known: tuple[int, int]) -> tuple[int, int]:
    told_ns = evidence.timestamp_ns or 0
    if evidence.source == "snapshot" or (evidence.source == "rest" and evidence.sure):
        return max(known, (told_ns, 1))
    if evidence.source == "rest":
        return (-1, 0)
    return (told_ns, 0 if evidence.event == "pending_new" else 1)
