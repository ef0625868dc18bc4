"""Every way of being bad is contained: `Malformed` with the reason, and nothing decoded in part."""

from __future__ import annotations

import pytest

from kraken_lab.errors import Malformed
from kraken_lab.wire import decode
from kraken_lab.wire.strict import MAX_MESSAGE

from .frames import BOOK, EXECUTIONS, GOOD, LEVEL3, TICKER, TRADE, WRONG, book, spoiled


@pytest.mark.promise("S-13")
@pytest.mark.fault("F-061")
@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "empty"),
        ("", "empty"),
        (b" ", "not JSON"),
        (b"null", "not an object"),
        (b"[]", "not an object"),
        (b"[{}]", "not an object"),
        (b"7", "not an object"),
        (b'"text"', "not an object"),
        (b"true", "not an object"),
        (b"{", "not JSON"),
        (b'{"channel":"heartbeat"', "not JSON"),
        (b'{"channel":"heartbeat"}}', "not JSON"),
        (b"{'channel':'heartbeat'}", "not JSON"),
        ("CloudFlare WebSocket proxy restarting", "not JSON"),
        (b"<html></html>", "not JSON"),
        (b"\x00\x01\x02\xff\xfe", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ('{"channel":"heartbeat"}'.encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_not_a_json_object_is_malformed(frame: bytes | str, reason: str) -> None:
    """Text that is not JSON, JSON that is not an object, and binary frames are told apart by their reason."""
    with pytest.raises(Malformed) as caught:
        decode(frame)
    assert caught.value.reason.startswith(reason)


@pytest.mark.promise("S-13", "B-02")
@pytest.mark.fault("F-062")
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "1e", "0x10", "1_0"])
@pytest.mark.parametrize("frame", [BOOK, TRADE, LEVEL3, TICKER, EXECUTIONS])
def test_what_json_does_not_call_a_number_is_malformed(frame: bytes, number: str) -> None:
    """None of the channels takes a number that JSON would not."""
    spot = next(text for text in (b"61234.6", b"0.10000000", b"26599.9") if text in frame)
    with pytest.raises(Malformed):
        decode(frame.replace(spot, number.encode(), 1))


@pytest.mark.promise("S-13", "B-02")
@pytest.mark.fault("F-062")
@pytest.mark.parametrize(
    "number",
    ["1" * 41, "1" * 5000, "0." + "1" * 39, "1e31", "1e-31", "1E400", "1e999999999", "-1e31", "9" * 5000 + ".5"],
)
@pytest.mark.parametrize("place", ["price", "qty"])
@pytest.mark.parametrize("frame", [BOOK, TRADE, LEVEL3])
def test_a_number_beyond_the_bounds_is_malformed(frame: bytes, place: str, number: str) -> None:
    """More than 40 characters, or an exponent beyond 30, is refused before anything is made of it."""
    old = b"61234.6" if place == "price" else b"0.00044780"
    frame = frame.replace(b"61234.5", b"61234.6").replace(b"0.10000000", b"0.00044780")
    with pytest.raises(Malformed):
        decode(frame.replace(old, number.encode(), 1))


@pytest.mark.promise("S-13", "B-02")
@pytest.mark.fault("F-062")
@pytest.mark.parametrize("number", [b"1" * 41, b"1" * 5000, b"1e31", b"1e-999999999"])
@pytest.mark.parametrize(
    "frame",
    [
        b'{"channel":"horoscope","luck":%s}',
        b'{"method":"teleport","success":true,"result":{"x":%s}}',
        b'{"method":"subscribe","success":false,"error":"E","req_id":%s}',
        b'{"channel":"heartbeat","new":%s}',
        BOOK[:-1] + b',"new":%s}',
        TRADE[:-1] + b',"new":[%s]}',
    ],
)
def test_the_bounds_hold_for_numbers_nobody_knows(frame: bytes, number: bytes) -> None:
    """Unknown messages, results of unknown methods and unknown fields are bounded too."""
    with pytest.raises(Malformed):
        decode(frame % number)


@pytest.mark.promise("S-13")
@pytest.mark.parametrize("channel", ["book", "trade"])
@pytest.mark.parametrize("number", ["1" * 30 + ".123456789", "1e30", "1e-30", "-0", "-0.0", "0", "12", "1E+5"])
def test_a_number_just_within_the_bounds_is_kept(channel: str, number: str) -> None:
    """The bounds refuse nothing that they allow."""
    frame = GOOD[channel].replace(b"61234.6", number.encode(), 1)
    decode(frame)


@pytest.mark.promise("S-13", "B-02")
@pytest.mark.fault("F-062")
@pytest.mark.parametrize("depth", [33, 500, 5_000, 100_000])
@pytest.mark.parametrize("bracket", ["[]", "{}"])
@pytest.mark.parametrize("frame", [BOOK, TRADE, b'{"channel":"heartbeat"}', b'{"method":"pong"}', b'{"channel":"new"}'])
def test_a_message_nested_too_deeply_is_malformed(frame: bytes, bracket: str, depth: int) -> None:
    """Also where the nesting is in a field nobody knows."""
    opening, closing = ("[", "]") if bracket == "[]" else ('{"a":', "}")
    nest = (opening * depth + "1" + closing * depth).encode()
    with pytest.raises(Malformed):
        decode(frame[:-1] + b',"new":' + nest + b"}")
    with pytest.raises(Malformed):
        decode(nest)


