"""A proposal put before a person: frozen, with one button that sends it once.

`Review` holds no rule of what counts; the confirmation it opens does. It sees to it that what is shown is what the
button stands for, and that nothing can be pressed any more once that is not so. While something is under review it is
proposed anew every second: once that would be refused, as after a halt, the button is taken away and the reason said.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from ..errors import KrakenLabError, OrderError
from ..trading import Click, Order, Proposal
from . import escape
from .confirm_button import ConfirmButton, Press
from .dealing import Asker
from .worker import Works

__all__ = ["LOOK_AGAIN", "Review"]

LOOK_AGAIN: Final = 1.0
"""Seconds between two looks whether what is under review could still be sent."""


class Review:
    """One review at a time, and the button of it. ``button`` is the widget; its ``words`` say how things are.

    ``show`` is given the frozen proposal, ``sent`` it and the orders it became, both on the worker. ``over`` is called
    in any thread when a review has ended, however it did; `begin`, `void` and the button's handler may be too. ``seen``
    and ``there`` are the button's. ``works`` asks and sends, ``looks`` sees whether a review still stands.
    """

    def __init__(
        self,
        asker: Asker,
        works: Works,
        *,
        looks: Works,
        show: Callable[[Proposal], object],
        sent: Callable[[Proposal, tuple[Order, ...]], object],
        over: Callable[[], object] = lambda: None,
        seen: Callable[[bool], object] = lambda visible: None,
        there: Callable[[bool], object] = lambda there: None,
        **traits: Any,
    ) -> None:
        self._asker, self._works, self._looks = asker, works, looks
        self._show, self._sent, self._over = show, sent, over
        self._lock = threading.RLock()
        self._turn = 0
        self._active = False
        self._open: tuple[int, Proposal] | None = None
        self._used = 0
        self._refused = False
        """Whether the words are why there was nothing to confirm, which holds for what was filled in then."""
        self.button = ConfirmButton(
            wall_ms=lambda: asker.now().wall_ns / 1e6,
            pressed=self._pressed,
            seen=seen,
            there=there,
            hint="Sends exactly what is shown, once. The space bar presses it, the Enter key does not.",
            **traits,
        )

    @property
    def active(self) -> bool:
        """Whether something is being reviewed, so that what is shown must stay."""
        return self._active

    def begin(self, propose: Callable[[], Proposal]) -> None:
        """Have a proposal made, frozen and shown, and its confirmation opened. Whatever was open before is void."""
        with self._lock:
            turn = self._next_turn("Preparing the review…")
            self._active = True
        self._works.put(lambda: self._prepare(turn, propose))

    def void(self, why: str) -> bool:
        """What is reviewed can be sent no more, from this moment on. Whether anything was.

        Why there was nothing to confirm is said no longer either: that was of what is voided now.
        """
        with self._lock:
            was = self._active
            if was:
                self._next_turn(why)
            elif self._refused:
                self.say("")
            return was

    def say(self, words: str) -> None:
        """Words beside the button."""
        self._refused = False
        self.button.words = escape.visible(escape.clip(words, 600))

    def unless_active(self, draw: Callable[[], object]) -> None:
        """Draw something, unless a review has to stay on the screen."""
        with self._lock:
            if not self._active:
                draw()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _next_turn(self, words: str) -> int:
        self._turn += 1
        was, self._active, self._open = self._active, False, None
        self.button.number = 0
        self.button.label = "Confirm"
        self.say(words)
        if was:
            self._over()
        return self._turn

    def _prepare(self, turn: int, propose: Callable[[], Proposal]) -> None:
        proposal = None
        try:
            proposal = propose()
            number = self._asker.ask(proposal)
        except Exception as error:
            with self._lock:
                if self._turn == turn:
                    self._next_turn(f"There is nothing to confirm. {_said(error)}")
                    self._refused = True
                    if proposal is not None:
                        self._show(proposal)
            return
        with self._lock:
            if self._turn != turn:
                return  # voided meanwhile; nobody was shown this confirmation
            ttl = self._asker.settings.confirm_ttl
            until = datetime.fromtimestamp(self._asker.now().wall_ns / 1e9 + ttl, UTC)
            self._show(proposal)
            self._open = (number, proposal)
            again = " AGAIN" if _repeats(proposal) else ""
            self.button.label = escape.visible(f"Confirm{again}, {proposal.mode_words}: {proposal.what}")
            self.button.tone = "down" if proposal.mode == "live" else "up"
            self.say(f"This is what would be sent, to the letter. It can be confirmed until {until:%H:%M:%S} UTC.")
            self.button.number = number
        self._works.put(lambda: self._expire(turn, ttl), after=ttl)
        self._looks.put(lambda: self._look_again(turn, propose), after=LOOK_AGAIN)

    def _expire(self, turn: int, ttl: float) -> None:
        with self._lock:
            if self._turn == turn and self._open is not None:
                self._next_turn(f"The review is void: it is older than {ttl:g} s. Nothing was sent.")

    def _look_again(self, turn: int, propose: Callable[[], Proposal]) -> None:
        """Void it once the same would be refused, or would go another way: its press would not count either."""
        with self._lock:
            if self._turn != turn or self._open is None:
                return
            reviewed = self._open[1]
        try:
            why = _changed(reviewed, propose())
            with self._lock:
                if why and self._turn == turn:
                    self._next_turn(f"The review is void: {why} Nothing was sent.")
        finally:
            self._looks.put(lambda: self._look_again(turn, propose), after=LOOK_AGAIN)

    def _pressed(self, press: Press) -> None:
        """A press, in any thread: what it stands for is taken away at once, and sent by the worker."""
        with self._lock:
            if self._open is None or self._open[0] != press.number:
                if press.number != self._used:
                    self.say("Nothing was sent: what that button stood for is not under review any more.")
                return
            proposal, self._used = self._open[1], press.number
            self._next_turn("On its way…")
        self._works.put(lambda: self._send(proposal, press))

    def _send(self, proposal: Proposal, press: Press) -> None:
        click = Click(press.number, press.clicked_ms, press.offset_ms)
        try:
            orders = self._asker.click(proposal, click, again=_repeats(proposal))
        except OrderError as error:
            self.say(f"Nothing was sent. {error}")
        except Exception as error:
            self.say(f"It may have been sent: look at lab.orders before you try again. {_said(error)}")
        else:
            self.say(f"Confirmed: {proposal.what}.")
            self._sent(proposal, orders)


def _changed(reviewed: Proposal, now: Proposal) -> str:
    """Why what was reviewed would not be sent any more, in a sentence; nothing while it would."""
    if reviewed.connection != now.connection:
        return "the connection was lost."
    if now.mode_words != reviewed.mode_words:
        return f"{reviewed.mode_words} has become {now.mode_words}."
    return " ".join(check.said for check in now.refusals)


def _repeats(proposal: Proposal) -> bool:
    """Whether the same was confirmed a moment ago: then the button says so, and its press means it."""
    return any(check.name == "repetition" for check in proposal.warnings)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, KrakenLabError) else f"{type(error).__name__}: {error}"
