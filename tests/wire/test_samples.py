"""Every message that the reference or the live service shows decodes to the type it is, digit for digit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from kraken_lab.wire import (
    AddOrderResult,
    AmendOrderResult,
    BalancesMessage,
    BatchAddResult,
    BatchCancelResult,
    BookMessage,
    CancelAllOrdersAfterResult,
    CancelAllResult,
    CancelOrderResult,
    EditOrderResult,
    ExecutionsMessage,
    Heartbeat,
    InstrumentMessage,
    Level3Message,
    Message,
    OhlcMessage,
    Pong,
    Response,
    StatusMessage,
    SubscribeResult,
    TickerMessage,
    TradeMessage,
    decode,
    unknown_keys,
    unknown_values,
)
from kraken_lab.wire.private import balances_type
from kraken_lab.wire.shape import Shape, shape_of
from kraken_lab.wire.strict import Token, parse

from ..fixtures import names, sample, sequence

MESSAGES = {
    "balances": BalancesMessage,
    "book": BookMessage,
    "executions": ExecutionsMessage,
    "instrument": InstrumentMessage,
    "level3": Level3Message,
    "ohlc": OhlcMessage,
    "ticker": TickerMessage,
    "trade": TradeMessage,
}
RESULTS: dict[str, type] = {
    "add_order": AddOrderResult,
    "amend_order": AmendOrderResult,
    "batch_add": list,
    "batch_cancel": BatchCancelResult,
    "cancel_all": CancelAllResult,
    "cancel_all_orders_after": CancelAllOrdersAfterResult,
    "cancel_order": CancelOrderResult,
    "edit_order": EditOrderResult,
}
HEARD = [name for name in names() if "sequence-" not in name and not ("request" in name and "error" not in name)]


def expected(name: str) -> type:
    """The type of a sample, from its name alone."""
    kind, what = name.split("/")
    if kind == "connection":
        connection = {"heartbeat": Heartbeat, "pong-response": Pong}
        return StatusMessage if what.startswith("status") else connection.get(what, Response)
    return Response if kind in RESULTS or "ack" in what or "error" in what else MESSAGES[kind]


def test_there_are_samples_of_everything() -> None:
    """The folder is not empty, and no kind is missing."""
    assert len(HEARD) > 100
    assert {name.split("/")[0] for name in HEARD} == {"connection", *MESSAGES, *RESULTS}


@pytest.mark.parametrize("name", HEARD)
def test_a_sample_decodes_to_its_type(name: str) -> None:
    """Each sample becomes the type its name says, and keeps its frame."""
    message = decode(sample(name))
    assert type(message) is expected(name)
    assert message.raw == sample(name)


@pytest.mark.parametrize("name", [name for name in HEARD if expected(name) is Response])
def test_an_answer_is_told_from_a_refusal(name: str) -> None:
    """A success has a typed result and no error, a refusal an error in one text and no result."""
    answer = decode(sample(name))
    assert isinstance(answer, Response)
    if "error" in name:
        assert answer.success is False
        assert answer.error
        assert answer.result is None
    else:
        kind = SubscribeResult if "ack" in name else RESULTS[name.split("/")[0]]
        assert answer.success is True
        assert answer.error is None
        assert isinstance(answer.result, kind)


@pytest.mark.promise("S-15")
@pytest.mark.parametrize("name", [name for name in HEARD if expected(name) is not Response])
def test_every_number_equals_its_digits(name: str) -> None:
    """Each number of a channel message is the decimal that its text says, trailing zeros included."""
    message = decode(sample(name))
    fields = parse(message.raw)
    assert isinstance(fields, dict)
    pairs = list(numbers(message, fields))
    assert all(str(decoded) == str(written) for decoded, written in pairs)
    if type(message) not in (Heartbeat, Pong) and "empty" not in name:
        assert pairs


def numbers(message: Message, fields: dict[str, Any]) -> Iterator[tuple[object, Decimal | str]]:
    """Every number of a message as decoded and as written, the whole ones too."""
    struct = balances_type(message.type) if isinstance(message, BalancesMessage) else type(message)
    return numbers_in(message, fields, shape_of(struct))


def numbers_in(value: object, fields: dict[str, Any], shape: Shape) -> Iterator[tuple[object, Decimal | str]]:
    """The same for one object."""
    assert isinstance(value, msgspec.Struct)
    for field in msgspec.structs.fields(type(value)):
        written = fields.get(field.encode_name)
        if isinstance(written, Token):
            decoded = getattr(value, field.name)
            yield decoded, Decimal(written) if isinstance(decoded, Decimal) else str(written)
    for child in shape.children:
        inner, written = getattr(value, child.attribute), fields.get(child.key)
        rows = zip(inner, written or [], strict=True) if child.many else [(inner, written)]
        for row, there in rows:
            if isinstance(there, dict):
                yield from numbers_in(row, there, child.shape)


@pytest.mark.parametrize("name", names("*/sequence-*"))
def test_a_sequence_decodes_message_by_message(name: str) -> None:
    """Each frame of a recorded book is a message of its channel for its symbol."""
    recorded = sequence(name)
    for frame in recorded.frames:
        message = decode(frame)
        assert isinstance(message, BookMessage | Level3Message)
        assert message.data[0].symbol == recorded.symbol


@pytest.mark.parametrize("name", [name for name in HEARD if name != "executions/trade-ratecounter"])
def test_nothing_in_a_sample_is_unknown(name: str) -> None:
    """The types know every key and value that the reference or the live service shows."""
    message = decode(sample(name))
    assert unknown_keys(message) == ()
    assert unknown_values(message) == ()


@pytest.mark.promise("S-14")
def test_a_key_nobody_has_confirmed_is_counted_and_readable() -> None:
    """The rate counter's name in reports is a guess, so it is no field; it is found among the extras."""
    message = decode(sample("executions/trade-ratecounter"))
    assert unknown_keys(message) == ("data.ratecount",)
    assert message.extras == [{"ratecount": 4}]


def test_a_connection_id_beyond_signed_64_bit_is_kept() -> None:
    """The documented connection id exceeds 2**63."""
    message = decode(sample("connection/status-documented"))
    assert isinstance(message, StatusMessage)
    assert message.data[0].connection_id == 13834774380200032777


def test_a_partly_refused_batch_names_the_refused_order() -> None:
    """Both shapes seen for a partial refusal give a list of results, the refused one with its error."""
    bare = decode(sample("batch_add/response-partial"))
    wrapped = decode(
        b'{"method":"batch_add","success":true,"result":{"orders":[{"order_id":"O1","success":true},'
        b'{"cl_ord_id":"b-2","success":false,"error":"EOrder:Insufficient funds"}]}}'
    )
    for answer in (bare, wrapped):
        assert isinstance(answer, Response)
        assert isinstance(answer.result, list)
        placed, refused = answer.result
        assert isinstance(placed, BatchAddResult)
        assert placed.error is None
        assert refused.order_id is None
        assert refused.error == "EOrder:Insufficient funds"