@pytest.mark.promise("S-13", "B-02")
def test_a_message_beyond_the_size_limit_is_malformed_at_once() -> None:
    """Sixteen mebibytes are allowed; more are not even parsed."""
    with pytest.raises(Malformed, match="more than"):
        decode(b" " * (MAX_MESSAGE + 1))


@pytest.mark.promise("S-13")
@pytest.mark.parametrize(
    "frame",
    [
        b'{"channel":"trade\xff"}',
        BOOK.replace(b"BTC/USD", b"BTC\xff"),
        BOOK.replace(b"BTC/USD", b"\xed\xa0\x80"),
        BOOK.replace(b"BTC/USD", b"\\ud800"),
        BOOK.replace(b"BTC/USD", b"\\udc00x"),
        BOOK[:-1] + b',"new":"\\ud800"}',
        BOOK[:-1] + b',"new":"\xff"}',
        BOOK[:-1] + b',"\\ud800":1}',
        TRADE[:-1] + b',"new":"\\ud800"}',
        '{"channel":"heart\ud800beat"}',
    ],
)
def test_text_that_is_not_unicode_is_malformed(frame: bytes | str) -> None:
    """Invalid UTF-8 and halves of surrogate pairs are refused, in known fields and in unknown ones."""
    with pytest.raises(Malformed):
        decode(frame)


@pytest.mark.promise("S-13")
@pytest.mark.fault("F-063")
@pytest.mark.parametrize(("channel", "path", "value"), WRONG)
def test_a_value_of_the_wrong_type_is_malformed(channel: str, path: str, value: object) -> None:
    """Wrong types, null or nothing where a value is required, whole numbers out of range."""
    decode(GOOD[channel])
    with pytest.raises(Malformed) as caught:
        decode(spoiled(GOOD[channel], path, value))
    assert caught.value.reason
    assert len(caught.value.excerpt) <= 200


@pytest.mark.promise("S-13")
@pytest.mark.fault("F-063")
@pytest.mark.parametrize(
    "frame",
    [
        b'{"method":5}',
        b'{"method":null}',
        b'{"method":"subscribe","success":"yes"}',
        b'{"method":"subscribe","success":true,"result":{"channel":5}}',
        b'{"method":"subscribe","success":true,"result":[]}',
        b'{"method":"add_order","success":true,"result":[1]}',
        b'{"method":"batch_add","success":true,"result":{"order_id":"O1"}}',
        b'{"method":"cancel_all","success":true,"result":{"count":"1"}}',
        b'{"method":"subscribe","success":false,"error":["E"]}',
        b'{"method":"subscribe","req_id":"7"}',
        b'{"method":"pong","time_in":5}',
    ],
)
def test_an_answer_of_the_wrong_shape_is_malformed(frame: bytes) -> None:
    """An answer that cannot be understood is not taken for a success."""
    with pytest.raises(Malformed):
        decode(frame)


@pytest.mark.promise("S-13")
@pytest.mark.fault("F-064")
@pytest.mark.parametrize("bad", ['{"price":"x","qty":1.0}', '{"price":1.0}', '{"price":1.0,"qty":null}', "7"])
@pytest.mark.parametrize("place", range(10))
def test_one_bad_entry_spoils_the_whole_message(place: int, bad: str) -> None:
    """Of ten entries none comes through when one of them is bad, wherever it stands."""
    entries = [f'{{"price":{61230 + at}.5,"qty":0.1}}' for at in range(10)]
    entries[place] = bad
    with pytest.raises(Malformed):
        decode(book(bids=",".join(entries)))


@pytest.mark.promise("S-13")
@pytest.mark.parametrize(
    "begin",
    [
        "",
        "soon",
        "2023-02-31T00:00:00Z",
        "2023-10-04T24:00:00Z",
        "2023-10-04",
        "9999-12-31T00:00:00Z",
        "0001-01-01T00:00:00Z",
    ],
)
def test_a_candle_without_a_beginning_is_malformed(begin: str) -> None:
    """It is known by it, so what is no time, or fits no column of nanoseconds, is refused before any feed sees it."""
    with pytest.raises(Malformed, match=r"data\[\.\.\.\]|data\[0\]|time|day|hour"):
        decode(spoiled(GOOD["ohlc"], "data.0.interval_begin", begin))


def test_the_reason_names_the_place() -> None:
    """A wrong type is reported with where it stands."""
    with pytest.raises(Malformed, match=r"data\[\.\.\.\]\.symbol|data\[0\]\.symbol"):
        decode(spoiled(TRADE, "data.0.symbol", 7))
    with pytest.raises(Malformed, match=r"\$\.data\[0\]\.bids\[0\]\.price"):
        decode(spoiled(BOOK, "data.0.bids.0.price", None))


def test_the_excerpt_is_short_and_printable() -> None:
    """What is shown of a bad frame is bounded and is text, whatever the frame was."""
    with pytest.raises(Malformed) as caught:
        decode(b"\xff" * 10_000)
    assert len(caught.value.excerpt) == 200
    assert caught.value.excerpt.isprintable()
