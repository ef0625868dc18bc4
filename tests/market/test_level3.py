"""The book of orders keeps every queue as the exchange does, and proves it."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from kraken_lab.errors import BadArgument, ChecksumMismatch, DataError, ImpossibleBook, Malformed
from kraken_lab.market import Level3Book
from kraken_lab.wire import Level3Message, decode

from ..fixtures import sample, sequence
from .model import OrderModel, level3_frame

Events = list[tuple[str, str, str, str]]


class Followed:
    """A book and the plain model beside it, fed with the same events."""

    def __init__(self, depth: int = 10) -> None:
        self.book = Level3Book("X/Y", depth, 1, 8)
        self.model = OrderModel(depth, 1, 8)
        self.send([], [], kind="snapshot")

    def send(self, bids: Events, asks: Events, kind: str = "update") -> None:
        """Apply events to both."""
        for side, events in (("bids", bids), ("asks", asks)):
            for event, order_id, price, qty in events:
                self.model.apply(side, event, order_id, D(price), D(qty))
        self.model.cut()
        self.book.apply(heard(level3_frame(kind, bids, asks, self.model.checksum())))

    def bids(self) -> list[tuple[str, str]]:
        """Order ids and quantities, in queue order."""
        return [(order.order_id, f"{order.qty.normalize():f}") for order in self.book.orders("bids")]


def heard(frame: bytes) -> Level3Message:
    """A level3 message from a frame."""
    message = decode(frame)
    assert isinstance(message, Level3Message)
    return message


@pytest.mark.promise("S-07")
@pytest.mark.parametrize("name", ["level3/checksum-guide-snapshot", "level3/checksum-guide-snapshot-wire"])
def test_the_checksum_guides_book_is_proved(name: str) -> None:
    """Printed as text in the guide and as padded numbers on the wire."""
    book = Level3Book("BTC/USD", 10, price_precision=1, qty_precision=8)
    book.apply(heard(sample(name)))
    assert book.checksum == 1063832831
    assert (len(book), len(book.bids), len(book.asks)) == (35, 10, 10)
    assert [order.order_id for order in book.orders("bids", 1)][:2] == ["OTCFZG-YOE2Q-LQKNM3", "OFGP5R-B3E7G-54EZD6"]
    assert book.bids[0] == (D("44939.4"), sum((order.qty for order in book.orders("bids", 1)), D(0)))


@pytest.mark.promise("S-07")
def test_the_recorded_book_is_proved_to_its_end() -> None:
    """Additions, partial fills, deletions, levels coming into scope and pushed out, an amended price."""
    recorded = sequence("level3/sequence-btcusd-depth10")
    book = Level3Book(recorded.symbol, recorded.depth, recorded.price_precision, recorded.qty_precision)
    for frame in recorded.frames:
        message = heard(frame)
        book.apply(message)
        assert book.checksum == message.data[0].checksum
    assert book.valid


def test_an_added_order_joins_the_back_of_its_queue() -> None:
    """Behind those that were there."""
    followed = Followed()
    followed.send([("add", "a", "99.5", "1"), ("add", "b", "99.5", "2"), ("add", "c", "99.0", "3")], [])
    assert followed.bids() == [("a", "1"), ("b", "2"), ("c", "3")]


@pytest.mark.parametrize(
    ("price", "qty", "order"),
    [
        ("99.5", "0.5", ["a", "b", "c"]),
        ("99.5", "1", ["a", "b", "c"]),
        ("99.5", "1.5", ["b", "a", "c"]),
        ("99.0", "0.5", ["b", "c", "a"]),
        ("100.0", "1", ["a", "b", "c"]),
    ],
)
def test_a_modified_order_keeps_its_place_only_if_it_shrinks(price: str, qty: str, order: list[str]) -> None:
    """Smaller or equal stays, larger goes to the back, another price joins that queue's back."""
    followed = Followed()
    followed.send([("add", "a", "99.5", "1"), ("add", "b", "99.5", "2"), ("add", "c", "99.0", "3")], [])
    followed.send([("modify", "a", price, qty)], [])
    assert [name for name, _ in followed.bids()] == order
    assert dict(followed.bids())["a"] == qty


