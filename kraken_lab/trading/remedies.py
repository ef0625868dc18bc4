"""The proposal that would pass in place of one that failed: the smallest change that all checks agree to.

Whatever is found is a new proposal, judged like any other; nothing is sent before somebody confirms it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from .builders import propose_add, remade
from .catalogue import Fix
from .corrections import merged
from .exact import total
from .facts import Facts
from .legs import EXACT
from .proposal import Maker, Proposal
from .states import OrderRecord, OrderState

__all__ = ["again", "passing"]


def again(record: OrderRecord | None, facts: Facts | None, maker: Maker | None) -> Proposal | None:
    """The order as a wish once more, if it failed, and was a new one whose terms are all in its record."""
    failed = record is not None and record.state in {OrderState.REFUSED, OrderState.REJECTED}
    if record is None or facts is None or not failed or record.trigger_price is not None:
        return None
    names = ("symbol", "side", "order_type", "order_qty", "cash_order_qty", "limit_price", "display_qty")
    given = {name: getattr(record, name) for name in names}
    flags = {name: True for name in ("post_only", "reduce_only", "margin") if getattr(record, name)}
    force = (record.time_in_force or "gtc").lower()
    if force == "gtd":
        return None  # until when is not in the record
    more = {"time_in_force": force} if force != "gtc" else {}
    return propose_add({n: v for n, v in {**given, **flags, **more}.items() if v is not None}, facts, maker)


def passing(fix: Fix, draft: Proposal, facts: Facts) -> Proposal | None:
    """The first of the changes at hand after which all checks pass; None if there is none, or nothing to change."""
    for changes in _changes(fix, draft, facts):
        made = remade(draft, changes, facts)
        if not made.ok and made.corrections:  # a change may leave the steps: that is put right too
            made = remade(made, made.corrections[0].changes, facts)
        if made.ok:
            return made
    return None


def _changes(fix: Fix, draft: Proposal, facts: Facts) -> Iterator[Mapping[str, object]]:
    offers = merged(draft.corrections)
    if offers:
        yield offers[0].changes
    fixes: Mapping[Fix, Callable[[Proposal, Facts], Iterator[Mapping[str, object]]]] = {
        "cost": _worth_more, "funds": _affordable, "post_only": _post_only, "same": _same,
    }  # fmt: skip
    if fix in fixes:
        yield from fixes[fix](draft, facts)


def _same(draft: Proposal, facts: Facts) -> Iterator[Mapping[str, object]]:
    yield {}


def _post_only(draft: Proposal, facts: Facts) -> Iterator[Mapping[str, object]]:
    if draft.kind == "add_order" and draft.arguments.get("order_type") == "limit":
        yield {"post_only": True}


def _worth_more(draft: Proposal, facts: Facts) -> Iterator[Mapping[str, object]]:
    """The smallest quantity that is worth the pair's minimum."""
    pair, price = facts.pair, _price(draft, facts)
    if pair is not None and pair.cost_min is not None and price:
        yield {"order_qty": _steps(EXACT.divide(pair.cost_min, price), pair.qty_increment, ROUND_CEILING)}


def _affordable(draft: Proposal, facts: Facts) -> Iterator[Mapping[str, object]]:
    """The largest quantity that what is there can pay for, by the checks' own reckoning of need and have."""
    for found in draft.checks:
        if found.name != "balance" or found.verdict == "pass" or not {"need", "have", "held"} <= found.figures.keys():
            continue
        need, have, held = (Decimal(str(found.figures[name])) for name in ("need", "have", "held"))
        qty = total(leg.open_qty for leg in draft.legs if leg.open_qty is not None)
        if facts.pair is None or not need or have <= held or len(draft.legs) != 1:
            continue
        share = EXACT.divide(EXACT.multiply(qty, EXACT.subtract(have, held)), need)
        yield {"order_qty": _steps(share, facts.pair.qty_increment, ROUND_FLOOR)}


def _price(draft: Proposal, facts: Facts) -> Decimal | None:
    limit = draft.legs[0].static_limit if len(draft.legs) == 1 else None
    if limit is not None or facts.book is None or not draft.legs:
        return limit
    levels = facts.book.asks if draft.legs[0].side == "buy" else facts.book.bids
    return levels[0][0] if levels else None


def _steps(qty: Decimal, increment: Decimal, rounding: str) -> Decimal:
    steps = EXACT.divide(qty, increment).to_integral_value(rounding=rounding)
    return EXACT.multiply(steps, increment)
