"""The short proof lets nothing through that the full one would not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import Malformed
from kraken_lab.wire import BookMessage, Message, decode
from kraken_lab.wire.careful import read
from kraken_lab.wire.proof import FLESH, proved_length

from .frames import BOOK, GOOD, LEVEL3, book


def is_familiar(frame: bytes) -> bool:
    """Whether the decoder will take the short way with this frame."""
    return len(frame) <= proved_length(frame.translate(None, FLESH), 0)


def outcome(frame: bytes, *, carefully: bool) -> Message | None:
    """What a frame decodes to, None if it is malformed."""
    try:
        return read(frame) if carefully else decode(frame)
    except Malformed:
        return None


def test_a_form_is_familiar_once_it_was_proved() -> None:
    """With any digits, as long as there are not more of them."""
    proved, shorter, longer = (
        book(bids=f'{{"price":{price},"qty":1.25}}').replace(b"BTC/USD", b"new/form")
        for price in ("12.5", "3.5", "123.5")
    )
    assert not is_familiar(shorter)
    decode(proved)
    assert is_familiar(proved)
    assert is_familiar(shorter)
    assert not is_familiar(longer)
    decode(longer)
    assert is_familiar(longer)


@pytest.mark.parametrize("channel", ["book", "level3", "ohlc", "ticker", "trade"])
def test_forms_that_come_again_are_remembered(channel: str) -> None:
    """And what is rare is not: it would push out what is useful."""
    for name in (channel, "executions"):
        decode(GOOD[name])
    assert is_familiar(GOOD[channel])
    assert not is_familiar(GOOD["executions"])


@pytest.mark.promise("S-13", "S-15")
@pytest.mark.parametrize(
    "number", ['"1.5"', '"x"', "1.5e3", "1.5E99", "-1.5", "null", "true", "[]", "{}", "1" * 45 + ".5"]
)
def test_familiarity_excuses_nothing(number: str) -> None:
    """Frames that differ from a proved one in more than digits are judged by themselves."""
    for proved in (BOOK, LEVEL3):
        decode(proved)
        frame = proved.replace(b"61234.5", number.encode())
        decoded = outcome(frame, carefully=False)
        assert decoded == outcome(frame, carefully=True)


@pytest.mark.promise("S-15")
def test_whole_numbers_are_text_every_time() -> None:
    """Their form is not remembered, because they have to be written out."""
    frame = book(bids='{"price":61234,"qty":2}')
    for _ in range(3):
        message = decode(frame)
        assert isinstance(message, BookMessage)
        assert message.data[0].bids[0].price == "61234"


@pytest.mark.promise("S-13", "S-15")
@pytest.mark.parametrize("rest", ["", ',"new":1'])
def test_a_whole_zero_has_no_sign(rest: str) -> None:
    """Whether something unknown beside it sends the frame down the careful road or not."""
    message = decode(book(bids='{"price":-0.0,"qty":-0}', rest=rest))
    assert isinstance(message, BookMessage)
    assert [(level.price, level.qty) for level in message.data[0].bids] == [("-0.0", "0")]


NUMBERS = [
    "1.5",
    "61234.5",
    "0.00000001",
    "0.0",
    "-0.5",
    "7",
    "0",
    "-0",
    "-0.0",
    "1e3",
    "1.5E-8",
    '"2.5"',
    '"x"',
    "null",
    "1.2" + "5" * 44,
    "true",
]
EXTRAS = ["", "", "", ',"new":1', ',"price2":3.5', ',"symbol1":"A"']


@pytest.mark.promise("S-13", "S-15")
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_both_roads_lead_to_the_same_message(seed: int) -> None:
    """Good frames and bad ones, one after the other, each read on both roads."""
    chance = random.Random(seed)

    def level() -> str:
        price, qty = (chance.choice(NUMBERS[: chance.choice([3, 3, len(NUMBERS)])]) for _ in range(2))
        return f'{{"price":{price},"qty":{qty}{chance.choice(EXTRAS)}}}'

    for _ in range(20):
        bids, asks = (",".join(level() for _ in range(chance.randrange(3))) for _ in range(2))
        frame = book(bids=bids, asks=asks, rest=chance.choice(EXTRAS))
        assert outcome(frame, carefully=False) == outcome(frame, carefully=True)
