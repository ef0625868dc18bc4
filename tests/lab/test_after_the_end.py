"""What is said of a lab whose exchange is gone: nothing that was so is told as if it were so still."""

from __future__ import annotations

import os
import re
import signal

import pytest

import kraken_lab as kl
from kraken_lab.streams import StreamState


def test_where_nothing_will_come_any_more_nobody_is_told_to_wait() -> None:
    """Of a killed sandbox, book and wait say that it has ended; what the exchange said last has its age."""
    with kl.connect(new=True) as lab:
        book = lab.book("BTC/USD")
        assert "as of" not in repr(lab.status())
        process = lab.sandbox
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        process.close()
        book.wait(until=lambda book: book.state is not StreamState.LIVE)
        for ask in (lambda: book.mid, lambda: book.wait(rows=1, timeout=0)):
            with pytest.raises(kl.NotReady, match=r"has ended. kl.connect\(\) opens another") as caught:
                ask()
            assert "goes on trying" not in str(caught.value)
            assert caught.value.over
        _said_with_their_age(lab)
    _said_with_their_age(lab)


def test_while_it_goes_on_that_is_said() -> None:
    """The same wait at an exchange that is there."""
    with kl.connect(new=True) as lab, pytest.raises(kl.NotReady, match=r"goes on trying: call \.wait"):
        lab.trades("BTC/USD").wait(rows=1_000_000, timeout=0)


def _said_with_their_age(lab: kl.Lab) -> None:
    facts = lab.status().facts
    for name in ("exchange says", "clock"):
        assert re.search(r"\(as of [\d.]+ s ago, when the exchange was last heard\)$", facts[name]), facts[name]
