"""One order's life, strictly: which states follow which, and what each piece of evidence changes.

An `OrderMachine` is told what this side did (`sent`, `cancel_sent`) and what was heard (`accept`, `reject`, `hear`). It
moves along listed transitions only; what would need another one is noted and ignored. Reports may come late, twice or
in another order, and say only what changed: the outcome is the same. Filled is the exact sum of distinct fills.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final, Literal

from .evidence import Evidence, Told
from .exact import divide, multiply, total
from .fills import same_fill
from .states import FillRecord, OrderEvent, OrderRecord, OrderState
from .told_terms import ToldTerms

__all__ = ["AMENDMENT_NOT_MADE", "LATE_TRUTH", "TRANSITIONS", "OrderMachine"]

S = OrderState

AMENDMENT_NOT_MADE: Final = "amendment not made: "
"""How the timeline's line about an amendment begins that the exchange, or this side, refused."""

_LIVE: Final = frozenset({S.PENDING_NEW, S.OPEN, S.PARTIAL, S.PENDING_CANCEL})
_ENDED: Final = frozenset({S.FILLED, S.CANCELED, S.EXPIRED})

TRANSITIONS: Final[Mapping[OrderState, frozenset[OrderState]]] = {
    S.CONFIRMED: frozenset({S.REFUSED, S.IN_FLIGHT}),
    S.IN_FLIGHT: _LIVE | _ENDED | {S.REJECTED, S.UNKNOWN},
    S.UNKNOWN: _LIVE | _ENDED | {S.REJECTED, S.NOT_PLACED},
    S.PENDING_NEW: frozenset({S.OPEN, S.PARTIAL, S.PENDING_CANCEL, S.UNKNOWN}) | _ENDED,
    S.OPEN: frozenset({S.PARTIAL, S.PENDING_CANCEL, S.UNKNOWN}) | _ENDED,
    S.PARTIAL: frozenset({S.PENDING_CANCEL, S.UNKNOWN}) | _ENDED,
    S.PENDING_CANCEL: frozenset({S.OPEN, S.PARTIAL, S.UNKNOWN}) | _ENDED,
}
"""What may follow what. Terminal states are followed by nothing."""

LATE_TRUTH: Final[Mapping[OrderState, frozenset[OrderState]]] = {
    S.CONFIRMED: _LIVE | _ENDED,
    S.REFUSED: _LIVE | _ENDED,
    S.REJECTED: _LIVE | _ENDED,
    S.NOT_PLACED: _LIVE | _ENDED,
}
"""What evidence may still bring about after this side concluded that nothing exists. Each raises an alarm."""

_MEANING: Final[Mapping[str, OrderState]] = {
    "pending_new": S.PENDING_NEW,
    "pending": S.PENDING_NEW,
    "new": S.OPEN,
    "open": S.OPEN,
    "partially_filled": S.PARTIAL,
    "filled": S.FILLED,
    "closed": S.FILLED,
    "canceled": S.CANCELED,
    "expired": S.EXPIRED,
}
"""The exchange's words, the stream's and REST's. Any other word means: possibly open."""

_PROGRESS: Final = {S.PENDING_NEW: 0, S.OPEN: 1, S.PARTIAL: 2, S.PENDING_CANCEL: 3}
_EVENTS_KEPT: Final = 500


