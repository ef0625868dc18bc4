"""An explanation as a card: what was said, what it means here, what to do, and what would pass."""

from __future__ import annotations

from ..trading.explain import Explanation
from . import escape
from .card import card, marked_lines
from .proposal_card import proposal_card

__all__ = ["explanation_card"]


def explanation_card(explanation: Explanation) -> str:
    """An explanation as HTML, followed by the card of the proposal that would pass, if there is one.

    >>> from kraken_lab.trading.explain import explain
    >>> "multiple of the pair" in explanation_card(explain("EOrder:Tick size check failed"))
    True
    """
    said = "".join(f"<div>{escape.html(escape.clip(sentence, 600))}</div>" for sentence in explanation.said)
    todo = marked_lines([("warn", "NEXT", explanation.todo)]) if explanation.todo else ""
    doubt = "" if explanation.placed is not None else "Whether anything was placed is not proved by this."
    foot = f'<div class="foot">{doubt}</div>' if doubt else ""
    own = card(
        f'<div class="body"><div class="head">{escape.html(escape.clip(explanation.text, 200))}</div>',
        f"{said}{todo}{foot}</div>",
        label="Explanation",
    )
    passing = explanation.proposal
    if passing is None:
        return own
    return f'{own}<div class="kl"><h4>This would pass</h4></div>{proposal_card(passing)}'
