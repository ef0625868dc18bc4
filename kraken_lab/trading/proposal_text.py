"""A proposal as plain text, for a terminal and for every ``repr``: what the card shows, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ..wire import from_ns
from .proposal_rows import preview_rows, sum_rows, terms_rows, where_words
from .sentences import printable
from .words import in_words

if TYPE_CHECKING:
    from .proposal import Proposal

__all__ = ["proposal_text"]

_SIGNS: Final = {"refuse": "REFUSED", "warn": "WARNING", "pass": "ok"}


def proposal_text(proposal: Proposal) -> str:
    """Where it would go and what it is, then refusals, warnings and offers, then its figures, then what passed."""
    return "\n".join(printable(line) for line in _lines(proposal))


def _lines(proposal: Proposal) -> Iterator[str]:
    if proposal.not_yet:
        yield f"<Proposal {proposal.not_yet}."
        yield f"  {proposal.mode_words}: {proposal.what}"
    else:
        yield f"<Proposal {proposal.mode_words}: {proposal.what}"
    fate = proposal.fate
    sent = f"CONFIRMED ALREADY: {fate}; it sends nothing more" if fate else "nothing has been sent"
    made = f"made {from_ns(proposal.made_at.wall_ns, 0)[11:19]} UTC"
    yield f"  {where_words(proposal)}; account {proposal.account}; {made}; {sent}"
    warnings = () if proposal.decided_by else proposal.warnings
    yield from (f"  {_SIGNS[check.verdict]:8} {check.said}" for check in (*proposal.refusals, *warnings))
    yield from (f"  {'note':8} {check.said}" for check in proposal.notes)
    if proposal.unjudged:
        yield f"  {'':8} {proposal.unjudged}"
    if proposal.target is not None and proposal.decided_by:
        yield ">"
        return
    yield from (f"  offered  .corrected({at}): {offer.text}" for at, offer in enumerate(proposal.corrections))
    for at, leg in enumerate(proposal.legs):
        yield from (f"  {name:24} {value}" for name, value in terms_rows(leg, proposal))
        if at < len(proposal.previews):
            seen = proposal.previews[at]
            yield f"  {'now':24} {seen.outcome}"
            yield from (f"  {name:24} {value}" for name, value in preview_rows(leg, seen, proposal))
    if proposal.legs:
        yield from (f"  {name:24} {value}" for name, value in sum_rows(proposal))
    for removed in proposal.removes:
        order = removed.order
        whose = "of this lab" if removed.ours else "placed ELSEWHERE"
        yield f"  would go  {in_words(order)}, {whose}, {order.order_id or order.cl_ord_id}"
    yield from (f"  {_SIGNS['pass']:8} {check.said}" for check in proposal.checks if check.verdict == "pass")
    yield ">"
