"""A proposal as plain text, for a terminal and for every ``repr``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .proposal import Proposal

__all__ = ["proposal_text"]


def proposal_text(proposal: Proposal) -> str:
    """Where it would go and what it is, then refusals and warnings, then what passed."""
    lines = [f"<Proposal {proposal.mode_words}: {proposal.what}>"]
    signs = {"refuse": "REFUSED", "warn": "WARNING", "pass": "ok"}
    for verdict in ("refuse", "warn", "pass"):
        lines += [f"  {signs[verdict]:8} {check.said}" for check in proposal.checks if check.verdict == verdict]
    return "\n".join(lines)
