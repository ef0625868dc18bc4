"""What the decoder makes of unusual but good frames, and of what it does not know."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import Malformed
from kraken_lab.wire import (
    BookMessage,
    Frame,
    Heartbeat,
    InstrumentMessage,
    Level3Message,
    Pong,
    Response,
    StatusMessage,
    TickerMessage,
    TradeMessage,
    UnknownMessage,
    decode,
    unknown_keys,
    unknown_values,
)
from kraken_lab.wire.codec import _fast

from .frames import BOOK, GOOD, LEVEL3, TICKER, TRADE, WRONG, book, spoiled


def levels(frame: bytes | str) -> list[tuple[str, str]]:
    """Price and quantity texts of a book frame's bids."""
    message = decode(frame)
    assert isinstance(message, BookMessage)
    return [(level.price, level.qty) for level in message.data[0].bids]


# --- numbers of the busy channels -----------------------------------------------------------------------------------


@pytest.mark.promise("S-15")
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("61234.50", "61234.50"),
        ("0.00000001", "0.00000001"),
        ("61234", "61234"),
        ("0", "0"),
        ("1000000000000000000", "1000000000000000000"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("1e-08", "0.00000001"),
        ("1.5E3", "1500"),
        ("-0.5", "-0.5"),
        ('"61234.50"', "61234.50"),
        ('"7"', "7"),
    ],
)
def test_a_level_keeps_the_digits_it_was_written_with(written: str, read: str) -> None:
    """Whole numbers, exponents and numbers printed as text come as plain text with the same value."""
    assert levels(book(bids=f'{{"price":{written},"qty":0.10}}')) == [(read, "0.10")]
    assert levels(book(bids=f'{{"price":0.10,"qty":{written}}}')) == [("0.10", read)]
    message = decode(LEVEL3.replace(b"0.10000000", written.encode()))
    assert isinstance(message, Level3Message)
    assert message.data[0].bids[0].order_qty == read


def test_whole_and_broken_numbers_mix_in_a_message() -> None:
    """Each level is read by itself."""
    bids = '{"price":61234,"qty":2},{"price":61233.5,"qty":1},{"price":61233,"qty":0.5}'
    assert levels(book(bids=bids)) == [("61234", "2"), ("61233.5", "1"), ("61233", "0.5")]


def test_white_space_and_order_of_keys_do_not_matter() -> None:
    """The same message in another form is the same message."""
    loose = (
        BOOK.replace(b",", b" ,\n").replace(b":", b" : ").replace(b"2023-10-06T17 : 35 : 55", b"2023-10-06T17:35:55")
    )
    assert levels(loose) == levels(BOOK)
    message = decode(b'{"data":[],"type":"update","channel":"trade"}')
    assert isinstance(message, TradeMessage)


def test_text_and_bytes_and_views_of_them_decode_alike() -> None:
    """A frame may come as any of them, and is kept as bytes."""
    for frame in (TRADE, TRADE.decode(), bytearray(TRADE), memoryview(TRADE)):
        message = decode(frame)  # type: ignore[arg-type]
        assert isinstance(message, TradeMessage)
        assert message.raw == TRADE


# --- keys that come twice -------------------------------------------------------------------------------------------


@pytest.mark.promise("S-13")
@pytest.mark.fault("F-062")
@pytest.mark.parametrize("first", ["1.0", "null", '"x"', "[]", "{}"])
def test_of_a_key_that_comes_twice_the_last_one_counts(first: str) -> None:
    """Even if the first one would have been refused."""
    assert levels(book(bids=f'{{"price":{first},"qty":0.1,"price":2.5}}')) == [("2.5", "0.1")]
    message = decode(TRADE.replace(b'"price"', f'"price":{first},"price"'.encode()))
    assert isinstance(message, TradeMessage)
    assert message.data[0].price == Decimal("61234.6")


def test_of_two_channels_the_last_one_counts() -> None:
    """The channel decides the type, so it is no exception."""
    assert isinstance(decode(b'{"channel":"trade","channel":"heartbeat"}'), Heartbeat)
    assert isinstance(decode(b'{"channel":"nonsense",' + TRADE[1:]), TradeMessage)


# --- answers --------------------------------------------------------------------------------------------------------


def test_a_message_with_method_and_channel_is_an_answer() -> None:
    """A refused private subscription has both."""
    for channel in ("executions", "heartbeat", "level3", "brand_new"):
        answer = decode(f'{{"channel":"{channel}","method":"subscribe","success":false,"error":"E","status":"error"}}')
        assert isinstance(answer, Response)
        assert answer.channel == channel
        assert answer.status == "error"


@pytest.mark.promise("S-14")
@pytest.mark.fault("F-066")
def test_an_unknown_method_is_an_answer_with_its_result_as_it_is() -> None:
    """Numbers in it are exact."""
    answer = decode('{"method":"teleport","success":true,"result":{"x":1.50,"n":[1]},"req_id":7}')
    assert isinstance(answer, Response)
    assert answer.result == {"x": Decimal("1.50"), "n": [1]}
    assert answer.req_id == 7


