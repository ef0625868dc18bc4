"""One long C call that holds the interpreter lock: nothing runs meanwhile, and none of it is the exchange's silence."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

import kraken_lab as kl


@pytest.mark.early
@pytest.mark.promise("S-01")
@pytest.mark.fault("F-174")
def test_a_held_interpreter_lock_costs_no_connection() -> None:
    """Three seconds, longer than the silence that is borne: same epoch, no gap, and what came meanwhile is there."""
    seconds = 3
    with kl.connect(seed=21, new=True, settings=kl.Settings(silence_timeout=2.0)) as lab:
        assert seconds > lab.settings.silence_timeout
        streams: list[Any] = [
            lab.trades("BTC/USD"),
            lab.book("BTC/USD", depth=100),
            lab.ticker("BTC/USD", event_trigger="bbo"),
        ]
        before = [sum(feed.messages for feed in stream.feeds) for stream in streams]
        # Called through PyDLL, the lock is held as a long sort or a careless extension would hold it.
        ctypes.PyDLL(None).sleep(seconds)
        for stream in streams:
            stream.wait(rows=1)
        assert [stream.epoch for stream in streams] == [1, 1, 1]
        assert [len(stream.gaps) for stream in streams] == [0, 0, 0]
        after = [sum(feed.messages for feed in stream.feeds) for stream in streams]
        assert all(later > earlier + 1 for later, earlier in zip(after, before, strict=True))
        assert all(line.connects == 1 for _, line in lab.lines)
        assert lab.io.worst_lateness > seconds - 1
        assert f"{lab.io.worst_lateness * 1e3:.0f} ms at worst" in repr(lab.status())
