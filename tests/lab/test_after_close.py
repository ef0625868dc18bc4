"""Orders in the hand of somebody who waits while the lab is closed."""

from __future__ import annotations

import asyncio
import threading

import pytest

import kraken_lab as kl


@pytest.mark.promise("B-06")
@pytest.mark.promise("S-21")
def test_nobody_waits_for_an_order_of_a_closed_lab() -> None:
    """Whoever waits, with or without await, hears at once that nothing more is heard of it; what is known stays."""
    said: dict[str, BaseException | None] = {}
    waiting = threading.Barrier(3)

    def note(name: str, error: BaseException | None) -> None:
        said[name] = error

    with kl.connect(new=True) as lab:
        order = lab.buy("BTC/USD", "0.01", "50000").confirm().wait("open")

        def plain() -> None:
            waiting.wait(10)
            try:
                order.wait("filled", timeout=60)
            except kl.KrakenLabError as error:
                note("wait", error)

        async def awaited() -> None:
            await order

        def with_await() -> None:
            waiting.wait(10)
            try:
                asyncio.run(asyncio.wait_for(awaited(), 60))
            except kl.KrakenLabError as error:
                note("await", error)

        threads = [threading.Thread(target=target) for target in (plain, with_await)]
        for thread in threads:
            thread.start()
        waiting.wait(10)
    for thread in threads:
        thread.join(10)
    assert sorted(said) == ["await", "wait"]
    for error in said.values():
        assert "buy 0.01 BTC/USD limit at 50000 (now OPEN) is closed" in str(error)
    assert order.state == "OPEN"
    assert order.wait("open") is order
    with pytest.raises(kl.KrakenLabError, match="is closed"):
        order.wait("done")
