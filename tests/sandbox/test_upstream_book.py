"""The sandbox's reading of another exchange's books, against recorded sequences and against wrong ones."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.upstream_book import BookVoid, UpstreamBook
from kraken_lab.sandbox.upstream_frame import BookMessage, read_frame
from tests.fixtures import sequence
from tests.sandbox.upstream import an_upstream

SEQUENCES = ["acaeur-thin", "btcusd-depth10", "ethusd-depth25", "maticusd-depth10", "shibusd-depth10"]


def read(raw: str) -> BookMessage:
    """The one book message of a frame."""
    (message,) = read_frame(raw)
    assert isinstance(message, BookMessage)
    return message


@pytest.mark.promise("P-01")
@pytest.mark.parametrize("name", SEQUENCES)
def test_every_message_of_a_recorded_book_proves_right(name: str) -> None:
    """Pushed-out and returning levels, repeated prices, thin and tiny books; and the touched levels are named."""
    recorded = sequence(f"book/sequence-{name}")
    pair = replace(PAIRS[0], price_precision=recorded.price_precision, qty_precision=recorded.qty_precision)
    book = UpstreamBook(pair, recorded.depth)
    for frame in recorded.frames:
        message = read(frame.decode())
        touched = book.apply(message)
        assert book.is_whole
        assert len(touched) == len(message.bids) + len(message.asks)
        for side in ("buy", "sell"):
            prices = [price for price, _ in book.levels(side)]
            assert prices == sorted(prices, reverse=side == "buy")
            assert len(prices) <= recorded.depth


@pytest.mark.promise("P-06")
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_lost_update_voids_the_book_until_a_snapshot(lost: int) -> None:
    """The checksum tells; updates after that are refused, a snapshot is whole again."""
    upstream, book = an_upstream(), UpstreamBook(PAIRS[0], 10)
    book.apply(read(upstream.snapshot()))
    updates = [upstream.update(bids={100: 6}), upstream.update(asks={101: 3}), upstream.update(bids={97: 1})]
    after = upstream.update(asks={104: 1})
    arrived = [read(raw) for raw in [*updates[: lost - 1], *updates[lost:], after]]
    with pytest.raises(BookVoid, match="checksum"):
        deque(map(book.apply, arrived))
    assert not book.is_whole
    with pytest.raises(BookVoid, match="snapshot"):
        book.apply(read(upstream.update(asks={104: 2})))
    book.apply(read(upstream.snapshot()))
    assert book.is_whole


def test_a_number_that_no_book_of_the_pair_has_voids_it() -> None:
    """More decimals than its precision, as after a change of precision."""
    message = read(an_upstream().snapshot().replace("100.0", "100.05"))
    with pytest.raises(BookVoid, match="cannot be"):
        UpstreamBook(PAIRS[0], 10).apply(message)


def test_beyond_the_subscribed_depth_nothing_is_known() -> None:
    """A level that was pushed out is out of sight, not gone; where fewer are shown, all are."""
    upstream = an_upstream(depth=10)
    upstream.bids |= dict.fromkeys(range(90, 98), 1)
    book = UpstreamBook(PAIRS[0], 10)
    book.apply(read(upstream.snapshot()))
    assert (book.qty("buy", 910), book.qty("buy", 900), book.qty("buy", 1005)) == (10**8, None, 0)
    assert (book.qty("sell", 5000), book.best("buy"), book.best("sell")) == (0, 1000, 1010)


@pytest.mark.parametrize(("levels", "depth"), [(3, 10), (11, 25), (100, 100), (101, 500)])
def test_an_unnamed_depth_is_the_least_that_the_snapshot_fits_in(levels: int, depth: int) -> None:
    """The acknowledgement may come after it."""
    upstream = an_upstream(depth=1000)
    upstream.bids = {1000 + step: 1 for step in range(levels)}
    upstream.asks = {3000: 1}
    book = UpstreamBook(PAIRS[0])
    book.apply(read(upstream.snapshot()))
    assert book.depth == depth


@given(st.lists(st.tuples(st.sampled_from(["bids", "asks"]), st.integers(1, 40), st.integers(0, 3)), max_size=60))
@settings(max_examples=60)
def test_a_followed_book_is_the_exchanges_book(script: list[tuple[str, int, int]]) -> None:
    """Whatever is set and removed, both show the same top."""
    upstream = an_upstream()
    book = UpstreamBook(PAIRS[0], 10)
    book.apply(read(upstream.snapshot()))
    for name, offset, qty in script:
        price = 100 - offset if name == "bids" else 100 + offset
        held = upstream.bids if name == "bids" else upstream.asks
        if not qty and price not in held:
            continue
        scope = sorted({*held, price}, reverse=name == "bids")[:10]
        before = sorted(held, reverse=name == "bids")[:10]
        changed = {price: qty} if price in scope else {}
        if not changed:
            held[price] = qty
            continue
        # The exchange names what comes into scope with the change that made room for it.
        if not qty:
            remaining = sorted({*held} - {price}, reverse=name == "bids")[:10]
            changed |= {each: held[each] for each in remaining if each not in before}
        book.apply(read(upstream.update(bids=changed) if name == "bids" else upstream.update(asks=changed)))
    for name, side in (("bids", "buy"), ("asks", "sell")):
        held = getattr(upstream, name)
        top = sorted(held.items(), reverse=side == "buy")[:10]
        assert list(book.levels(side)) == [(price * 10, qty * 10**8) for price, qty in top]  # type: ignore[arg-type]
