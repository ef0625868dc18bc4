"""What fuzzing begins with: the sample messages, one a line, as the targets read them.

A line break parts the messages of one run, so what comes after something else (an update after a snapshot, an
unsubscription after a subscription) is tried too.
"""

from __future__ import annotations

from pathlib import Path

from kraken_lab.wire.strict import dump, parse
from tests.fixtures import names, sample, sequence

__all__ = ["FINDINGS", "findings", "frames", "requests"]

FINDINGS = Path(__file__).parent / "findings"
"""Inputs that once broke something, as ``<target>-<hash>``; the default tier runs each of them."""

FOLLOWED = 6
"""Frames taken from a longer sequence: a snapshot and some updates."""

_SIGNED = "api-key: key\napi-sign: sign\n"
_REST = (
    "GET /0/public/Time",
    "GET /0/public/SystemStatus",
    "GET /0/public/Assets?asset=DOT,USD&aclass=currency",
    "GET /0/public/AssetPairs?pair=DOTUSD&info=fees",
    "GET /0/public/Ticker?pair=DOT/USD,SHIBUSD",
    "GET /0/public/OHLC?pair=DOTUSD&interval=60&since=1780000000",
    "GET /0/public/Trades?pair=DOTUSD&since=1780000000.5&count=10",
    "GET /0/public/Depth?pair=DOTUSD&count=5",
    "GET /0/public/None",
    f"POST /0/private/GetWebSocketsToken\n{_SIGNED}content-type: application/x-www-form-urlencoded\n\nnonce=17",
    f'POST /0/private/GetWebSocketsToken\n{_SIGNED}content-type: application/json\n\n{{"nonce":17}}',
    *(
        f"POST /0/private/{path}\n{_SIGNED}\nnonce=18{more}"
        for path, more in (
            ("Balance", ""),
            ("BalanceEx", ""),
            ("GetApiKeyInfo", ""),
            ("OpenOrders", "&trades=true&userref=1"),
            ("ClosedOrders", "&start=1780000000.5&ofs=0&closetime=close"),
            ("QueryOrders", "&txid=OAAAAA-BBBBB-CCCCCC"),
            ("TradesHistory", "&consolidate_taker=false&ledgers=1"),
            ("QueryTrades", "&txid=TAAAAA-BBBBB-CCCCCC"),
            (
                "AddOrder",
                "&pair=DOTUSD&type=buy&ordertype=limit&volume=10&price=3.5&oflags=post&timeinforce=GTD&expiretm=%2B60",
            ),
            ("AddOrder", "&pair=DOTUSD&type=sell&ordertype=trailing-stop-limit&volume=10&price=%2B2%25&price2=-0.1"),
            ("CancelAll", ""),
            ("CancelAllOrdersAfter", "&timeout=60"),
        )
    ),
    f'POST /0/private/AddOrderBatch\n{_SIGNED}content-type: application/json\n\n{{"nonce":19,"pair":"DOTUSD","orders":'
    '[{"ordertype":"limit","type":"buy","volume":10,"price":3.5},{"ordertype":"market","type":"buy","volume":"1"}]}',
    "POST /0/private/GetWebSocketsToken\napi-key: other\n\nnonce=17",
)
_FOLLOWING = (
    ("book", '"channel":"book","symbol":["DOT/USD","SHIB/USD"],"depth":25'),
    ("ticker", '"channel":"ticker","symbol":["DOT/USD"],"event_trigger":"bbo","snapshot":false'),
    ("trade", '"channel":"trade","symbol":["POL/EUR"],"snapshot":true'),
    ("ohlc", '"channel":"ohlc","symbol":["DOT/USD"],"interval":5'),
    ("instrument", '"channel":"instrument","include_tokenized_assets":true'),
    ("level3", '"channel":"level3","symbol":["DOT/USD"],"depth":10,"token":"TOKEN"'),
)

_LIMIT = '"order_type":"limit","side":"buy","order_qty":10,"limit_price":3.5'
_TRADING = (
    ("subscribe", '"channel":"executions","snap_trades":true,"ratecounter":true'),
    ("subscribe", '"channel":"balances"'),
    ("add_order", f'"symbol":"DOT/USD",{_LIMIT},"cl_ord_id":"mine"'),
    ("amend_order", '"cl_ord_id":"mine","order_qty":11.5'),
    ("cancel_order", '"cl_ord_id":["mine","other"]'),
    ("add_order", '"symbol":"DOT/USD","order_type":"market","side":"buy","cash_order_qty":50'),
    ("add_order", '"symbol":"DOT/USD","order_type":"iceberg","side":"sell","order_qty":15,"limit_price":9.5,'
     '"display_qty":1'),
    ("add_order", '"symbol":"DOT/USD","order_type":"trailing-stop-limit","side":"sell","order_qty":10,'
     '"limit_price":-0.1,"triggers":{"price":2,"price_type":"pct","reference":"index"}'),
    ("add_order", f'"symbol":"DOT/USD",{_LIMIT},"conditional":{{"order_type":"stop-loss","trigger_price":3.1}}'),
    ("batch_add", f'"symbol":"DOT/USD","orders":[{{{_LIMIT},"order_userref":1}},{{{_LIMIT},"order_userref":1}}]'),
    ("batch_cancel", '"orders":["1","OAAAAA-BBBBB-CCCCCC"]'),
    ("cancel_all_orders_after", '"timeout":1'),
    ("cancel_all", ""),
    ("unsubscribe", '"channel":"executions"'),
)  # fmt: skip


def frames() -> list[bytes]:
    """What an exchange says: each sample, each channel's snapshot with its updates, and the books of sequences."""
    whole = [name for name in names() if "/sequence-" not in name and "request" not in name]
    followed = [b"\n".join(sequence(name).frames[:FOLLOWED]) for name in names("*/sequence-*")]
    for snapshot in names("*/snapshot*"):
        channel = snapshot.partition("/")[0]
        followed.append(b"\n".join(dump(parse(sample(name))) for name in (snapshot, *names(f"{channel}/update*"))))
    return [dump(parse(sample(name))) for name in whole] + followed


def requests() -> list[bytes]:
    """What a client asks: ``public``, ``private``, ``level3`` or ``rest`` in the first line, requests below."""
    asked = [dump(parse(sample(name))) for name in names("*/*request*")]
    found = [endpoint + b"\n" + request for request in asked for endpoint in (b"public", b"private", b"level3")]
    for channel, params in _FOLLOWING:
        lines = [f'{{"method":"{method}","params":{{{params}}},"req_id":1}}' for method in ("subscribe", "unsubscribe")]
        endpoint = "level3" if channel == "level3" else "public"
        found.append("\n".join([endpoint, lines[0], lines[0], '{"method":"ping"}', lines[1]]).encode())
    trading = (f'{{"method":"{method}","params":{{{params}{"," if params else ""}"token":"TOKEN"}},"req_id":1}}'
               for method, params in _TRADING)  # fmt: skip
    found.append("\n".join(["private", *trading]).encode())
    return found + [f"rest\n{request}".encode() for request in _REST]


def findings(target: str) -> list[bytes]:
    """What once broke this target."""
    return [path.read_bytes() for path in sorted(FINDINGS.glob(f"{target}-*"))]
