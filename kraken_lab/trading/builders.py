"""Proposals from arguments and facts: one function for each method that asks before it acts.

Each reads the arguments, runs every check, walks the book for the preview and collects what could be offered instead.
None of them raises for anything a person could get wrong: what is wrong is in the proposal, all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from ..wire import CancelAll, CancelAllOrdersAfter, Request
from .checks import check
from .checks_account import unchangeable
from .corrections import Correction, merged, order_corrections
from .facts import Facts
from .judgement import refused
from .legs import Leg, fingerprint, legs_of
from .notional import added_notional
from .preview import preview
from .proposal import Maker, Proposal, ProposalKind, Removed
from .proposal_rows import counted
from .question import Unknowable
from .sentences import change_words, draft_words, leg_words
from .states import OrderRecord
from .terms import Reading, read_add, read_amend, read_batch, read_dead_man, read_edit

__all__ = [
    "propose_add",
    "propose_amend",
    "propose_batch",
    "propose_cancel_all",
    "propose_dead_man",
    "propose_edit",
    "remade",
]


def propose_add(arguments: Mapping[str, object], facts: Facts, maker: Maker | None = None) -> Proposal:
    """An ``add_order``: ``arguments`` are the exchange's parameters, ``facts`` those of its symbol.

    >>> from kraken_lab.wire import Instant
    >>> facts = Facts(at=Instant(0.0, 0), exchange_ns=0, mode="sandbox", account="4f3a")
    >>> propose_add({"symbol": "BTC/USD", "side": "buy", "order_type": "market", "order_qty": "1"}, facts).what
    'buy 1 BTC/USD, market'
    """
    reading = read_add(arguments)
    offers = [*_offers(reading), *_on_steps(reading, facts)]
    return _proposal("add_order", reading, arguments, facts, maker, offers)


def propose_batch(arguments: Mapping[str, object], facts: Facts, maker: Maker | None = None) -> Proposal:
    """A ``batch_add``: ``symbol`` and ``orders``, two to fifteen mappings of parameters."""
    reading = read_batch(arguments)
    orders = arguments.get("orders")
    offers = []
    if isinstance(orders, list | tuple):
        each = [_leg_offer(order, facts) for order in orders]
        if any(offer is not None for offer in each):
            whole = [
                order if offer is None else {**order, **offer.changes}
                for order, offer in zip(orders, each, strict=True)
            ]
            said = [f"order {at}: {offer.text}" for at, offer in enumerate(each, start=1) if offer is not None]
            offers.append(Correction("; ".join(said), MappingProxyType({"orders": whole})))
    return _proposal("batch_add", reading, arguments, facts, maker, offers)


def propose_amend(
    target: OrderRecord, arguments: Mapping[str, object], facts: Facts, maker: Maker | None = None
) -> Proposal:
    """An ``amend_order`` of an order: it keeps its ids, and its place in the queue where that is possible."""
    reading = read_amend(target, arguments)
    offers = [*_offers(reading), *_on_steps(reading, facts)]
    return _proposal("amend_order", reading, arguments, facts, maker, offers, target)


def propose_edit(
    target: OrderRecord, arguments: Mapping[str, object], facts: Facts, maker: Maker | None = None
) -> Proposal:
    """An ``edit_order`` of an order: cancelled, and replaced by another at the back of the queue."""
    reading = read_edit(target, arguments)
    offers = [*_offers(reading), *_on_steps(reading, facts)]
    return _proposal("edit_order", reading, arguments, facts, maker, offers, target)


def propose_cancel_all(facts: Facts, maker: Maker | None = None) -> Proposal:
    """A ``cancel_all`` of the whole account, other programs' orders with it."""
    reading = Reading(CancelAll(token=""), (), {})
    return _proposal("cancel_all", reading, {}, facts, maker, ())


def propose_dead_man(timeout: int, facts: Facts, maker: Maker | None = None, *, refreshed: bool = False) -> Proposal:
    """A ``cancel_all_orders_after``: the whole account's orders end unless it is said again within ``timeout`` s.

    ``refreshed``: it is said again and again while this process lives; one confirmation covers that.
    """
    reading = read_dead_man(timeout)
    arguments = {"timeout": timeout, "refreshed": refreshed}
    return _proposal("cancel_all_orders_after", reading, arguments, facts, maker, ())


