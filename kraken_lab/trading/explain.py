"""Why an order was not placed, or ended: sentences with this pair's own numbers, and the proposal that would pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Protocol

from ..errors import (
    ConfirmationVoid,
    Halted,
    KrakenLabError,
    NotArmed,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
)  # fmt: skip
from ..wire import rounded, shortened
from .catalogue import UNLISTED, Entry, entry_for
from .facts import Facts
from .figures import trimmed
from .order import Order
from .proposal import Maker, Proposal
from .remedies import again, passing
from .sentences import printable
from .states import OrderRecord, OrderState
from .words import in_words

__all__ = ["Explanation", "ExplanationViews", "explain"]


class ExplanationViews(Protocol):
    """How an explanation looks: the hook through which it reaches the room that draws."""

    def explanation(self, explanation: Explanation) -> str:
        """An explanation, and the card of what would pass, as HTML."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Explanation:
    """What happened, in words. ``text`` is what is explained, as it came; ``said`` are sentences, ``figures`` theirs.

    ``placed`` is False where it is proved that nothing was placed, None where that is not known. ``proposal`` is one
    that passes all checks now, or None; it is not sent unless it is confirmed.
    """

    text: str
    said: tuple[str, ...]
    todo: str = ""
    placed: bool | None = None
    figures: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    proposal: Proposal | None = None
    views: ExplanationViews | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return " ".join([*self.said, *([self.todo] if self.todo else [])])

    def __repr__(self) -> str:
        lines = [f"<Explanation of {self.text}", *(f"  {sentence}" for sentence in (*self.said, self.todo) if sentence)]
        if self.proposal is not None:
            lines.append(
                f"  This would pass: {self.proposal.what}. See .proposal; nothing is sent before it is confirmed."
            )
        return "\n".join(map(printable, lines)) + ">"

    def _repr_html_(self) -> str | None:
        return None if self.views is None else self.views.explanation(self)


def explain(
    subject: object,
    *,
    facts: Facts | None = None,
    proposal: Proposal | None = None,
    maker: Maker | None = None,
    views: ExplanationViews | None = None,
) -> Explanation:
    """Explain an error of ours, a text of the exchange, an order, or a proposal.

    With ``facts`` of its pair the sentences have that pair's numbers. With them and the ``proposal`` it came from, or
    the order itself, `Explanation.proposal` is the order that would pass, where there is one. Of anything else, such as
    another package's error, it says what that is and what can be explained; it raises nothing.

    >>> explain("EOrder:Tick size check failed").said
    ("The price is not a multiple of the pair's increment.", 'Nothing was placed.')
    """
    record = subject.record if isinstance(subject, Order) else subject if isinstance(subject, OrderRecord) else None
    if record is not None:
        about = _of_order(record, facts)
    elif isinstance(subject, OrderRejected):
        about = _of_text(subject.text, facts)
    elif isinstance(subject, OrderRefused):
        said = (f"{subject.what} was stopped here, before anything was sent.", *(f"{r}" for r in subject.reasons))
        about = (Entry("", "", fix="steps"), subject.what, said, False)
    elif isinstance(subject, OrderUnknown):
        about = (Entry("", "", todo="Do not place it once more."), subject.reason, (str(subject),), None)
    elif isinstance(subject, KrakenLabError):
        unsent = isinstance(subject, ConfirmationVoid | Halted | NotArmed)
        about = (Entry("", ""), type(subject).__name__, (str(subject),), False if unsent else None)
    elif isinstance(subject, str):
        about = _of_text(subject, facts)
    elif isinstance(subject, Proposal):
        about, proposal = _of_proposal(subject), subject
    else:
        about = _of_a_stranger(subject)
    entry, text, said, placed = about
    draft = proposal if proposal is not None else again(record, facts, maker)
    return Explanation(
        text=text,
        said=said,
        todo=entry.todo,
        placed=placed,
        figures=MappingProxyType(_figures(facts) if facts is not None else {}),
        proposal=None if facts is None or draft is None else passing(entry.fix, draft, facts),
        views=views,
    )


About = tuple[Entry, str, tuple[str, ...], bool | None]


def _of_text(text: str, facts: Facts | None) -> About:
    entry = entry_for(text)
    said = [entry.said]
    if facts is not None and entry.here:
        here = _filled_in(entry.here, _figures(facts))
        said += [here] if here else []
    if text.startswith("E") and entry.placed is False:
        said.append("Nothing was placed.")
    return entry, text, tuple(said), entry.placed


def _of_proposal(proposal: Proposal) -> About:
    stops = tuple(check.said for check in proposal.refusals)
    fate = f"It was confirmed: {proposal.fate}." if proposal.fate else "Nothing of it has been sent."
    how = "would be stopped here" if stops else "can be confirmed"
    placed = None if proposal.fate else False
    return (
        Entry("", "", fix="steps" if stops else "none"),
        proposal.what,
        (f"{proposal.what} {how}.", *stops, fate),
        placed,
    )


