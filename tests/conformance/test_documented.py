"""The tables themselves: what they let pass, and what they must not."""

from __future__ import annotations

import pytest

from .checks import read
from .documented import Precision, complaints

PRECISIONS = {"MATIC/USD": Precision(4, 8)}
TRADE = (
    '{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell","price":0.5117,"qty":40.00000000,'
    '"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}'
)
BOOK = (
    '{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5657,"qty":1098.39475580}],'
    '"asks":[],"checksum":2114181697,"timestamp":"2023-10-06T17:35:55.440295Z"}]}'
)
REFUSAL = (
    '{"error":"Currency pair not supported WWW/USD","method":"subscribe","req_id":0,"success":false,'
    '"symbol":"WWW/USD","time_in":"2025-08-26T00:09:18.071184Z","time_out":"2025-08-26T00:09:18.071225Z"}'
)


@pytest.mark.parametrize("message", [TRADE, BOOK, REFUSAL, '{"channel":"heartbeat"}'])
def test_documented_examples_pass(message: str) -> None:
    """With the zeros that the printed examples have lost."""
    assert complaints(read(message), PRECISIONS) == []


@pytest.mark.parametrize(
    ("message", "old", "new"),
    [
        (TRADE, "40.00000000", "40.0"),
        (TRADE, "40.00000000", '"40.00000000"'),
        (TRADE, "0.5117", "5.117e-1"),
        (TRADE, "4665906", "4665906.0"),
        (TRADE, "4665906", '"4665906"'),
        (TRADE, "708706Z", "708706"),
        (TRADE, "708706Z", "708706000Z"),
        (TRADE, '"market"', '"stop"'),
        (TRADE, '"ord_type":"market",', ""),
        (TRADE, '"side"', '"extra":1,"side"'),
        (TRADE, '"data"', '"sequence":1,"data"'),
        (TRADE, "MATIC/USD", "MATIC/EUR"),
        (BOOK, "2114181697", "-2180785599"),
        (BOOK, "2114181697", "4294967296"),
        (BOOK, '"asks":[],', ""),
        (BOOK, '"asks":[]', '"asks":null'),
        (BOOK, '"type":"update"', '"type":"snapshot","timestamp":"2023-10-06T17:35:55.440295Z"'),
        (BOOK, "1098.39475580", "0"),
        (REFUSAL, '"error":"Currency pair not supported WWW/USD"', '"error":["Currency pair not supported"]'),
        (REFUSAL, '"req_id":0', '"req_id":null'),
        (REFUSAL, '"success":false', '"success":false,"result":{}'),
        (REFUSAL, "071225Z", "071183Z"),
    ],
)
def test_one_wrong_thing_is_noticed(message: str, old: str, new: str) -> None:
    """Lost zeros, wrong types, missing and extra keys, other digits of time, a signed checksum."""
    assert old in message
    assert complaints(read(message.replace(old, new)), PRECISIONS) != []


def test_a_key_that_comes_twice_is_noticed() -> None:
    """Which of the two counts is anybody's guess."""
    with pytest.raises(ValueError, match="twice"):
        read('{"channel":"heartbeat","channel":"heartbeat"}')