def test_an_added_order_that_is_known_is_replaced() -> None:
    """It leaves its old place, whatever the price."""
    followed = Followed()
    followed.send([("add", "a", "99.5", "1"), ("add", "b", "99.5", "2")], [])
    followed.send([("add", "a", "99.5", "4")], [])
    assert followed.bids() == [("b", "2"), ("a", "4")]
    followed.send([("add", "b", "98.0", "2")], [])
    assert followed.bids() == [("a", "4"), ("b", "2")]
    assert len(followed.book) == 2


def test_events_for_unknown_orders_are_ignored() -> None:
    """They speak of orders outside our levels."""
    followed = Followed()
    followed.send([("add", "a", "99.5", "1"), ("delete", "x", "99.5", "1"), ("modify", "y", "99.5", "1")], [])
    assert followed.bids() == [("a", "1")]


@pytest.mark.promise("S-14")
def test_an_unknown_event_is_not_taken_for_a_known_one() -> None:
    """If it mattered, the checksum tells."""
    followed = Followed()
    followed.send([("add", "a", "99.5", "1"), ("vanish", "a", "99.5", "1")], [])
    assert followed.bids() == [("a", "1")]


def test_a_level_pushed_out_takes_its_orders_with_it() -> None:
    """Nothing announces it, and when the level comes back, its orders are added again with what they have then."""
    followed = Followed(depth=2)
    followed.send([("add", "a", "99.0", "1"), ("add", "b", "98.0", "1"), ("add", "c", "98.0", "2")], [])
    followed.send([("add", "d", "100.0", "1")], [])
    assert followed.bids() == [("d", "1"), ("a", "1")]
    assert len(followed.book) == 2
    followed.send([("delete", "d", "100.0", "0"), ("add", "c", "98.0", "2"), ("add", "e", "98.0", "5")], [])
    assert followed.bids() == [("a", "1"), ("c", "2"), ("e", "5")]


def test_a_level_without_orders_is_gone() -> None:
    """Also when its last order is filled by a modification to nothing."""
    followed = Followed()
    followed.send([("add", "a", "99.5", "1")], [("add", "b", "100.5", "1")])
    followed.send([("delete", "a", "99.5", "1")], [])
    assert (followed.book.bids, len(followed.book)) == ([], 1)
    empty = level3_frame("update", [], [("modify", "b", "100.5", "0")], 0)
    followed.book.apply(heard(empty))
    assert len(followed.book) == 0
    assert followed.book.valid


def assert_void(book: Level3Book) -> None:
    """No reader sees an order."""
    assert not book.valid
    assert not book
    assert book.state == "void"
    assert (book.bids, book.asks, book.orders("bids"), len(book), book.checksum) == ([], [], [], 0, None)
    assert "void" in repr(book)
    with pytest.raises(DataError, match="void"):
        book.snapshot()


@pytest.mark.promise("S-07")
def test_a_mismatch_voids_the_book_until_the_next_snapshot() -> None:
    """Updates in between are refused."""
    followed = Followed()
    followed.send([("add", "a", "99.5", "1")], [])
    with pytest.raises(ChecksumMismatch) as caught:
        followed.book.apply(
            heard(
                level3_frame(
                    "update",
                    [
                        (
                            "add",
                            "b",
                            "99.5",
                            "1",
                        )
                    ],
                    [],
                    7,
                )
            )
        )
    assert (caught.value.expected, caught.value.channel) == (7, "level3")
    assert_void(followed.book)
    with pytest.raises(DataError, match="before its snapshot"):
        followed.book.apply(heard(level3_frame("update", [], [], 0)))
    followed.book.apply(heard(level3_frame("snapshot", [], [], 0)))
    assert followed.book.valid


