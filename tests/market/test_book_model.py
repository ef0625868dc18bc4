"""Whatever happens, the fast books hold what the plain ones hold."""

from __future__ import annotations

import random
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import ChecksumMismatch
from kraken_lab.market import Book, Level3Book
from kraken_lab.wire import BookMessage, Level3Message, decode

from .model import LevelModel, OrderModel, book_frame, level3_frame, printed

pytestmark = pytest.mark.usefixtures("engine")

PRECISIONS = [(1, 8), (4, 8), (8, 5), (10, 8), (0, 0), (2, 0), (0, 8)]
FORMS = ["padded", "short", "whole", "exponent"]


@pytest.mark.promise("S-07", "S-15")
@given(
    seed=st.integers(0, 2**32),
    precisions=st.sampled_from(PRECISIONS),
    depth=st.sampled_from([10, 25]),
    crowd=st.sampled_from([3, 12, 40]),
    large=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_book_holds_what_the_plain_model_holds(
    seed: int, precisions: tuple[int, int], depth: int, crowd: int, large: bool
) -> None:
    """Levels pushed out and coming back, both sides, repeated prices, thin and empty books, numbers in every form."""
    chance = random.Random(seed)
    price_precision, qty_precision = precisions
    book = Book("X/Y", depth, price_precision, qty_precision)
    model = LevelModel(depth, price_precision, qty_precision)

    def level(side: str) -> tuple[D, D]:
        """Bids lie in the lower half of the prices and asks in the upper, so that the book cannot cross."""
        units = chance.randint(1, crowd) + (crowd if side == "asks" else 0)
        size = chance.choice([0, 1, chance.randint(1, 10**9), 10**18 if large else 10**qty_precision])
        return D(f"{units}E-{price_precision}"), D(f"{size}E-{qty_precision}")

    def text(entries: list[tuple[D, D]]) -> list[tuple[str, str]]:
        return [
            (printed(price, price_precision, chance.choice(FORMS)), printed(qty, qty_precision, chance.choice(FORMS)))
            for price, qty in entries
        ]

    for step in range(25):
        snapshot = step == 0 or chance.random() < 0.05
        bids, asks = ([level(side) for _ in range(chance.choice([0, 1, 1, 2, 4]))] for side in ("bids", "asks"))
        if snapshot:
            model = LevelModel(depth, price_precision, qty_precision)
            bids = sorted(dict(bids).items(), reverse=True)
            asks = sorted(dict(asks).items())
        model.apply(bids, asks)
        message = decode(book_frame("snapshot" if snapshot else "update", text(bids), text(asks), model.checksum()))
        assert isinstance(message, BookMessage)
        book.apply(message)
        assert (book.bids, book.asks) == model.levels()
        best = [units for side in model.levels() for units in scaled_best(side, precisions)]
        assert list(book.best()) == best


@pytest.mark.promise("S-07")
@pytest.mark.parametrize("seed", range(3))
def test_a_deep_book_holds_what_the_plain_model_holds(seed: int) -> None:
    """New levels before many others and before few, a full book and one that is not."""
    chance = random.Random(seed)
    depth, precisions = 400, (1, 8)
    book, model = Book("X/Y", depth, *precisions), LevelModel(depth, *precisions)
    for step in range(40):
        count = 390 if step == 0 else chance.choice([1, 3, 30])
        asks = [(D(chance.randint(1001, 2000)), D(chance.choice([0, 1, 2]) if step else 1)) for _ in range(count)]
        asks = asks if step else sorted(dict(asks).items())
        model.apply([], asks)
        text = [(printed(price, 1, "padded"), printed(qty, 8, "padded")) for price, qty in asks]
        message = decode(book_frame("update" if step else "snapshot", [], text, model.checksum()))
        assert isinstance(message, BookMessage)
        book.apply(message)
        assert book.asks == model.levels()[1]


def scaled_best(side: list[tuple[D, D]], precisions: tuple[int, int]) -> list[int | None]:
    """The first level of a side in units of its last decimals, two Nones for an empty side."""
    return (
        [int(number.scaleb(digits)) for number, digits in zip(side[0], precisions, strict=True)] if side else [None] * 2
    )


@pytest.mark.promise("S-07")
@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_a_lost_message_that_mattered_is_noticed(seed: int) -> None:
    """If the exchange's top ten differ from ours after a message went missing, the next one does not prove."""
    chance = random.Random(seed)
    model = LevelModel(10, 1, 8)
    asks = [(D(100 + at), D(1)) for at in range(10)]
    model.apply([], asks)
    book = Book("X/Y", 10, 1, 8)

    def send(kind: str, entries: list[tuple[D, D]]) -> BookMessage:
        message = decode(book_frame(kind, [], [(str(p), str(q)) for p, q in entries], model.checksum()))
        assert isinstance(message, BookMessage)
        return message

    book.apply(send("snapshot", asks))
    model.apply([], [(D(100 + chance.randrange(10)), D(chance.randint(2, 9)))])  # lost
    changed = (D(110), D(1))  # beyond the depth: it changes nothing that is covered
    model.apply([], [changed])
    with pytest.raises(ChecksumMismatch):
        book.apply(send("update", [changed]))
    assert not book.valid


@pytest.mark.promise("S-07", "S-15")
@given(seed=st.integers(0, 2**32), depth=st.sampled_from([10, 3]), crowd=st.sampled_from([3, 15]))
@settings(max_examples=60, deadline=None)
def test_a_book_of_orders_holds_what_the_plain_model_holds(seed: int, depth: int, crowd: int) -> None:
    """Orders added, shrunk, grown, moved, deleted, named twice, pushed out and coming back."""
    chance = random.Random(seed)
    book, model = Level3Book("X/Y", depth, 1, 8), OrderModel(depth, 1, 8)
    ids = [f"O{n}" for n in range(12)]
    for step in range(30):
        kind = "update" if step else "snapshot"
        sides: dict[str, list[tuple[str, str, str, str]]] = {"bids": [], "asks": []}
        for side, events in sides.items():
            for _ in range(chance.choice([0, 1, 2, 3]) if step else 0):
                event = chance.choice(["add", "add", "modify", "delete"])
                order_id = f"{side[0]}{chance.choice(ids)}"
                price = D(chance.randint(1, crowd) + (crowd if side == "asks" else 0)) / 2
                held = {name: (p, q) for name, p, q in getattr(model, side)}
                if order_id in held and chance.random() < 0.7:
                    price = held[order_id][0]
                qty = D(chance.randint(1, 5)) / 4
                model.apply(side, event, order_id, price, qty)
                events.append(
                    (event, order_id, printed(price, 1, chance.choice(FORMS)), printed(qty, 8, chance.choice(FORMS)))
                )
        model.cut()
        message = decode(level3_frame(kind, sides["bids"], sides["asks"], model.checksum()))
        assert isinstance(message, Level3Message)
        book.apply(message)
        for side in ("bids", "asks"):
            queue = [(order.order_id, order.price, order.qty) for order in book.orders(side)]  # type: ignore[arg-type]
            assert queue == model.queue(side)
        assert len(book) == len(model.bids) + len(model.asks)
