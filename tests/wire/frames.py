"""Frames for tests: a good message of each kind, and ways to spoil it."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["BOOK", "GOOD", "LEVEL3", "TICKER", "TRADE", "WRONG", "book", "spoiled"]


def book(*, bids: str = "", asks: str = "", kind: str = "update", rest: str = "") -> bytes:
    """A book frame from the text of its levels."""
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{bids}],"asks":[{asks}],'
        f'"checksum":2114181697,"timestamp":"2023-10-06T17:35:55.440295Z"{rest}}}]}}'
    ).encode()


BOOK = book(bids='{"price":61234.5,"qty":0.10000000}', asks='{"price":61234.6,"qty":2.00000000}')
LEVEL3 = (
    b'{"channel":"level3","type":"update","data":[{"checksum":1,"symbol":"BTC/USD","bids":[{"event":"add",'
    b'"order_id":"OAAAAA-BBBBB-CCCCCC","limit_price":61234.5,"order_qty":0.10000000,'
    b'"timestamp":"2023-10-06T18:20:27.383408052Z"}],"asks":[]}]}'
)
TRADE = (
    b'{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":61234.6,"qty":0.00044780,'
    b'"ord_type":"limit","trade_id":90000001,"timestamp":"2026-05-04T10:15:31.844359Z"}]}'
)
TICKER = (
    b'{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":61234.5,"bid_qty":0.56251979,"ask":61234.6,'
    b'"ask_qty":0.00044780,"last":61234.6,"volume":3156.84782110,"vwap":61174.6,"low":60163.6,"high":62247.4,'
    b'"change":-429.3,"change_pct":-0.70,"timestamp":"2026-05-04T10:15:31.844359Z"}]}'
)
OHLC = (
    b'{"channel":"ohlc","type":"update","timestamp":"2023-10-04T16:26:30.524394914Z","data":[{"symbol":"BTC/USD",'
    b'"open":1.0,"high":2.0,"low":0.5,"close":1.5,"trades":12,"volume":3.25,"vwap":1.2,'
    b'"interval_begin":"2023-10-04T16:25:00.000000000Z","interval":5,"timestamp":"2023-10-04T16:30:00.000000Z"}]}'
)
STATUS = (
    b'{"channel":"status","type":"update","data":[{"system":"online","api_version":"v2",'
    b'"connection_id":13834774380200032777,"version":"2.0.0"}]}'
)
EXECUTIONS = (
    b'{"channel":"executions","type":"update","data":[{"order_id":"O1","exec_type":"trade","order_status":"filled",'
    b'"timestamp":"2023-09-22T10:33:05.709993Z","last_qty":0.005,"last_price":26599.9,"fees":[{"asset":"USD","qty":0.34}]'
    b'}],"sequence":10}'
)
BALANCES = (
    b'{"channel":"balances","type":"snapshot","data":[{"asset":"BTC","asset_class":"currency","balance":1.2,'
    b'"wallets":[{"type":"spot","id":"main","balance":1.2}]}],"sequence":1}'
)
INSTRUMENT = (
    b'{"channel":"instrument","type":"update","data":{"assets":[{"id":"BTC","status":"enabled","precision":10,'
    b'"precision_display":5,"borrowable":true,"collateral_value":1.0,"margin_rate":0.01}],"pairs":[{"symbol":"BTC/USD",'
    b'"base":"BTC","quote":"USD","status":"online","qty_precision":8,"qty_increment":1e-08,"price_precision":1,'
    b'"cost_precision":5,"marginable":false,"has_index":true,"cost_min":0.5,"price_increment":0.1,"qty_min":0.0001}]}}'
)
GOOD = {
    "book": BOOK,
    "level3": LEVEL3,
    "trade": TRADE,
    "ticker": TICKER,
    "ohlc": OHLC,
    "status": STATUS,
    "executions": EXECUTIONS,
    "balances": BALANCES,
    "instrument": INSTRUMENT,
}
"""One good message of each channel that has data."""

WRONG: list[tuple[str, str, Any]] = [
    ("book", "data", {}),
    ("book", "data", None),
    ("book", "data", ...),
    ("book", "data", [None]),
    ("book", "data", ["BTC/USD"]),
    ("book", "type", ...),
    ("book", "type", None),
    ("book", "type", 5),
    ("book", "data.0.symbol", 5),
    ("book", "data.0.symbol", None),
    ("book", "data.0.symbol", ...),
    ("book", "data.0.bids", ...),
    ("book", "data.0.bids", None),
    ("book", "data.0.bids", {}),
    ("book", "data.0.bids.0", []),
    ("book", "data.0.bids.0", None),
    ("book", "data.0.bids.0.price", "much"),
    ("book", "data.0.bids.0.price", "61234.5x"),
    ("book", "data.0.bids.0.price", "0x10"),
    ("book", "data.0.bids.0.price", ""),
    ("book", "data.0.bids.0.price", None),
    ("book", "data.0.bids.0.price", True),
    ("book", "data.0.bids.0.price", []),
    ("book", "data.0.bids.0.price", {}),
    ("book", "data.0.bids.0.price", ...),
    ("book", "data.0.bids.0.qty", [1]),
    ("book", "data.0.bids.0.qty", None),
    ("book", "data.0.bids.0.qty", ...),
    ("book", "data.0.checksum", -1),
    ("book", "data.0.checksum", 2**32),
    ("book", "data.0.checksum", 1.5),
    ("book", "data.0.checksum", "2114181697"),
    ("book", "data.0.checksum", None),
    ("book", "data.0.checksum", ...),
    ("book", "data.0.timestamp", 5),
    ("level3", "data.0.bids.0.order_id", 5),
    ("level3", "data.0.bids.0.order_id", ...),
    ("level3", "data.0.bids.0.limit_price", None),
    ("level3", "data.0.bids.0.limit_price", "x"),
    ("level3", "data.0.bids.0.order_qty", ...),
    ("level3", "data.0.bids.0.event", ...),
    ("level3", "data.0.bids.0.event", None),
    ("level3", "data.0.bids.0.event", ""),
    ("trade", "data", {}),
    ("trade", "data.0.price", "61234.6"),
    ("trade", "data.0.price", "NaN"),
    ("trade", "data.0.price", None),
    ("trade", "data.0.qty", [0.1]),
    ("trade", "data.0.qty", True),
    ("trade", "data.0.qty", ...),
    ("trade", "data.0.symbol", 7),
    ("trade", "data.0.trade_id", -1),
    ("trade", "data.0.trade_id", 2**63),
    ("trade", "data.0.trade_id", "7"),
    ("trade", "data.0.trade_id", 1.5),
    ("trade", "data.0.timestamp", 1_777_889_731),
    ("ticker", "data.0.bid", "61234.5"),
    ("ticker", "data.0.bid", None),
    ("ticker", "data.0.last", ...),
    ("ticker", "data.0.volume_usd", "1"),
    ("ohlc", "data.0.interval_begin", ...),
    ("ohlc", "data.0.open", "1.0"),
    ("ohlc", "data.0.trades", 1.5),
    ("ohlc", "timestamp", 5),
    ("status", "data.0.system", ...),
    ("status", "data.0.connection_id", -1),
    ("status", "data.0.connection_id", 2**64),
    ("status", "data.0.connection_id", "1"),
    ("executions", "sequence", ...),
    ("executions", "sequence", "1"),
    ("executions", "data.0.order_id", ...),
    ("executions", "data.0.last_qty", "0.005"),
    ("executions", "data.0.fees.0.qty", "0.34"),
    ("executions", "data.0.fees", {}),
    ("balances", "data.0.balance", "1.2"),
    ("balances", "data.0.wallets.0.balance", "1.2"),
    ("balances", "data.0.balance", ...),
    ("balances", "sequence", ...),
    ("instrument", "data", []),
    ("instrument", "data.pairs", ...),
    ("instrument", "data.pairs.0.price_precision", -1),
    ("instrument", "data.pairs.0.price_precision", 31),
    ("instrument", "data.pairs.0.price_precision", "1"),
    ("instrument", "data.pairs.0.qty_min", "0.0001"),
    ("instrument", "data.pairs.0.marginable", 1),
    ("instrument", "data.assets.0.precision", None),
    ("trade", "channel", 5),
    ("trade", "channel", None),
    ("trade", "channel", ["trade"]),
]
"""One value of a good message made wrong: its channel, its place, and the value (``...`` for none)."""


def spoiled(frame: bytes, path: str, value: Any) -> bytes:
    """The frame with the value at a dotted path replaced (``...`` removes it)."""
    fields = json.loads(frame)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    at = fields
    for step in way:
        at = at[step]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return json.dumps(fields).encode()