@pytest.mark.promise("S-09")
@pytest.mark.parametrize(
    ("kind", "bids", "asks", "reason"),
    [
        ("update", [("add", "b", "100.5", "1")], [], "crossed"),
        ("update", [("add", "b", "0.0", "1")], [], "a price of 0.0"),
        ("update", [("add", "b", "-1", "1")], [], "a price of -1"),
        ("update", [("add", "b", "99.0", "-1")], [], "a negative quantity"),
        ("update", [("modify", "a", "99.5", "-0.5")], [], "a negative quantity"),
        ("snapshot", [("", "b", "99.0", "1"), ("", "c", "99.5", "1")], [], "out of order"),
        ("snapshot", [], [("", "b", "101.0", "1"), ("", "c", "100.0", "1")], "out of order"),
        ("snapshot", [("", "b", "99.0", "1"), ("", "b", "98.5", "1")], [], "out of order"),
    ],
)
def test_an_impossible_book_is_refused(kind: str, bids: Events, asks: Events, reason: str) -> None:
    """Whatever its checksum says."""
    followed = Followed()
    followed.send([("add", "a", "99.5", "1")], [("add", "z", "100.5", "1")])
    with pytest.raises(ImpossibleBook, match=reason):
        followed.book.apply(heard(level3_frame(kind, bids, asks, 0)))
    assert_void(followed.book)


@pytest.mark.parametrize(("price", "qty", "what"), [("99.55", "1", "price"), ("99.5", "1e-9", "quantity")])
def test_digits_beyond_the_precision_say_that_the_precision_is_wrong(price: str, qty: str, what: str) -> None:
    """Nothing is rounded."""
    followed = Followed()
    with pytest.raises(Malformed, match=f"{what} of X/Y: digits beyond the precision"):
        followed.book.apply(heard(level3_frame("update", [("add", "a", price, qty)], [], 0)))
    assert_void(followed.book)


def test_only_messages_of_its_own_symbol_are_applied() -> None:
    """The others are somebody else's."""
    followed = Followed()
    other = level3_frame("update", [("add", "a", "99.5", "1")], [], 7).replace(b"X/Y", b"OTHER/USD")
    followed.book.apply(heard(other))
    assert len(followed.book) == 0
    assert followed.book.valid


# --- reading --------------------------------------------------------------------------------------------------------


def test_a_snapshot_tells_who_stands_before_whom() -> None:
    """Bids, then asks, each queue oldest first; and how much is ahead of an order."""
    followed = Followed()
    followed.send(
        [("add", "a", "99.5", "1"), ("add", "b", "99.5", "2"), ("add", "c", "99.5", "4"), ("add", "d", "99.0", "8")],
        [("add", "z", "100.5", "3")],
    )
    photo = followed.book.snapshot(received_at_ns=5, epoch=2)
    followed.send([("delete", "a", "99.5", "1")], [])
    assert [order.order_id for order in photo.queue] == ["a", "b", "c", "d", "z"]
    assert [order.side for order in photo.queue] == ["bids"] * 4 + ["asks"]
    place = photo.position("b")
    assert (place.orders_ahead, place.qty_ahead, place.orders_behind, place.qty_behind) == (1, D(1), 1, D(4))
    assert (place.order.price, place.order.qty) == (D("99.5"), D(2))
    assert place.order.timestamp == "2026-05-04T10:00:00.000000001Z"
    assert photo.position("z").orders_ahead == 0
    assert (photo.received_at_ns, photo.epoch, photo.timestamp_ns) == (5, 2, 1777888800000000001)
    with pytest.raises(BadArgument):
        photo.position("nobody")


def test_a_snapshot_by_levels_is_a_book() -> None:
    """With the figures of one."""
    followed = Followed()
    followed.send([("add", "a", "99.0", "1"), ("add", "b", "99.0", "2")], [("add", "z", "101.0", "1")])
    photo = followed.book.snapshot(1)
    assert photo.bids == ((D("99.0"), D(3)),)
    assert photo.asks == tuple(followed.book.asks)
    assert photo.book.microprice == D("100.5")
    assert photo.depth == 1
    assert repr(photo) == "<Level3Snapshot X/Y: 2 bids on 1 levels, 1 asks on 1 levels>"


@pytest.mark.fault("F-067")
def test_text_from_the_network_is_escaped() -> None:
    """An order id is not markup."""
    followed = Followed()
    followed.send([("add", "<script>", "99.0", "1")], [])
    html = followed.book.snapshot()._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
