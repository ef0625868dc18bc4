"""The token that level3 subscriptions need: when to fetch one, when to throw it away, when to give up.

A token must be used within 15 minutes and then stays good for as long as something is subscribed with it.

Source: "Get WebSockets Token", Kraken REST API reference.
"""

from __future__ import annotations

from .settings import Settings

__all__ = ["Token"]


class Token:
    """One connection's token. A new connection never uses one that was fetched for an earlier one.

    >>> token = Token(Settings())
    >>> token.wants_fetching(now=0.0), token.came("abc", now=0.1), token.text
    (True, None, 'abc')
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.text: str | None = None
        """The token itself; None while there is none that is good."""
        self.pause_until = 0.0
        """No fetching before this, in monotonic seconds."""
        self._since: float | None = None
        """When it came, as long as it is not used."""
        self._asked = False
        self._outdated = False
        """Whether the answer on its way was asked for by an earlier connection."""
        self._refusals = 0
        self._denials = 0
        self._failures = 0

    def renew(self) -> None:
        """A new connection: what was fetched for an earlier one is not used on it."""
        self.text = self._since = None
        self._outdated = self._asked

    def begin_anew(self) -> None:
        """Somebody asks after it was given up: the full number of attempts again."""
        if self.given_up:
            self._refusals = self._denials = 0
            self.text = None

    @property
    def given_up(self) -> bool:
        """Whether the exchange refused the tokens, or to give any, too often in a row."""
        return max(self._refusals, self._denials) >= self._settings.token_attempts

    def wants_fetching(self, *, now: float) -> bool:
        """Whether to fetch one now; True once, until it `came` or `failed`."""
        if self._asked or now < self.pause_until:
            return False
        if self._since is not None and now - self._since >= self._settings.token_age:
            self.text = self._since = None
        self._asked = self.text is None
        return self._asked

    def came(self, text: str, *, now: float) -> None:
        """One was fetched."""
        self._asked = False
        self._failures = self._denials = 0
        if self._outdated:
            self._outdated = False
        else:
            self.text, self._since = text, now

    def failed(self, *, now: float, refused: bool) -> None:
        """None was given (``refused``) or the exchange could not be asked; the next attempt is put off."""
        self._asked = self._outdated = False
        self._failures += 1
        self._denials += refused
        self.pause_until = now + self._delay(self._failures)

    def used(self) -> None:
        """Something is subscribed with it: from now on it does not age."""
        self._refusals = 0
        self._since = None

    def refused(self, *, now: float) -> None:
        """The exchange did not accept it. Several symbols of one request are refused one by one; that counts once."""
        if self.text is not None:
            self.text = self._since = None
            self._refusals += 1
            self.pause_until = now + self._delay(self._refusals)

    def hide(self, words: str) -> str:
        """The exchange's words, should it repeat the token in them."""
        return words.replace(self.text, "<secret>") if self.text else words

    def _delay(self, times: int) -> float:
        return min(self._settings.backoff_first * 2.0 ** min(times - 1, 6), self._settings.backoff_cap)
