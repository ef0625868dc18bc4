"""Every request sample is reproduced by building it, digit for digit."""

from __future__ import annotations

import json
from decimal import Decimal as D

import pytest

from kraken_lab.errors import BadArgument
from kraken_lab.wire import (
    AddOrder,
    AmendOrder,
    BatchAdd,
    BatchCancel,
    CancelAll,
    CancelAllOrdersAfter,
    CancelOrder,
    Conditional,
    EditOrder,
    OrderTerms,
    Ping,
    Request,
    Subscribe,
    Triggers,
    Unsubscribe,
    encode,
)

from ..fixtures import names, sample

TOKEN = "G38a1tGFzqGiUCmnegBcm8d4nfP3tytiNQz6tkCBYXY"
BATCH = "TxxxxxxxxxOxxxxxxxxxxKxxxxxxxExxxxxxxxN"
TWO = ["ALGO/USD", "MATIC/USD"]

REQUESTS: dict[str, Request] = {
    "add_order/request-iceberg": AddOrder(
        order_type="iceberg", side="sell", order_qty=D("7.5"), display_qty=D("0.5"), symbol="ETH/USD",
        limit_price=D("3200.0"), token=TOKEN, req_id=206,
    ),
    "add_order/request-limit": AddOrder(
        order_type="limit", side="buy", limit_price=D("26500.4"), order_userref=100054, order_qty=D("1.2"),
        symbol="BTC/USD", token=TOKEN, req_id=123456789,
    ),
    "add_order/request-limit-fok": AddOrder(
        order_type="limit", side="sell", order_qty=D("0.25"), symbol="BTC/USD", limit_price=D("61200.0"),
        time_in_force="fok", token=TOKEN, req_id=205,
    ),
    "add_order/request-limit-ioc": AddOrder(
        order_type="limit", side="buy", order_qty=D("0.25"), symbol="BTC/USD", limit_price=D("61300.0"),
        time_in_force="ioc", stp_type="cancel_oldest", fee_preference="base", token=TOKEN, req_id=204,
    ),
    "add_order/request-limit-post-only-gtd": AddOrder(
        order_type="limit", side="buy", order_qty=D("0.25"), symbol="BTC/USD", limit_price=D("60000.0"),
        time_in_force="gtd", expire_time="2026-05-05T10:00:00Z", post_only=True,
        cl_ord_id="6d1b345e-2821-40e2-ad83-4ecb18a06876", deadline="2026-05-04T10:15:05.123Z", token=TOKEN, req_id=203,
    ),
    "add_order/request-margin-reduce-only": AddOrder(
        order_type="limit", side="sell", order_qty=D("0.1"), symbol="BTC/USD", limit_price=D("61500.0"), margin=True,
        reduce_only=True, token=TOKEN, req_id=212,
    ),
    "add_order/request-market": AddOrder(
        order_type="market", side="sell", order_qty=D("0.5"), symbol="ETH/USD", cl_ord_id="mkt-20260504-01",
        token=TOKEN, req_id=201,
    ),
    "add_order/request-market-cash": AddOrder(
        order_type="market", side="buy", cash_order_qty=D("250.0"), symbol="BTC/USD", token=TOKEN, req_id=202
    ),
    "add_order/request-oto": AddOrder(
        order_type="limit", side="buy", order_qty=D("1.2"), symbol="BTC/USD", limit_price=D("28440"),
        conditional=Conditional(order_type="stop-loss-limit", trigger_price=D("28410"), limit_price=D("28400")),
        token=TOKEN,
    ),
    "add_order/request-scheduled": AddOrder(
        order_type="limit", side="buy", order_qty=D("0.1"), symbol="BTC/USD", limit_price=D("60000.0"),
        effective_time="2026-05-04T12:00:00Z", token=TOKEN, req_id=213,
    ),
    "add_order/request-settle-position": AddOrder(
        order_type="settle-position", side="sell", order_qty=D("0.1"), symbol="BTC/USD", margin=True, token=TOKEN,
        req_id=211,
    ),
    "add_order/request-stop-loss-limit": AddOrder(
        order_type="stop-loss-limit", side="sell", order_qty=D("2.0"), symbol="ETH/USD", limit_price=D("2990.0"),
        triggers=Triggers(reference="index", price=D("3000.0"), price_type="static"), token=TOKEN, req_id=207,
    ),
    "add_order/request-stop-loss-pct": AddOrder(
        order_type="stop-loss", side="sell", order_qty=D("100"), symbol="MATIC/USD",
        triggers=Triggers(reference="last", price=D("-2.0"), price_type="pct"), token=TOKEN,
    ),
    "add_order/request-take-profit": AddOrder(
        order_type="take-profit", side="sell", order_qty=D("2.0"), symbol="ETH/USD",
        triggers=Triggers(price=D("150.0"), price_type="quote"), token=TOKEN, req_id=208,
    ),
    "add_order/request-take-profit-limit": AddOrder(
        order_type="take-profit-limit", side="buy", order_qty=D("0.1"), symbol="BTC/USD", limit_price=D("58000.0"),
        triggers=Triggers(reference="last", price=D("58100.0"), price_type="static"), token=TOKEN, req_id=209,
    ),
    "add_order/request-trailing-stop": AddOrder(
        order_type="trailing-stop", side="buy", order_qty=D("100"), symbol="MATIC/USD",
        triggers=Triggers(reference="last", price=D("1.0"), price_type="pct"), token=TOKEN,
    ),
    "add_order/request-trailing-stop-limit": AddOrder(
        order_type="trailing-stop-limit", side="sell", order_qty=D("0.1"), symbol="BTC/USD", limit_price=D("-50.0"),
        limit_price_type="quote", triggers=Triggers(reference="last", price=D("500.0"), price_type="quote"),
        token=TOKEN, req_id=210,
    ),
    "add_order/request-validate": AddOrder(
        order_type="limit", side="buy", order_qty=D("0.1"), symbol="BTC/USD", limit_price=D("60000.0"), validate=True,
        token=TOKEN, req_id=214,
    ),
    "amend_order/request-advanced": AmendOrder(
        order_id="OAIYAU-LGI3M-PFM5VW", limit_price=D("61031.3"), deadline="2024-07-21T09:53:59.050Z", post_only=True,
        token="DGB00LiKlPlLI/amQaSKUUr8niqXDb+1zwvtjp34nzk",
    ),
    "amend_order/request-basic": AmendOrder(
        cl_ord_id="2c6be801-1f53-4f79-a0bb-4ea1c95dfae9", limit_price=D("490795"), order_qty=D("1.2"),
        token="PM5Qm0MDrS54l657aQAtb7AhrwN30e2LBg1nUYOd6vU",
    ),
    "amend_order/request-iceberg": AmendOrder(
        order_id="OICEBG-AAAAA-BBBBBB", order_qty=D("6.0"), display_qty=D("1.0"), token=TOKEN, req_id=222
    ),
    "amend_order/request-trigger": AmendOrder(
        order_id="OSTOPL-CCCCC-DDDDDD", trigger_price=D("2950.0"), trigger_price_type="static",
        limit_price=D("2940.0"), token=TOKEN, req_id=221,
    ),
    "balances/subscribe-request": Subscribe(channel="balances", token=TOKEN),
    "balances/unsubscribe-request": Unsubscribe(channel="balances", token=TOKEN),
    "batch_add/request": BatchAdd(
        deadline="2022-06-13T08:09:10.123456Z", symbol="BTC/USD", validate=False, token=BATCH, req_id=1234567890,
        orders=(
            OrderTerms(
                limit_price=D("1010.10"), order_qty=D("0.123456789"), order_type="limit", order_userref=1, side="buy"
            ),
            OrderTerms(
                limit_price=D("2020.20"), order_qty=D("0.987654321"), order_type="limit", order_userref=2, side="sell",
                stp_type="cancel_both",
            ),
        ),
    ),
    "batch_cancel/request": BatchCancel(orders=("1", "2", "ORDERX-IDXXX-XXXXX3"), token=BATCH, req_id=1234567890),
    "batch_cancel/request-cl_ord_id": BatchCancel(cl_ord_id=("b-1", "b-2"), token=TOKEN, req_id=261),
    "book/subscribe-request": Subscribe(channel="book", symbol=TWO),
    "book/subscribe-request-depth": Subscribe(channel="book", symbol=["BTC/USD"], depth=100, snapshot=True, req_id=21),
    "book/unsubscribe-request": Unsubscribe(channel="book", symbol=TWO),
    "cancel_all/request": CancelAll(token="weeBxllys/7kHy/zHpkATSDIS42BvDgWS2b04ZSZHZ5", req_id=1234567890),
    "cancel_all_orders_after/request": CancelAllOrdersAfter(
        timeout=100, token="zwpdzWUe18Bn6h4TAMorh26+QbcMeST2B5tamfe+pgQ", req_id=1234567890
    ),
    "cancel_all_orders_after/request-disable": CancelAllOrdersAfter(timeout=0, token=TOKEN, req_id=241),
    "cancel_order/request-cl_ord_id": CancelOrder(
        cl_ord_id=("0835958d-c526-4ad8-aea8-af54836de47e",), token=TOKEN, req_id=231
    ),
    "cancel_order/request-order_id": CancelOrder(
        order_id=("OM5CRX-N2HAL-GFGWE9", "OLUMT4-UTEGU-ZYM7E9"), token="zGXT1dUQQjJjy5VmGXMegdDQngXXehNo5qbMBVolwEQ",
        req_id=123456789,
    ),
    "cancel_order/request-order_userref": CancelOrder(order_userref=(100054,), token=TOKEN, req_id=232),
    "connection/ping-request": Ping(req_id=101),
    "edit_order/request": EditOrder(
        order_id="ORDERX-IDXXX-XXXXX1", order_qty=D("0.2123456789"), symbol="BTC/USD", token=BATCH, req_id=1234567890
    ),
    "executions/subscribe-request": Subscribe(channel="executions", token=TOKEN, snap_orders=True, snap_trades=True),
    "executions/subscribe-request-options": Subscribe(
        channel="executions", snap_orders=True, snap_trades=False, order_status=True, ratecounter=True, token=TOKEN,
        req_id=51,
    ),
    "executions/unsubscribe-request": Unsubscribe(channel="executions", token=TOKEN),
    "instrument/subscribe-request": Subscribe(channel="instrument", req_id=79),
    "instrument/subscribe-request-options": Subscribe(
        channel="instrument", include_tokenized_assets=True, execution_venue="international", snapshot=True, req_id=80
    ),
    "instrument/unsubscribe-request": Unsubscribe(channel="instrument", req_id=79),
    "level3/subscribe-request": Subscribe(channel="level3", symbol=TWO, snapshot=True, token=TOKEN),
    "level3/subscribe-request-depth": Subscribe(
        channel="level3", symbol=["BTC/USD"], depth=1000, token=TOKEN, req_id=31
    ),
    "level3/unsubscribe-request": Unsubscribe(channel="level3", symbol=TWO, token=TOKEN),
    "ohlc/subscribe-request": Subscribe(channel="ohlc", symbol=TWO, interval=5),
    "ohlc/unsubscribe-request": Unsubscribe(channel="ohlc", symbol=TWO, interval=5),
    "ticker/subscribe-request": Subscribe(channel="ticker", symbol=["ALGO/USD"]),
    "ticker/subscribe-request-bbo": Subscribe(
        channel="ticker", symbol=["BTC/USD", "ETH/USD"], event_trigger="bbo", snapshot=True, req_id=11
    ),
    "ticker/unsubscribe-request": Unsubscribe(channel="ticker", symbol=["ALGO/USD"]),
    "trade/subscribe-request": Subscribe(channel="trade", symbol=["MATIC/USD"], snapshot=True),
    "trade/unsubscribe-request": Unsubscribe(channel="trade", symbol=["MATIC/USD"], snapshot=True),
}  # fmt: skip


