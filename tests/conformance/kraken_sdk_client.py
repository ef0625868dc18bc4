# mypy: ignore-errors
# (what it imports is in another environment)
"""A program of a stranger: python-kraken-sdk against the exchange named on standard input; prints what it saw as JSON.

Runs in that client's own environment and imports nothing of ours. Everything is configured as its documentation says
(``rest_url``, ``ws_url``, ``auth_ws_url``, ``url``). It joins paths to its REST address with ``urljoin``, which drops a
path from the address, so there the secret of the run is the address's password. There is one exception:
``SpotOrderBookClient`` takes no addresses and makes its own REST client, so ``WS_URL`` is set on a subclass, and the
REST client is exchanged for one with an address.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any
from urllib.parse import urlsplit

from kraken.spot import Market, SpotAsyncClient, SpotOrderBookClient, SpotWSClient, Trade, User

SYMBOLS = ["BTC/USD", "ETH/USD"]
PATIENCE_S = 40.0


def root(address: str) -> str:
    """The REST address with its secret as a password instead of a path, which this client would drop."""
    parts = urlsplit(address)
    return f"{parts.scheme}://sandbox:{parts.path.strip('/')}@{parts.netloc}"


class Socket(SpotWSClient):
    """Its WebSocket client, keeping all that it is told."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.heard: list[dict[str, Any]] = []

    async def on_message(self, message: dict[str, Any]) -> None:
        """Called by the client with each message."""
        self.heard.append(message)

    def count(self, channel: str, symbol: str | None = None, kind: str = "update") -> int:
        """How many elements of that channel came, of that symbol and kind."""
        rows = [row for each in self.heard if each.get("channel") == channel and each.get("type") == kind
                for row in each["data"]]  # fmt: skip
        return sum(symbol is None or row["symbol"] == symbol for row in rows)


class Books(SpotOrderBookClient):
    """Its order books, which check each checksum; remembers every state a reader could have seen."""

    def __init__(self) -> None:
        super().__init__(depth=10)
        self.updates = dict.fromkeys(SYMBOLS, 0)
        self.mismatches: list[str] = []
        self.invalid = 0
        self.states: dict[str, list[str]] = {symbol: [] for symbol in SYMBOLS}

    async def on_book_update(self, pair: str, message: dict[str, Any]) -> None:
        """Called by the client after each message, and once more if the checksum did not match."""
        if "error" in message:
            self.mismatches.append(message["error"])
            return
        book = self.get(pair=pair)
        self.updates[pair] += message["type"] == "update"
        self.invalid += not book["valid"]
        self.states[pair].append(json.dumps([[[p, q] for p, (q, _) in book[side].items()] for side in ("ask", "bid")]))


class Complaints(logging.Handler):
    """Whatever the client finds worth a warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.said.append(record.getMessage())


async def until(is_so: Any) -> bool:
    """Wait until it is so, but not for ever."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not is_so():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


def rest(facts: dict[str, Any]) -> dict[str, Any]:
    """All of its REST market data calls that the exchange serves, and a token with the key."""
    market = Market(url=root(facts["rest"]))
    user = User(key=facts["api_key"], secret=facts["api_secret"], url=root(facts["rest"]))
    token = user.request(method="POST", uri="/0/private/GetWebSocketsToken")
    as_json = user.request(method="POST", uri="/0/private/GetWebSocketsToken", do_json=True)
    return {
        "status": market.get_system_status(),
        "assets": market.get_assets(),
        "asset": market.get_assets(assets=["XBT", "ETH"]),
        "pairs": market.get_asset_pairs(),
        "pair": market.get_asset_pairs(pair=SYMBOLS),
        "ticker": market.get_ticker(pair="XBTUSD"),
        "tickers": market.get_ticker(),
        "ohlc": market.get_ohlc(pair="XBTUSD", interval=5),
        "depth": market.get_order_book(pair="XBTUSD", count=10),
        "trades": market.get_recent_trades(pair="XBTUSD", count=20),
        "token": token,
        "token_by_json": as_json,
    }


