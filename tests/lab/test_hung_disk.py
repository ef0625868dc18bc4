"""A state folder that does not answer: what needs it says so in words, and everything else goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import kraken_lab as kl
from kraken_lab.errors import OrderError, SetupError
from kraken_lab.lab import keeping, trader
from kraken_lab.net import disk
from kraken_lab.trading import Account
from kraken_lab.trading.restore import Legacy
from kraken_lab.wire import Settings
from tests.disks import FaultyFiles


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FaultyFiles]:
    """The files of every account that is opened now; whoever waits for them is let go at the end."""
    files = FaultyFiles()
    monkeypatch.setenv("KRAKEN_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(trader, "OsFiles", lambda: files)
    yield files
    files.answer()


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.promise("A-17")
@pytest.mark.promise("B-06")
@pytest.mark.fault("F-181")
def test_a_folder_that_hangs_refuses_orders_in_words_and_looking_goes_on(
    files: FaultyFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is opened, while it is used, and when the lab is closed; nothing is sent meanwhile, and cancels are."""
    monkeypatch.setattr(keeping, "OPEN_WAIT", 0.3)
    monkeypatch.setattr(disk, "LOOK_GOOD_S", 1.0)
    with kl.connect(new=True, settings=Settings(close_timeout=0.5)) as lab:
        files.hang("read")
        with pytest.raises(SetupError, match=r"did not answer within 0\.3 s.*Nothing was sent.*looking goes on"):
            lab.buy("BTC/USD", "0.01", "50000")
        assert lab.book("BTC/USD").bids
        assert "not used in this lab yet" in lab.status().facts["orders"]
        files.answer()
        monkeypatch.setattr(keeping, "OPEN_WAIT", 10.0)
        order = lab.buy("BTC/USD", "0.01", "50000").confirm().wait("open")

        files.hang("sync", "append", "read")
        assert files.hung.wait(20)
        until(lambda: "has not answered" in lab.status().facts["audit log"])
        wish = lab.buy("BTC/USD", "0.02", "50000")
        assert not wish.ok
        with pytest.raises(OrderError, match="the disk has not answered for"):
            wish.confirm()
        assert "HALTED (the halt file cannot be read" in lab.status().facts["mode"]
        assert lab.trades("BTC/USD").wait(rows=1) is not None
        order.cancel().wait("done")
        assert [str(known.state) for known in lab.account.orders] == ["CANCELED"]

        files.answer()
        until(lambda: lab.status().facts["audit log"] == "written")
        again = lab.buy("BTC/USD", "0.03", "50000").confirm().wait("open")
        files.hang("sync", "append", "read")
        began = time.monotonic()
    assert time.monotonic() - began < 15.0
    assert not again.is_terminal


@pytest.mark.promise("O-14")
@pytest.mark.promise("S-17")
def test_a_long_log_is_read_beside_the_io_thread_and_taken_up_a_little_at_a_time(
    files: FaultyFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two orders of it the loop looks after books and lines."""
    monkeypatch.setattr(trader, "AT_ONCE", 1)
    readers: list[str] = []
    taken: list[int] = []
    read, take_up = Legacy.read.__func__, Account.take_up  # type: ignore[attr-defined]

    def reading(kind: Any, *arguments: Any) -> Any:
        readers.append(threading.current_thread().name)
        return read(kind, *arguments)

    def taking(known: Account, machines: Any, at: Any) -> None:
        taken.append(len(machines))
        take_up(known, machines, at)

    monkeypatch.setattr(Legacy, "read", classmethod(reading))
    with kl.connect(new=True) as first:
        for qty in ("0.01", "0.02", "0.03"):
            first.buy("BTC/USD", qty, "50000").confirm().wait("open")
        assert first.sandbox is not None
        facts = first.sandbox.facts
        assert first.trader is not None
        first.trader.close(5.0)  # as if it were gone, while its exchange goes on
        with kl.connect("sandbox", at=facts, new=True) as second:
            monkeypatch.setattr(Account, "take_up", taking)
            assert len(second.account.open) == 3
            assert not any(order.external for order in second.account.orders)
    assert taken == [1, 1, 1]
    assert all(name.startswith("kraken_lab disk") for name in readers)