def test_a_pong_has_no_success_and_a_refused_ping_is_an_answer() -> None:
    """The two are told apart by the error."""
    assert isinstance(decode('{"method":"pong","req_id":0,"time_in":"a","time_out":"b"}'), Pong)
    assert isinstance(decode('{"method":"pong","error":"no","success":false}'), Response)
    assert isinstance(decode('{"method":"ping","error":"no","success":false}'), Response)


@pytest.mark.parametrize("req_id", [0, -1, 2**63, 2**70])
def test_a_request_number_comes_back_whatever_it_is(req_id: int) -> None:
    """It is the client's own and is only echoed."""
    answer = decode(f'{{"method":"subscribe","success":false,"error":"E","req_id":{req_id}}}')
    assert isinstance(answer, Response)
    assert answer.req_id == req_id


# --- the unknown ----------------------------------------------------------------------------------------------------


@pytest.mark.promise("S-14")
@pytest.mark.fault("F-066")
@pytest.mark.parametrize(
    ("frame", "channel"),
    [
        (b'{"channel":"horoscope","type":"update","data":[{"luck":0.70}]}', "horoscope"),
        (b"{}", None),
        (b'{"event":"systemStatus","status":"online"}', None),
        (TRADE.replace(b'"update"', b'"correction"'), "trade"),
        (BOOK.replace(b'"update"', b'"delta"'), "book"),
        (GOOD["balances"].replace(b'"snapshot"', b'"delta"'), "balances"),
    ],
)
def test_a_message_of_an_unknown_kind_is_passed_on_whole(frame: bytes, channel: str | None) -> None:
    """Unknown channels, unknown types of known ones and messages of no channel are never taken for known ones."""
    message = decode(frame)
    assert isinstance(message, UnknownMessage)
    assert message.channel == channel
    assert message.raw == frame
    assert unknown_keys(message) == ()


def test_numbers_of_an_unknown_message_are_exact() -> None:
    """With all their digits, and whole where they are written so."""
    message = decode(b'{"channel":"horoscope","luck":0.70,"n":7}')
    assert isinstance(message, UnknownMessage)
    assert message.fields == {"channel": "horoscope", "luck": Decimal("0.70"), "n": 7}
    assert str(message.fields["luck"]) == "0.70"


@pytest.mark.promise("S-14")
@pytest.mark.fault("F-066")
@pytest.mark.parametrize("channel", GOOD)
def test_an_unknown_field_is_ignored_counted_and_readable(channel: str) -> None:
    """At the top and inside data, beside everything that is known."""
    inside = "data.pairs.0" if channel == "instrument" else "data.0"
    frame = spoiled(spoiled(GOOD[channel], "mood", "calm"), f"{inside}.colour", {"r": 1})
    message, plain = decode(frame), decode(GOOD[channel])
    assert type(message) is type(plain)
    assert isinstance(message, Frame)
    assert message.extra == {"mood": "calm"}
    assert {"colour": {"r": 1}} in message.extras
    assert unknown_keys(message) == (f"{inside.replace('.0', '')}.colour", "mood")
    assert unknown_keys(plain) == ()


def test_extras_are_one_for_each_element() -> None:
    """In the order of data; of an instrument message assets come before pairs."""
    trade = TRADE[TRADE.index(b"[") + 1 : -2]
    message = decode(b'{"channel":"trade","type":"update","data":[%s,%s,"x":1.0}]}' % (trade, trade[:-1]))
    assert isinstance(message, TradeMessage)
    assert message.extras == [{}, {"x": Decimal("1.0")}]
    instrument = decode(spoiled(GOOD["instrument"], "data.pairs.0.venue", "x"))
    assert isinstance(instrument, InstrumentMessage)
    assert instrument.extras == [{}, {"venue": "x"}]


def test_the_result_of_an_answer_is_searched_for_unknown_keys_too() -> None:
    """Under its own name, also in the list of a batch."""
    assert unknown_keys(decode('{"method":"subscribe","success":true,"result":{"channel":"book","x":1},"y":2}')) == (
        "result.x",
        "y",
    )
    assert unknown_keys(decode('{"method":"batch_add","success":true,"result":[{"x":1},{}]}')) == ("result.x",)


def test_extra_refuses_what_the_decoder_would() -> None:
    """A message that was made, not decoded, has no frame and so no extras."""
    assert Heartbeat().extra == {}
    assert Heartbeat().extras == []


