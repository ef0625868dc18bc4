"""A wish with its review: the exact request, every check with its figures, and what it would do. Nothing is sent.

A `Proposal` never changes. Confirming it is its maker's business, who asks for it again with fresh facts; what is sent
is made of this very request, with nothing added but the id, the deadline and the token that every send needs fresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

from ..errors import BadArgument
from ..wire import Instant, Pair, Request, plainly_called
from .corrections import Correction
from .facts import TradingMode
from .judgement import Check
from .legs import Leg
from .rules import Limits, OrderSettings
from .states import OrderRecord

if TYPE_CHECKING:
    from .preview import Preview

__all__ = ["Correction", "Maker", "Proposal", "ProposalKind", "ProposalViews", "Removed"]

ProposalKind: TypeAlias = Literal[
    "add_order", "batch_add", "amend_order", "edit_order", "cancel_all", "cancel_all_orders_after"
]

_plainly = plainly_called("proposal", done="Nothing was sent.")

_APART: Final[Mapping[str, frozenset[str]]] = {
    "target": frozenset({"mode", "halt", "connection", "doubt", "target"}),
    "symbol": frozenset({"mode", "halt", "connection", "doubt", "terms", "symbol"}),
}
"""Where one of these checks refuses, all refusals but those named only follow from it: they had nothing to go by."""
_FIRST: Final = frozenset({
    "target", "terms", "symbol", "status", "tick", "step", "minimum", "cost minimum", "features", "times",
    "price reference", "balance",
})  # fmt: skip
"""What refuses under these names is no order that could be placed, so nothing can be said of what it would do."""

_UNDONE: Final = {
    "cancel_all": "NOTHING HAS BEEN CANCELLED",
    "cancel_all_orders_after": "THE DEAD MAN'S SWITCH HAS NOT BEEN SET",
}
_TOUCHES: Final = "it ends orders that were placed elsewhere too"


@dataclass(frozen=True, slots=True)
class Removed:
    """An open order that a cancellation of everything would end, and whether this lab placed it."""

    order: OrderRecord
    ours: bool


class ProposalViews(Protocol):
    """How a proposal looks: the hook through which it reaches the room that draws."""

    def proposal(self, proposal: Proposal) -> str:
        """The confirmation card, as HTML."""


class Maker(Protocol):
    """Who made a proposal, and can confirm it or make another."""

    @property
    def views(self) -> ProposalViews:
        """How things look."""

    def confirm(self, proposal: Proposal, *, code: str | None, again: bool) -> Any:
        """Send it, once. ``code`` is the one-time code that live asks for, ``again`` says that it repeats another."""

    def fate(self, proposal: Proposal) -> str:
        """What became of one that was confirmed, in words; empty for one that was not."""

    def remake(self, proposal: Proposal, changes: Mapping[str, object]) -> Proposal:
        """A new proposal from the same arguments with these changed, with the facts of now."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Proposal:
    """What would be sent, and everything that was found about it. Making one sends nothing.

    ``request`` is the canonical request with an empty token, or None where the arguments do not make one; ``arguments``
    are what it was made of. ``legs`` are the orders it would leave, each with its preview. ``notional`` is what it adds
    to the day's notional, in quote currency, fees included (None where that is not known), ``fingerprints`` one for
    each order it would place. ``connection`` and ``limits`` are those it was judged by, ``made_at`` when.

    It is true while nothing stops it, as `ok` says: ``if proposal: proposal.confirm()`` confirms none that is refused.
    """

    kind: ProposalKind
    request: Request | None
    symbol: str
    what: str
    checks: tuple[Check, ...]
    arguments: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    legs: tuple[Leg, ...] = ()
    previews: tuple[Preview, ...] = ()
    notional: Decimal | None = None
    fingerprints: tuple[tuple[str, ...], ...] = ()
    corrections: tuple[Correction, ...] = ()
    removes: tuple[Removed, ...] = ()
    target: OrderRecord | None = None
    mode: TradingMode
    armed: bool
    halted: str | None
    account: str
    elsewhere: str = ""
    """The address of what plays the exchange, where that is not Kraken's own."""
    connection: str | None
    limits: Limits
    settings: OrderSettings
    fee_rates: tuple[Decimal, Decimal] | None = None
    pair: Pair | None = None
    decimals: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """How many decimals people are usually shown of an asset."""
    made_at: Instant
    maker: Maker | None = field(default=None, compare=False)

    @property
    def ok(self) -> bool:
        """Whether nothing stops it. Warnings do not."""
        return self.request is not None and all(check.ok for check in self.checks)

    def __bool__(self) -> bool:
        return self.ok

    @property
    def _refusing(self) -> tuple[Check, ...]:
        """Every check that refuses, also those that only had nothing to go by."""
        return tuple(check for check in self.checks if check.verdict == "refuse")

    @property
    def decided_by(self) -> str:
        """``target`` or ``symbol`` where that check refuses, else empty: then nothing else is worth reading.

        The others had nothing to go by, and putting that one right is what helps.
        """
        names = {check.name for check in self._refusing}
        return next((name for name in _APART if name in names), "")

    @property
    def refusals(self) -> tuple[Check, ...]:
        """The checks that stop it; not those that only follow from another, which `unjudged` counts."""
        apart = _APART.get(self.decided_by)
        return tuple(check for check in self._refusing if apart is None or check.name in apart)

    @property
    def unjudged(self) -> str:
        """What is to be said of the refusals that only follow from another; empty if there are none."""
        count = len(self._refusing) - len(self.refusals)
        if not count:
            return ""
        needs = "a pair that is listed" if self.decided_by == "symbol" else "an order that can be changed"
        one = count == 1
        return (
            f"{count} other check{'' if one else 's'} could not be made: {'it needs' if one else 'they need'} {needs}."
        )

    @property
    def notes(self) -> tuple[Check, ...]:
        """What stops nothing and is worth a look all the same: that it is the same as an order of a moment ago."""
        return tuple(check for check in self.checks if check.verdict == "pass" and "seconds_ago" in check.figures)

    @property
    def foreseeable(self) -> bool:
        """Whether it can be said what it would do: a price off the tick or money that is not there does nothing."""
        return self.request is not None and not any(check.name in _FIRST for check in self._refusing)

    @property
    def warnings(self) -> tuple[Check, ...]:
        """The checks that found something to be seen first."""
        return tuple(check for check in self.checks if check.verdict == "warn")

    @property
    def preview(self) -> Preview | None:
        """What its only order would do; None for a batch, whose `previews` are one for each order."""
        return self.previews[0] if len(self.previews) == 1 else None

    @property
    def fate(self) -> str:
        """What became of it since it was confirmed, in words, such as ``O7ABCD-... is FILLED``; empty before."""
        return "" if self.maker is None else self.maker.fate(self)

    @property
    def not_yet(self) -> str:
        """What has not happened, where its name alone reads as if it had; empty for an order, and once confirmed.

        A cancellation of everything and the dead man's switch act at once wherever no real order can be reached, so
        whoever asks for one in live and drops the proposal must hear that nothing was done.
        """
        if self.kind not in _UNDONE or self.fate:
            return ""
        return f"{_UNDONE[self.kind]}: it is a proposal, which .confirm() carries out, because {_TOUCHES}"

    @property
    def mode_words(self) -> str:
        """Where it would go, in words: ``SANDBOX``, ``PAPER``, ``REPLAY``, ``LIVE DISARMED`` or ``LIVE ARMED``.

        While everything is halted, ``HALTED`` stands beside it.
        """
        words = self.mode.upper()
        if self.mode == "live":
            words += " ARMED" if self.armed else " DISARMED"
        return f"{words} HALTED" if self.halted is not None else words

    @_plainly
    def corrected(self, n: int = 0) -> Proposal:
        """A new proposal with the offered correction number ``n``. This one stays as it is.

        Raises:
            BadArgument: there is no such correction, or nobody to make another proposal.
        """
        if n not in range(len(self.corrections)):
            offered = f"0 to {len(self.corrections) - 1}" if self.corrections else "nothing: no correction is offered"
            raise BadArgument("n", n, offered)
        return self._made_by().remake(self, self.corrections[n].changes)

    @_plainly
    def confirm(self, code: str | None = None, *, again: bool = False) -> Any:
        """Send it, once: the order it became, the orders of a batch, or how the dead man's switch stands then.

        In live ``code`` is the one-time code shown in this kernel. ``again=True`` says that it repeats an order on
        purpose.

        Raises:
            OrderRefused: a check refuses, now or by the facts of the last moment.
            ConfirmationVoid: it was confirmed already, is too old, or the connection or the limits changed.
            NotArmed, Halted, AuditBroken: as their names say.
        """
        return self._made_by().confirm(self, code=code, again=again)

    def _made_by(self) -> Maker:
        if self.maker is None:
            raise BadArgument("maker", None, "a proposal made by an open lab, such as lab.add_order(...)")
        return self.maker

    def __repr__(self) -> str:
        from .proposal_text import proposal_text

        return proposal_text(self)

    def _repr_html_(self) -> str | None:
        return None if self.maker is None else self.maker.views.proposal(self)
