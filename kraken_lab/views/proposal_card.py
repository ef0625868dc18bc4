"""The confirmation card: where an order would go, what it is, what stops or warns, and what it would do.

A picture of a `Proposal` and nothing more: it holds no rule, computes no price and sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from ..trading.figures import trimmed
from ..trading.judgement import Check
from ..trading.preview import Preview
from ..trading.proposal import Proposal
from ..trading.proposal_rows import (
    counted,
    or_dash,
    preview_rows,
    quantity_words,
    sum_rows,
    terms_rows,
    where_words,
)
from ..trading.words import in_words
from ..wire import encode, shortened
from . import cells, escape
from .card import Tone, banner, card, details, facts_grid, marked_lines, table

__all__ = ["proposal_card"]

_TITLES: Final = {
    "amend_order": "Amend",
    "edit_order": "Cancel and replace",
    "batch_add": "Batch",
    "cancel_all": "Cancel all orders of the account",
    "cancel_all_orders_after": "Dead man's switch",
}
_SHOWN_FILLS: Final = 8


def proposal_card(proposal: Proposal) -> str:
    """A proposal as HTML: warnings first, then what it is, what it would do, and every check with its figures.

    >>> from kraken_lab.trading.builders import propose_cancel_all
    >>> from kraken_lab.trading.facts import Facts
    >>> from kraken_lab.wire import Instant
    >>> facts = Facts(at=Instant(0.0, 0), exchange_ns=0, mode="sandbox", account="4f3a")
    >>> "no real money" in proposal_card(propose_cancel_all(facts))
    True
    """
    parts = [banner(proposal.mode_words, where_words(proposal), proposal.account), '<div class="body">']
    if proposal.not_yet:
        parts.append(f'<div class="verdict warn">{escape.html(proposal.not_yet)}.</div>')
    parts.append(_headline(proposal))
    parts.append(_stops(proposal))
    parts += _standing(proposal) if proposal.target is not None and proposal.decided_by else _orders(proposal)
    parts.append(_passed(proposal))
    parts.append(_footer(proposal))
    parts.append("</div>")
    return card(*parts, label=f"{proposal.mode_words}: {proposal.what}")


def _orders(proposal: Proposal) -> Iterator[str]:
    """The orders it is made of, what each would do, and what the whole comes to."""
    if proposal.target is not None and proposal.legs:
        yield _changes(proposal)
    for at, leg in enumerate(proposal.legs, start=1):
        seen = proposal.previews[at - 1] if at <= len(proposal.previews) else None
        if len(proposal.legs) > 1:
            yield f"<h4>order {at}</h4>"
        yield facts_grid(terms_rows(leg, proposal))
        if seen is not None:
            yield _preview(seen, preview_rows(leg, seen, proposal), leg.symbol)
    if proposal.kind in ("cancel_all", "cancel_all_orders_after"):
        yield _removed(proposal)
    elif proposal.legs and not proposal.decided_by:
        yield facts_grid(sum_rows(proposal))


def _standing(proposal: Proposal) -> Iterator[str]:
    """An order that cannot be changed, as it is: no figure of what the change would do."""
    target = proposal.target
    assert target is not None
    base = target.symbol.partition("/")[0]
    rows = [
        ("order", in_words(target)),
        ("state", str(target.state)),
        ("filled", f"{trimmed(target.filled_qty)} {base}"),
    ]
    yield facts_grid([*rows, ("order_id", target.order_id or "not known")])


def _headline(proposal: Proposal) -> str:
    title = _TITLES.get(proposal.kind)
    if title is None and len(proposal.legs) == 1:
        leg = proposal.legs[0]
        tone = "up" if leg.side == "buy" else "down"
        amount = quantity_words(leg)
        price = f" at {leg.limit_price:f}" if leg.static_limit is not None else ""
        head = (
            f'<span class="{tone}">{escape.html(leg.side.upper())}</span> {escape.html(amount)} '
            f"{escape.html(f'{leg.order_type}{price}')}"
        )
    else:
        head = escape.html(title or "Not an order yet")
    return f'<div class="head">{head}</div><div class="sub">{escape.html(escape.clip(proposal.what, 400))}</div>'


def _stops(proposal: Proposal) -> str:
    """Refusals, then warnings, then what is offered; or the word that nothing stops it."""
    refusals, warnings = proposal.refusals, () if proposal.decided_by else proposal.warnings
    unfinished = proposal.request is None and all(
        " is missing" in check.said or " needs a " in check.said for check in refusals
    )
    tone: Tone = "warn" if unfinished else "down"
    lines: list[tuple[Tone, str, str]] = [
        (tone, "STILL NEEDED" if unfinished else "REFUSED", check.said) for check in refusals
    ]
    if proposal.unjudged:
        lines.append(("", "not judged", proposal.unjudged))
    lines += [("warn", "WARNING", check.said) for check in warnings]
    lines += [("", "note", check.said) for check in proposal.notes]
    lines += [("up", f"OFFERED .corrected({at})", offer.text) for at, offer in enumerate(proposal.corrections)]
    if unfinished:
        verdict = f"Not complete yet: {counted(len(refusals), 'thing')} missing."
    elif refusals:
        tone, verdict = (
            "down",
            f"Cannot be sent: {counted(len(refusals), 'check')} refuse{'s' if len(refusals) == 1 else ''} it.",
        )
    elif proposal.request is None:
        tone, verdict = "down", "Cannot be sent: the arguments make no request."
    elif warnings:
        tone, verdict = "warn", f"Can be confirmed, with {counted(len(warnings), 'warning')}."
    else:
        tone, verdict = "up", f"All {len(proposal.checks)} checks passed."
    return f'<div class="verdict {tone}">{escape.html(verdict)}</div>{marked_lines(lines)}'


def _preview(seen: Preview, rows: Iterable[tuple[str, str]], symbol: str) -> str:
    base, _, quote = symbol.partition("/")
    fills = [(f"{price:f}", f"{qty:f}") for price, qty in seen.fills[:_SHOWN_FILLS]]
    if len(seen.fills) > _SHOWN_FILLS:
        fills.append(("…", f"{len(seen.fills) - _SHOWN_FILLS} more"))
    parts = [f"<h4>what it would do now</h4><div>{escape.html(seen.outcome)}</div>", facts_grid(rows)]
    if fills:
        parts.append(table([f"fill at ({quote})", f"quantity ({base})"], fills))
    return "".join(parts)


def _changes(proposal: Proposal) -> str:
    """What an amendment or edit changes, old beside new."""
    target, leg = proposal.target, proposal.legs[0]
    assert target is not None
    names = (("quantity", "order_qty"), ("limit price", "limit_price"), ("visible quantity", "display_qty"))
    pairs = [(words, getattr(target, name), getattr(leg, name)) for words, name in names]
    pairs.append(("trigger", target.trigger_price, leg.triggers.price if leg.triggers is not None else None))
    rows = [(words, or_dash(old), or_dash(new)) for words, old, new in pairs if (old, new) != (None, None)]
    rows = [(words, old, new if new != old else "unchanged") for words, old, new in rows]
    rows.append(("filled already", trimmed(target.filled_qty), "kept"))
    who = target.order_id or target.cl_ord_id or "without an id"
    return f"<h4>order {escape.html(escape.clip(who, 80))}</h4>" + table(["", "now", "then"], rows, texts=1)


def _removed(proposal: Proposal) -> str:
    if not proposal.removes:
        return "<div>No order of the account is known to be open.</div>"
    rows = [
        (
            "this lab" if removed.ours else "ELSEWHERE",
            removed.order.symbol,
            removed.order.side,
            removed.order.order_type,
            or_dash(removed.order.remaining_qty),
            or_dash(removed.order.limit_price or removed.order.trigger_price),
        )
        for removed in proposal.removes
    ]
    return "<h4>what would go</h4>" + table(["placed by", "symbol", "side", "type", "open", "price"], rows, texts=4)


def _passed(proposal: Proposal) -> str:
    """Every check with its figures, those that passed folded away."""
    passed = [check for check in proposal.checks if check.verdict == "pass"]
    parts = []
    others = [*proposal.refusals, *(() if proposal.decided_by else proposal.warnings)]
    figures = [(check.name, _figures(check)) for check in others if check.figures]
    if figures:
        parts.append(details("Figures of what refuses or warns", table(["check", "figures"], figures, texts=2)))
    if passed:
        rows = [(check.name, check.said, _figures(check)) for check in passed]
        summary = f"{counted(len(passed), 'check')} passed"
        parts.append(details(summary, table(["check", "found", "figures"], rows, texts=3)))
    return "".join(parts)


def _figures(check: Check) -> str:
    return ", ".join(
        f"{name} {shortened(v.normalize()) if isinstance(v, Decimal) else v}" for name, v in check.figures.items()
    )


def _footer(proposal: Proposal) -> str:
    if fate := proposal.fate:
        words = f"CONFIRMED ALREADY: {fate}. It sends nothing more; for another order make another proposal."
    elif not proposal.ok:
        words = "Nothing has been sent, and this cannot be."
    elif proposal.mode == "live":
        words = "Nothing has been sent. confirm(code) sends exactly this, once, with a code shown in this kernel."
    else:
        words = "Nothing has been sent. confirm() sends exactly this, once."
    text = "" if proposal.request is None else encode(proposal.request)
    shown = (
        details("The request, to the letter", f"<code>{escape.html(escape.clip(text, 4_000))}</code>") if text else ""
    )
    when = f"Made at {cells.utc(proposal.made_at.wall_ns, 0)} UTC. {words}"
    return f'{shown}<div class="foot">{escape.html(when)}</div>'