@pytest.mark.promise("S-14")
@pytest.mark.fault("F-066")
@pytest.mark.parametrize(
    ("channel", "path", "field"),
    [
        ("status", "data.0.system", "system"),
        ("trade", "data.0.side", "side"),
        ("trade", "data.0.ord_type", "ord_type"),
        ("level3", "data.0.bids.0.event", "bids.event"),
        ("executions", "data.0.exec_type", "exec_type"),
        ("executions", "data.0.order_status", "order_status"),
        ("balances", "data.0.wallets.0.type", "wallets.type"),
        ("instrument", "data.pairs.0.status", "pairs.status"),
        ("instrument", "data.assets.0.status", "assets.status"),
    ],
)
def test_an_unknown_value_passes_through_and_is_counted(channel: str, path: str, field: str) -> None:
    """It is never mapped to something known."""
    message = decode(spoiled(GOOD[channel], path, "brand_new"))
    assert type(message) is type(decode(GOOD[channel]))
    assert unknown_values(message) == ((field, "brand_new"),)
    assert unknown_values(decode(GOOD[channel])) == ()


@pytest.mark.fault("F-067")
@pytest.mark.parametrize("symbol", ["<b>BTC</b>", "A" * 10_000, "\u202eDSU/CTB", "", "../../etc", "ÄÖ/€", "a\nb"])
def test_any_text_may_be_a_symbol(symbol: str) -> None:
    """What it is good for is not decided here."""
    for frame in (BOOK, TRADE, TICKER, LEVEL3):
        message: Any = decode(spoiled(frame, "data.0.symbol", symbol))
        assert message.data[0].symbol == symbol


# --- the proof ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [name for name in GOOD if name != "balances"])
def test_a_regular_message_stays_on_the_fast_road(channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count of quotation marks agrees, so that none of them pays for the careful road."""
    monkeypatch.delattr("kraken_lab.wire.codec.read")
    assert type(decode(GOOD[channel])).__name__ == type(_fast(GOOD[channel])).__name__
    with pytest.raises(NameError):
        decode(spoiled(GOOD[channel], "new", 1))


def test_the_repr_leaves_the_frame_out() -> None:
    """A message shows what it says, once."""
    assert repr(decode('{"channel":"heartbeat"}')) == "Heartbeat()"
    assert "raw" not in repr(decode(TRADE))


def test_a_row_never_changes() -> None:
    """What is decoded can be handed to anyone."""
    message = decode(TRADE)
    assert isinstance(message, TradeMessage)
    with pytest.raises(AttributeError):
        message.data[0].price = Decimal(1)  # type: ignore[misc]


@pytest.mark.fault("F-035")
def test_an_optional_field_may_be_missing_or_null() -> None:
    """A ticker had no time once, and a status no connection; a trade without a time is a trade all the same."""
    for value in (..., None):
        trade = decode(spoiled(TRADE, "data.0.timestamp", value))
        assert isinstance(trade, TradeMessage)
        assert trade.data[0].timestamp is None
        ticker = decode(spoiled(TICKER, "data.0.timestamp", value))
        assert isinstance(ticker, TickerMessage)
        assert ticker.data[0].timestamp is None
        status = decode(spoiled(GOOD["status"], "data.0.connection_id", value))
        assert isinstance(status, StatusMessage)
        assert status.data[0].connection_id is None


# --- totality -------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = [(channel, path) for channel in GOOD for path in ("channel", "type", "data", "new")]
PLACES += [(channel, path) for channel, path, _ in WRONG]


def outcome(frame: bytes | str) -> str:
    """The type of the message, or Malformed; anything else would come out as an error."""
    try:
        return type(decode(frame)).__name__
    except Malformed as error:
        return f"Malformed: {error.reason}"


@pytest.mark.promise("S-13")
@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_message_or_malformed(frame: bytes) -> None:
    """Nothing else ever comes out of the decoder."""
    assert outcome(frame)


@pytest.mark.promise("S-13")
@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_a_message_or_malformed(frame: str) -> None:
    """The same for text, surrogates and all."""
    assert outcome(frame)


@pytest.mark.promise("S-13")
@pytest.mark.fault("F-063")
@given(place=st.sampled_from(PLACES), value=JSON)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_place_gives_a_message_or_malformed(place: tuple[str, str], value: object) -> None:
    """One value of a good message is replaced by anything JSON can say, NaN included."""
    channel, path = place
    assert outcome(spoiled(GOOD[channel], path, value))


@pytest.mark.promise("S-13")
@given(channel=st.sampled_from(sorted(GOOD)), data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_damage_to_a_frame_gives_a_message_or_malformed(channel: str, data: st.DataObject) -> None:
    """Some bytes of a good frame are cut out and others put in."""
    frame = GOOD[channel]
    at = data.draw(st.integers(0, len(frame)))
    cut = data.draw(st.integers(0, 12))
    assert outcome(frame[:at] + data.draw(st.binary(max_size=6) | st.sampled_from(TROUBLE)) + frame[at + cut :])


TROUBLE = [
    b'"',
    b"\\",
    b"\\u",
    b"\\ud800",
    b"e9",
    b"E-99",
    b"-",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"0",
    b"\xff",
]
