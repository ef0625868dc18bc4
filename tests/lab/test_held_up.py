"""An I/O thread that something holds up, as a watcher that waits does: what a cell gave up does not happen later."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import kraken_lab as kl
from kraken_lab.lab.calls import Calls


@contextmanager
def _held_up(lab: kl.Lab) -> Iterator[None]:
    """Nothing runs on the I/O thread meanwhile."""
    gate, held = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        gate.wait(20)

    lab.io.soon(hold)
    held.wait(20)
    try:
        yield
    finally:
        gate.set()
        lab.io.call(lambda: None)


@pytest.mark.promise("O-01")
@pytest.mark.promise("A-06")
@pytest.mark.promise("A-12")
def test_a_confirmation_that_was_given_up_sends_nothing_and_a_kill_that_was_is_a_kill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The order is refused and can be confirmed again, once; the kill happens as soon as anything can."""
    patience = Calls.do.__kwdefaults__
    assert patience is not None
    with kl.connect(new=True) as lab:
        wish = lab.buy("BTC/USD", "0.01", "50000")
        monkeypatch.setitem(patience, "timeout", 0.2)
        with _held_up(lab), pytest.raises(kl.OrderRefused, match=r"held up for 0\.2 s.*can be confirmed again"):
            wish.confirm()
        monkeypatch.setitem(patience, "timeout", 5.0)
        assert lab.account.orders == ()
        order = wish.confirm().wait("open")
        with pytest.raises(kl.OrderError, match="confirmed already"):
            wish.confirm()
        monkeypatch.setitem(patience, "timeout", 0.2)
        with _held_up(lab), pytest.raises(kl.NotReady, match="the kill to begin, which it will"):
            lab.kill()
        monkeypatch.setitem(patience, "timeout", 5.0)
        order.wait("done")
        assert order.state == "CANCELED"
        assert "HALTED" in lab.status().facts["mode"]
