"""Books photographed while another thread changes them: every picture is of one instant."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator

import pytest

from kraken_lab.errors import NotReady
from kraken_lab.streams.book_feed import BookFeed
from kraken_lab.wire import BookMessage, Instant, decode
from tests.streams.fake_host import NOON, a_feed

pytestmark = pytest.mark.usefixtures("engine")


def book_message(kind: str, bids: list[tuple[str, str]], asks: list[tuple[str, str]], checksum: int) -> BookMessage:
    """A book message as the exchange would write it."""

    def levels(side: list[tuple[str, str]]) -> str:
        return ",".join(f'{{"price":{price},"qty":{qty}}}' for price, qty in side)

    data = f'"symbol":"BTC/USD","bids":[{levels(bids)}],"asks":[{levels(asks)}],"checksum":{checksum}'
    message = decode(
        f'{{"channel":"book","type":"{kind}","data":[{{{data},"timestamp":"2026-05-04T10:00:00.000001Z"}}]}}'
    )
    assert isinstance(message, BookMessage)
    return message


def tell(feed: BookFeed, message: BookMessage, at: Instant) -> None:
    """Give a feed a message, by its bytes if it has a use for them."""
    if not feed.hear(message.raw, at):
        feed.take(message.data[0], message.type, at)


def checksum(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> int:
    """What the exchange would say of these levels, all of them written with the digits of the pair."""
    told = "".join(price.replace(".", "").lstrip("0") + qty.replace(".", "").lstrip("0") for price, qty in asks + bids)
    return zlib.crc32(told.encode())


def books() -> Iterator[BookMessage]:
    """A snapshot, and updates that move every level of it at once: quantity n everywhere in the n-th."""
    prices = [(f"{1000 - n}.0", f"{1001 + n}.0") for n in range(10)]
    n = 0
    while True:
        n += 1
        qty = f"{n}.00000000"
        bids, asks = [(bid, qty) for bid, _ in prices], [(ask, qty) for _, ask in prices]
        yield book_message("snapshot" if n % 50 == 1 else "update", bids, asks, checksum(bids, asks))


@pytest.mark.promise("S-07")
@pytest.mark.promise("S-17")
def test_no_picture_of_two_instants() -> None:
    """Thousands of changes, snapshots among them, and two readers: all levels of a picture are of one message."""
    feed = a_feed(BookFeed, depth=10)
    stop = threading.Event()
    torn: list[str] = []
    seen: list[int] = []

    def read() -> None:
        last = 0
        while not stop.is_set():
            try:
                photo = feed.photograph()
            except NotReady:
                continue
            quantities = {qty for _, qty in (*photo.bids, *photo.asks)}
            n = int(next(iter(quantities)))
            if len(quantities) != 1 or len(photo.bids) != 10:
                torn.append(f"torn: {quantities}")
            if photo.received_at_ns != NOON + n or photo.epoch != 1 + (n - 1) // 50:
                torn.append(f"of {n}, but received at {photo.received_at_ns - NOON}, epoch {photo.epoch}")
            if n < last:
                torn.append(f"back from {last} to {n}")
            last = n
            seen.append(n)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for n, message in enumerate(books(), 1):
            tell(feed, message, Instant(n / 1e3, NOON + n))
            if n >= 3_000 and (len(set(seen)) > 20 or n > 20_000):
                break
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert not torn, torn[:3]
    assert len(set(seen)) > 20


@pytest.mark.promise("S-07")
def test_a_book_that_fails_is_gone_before_anybody_can_look() -> None:
    """While the bad message is applied nobody gets in, and afterwards there is nothing."""
    feed = a_feed(BookFeed, depth=10)
    messages = books()
    first = next(messages)
    tell(feed, first, Instant(0.0, NOON))
    good = feed.photograph()
    looks: list[str] = []
    feed.watchers = (lambda: looks.append(str(feed._ladder)),)
    bad = book_message("update", [("1000.0", "7.00000000")], [], 1)
    tell(feed, bad, Instant(1.0, NOON + 1))
    assert looks == ["None"]
    with pytest.raises(NotReady, match="RESYNCING: checksum"):
        feed.photograph()
    assert good.bids[0][1] == 1
    assert [gap.start_ns for gap in feed.gaps.gaps] == [NOON]