async def stream(facts: dict[str, Any]) -> dict[str, Any]:
    """Every public channel over one connection, a private connection beside it, and level3 over a third."""
    key = {"key": facts["api_key"], "secret": facts["api_secret"], "rest_url": root(facts["rest"])}
    client = Socket(**key, ws_url=facts["ws_public"][:-3], auth_ws_url=facts["ws_private"][:-3])
    level3 = Socket(**key, no_public=True, auth_ws_url=facts["ws_l3"][:-3])
    async with client, level3:
        await client.subscribe(params={"channel": "ticker", "symbol": SYMBOLS, "event_trigger": "bbo"}, req_id=1)
        await client.subscribe(params={"channel": "book", "symbol": SYMBOLS, "depth": 25}, req_id=2)
        await client.subscribe(params={"channel": "trade", "symbol": SYMBOLS, "snapshot": True}, req_id=3)
        await client.subscribe(params={"channel": "ohlc", "symbol": SYMBOLS, "interval": 1}, req_id=4)
        await client.subscribe(params={"channel": "instrument"}, req_id=5)
        await level3.subscribe(params={"channel": "level3", "symbol": SYMBOLS}, req_id=6)
        channels = ("ticker", "book", "trade", "ohlc")
        complete = await until(
            lambda: (
                all(client.count(channel, symbol) for channel in channels for symbol in SYMBOLS)
                and all(level3.count("level3", symbol) for symbol in SYMBOLS)
                and any(each.get("channel") == "instrument" for each in client.heard)
            )
        )
        subscribed = [row["channel"] for row in client.active_public_subscriptions]
        await client.unsubscribe(params={"channel": "ticker", "symbol": SYMBOLS}, req_id=7)
        await client.unsubscribe(params={"channel": "book", "symbol": SYMBOLS, "depth": 25}, req_id=8)
        await client.unsubscribe(params={"channel": "trade", "symbol": SYMBOLS}, req_id=9)
        await client.unsubscribe(params={"channel": "ohlc", "symbol": SYMBOLS, "interval": 1}, req_id=10)
        await client.unsubscribe(params={"channel": "instrument"}, req_id=11)
        left = await until(lambda: not client.active_public_subscriptions)
        heard = client.heard + level3.heard
        counts = {
            f"{c} {s} {k}": client.count(c, s, k) for c in channels for s in SYMBOLS for k in ("snapshot", "update")
        }
        counts |= {f"level3 {s} {k}": level3.count("level3", s, k) for s in SYMBOLS for k in ("snapshot", "update")}
    return {
        "complete": complete,
        "subscribed": subscribed,
        "left": left,
        "counts": counts,
        "pongs": sum(each.get("method") == "pong" for each in heard),
        "refused": [each for each in heard if each.get("success") is False or "error" in each],
        "failed": client.exception_occur or level3.exception_occur,
    }


async def books(facts: dict[str, Any]) -> dict[str, Any]:
    """Its checksum-validating order books, until they saw enough; then the same books over REST."""
    Books.WS_URL = facts["ws_public"][:-3]
    client = Books()
    market = client._SpotOrderBookClient__market = Market(url=root(facts["rest"]))
    async with client:
        await client.add_book(pairs=SYMBOLS)
        complete = await until(lambda: all(client.updates[symbol] >= 200 for symbol in SYMBOLS))
        consistent = {}
        for symbol in SYMBOLS:
            answer = market.get_order_book(pair=symbol, count=10)[symbol]
            now = json.dumps([[[price, qty] for price, qty, _ in answer[side]] for side in ("asks", "bids")])
            consistent[symbol] = await until(lambda symbol=symbol, now=now: now in client.states[symbol])
    return {
        "complete": complete,
        "updates": client.updates,
        "mismatches": client.mismatches,
        "invalid": client.invalid,
        "consistent": consistent,
        "failed": client.exception_occur,
    }