class OrderMachine:
    """What is known of one order. ``key`` names it here for good; ``record`` is a value of this instant."""

    def __init__(self, key: str, record: OrderRecord) -> None:
        self.key = key
        self.record = record
        self.fills: tuple[FillRecord, ...] = ()
        self.timeline: tuple[OrderEvent, ...] = ()
        self.lost = record.unverified
        """Whether it was not seen since something was lost."""
        self.cancel_wanted = False
        """A cancel was sent, and neither its success nor its failure is known."""
        self.reported_qty = Decimal(0)
        """The most that the exchange ever said to be filled."""
        self.written: dict[str, object] | None = None
        """What the audit log has of it; None for nothing yet."""
        self.aged_from_ns = record.created_ns
        """When it was created or amended last: its age decides what changing it costs."""
        self.replaces: str | None = None
        """The exchange's id of the order that an edit replaces by this one, which has no client id of its own."""
        self.amend_sent_mono: float | None = None
        """When an amendment that is not settled may have left, in monotonic seconds."""
        self._amend_accepted = False
        self._terms = ToldTerms()
        self._final_qty: Decimal | None = None
        """What had been filled when it ended, where whoever told of the end said so."""
        self._ended_by_fill = False
        """Whether its end is known only from a fill that bore the final status, or from an earlier kernel's lines."""
        self._alarms: list[str] = []

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> OrderState:
        """Where it is."""
        return self.record.state

    @property
    def fills_missing(self) -> bool:
        """Whether there are fills, or may be, that are not known here."""
        return self._lacks_fills(self.record)

    def _lacks_fills(self, record: OrderRecord) -> bool:
        if self.reported_qty > record.filled_qty:
            return True
        # Of an end that a fill told of nobody said how much it came to; a filled order came to all of it.
        whole = record.state is S.FILLED and record.order_qty is not None and record.filled_qty >= record.order_qty
        return record.state in _ENDED and self._ended_by_fill and self._final_qty is None and not whole

    def miss_fills(self) -> None:
        """An earlier kernel knew of its end and not of all its fills."""
        self._ended_by_fill = True
        self._update(self.record.updated_ns)

    def take_alarms(self) -> list[str]:
        """What should be said aloud since the last call."""
        taken, self._alarms = self._alarms, []
        return taken

    # --- what this side did -----------------------------------------------------------------------------------------

    def sent(self, mono: float, at_ns: int) -> None:
        """Its bytes may leave from now on."""
        self._move(S.IN_FLIGHT, "sent", at_ns, sent_at_mono=mono)

    def refuse(self, reason: str, at_ns: int) -> None:
        """It was stopped here, and nothing was offered to a socket."""
        self._move(S.REFUSED, f"refused here: {reason}", at_ns, error=reason)

    def doubt(self, reason: str, at_ns: int) -> None:
        """Nobody can say whether it exists."""
        if self.state is not S.UNKNOWN and self._move(S.UNKNOWN, f"unknown: {reason}", at_ns, reason=reason):
            self.lost = True
            self._update(at_ns)

    def not_placed(self, at_ns: int) -> None:
        """It is proved to be absent."""
        self._move(S.NOT_PLACED, "not placed: proved absent", at_ns)

    def unverify(self, at_ns: int) -> None:
        """Something was lost; it is not known any more whether this is still so."""
        if self.record.possibly_open and not self.lost:
            self.lost = True
            self._update(at_ns)

    def cancel_sent(self, what: str, at_ns: int) -> None:
        """A cancel may have left. It settles nothing by itself."""
        self.cancel_wanted = True
        self._note(what, at_ns)
        if self.state in _LIVE and self.state is not S.PENDING_CANCEL:
            self._move(S.PENDING_CANCEL, "", at_ns)

    def cancel_failed(self, reason: str, at_ns: int) -> None:
        """The cancel came to nothing: the order is as it was."""
        if not self.cancel_wanted:
            return
        self.cancel_wanted = False
        self._note(f"cancel failed: {reason}", at_ns)
        if self.state is S.PENDING_CANCEL:
            self._move(S.PARTIAL if self.record.filled_qty else S.OPEN, "", at_ns)

    def note(self, what: str, at_ns: int) -> None:
        """A line in its timeline."""
        self._note(what, at_ns)
        self._update(at_ns)

    # --- amending ---------------------------------------------------------------------------------------------------

    def amend(self, changes: Mapping[str, Decimal], what: str, at_ns: int) -> None:
        """An amendment was confirmed; the order is what it was until the exchange says otherwise."""
        self._amend_accepted, self.amend_sent_mono = False, None
        self._note(what, at_ns)
        self._update(at_ns, amending=tuple(changes.items()), amend="", error="")

    def amend_accepted(self, at_ns: int) -> None:
        """The answer is yes; which values hold is said by the next report that tells of an amendment."""
        if self.record.amending:
            self._amend_accepted = True
            self._note("amendment accepted", at_ns)
            self._update(at_ns, amend="")

    def amend_rejected(self, text: str, at_ns: int) -> None:
        """The answer is no, in words that prove that the order is as it was."""
        if self.record.amending:
            self._update(at_ns, error=text)
            self.amend_settled(f"{AMENDMENT_NOT_MADE}{text}", at_ns)

    def amend_doubted(self, reason: str, at_ns: int) -> None:
        """Whether the amendment was applied is not known: old and new values are both shown."""
        if self.record.amending and not self.record.is_terminal and self.record.amend != "UNKNOWN":
            self._note(f"amendment unknown: {reason}", at_ns)
            self._update(at_ns, amend="UNKNOWN")

    def amend_settled(self, what: str, at_ns: int) -> None:
        """The amendment is applied, refused or proved not to be applied; ``what`` says which."""
        if self.record.amending:
            self._amend_accepted, self.amend_sent_mono = False, None
            self._note(what, at_ns)
            self._update(at_ns, amend="", amending=())

    def amended_to(self, terms: Mapping[str, Told]) -> bool:
        """Whether these terms are what the pending amendment asked for."""
        asked = self.record.amending
        return bool(asked) and all(terms.get(name) == value for name, value in asked)

    # --- what was heard ---------------------------------------------------------------------------------------------

    def accept(self, order_id: str | None, at_ns: int) -> None:
        """The answer to its request: the exchange has taken it."""
        if order_id and self.record.order_id not in (None, order_id):
            self._alarm(f"it was reported as {self.record.order_id} and accepted as {order_id}")
        elif order_id and self.record.order_id is None:
            self._update(at_ns, order_id=order_id)
        if self.state in (S.IN_FLIGHT, S.UNKNOWN) or self.state in LATE_TRUTH:
            self._reach(S.PENDING_NEW, f"accepted as {order_id}", at_ns, None)

    def reject(self, text: str, at_ns: int) -> None:
        """The answer to its request: no, in words that prove that nothing was placed."""
        if self.state in _LIVE | _ENDED:
            self._alarm(f"the exchange answered {text!r}, and yet reports it as {self.record.exchange_status}")
            self._note(f"ignored: rejected with {text}", at_ns)
        else:
            self._move(S.REJECTED, f"rejected: {text}", at_ns, error=text)

    def hear(self, evidence: Evidence) -> None:
        """Take what a report, a snapshot or REST says, whatever else came before."""
        at_ns = evidence.received_at_ns
        fill = None if evidence.fill is None else self._fill(evidence.fill, at_ns)
        self._merge(evidence)
        if evidence.event == "amended" and evidence.source == "stream":
            self.aged_from_ns = max(self.aged_from_ns, at_ns)
        if evidence.cum_qty is not None:
            self.reported_qty = max(self.reported_qty, evidence.cum_qty)
        target = _MEANING.get(evidence.status)
        if target in _ENDED:
            self._ended_by_fill = evidence.event == "trade" and (self._ended_by_fill or self.state not in _ENDED)
        if target in _ENDED and evidence.cum_qty is not None:
            self._final_qty = max(evidence.cum_qty, self._final_qty or evidence.cum_qty)
        said = evidence.reason if target in _ENDED or evidence.event in ("amended", "restated") else ""
        what = f"{evidence.event or evidence.status}: {said}" if said else evidence.event or evidence.status
        if fill is not None and evidence.event == "trade" and target not in _ENDED:
            what = ""  # the fill itself is told
        self._reach(target or S.OPEN, what, at_ns, evidence.timestamp_ns, evidence=evidence)
        if fill is not None:
            # Of a fill that leaves nothing over it is not said that the order is filled in part: its end comes next.
            whole = self.record.remaining_qty == 0 and self.state not in _ENDED
            told = f"filled {fill.qty:f} at {fill.price:f}"
            self._note(told, at_ns, fill.timestamp_ns, state=None if whole else self.state)
        self._check_amendment(evidence)
        self._check_fills(at_ns)

    # --- fills ------------------------------------------------------------------------------------------------------

    def _fill(self, fill: FillRecord, at_ns: int) -> FillRecord | None:
        """Count a fill; None if it was counted already."""
        known = next((other for other in self.fills if same_fill(other, fill)), None)
        if known is not None:
            return None
        fill = replace(
            fill,
            cl_ord_id=fill.cl_ord_id or self.record.cl_ord_id,
            symbol=fill.symbol or self.record.symbol,
            side=fill.side or self.record.side,
        )
        self.fills = (*self.fills, fill)
        filled = total(each.qty for each in self.fills)
        cost = total(each.cost for each in self.fills)  # as charged, rounded: money, and no measure of a price
        average = divide(total(multiply(each.price, each.qty) for each in self.fills), filled)
        self._update(at_ns, filled_qty=filled, cost=cost, avg_price=average, fees=_fees(self.fills))
        # A snapshot tells of an ended order fill by fill: only more than the end came to contradicts it.
        if self._final_qty is not None and filled > self._final_qty:
            self._alarm(f"a fill of {fill.qty:f} came although it had ended as {self.state}")
        return fill

    def _check_fills(self, at_ns: int) -> None:
        record = self.record
        ordered = record.order_qty
        over = ordered is not None and ordered > 0 and record.filled_qty > ordered
        if over and not record.overfilled:
            self._alarm(f"{record.filled_qty:f} was filled, and {ordered:f} was ordered")
        self._update(at_ns, overfilled=over)

    # --- terms ------------------------------------------------------------------------------------------------------

    def _merge(self, evidence: Evidence) -> None:
        """Take over the terms that are newer than what is known, and all that are not known yet."""
        record = self.record
        changes: dict[str, object] = dict(self._terms.newer(record, evidence))
        if evidence.cl_ord_id and record.cl_ord_id is None:
            changes["cl_ord_id"] = evidence.cl_ord_id
        if evidence.order_id and record.order_id is None:
            changes["order_id"] = evidence.order_id
        elif evidence.order_id and evidence.order_id != record.order_id:
            self._alarm(f"{evidence.order_id} carries the client id of {record.order_id}")
        elif evidence.cl_ord_id and record.cl_ord_id and evidence.cl_ord_id != record.cl_ord_id:
            self._alarm(f"it is reported under the client id {evidence.cl_ord_id}")
        if changes:
            self._update(evidence.received_at_ns, **changes)

    def _check_amendment(self, evidence: Evidence) -> None:
        if not self.record.amending:
            return
        if self.record.is_terminal:
            self.amend_settled("amendment overtaken by the end of the order", evidence.received_at_ns)
        elif evidence.sure and (self.amended_to(evidence.terms) or self._amend_told(evidence)):
            self.amend_settled("amended", evidence.received_at_ns)
        elif evidence.source == "rest" and evidence.sure:
            self.amend_settled("amendment not applied", evidence.received_at_ns)

    def _amend_told(self, evidence: Evidence) -> bool:
        """Whether an accepted amendment is in what is told, with other values: less than was filled, for example."""
        return self._amend_accepted and (evidence.event in ("amended", "restated") or evidence.source == "snapshot")

    # --- moving -----------------------------------------------------------------------------------------------------

    def _reach(
        self, target: OrderState, what: str, at_ns: int, timestamp_ns: int | None, *, evidence: Evidence | None = None
    ) -> None:
        """Go where the evidence says, unless that would be backwards."""
        state = self.state
        word = {"exchange_status": evidence.status} if evidence is not None else {}
        sure = evidence is None or evidence.sure
        if state in _ENDED:
            if target in _ENDED and target is not state:
                self._alarm(f"it ended as {state}, and is now reported as {target}")
            if target is not state and sure:
                self._note(f"ignored: {what}", at_ns, timestamp_ns)
            return
        if target in _LIVE:
            target = self._live(target)
        if sure or target in _ENDED:
            self.lost = False
        if target is state:
            self._update(at_ns, **word)
            return
        reason = evidence.reason if evidence is not None and target in _ENDED else ""
        self._move(target, what, at_ns, timestamp_ns=timestamp_ns, late=True, reason=reason, error="", **word)

    def _live(self, target: OrderState) -> OrderState:
        if self.cancel_wanted:
            return S.PENDING_CANCEL
        if self.record.filled_qty:
            return S.PARTIAL
        state = self.state
        return state if _PROGRESS.get(state, -1) > _PROGRESS[target] else target

    def _move(
        self,
        to: OrderState,
        what: str,
        at_ns: int,
        *,
        timestamp_ns: int | None = None,
        late: bool = False,
        **changes: object,
    ) -> bool:
        state = self.state
        contradicts = late and to in LATE_TRUTH.get(state, ())
        if to not in TRANSITIONS.get(state, ()) and not contradicts:
            self._note(f"ignored: {what or to}", at_ns, timestamp_ns)
            self._update(at_ns)
            return False
        if contradicts:
            self._alarm(f"it was concluded to be {state}, and the exchange reports it as {to}")
        self._update(at_ns, state=to, **changes)
        self._note(what, at_ns, timestamp_ns)
        return True

    def _update(self, at_ns: int, **changes: object) -> None:
        before = self.record
        after = replace(before, **changes)  # type: ignore[arg-type]
        missing = after.state in _LIVE | _ENDED and self._lacks_fills(after)
        unverified = (after.possibly_open and self.lost) or missing
        after = replace(after, unverified=unverified)
        if after != before:
            self.record = replace(after, updated_ns=max(at_ns, before.updated_ns))

    def _note(
        self, what: str, at_ns: int, timestamp_ns: int | None = None, state: OrderState | Literal[""] | None = ""
    ) -> None:
        """A line of the timeline, with the state there is now unless another is told."""
        if what:
            seen = self.state if state == "" else state
            event = OrderEvent(what=what, received_at_ns=at_ns, timestamp_ns=timestamp_ns, state=seen)
            self.timeline = (*self.timeline[-_EVENTS_KEPT + 1 :], event)

    def _alarm(self, what: str) -> None:
        self._alarms.append(what)


def _fees(fills: tuple[FillRecord, ...]) -> tuple[tuple[str, Decimal], ...]:
    assets = dict.fromkeys(fill.fee_asset for fill in fills if fill.fee_asset is not None)
    return tuple(
        (asset, total(fill.fee for fill in fills if fill.fee_asset == asset and fill.fee is not None))
        for asset in assets
    )