def digits(text: str | bytes) -> object:
    """A JSON value in which numbers are their own text, so that 1.0 and 1.00 differ."""
    return json.loads(text, parse_float=str, parse_int=str)


def test_every_request_sample_is_built_here() -> None:
    """No request that the reference shows is missing from the table above."""
    assert set(REQUESTS) == {name for name in names() if "request" in name and "error" not in name}


@pytest.mark.promise("S-15")
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_written_as_the_sample_has_it(name: str) -> None:
    """Same JSON value, same digits."""
    assert digits(encode(REQUESTS[name])) == digits(sample(name))


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=list(REQUESTS))
def test_no_token_is_shown(request_: Request) -> None:
    """The repr of a request says that there is a token, never which."""
    token = getattr(request_, "token", None)
    assert token is None or token not in repr(request_)
    assert token is None or "token=***" in repr(request_)


def test_a_tiny_quantity_is_written_without_exponent() -> None:
    """The exchange wants decimals written out."""
    order = AddOrder(
        symbol="BTC/USD", side="buy", order_type="limit", order_qty=D("1E-8"), limit_price=D("1E+5"), token="t"
    )
    text = encode(order)
    assert '"order_qty":0.00000001' in text
    assert '"limit_price":100000' in text


@pytest.mark.parametrize("number", [0.1, float("nan"), D("NaN"), D("Infinity")])
def test_a_number_that_is_not_exact_is_refused(number: object) -> None:
    """A float has no way onto the wire, nor has what is not finite."""
    order = AddOrder(symbol="BTC/USD", side="buy", order_type="limit", order_qty=number, token="t")  # type: ignore[arg-type]
    with pytest.raises(BadArgument):
        encode(order)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"channel": "book", "symbol": ["BTC/USD"], "depth": 7}, "depth"),
        ({"channel": "level3", "symbol": ["BTC/USD"], "depth": 25, "token": "t"}, "depth"),
        ({"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 2}, "interval"),
        ({"channel": "book", "symbol": "BTC/USD"}, "symbol"),
        ({"channel": "book", "symbol": []}, "symbol"),
        ({"channel": "book"}, "symbol"),
        ({"channel": "book", "symbol": ["BTC/USD"], "interval": 5}, "interval"),
        ({"channel": "instrument", "symbol": ["BTC/USD"]}, "symbol"),
        ({"channel": "trade", "symbol": ["BTC/USD"], "token": "t"}, "token"),
        ({"channel": "heartbeat"}, "channel"),
        ({"channel": "status"}, "channel"),
    ],
)
def test_what_the_exchange_would_refuse_cannot_be_asked(arguments: dict[str, object], name: str) -> None:
    """A parameter that a channel does not take, or a value outside its list, is named before anything is sent."""
    with pytest.raises(BadArgument) as caught:
        Subscribe(**arguments)  # type: ignore[arg-type]
    assert caught.value.name == name


def test_an_order_is_named_in_exactly_one_way() -> None:
    """Ids of different kinds cannot be combined, and one is needed."""
    with pytest.raises(BadArgument):
        CancelOrder(order_id=("O1",), cl_ord_id=("a",), token="t")
    with pytest.raises(BadArgument):
        CancelOrder(token="t")
    with pytest.raises(BadArgument):
        AmendOrder(order_id="O1", cl_ord_id="a", token="t")


def test_a_request_never_changes() -> None:
    """Requests are frozen, the list of symbols given to one included."""
    symbols = ["BTC/USD"]
    request = Subscribe(channel="trade", symbol=symbols)
    symbols.append("ETH/USD")
    assert request.symbol == ("BTC/USD",)
    with pytest.raises(AttributeError):
        request.channel = "book"  # type: ignore[misc]
