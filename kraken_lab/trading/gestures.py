"""What only a person in front of this kernel can do: type the code that it shows now, or click a button it made.

A `Confirmation` is opened for one proposal and shown. It is good once, for `confirm_ttl` seconds, and only while
nothing changes. Its code is drawn anew each time and handed to nobody but the screen, so a notebook that is run again
has none.

A click comes with the browser's time stamp. A cell that computes holds a click back, and a person who clicked half a
minute ago meant another market; so what was delivered late is void. The two clocks need not agree: their offset is
measured when the button is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..errors import ConfirmationVoid
from ..wire import Instant
from .permit import Circumstances
from .proposal import Proposal
from .rules import OrderSettings

__all__ = ["Click", "Code", "Confirmation", "Confirmations", "Gesture"]

ATTEMPTS = 3
"""Wrong codes until the right one counts no more either."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code as it was typed; case and blanks around it do not matter."""

    typed: str


@dataclass(frozen=True, slots=True)
class Click:
    """A click on a confirmation's button.

    ``clicked_ms`` is the browser's time of it, in ms since 1970; ``offset_ms`` what the browser's clock showed more
    than the kernel's when the button was displayed.
    """

    confirmation: int
    clicked_ms: float
    offset_ms: float


Gesture: TypeAlias = Code | Click


@dataclass(slots=True, eq=False)
class Confirmation:
    """One confirmation that was opened in this kernel. ``number`` names it for its button."""

    number: int
    proposal: Proposal
    circumstances: Circumstances
    opened_at: Instant
    attempts: int = 0
    _code: str = ""

    def __repr__(self) -> str:
        return f"<Confirmation {self.number} of {self.proposal.what}>"


class Confirmations:
    """The confirmations that are open. ``new_code`` draws a code; ``show`` puts words on the screen, nowhere else."""

    def __init__(self, *, new_code: Callable[[], str], show: Callable[[str], None]) -> None:
        self._new_code, self._show = new_code, show
        self._open: dict[int, Confirmation] = {}
        self._opened = 0

    def open(self, proposal: Proposal, circumstances: Circumstances, at: Instant, settings: OrderSettings) -> int:
        """Open one, show its code, and give its number. An older one of the same proposal counts no more."""
        self._opened += 1
        self._open = {
            number: other
            for number, other in self._open.items()
            if other.proposal is not proposal and at.mono - other.opened_at.mono <= settings.confirm_ttl
        }
        opened = Confirmation(self._opened, proposal, circumstances, at, _code=self._new_code())
        self._open[opened.number] = opened
        self._show(
            f"{proposal.mode_words}: {proposal.what}. To send it, type {opened._code} "
            f"within {settings.confirm_ttl:g} s: .confirm('{opened._code}')"
        )
        return opened.number

    def take(
        self, gesture: Gesture, proposal: Proposal, now: Circumstances, at: Instant, settings: OrderSettings
    ) -> None:
        """Use one up. It is gone whatever comes of it, but for a code that was mistyped.

        Raises:
            ConfirmationVoid: none is open for this proposal, it is too old, something changed, the code is another, or
                the click was delivered too late.
        """
        what = proposal.what
        opened = self._wanted(gesture, proposal)
        if opened is None:
            raise ConfirmationVoid(what, "no confirmation of it is open in this kernel, or it was used already")
        if isinstance(gesture, Code) and gesture.typed.strip().upper() != opened._code.upper():
            opened.attempts += 1
            if opened.attempts >= ATTEMPTS:
                del self._open[opened.number]
            raise ConfirmationVoid(what, "the code is not the one that this kernel shows")
        del self._open[opened.number]
        age = at.mono - opened.opened_at.mono
        if not 0 <= age <= settings.confirm_ttl:
            raise ConfirmationVoid(what, f"it is {age:.0f} s old and was good for {settings.confirm_ttl:g} s")
        if changed := opened.circumstances.changed(now):
            raise ConfirmationVoid(what, changed)
        if isinstance(gesture, Click):
            late = at.wall_ns / 1e9 - (gesture.clicked_ms - gesture.offset_ms) / 1e3
            # A click from the future is as little to be believed as one from the past.
            if not -settings.click_lag <= late <= settings.click_lag:
                raise ConfirmationVoid(what, f"the click was delivered {late:.1f} s after it was made")

    def _wanted(self, gesture: Gesture, proposal: Proposal) -> Confirmation | None:
        if isinstance(gesture, Click):
            opened = self._open.get(gesture.confirmation)
            return opened if opened is not None and opened.proposal is proposal else None
        return next((opened for opened in self._open.values() if opened.proposal is proposal), None)