def _of_a_stranger(subject: object) -> About:
    """What it is, in its own words, and what could be explained instead."""
    kind = type(subject)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(subject, BaseException):
        whose = "Python itself" if kind.__module__ == "builtins" else kind.__module__.partition(".")[0]
        words = _short(str(subject))
        says = f"; it says: {words}" if words else ""
        said = f"{name} is an error of {whose}, not of this package or the exchange{says}."
    else:
        said = f"{_short(repr(subject))} is of type {name}, which is nothing that happened here."
    return Entry("", "", todo=_EXPLAINS), name, (said,), None


_EXPLAINS: Final = (
    "What can be explained: an error of kraken_lab, as caught with `except kl.KrakenLabError as error`; a text of the "
    "exchange, such as 'EOrder:Insufficient funds'; an order; a proposal."
)
_MOST_WORDS: Final = 300


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _MOST_WORDS else f"{words[:_MOST_WORDS]}..."


_STANDING: Final = {
    OrderState.CONFIRMED: "It is confirmed; its intent is being written to disk before anything is sent.",
    OrderState.IN_FLIGHT: "It was sent; the exchange has not answered yet.",
    OrderState.PENDING_NEW: "The exchange has taken it; it is not in the book yet.",
    OrderState.OPEN: "It is open.",
    OrderState.PARTIAL: "It is filled in part; the rest is open.",
    OrderState.PENDING_CANCEL: "A cancel was sent; what came of it is not known yet.",
    OrderState.FILLED: "It is filled.",
    OrderState.CANCELED: "It was cancelled.",
    OrderState.EXPIRED: "It ran out.",
    OrderState.REFUSED: "It was stopped here: nothing was sent.",
    OrderState.REJECTED: "The exchange refused it: nothing was placed.",
    OrderState.UNKNOWN: "Nobody knows whether it exists: it is being looked for and is not sent again.",
    OrderState.NOT_PLACED: "It is proved that it was not placed.",
}


def _of_order(record: OrderRecord, facts: Facts | None) -> About:
    said = [f"{in_words(record)}: {record.state}. {_STANDING[record.state]}"]
    if record.filled_qty:
        digits = None if facts is None or facts.pair is None else facts.pair.price_precision
        at = "" if record.avg_price is None else f" at {_average(record.avg_price, digits)} on average"
        said.append(f"{trimmed(record.filled_qty)} was filled{at}.")
    words = record.error or record.reason
    not_placed = {OrderState.REFUSED, OrderState.REJECTED, OrderState.NOT_PLACED}
    placed = False if record.state in not_placed else None if record.state is OrderState.UNKNOWN else True
    if not words:
        return Entry("", ""), str(record.state), tuple(said), placed
    if record.state is OrderState.REFUSED:
        return Entry("", "", fix="steps"), words, (*said, words), placed
    entry, text, more, _ = _of_text(words, facts)
    if entry is UNLISTED and record.is_terminal:
        # What a text alone would not prove has been proved otherwise: the order has come to its end.
        return Entry("", ""), words, (*said, words), placed
    return entry, text, (*said, *(sentence for sentence in more if sentence != "Nothing was placed.")), placed


def _average(price: Decimal, digits: int | None) -> str:
    return shortened(price) if digits is None else rounded(price, digits)


# --- figures --------------------------------------------------------------------------------------------------------


def _figures(facts: Facts) -> dict[str, str]:
    """What is known of the pair and the account, by the names that sentences use."""
    found: dict[str, object] = {"system": facts.system}
    pair, book, rate = facts.pair, facts.book, facts.rate
    if pair is not None:
        names = ("symbol", "base", "quote", "status", "qty_min", "cost_min", "price_increment", "qty_increment")
        found |= {name: getattr(pair, name) for name in names}
        found["open_here"] = sum(order.symbol == pair.symbol and order.possibly_open for order in facts.orders)
        if facts.balances is not None:
            found["balance_base"] = facts.balances.get(pair.base, Decimal(0))
            found["balance_quote"] = facts.balances.get(pair.quote, Decimal(0))
    if book is not None:
        found["bid"], found["ask"] = (side[0][0] if side else None for side in (book.bids, book.asks))
    if rate is not None:
        found |= {"rate_count": round(rate.count, 1), "rate_maximum": rate.maximum, "rate_decay": rate.decay_per_s}
    return {n: f"{v:f}" if isinstance(v, Decimal) else str(v) for n, v in found.items() if v is not None}


def _filled_in(template: str, figures: Mapping[str, str]) -> str:
    """The sentence with its figures; empty where one of them is not known."""
    try:
        return template.format_map(figures)
    except KeyError:
        return ""
