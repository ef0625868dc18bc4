"""One connection's token: fetched when it is needed, thrown away when it is not good any more."""

from __future__ import annotations

import pytest

from kraken_lab.wire.settings import Settings
from kraken_lab.wire.token import Token

SETTINGS = Settings(token_age=600.0)


@pytest.mark.promise("S-20")
def test_a_token_that_was_not_used_for_ten_minutes_is_fetched_anew() -> None:
    """It would be refused soon: the exchange gives a token fifteen minutes until its first use."""
    token = Token(SETTINGS)
    assert token.wants_fetching(now=0.0)
    token.came("old", now=1.0)
    assert not token.wants_fetching(now=600.9)
    assert token.text == "old"
    assert token.wants_fetching(now=601.0)
    token.came("new", now=602.0)
    assert token.hide("new or old") == "<secret> or old"


@pytest.mark.promise("S-20")
def test_a_token_that_is_used_does_not_grow_old() -> None:
    """Something is subscribed with it, so the exchange keeps it."""
    token = Token(SETTINGS)
    token.wants_fetching(now=0.0)
    token.came("kept", now=1.0)
    token.used()
    assert not token.wants_fetching(now=86_400.0)
    assert token.text == "kept"