def remade(proposal: Proposal, changes: Mapping[str, object], facts: Facts) -> Proposal:
    """The same wish with some arguments changed, judged by these facts: what a maker's ``remake`` is made of."""
    arguments, maker = {**proposal.arguments, **changes}, proposal.maker
    if proposal.kind == "add_order":
        return propose_add(arguments, facts, maker)
    if proposal.kind == "batch_add":
        return propose_batch(arguments, facts, maker)
    if proposal.kind == "cancel_all":
        return propose_cancel_all(facts, maker)
    if proposal.kind == "cancel_all_orders_after":
        timeout, refreshed = arguments["timeout"], bool(arguments["refreshed"])
        return propose_dead_man(timeout, facts, maker, refreshed=refreshed)  # type: ignore[arg-type]
    assert proposal.target is not None
    build = propose_amend if proposal.kind == "amend_order" else propose_edit
    return build(proposal.target, arguments, facts, maker)


def _proposal(
    kind: ProposalKind,
    reading: Reading,
    arguments: Mapping[str, object],
    facts: Facts,
    maker: Maker | None,
    offers: Iterable[Correction],
    target: OrderRecord | None = None,
) -> Proposal:
    request = reading.request
    # A repetition stops nobody who sees it: the card says so, and the gate asks for the word.
    found = (
        (
            *(() if target is None else unchangeable(target)),
            *(refused("terms", problem.said) for problem in reading.problems),
        )
        if request is None
        else check(request, facts, again=True)
    )
    legs = () if request is None else legs_of(request, facts.orders)
    proposal = Proposal(
        kind=kind,
        request=request,
        symbol=target.symbol if target is not None else str(reading.given.get("symbol", "")),
        what=_what(kind, reading, legs, target, arguments),
        checks=found,
        arguments=MappingProxyType(dict(arguments)),
        legs=legs,
        notional=_or_none(lambda: added_notional(request, facts)) if request is not None and legs else None,
        fingerprints=tuple(map(fingerprint, legs)),
        corrections=merged(offers),
        removes=_removed(request, facts),
        target=target,
        mode=facts.mode,
        armed=facts.armed,
        halted=facts.halted,
        account=facts.account,
        elsewhere=facts.elsewhere,
        connection=facts.connection,
        limits=facts.limits,
        settings=facts.settings,
        fee_rates=facts.fee_rates,
        pair=facts.pair,
        decimals=facts.shown_decimals,
        made_at=facts.at,
        maker=maker,
    )
    if request is None or not proposal.foreseeable:
        return proposal
    return replace(proposal, previews=preview(request, facts))


def _offers(reading: Reading) -> list[Correction]:
    return [problem.offer for problem in reading.problems if problem.offer is not None]


def _on_steps(reading: Reading, facts: Facts) -> tuple[Correction, ...]:
    return () if facts.pair is None else order_corrections(reading.given, facts.pair)


def _leg_offer(order: object, facts: Facts) -> Correction | None:
    """All that could be put right in one order of a batch."""
    if not isinstance(order, Mapping):
        return None
    reading = read_add({"symbol": "BTC/USD", **order})
    offers = merged([*_offers(reading), *_on_steps(reading, facts)])
    return offers[0] if offers else None


def _removed(request: Request | None, facts: Facts) -> tuple[Removed, ...]:
    if not isinstance(request, CancelAll | CancelAllOrdersAfter):
        return ()
    return tuple(Removed(order, not order.external) for order in facts.orders if order.possibly_open)


def _or_none(make: Callable[[], Decimal]) -> Decimal | None:
    """A figure for the card; where it cannot be known, a check has said so."""
    try:
        return make()
    except (Unknowable, ArithmeticError, LookupError):
        return None


def _what(
    kind: str,
    reading: Reading,
    legs: tuple[Leg, ...],
    target: OrderRecord | None,
    arguments: Mapping[str, object],
) -> str:
    """The one sentence that names it."""
    if target is not None:
        return change_words(kind.partition("_")[0], target, reading.given)
    if kind == "cancel_all":
        return "cancel all open orders of the account"
    if kind == "cancel_all_orders_after":
        seconds = reading.given.get("timeout")
        if seconds == 0:
            return "turn the dead man's switch off"
        if arguments["refreshed"]:
            return f"cancel all open orders of the account {seconds} s after this kernel last refreshed this"
        return f"cancel all open orders of the account in {seconds} s, unless this is set anew before"
    if kind == "batch_add":
        orders = arguments.get("orders")
        count = len(orders) if isinstance(orders, list | tuple) else len(legs)
        return f"{counted(count, 'order')} of {reading.given.get('symbol', '?')}"
    return leg_words(legs[0]) if legs else draft_words(reading.given)