class Desk(Socket):
    """Its WebSocket client as one who trades: each request is waited for, and what was reported after it."""

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to one request."""
        number = len(self.heard) + 100
        await self.send_message(message={"method": method, "params": params, "req_id": number})
        assert await until(lambda: any(each.get("req_id") == number for each in self.heard)), method
        return next(each for each in self.heard if each.get("req_id") == number)

    def rows(self, channel: str) -> list[dict[str, Any]]:
        """All reports or ledger entries, snapshots apart."""
        return [row for each in self.heard if each.get("channel") == channel and each.get("type") == "update"
                for row in each["data"]]  # fmt: skip

    async def reported(self, order_id: str, kind: str) -> bool:
        """Wait for a report of that kind."""
        return await until(
            lambda: any(row["order_id"] == order_id and row["exec_type"] == kind for row in self.rows("executions"))
        )


async def trade(facts: dict[str, Any]) -> dict[str, Any]:
    """Orders placed, amended, cancelled and filled over the socket, with everything that is told of them."""
    key = {"key": facts["api_key"], "secret": facts["api_secret"], "rest_url": root(facts["rest"])}
    market = Market(url=root(facts["rest"]))
    bid = float(market.get_ticker(pair="XBTUSD")["XBTUSD"]["b"][0])
    far = {
        "order_type": "limit",
        "side": "buy",
        "symbol": "BTC/USD",
        "order_qty": 0.01,
        "limit_price": round(bid * 0.9, 1),
    }
    seen: dict[str, Any] = {}
    client = Desk(**key, no_public=True, auth_ws_url=facts["ws_private"][:-3])
    async with client:
        await client.subscribe(params={"channel": "executions", "snap_trades": True}, req_id=1)
        await client.subscribe(params={"channel": "balances"}, req_id=2)
        seen["subscribed"] = await until(lambda: len(client.active_private_subscriptions) == 2)
        seen["added"] = added = await client.ask("add_order", **far, cl_ord_id="my-client-order-id")
        order_id = added["result"]["order_id"]
        seen["rested"] = await client.reported(order_id, "new")
        seen["amended"] = await client.ask("amend_order", order_id=order_id, order_qty=0.02)
        seen["told"] = await client.reported(order_id, "amended")
        seen["canceled"] = await client.ask("cancel_order", order_id=[order_id])
        seen["gone"] = await client.reported(order_id, "canceled")
        seen["unknown"] = await client.ask("cancel_order", order_id=[order_id])
        bought = await client.ask("add_order", order_type="market", side="buy", symbol="BTC/USD", order_qty=0.01)
        seen["filled"] = await client.reported(bought["result"]["order_id"], "filled")
        orders = [{key: value for key, value in far.items() if key != "symbol"} | {"order_userref": n} for n in (1, 2)]
        seen["batch"] = await client.ask("batch_add", symbol="BTC/USD", orders=orders)
        seen["all"] = await client.ask("cancel_all")
        seen["armed"] = await client.ask("cancel_all_orders_after", timeout=60)
        seen["disarmed"] = await client.ask("cancel_all_orders_after", timeout=0)
        seen["dear"] = await client.ask("add_order", **{**far, "order_qty": 1000.5})
        fills = [row for row in client.rows("executions") if row["exec_type"] == "trade"]
        await until(lambda: len(client.rows("balances")) == 2 * len(fills))
        seen["reports"], seen["entries"] = client.rows("executions"), client.rows("balances")
        seen["sequences"] = {
            channel: [each["sequence"] for each in client.heard if each.get("channel") == channel]
            for channel in ("executions", "balances")
        }
        seen["failed"] = client.exception_occur
    return seen | {"rest": trade_by_rest(facts, far)}


def trade_by_rest(facts: dict[str, Any], far: dict[str, Any]) -> dict[str, Any]:
    """The same account over REST: what there is, what was done, and an order placed and cancelled."""
    key = {"key": facts["api_key"], "secret": facts["api_secret"], "url": root(facts["rest"])}
    user, orders = User(**key), Trade(**key)
    order = {"ordertype": "limit", "side": "buy", "pair": "XBTUSD", "volume": "0.01", "price": str(far["limit_price"])}
    placed = orders.create_order(**order, userref=7)
    order_id = placed["txid"][0]
    return {
        "placed": placed,
        "open": user.get_open_orders(trades=True),
        "looked up": user.get_orders_info(txid=order_id),
        "checked": orders.create_order(**order, validate=True),
        "amended": orders.amend_order(extra_params={"txid": order_id, "order_qty": "0.02"}),
        "canceled": orders.cancel_order(txid=order_id),
        "batch": orders.create_order_batch(
            orders=[{"ordertype": "limit", "type": "buy", "volume": "0.01", "price": str(far["limit_price"])}] * 2,
            pair="XBTUSD",
        ),
        "all": orders.cancel_all_orders(),
        "armed": orders.cancel_all_orders_after_x(timeout=60),
        "disarmed": orders.cancel_all_orders_after_x(timeout=0),
        "closed": user.get_closed_orders(),
        "trades": user.get_trades_history(),
        "balance": user.get_account_balance(),
        "balances": user.get_balances(),
        "funds": user.get_balance(currency="USD"),
    }


async def main() -> None:
    """The parts named as arguments, or all of them, one after the other."""
    facts = json.load(sys.stdin)
    parts = sys.argv[1:] or ["rest", "stream", "books", "trade"]
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    seen: dict[str, Any] = {}
    if "rest" in parts:
        seen["rest"] = rest(facts)
        async with SpotAsyncClient(key=facts["api_key"], secret=facts["api_secret"], url=root(facts["rest"])) as client:
            token = await client.request(method="POST", uri="/0/private/GetWebSocketsToken")
            seen["rest"]["token_async"] = token
    if "stream" in parts:
        seen["stream"] = await stream(facts)
    if "books" in parts:
        seen["books"] = await books(facts)
    if "trade" in parts:
        seen["trade"] = await trade(facts)
    json.dump(seen | {"complaints": complaints.said}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
