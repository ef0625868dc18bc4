# mypy: ignore-errors
# (what it imports is in another environment)
"""A program of a stranger: ccxt's Kraken exchange against the exchange named on standard input; prints JSON.

Runs in that client's own environment and imports nothing of ours. All addresses are given by the documented ``urls``
setting; nothing of the client is changed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt.pro

SYMBOLS = ["BTC/USD", "ETH/USD"]
MARKET = ("id", "wsId", "active", "precision", "limits", "maker", "taker")
PATIENCE_S = 40.0


def exchange(facts: dict[str, Any]) -> ccxt.pro.kraken:
    """Its exchange object, pointed at the sandbox."""
    sockets = {"public": facts["ws_public"], "private": facts["ws_private"], "publicV2": facts["ws_public"],
               "privateV2": facts["ws_private"]}  # fmt: skip
    return ccxt.pro.kraken(
        {
            "apiKey": facts["api_key"],
            "secret": facts["api_secret"],
            "urls": {"api": {"public": facts["rest"], "private": facts["rest"], "ws": sockets}},
        }
    )


async def watch(ask: Callable[[], Awaitable[Any]], times: int) -> list[Any]:
    """The results of asking so many times."""
    return [await asyncio.wait_for(ask(), PATIENCE_S) for _ in range(times)]


async def rest(client: ccxt.pro.kraken) -> dict[str, Any]:
    """Its unified REST calls."""
    symbol = SYMBOLS[0]
    markets = await client.load_markets()
    candles = await client.fetch_ohlcv(symbol, "5m")
    trades = await client.fetch_trades(symbol, limit=20)
    token = await client.private_post_getwebsocketstoken()
    return {
        "markets": {name: {key: market[key] for key in MARKET} for name, market in markets.items()},
        "currencies": {code: currency["id"] for code, currency in client.currencies.items()},
        "status": await client.fetch_status(),
        "time": await client.fetch_time(),
        "ticker": await client.fetch_ticker(symbol),
        "tickers": list(await client.fetch_tickers()),
        "candles": candles,
        "since": await client.fetch_ohlcv(symbol, "5m", since=candles[-10][0]),
        "depth": await client.fetch_order_book(symbol, limit=10),
        "trades": trades,
        "trades_since": await client.fetch_trades(symbol, since=trades[10]["timestamp"]),
        "token": token["result"],
    }  # fmt: skip


async def books(client: ccxt.pro.kraken) -> dict[str, Any]:
    """Its order books over many updates, and whether one of them is what REST then tells."""
    seen: dict[str, list[str]] = {symbol: [] for symbol in SYMBOLS}
    crossed = 0

    async def follow(symbol: str) -> None:
        nonlocal crossed
        while True:
            book = await client.watch_order_book(symbol, 10)
            crossed += book["bids"][0][0] >= book["asks"][0][0]
            seen[symbol].append(json.dumps([[level[:2] for level in book[side][:10]] for side in ("asks", "bids")]))

    following = [asyncio.create_task(follow(symbol)) for symbol in SYMBOLS]
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while min(map(len, seen.values())) < 200 and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.05)
    consistent = dict.fromkeys(SYMBOLS, False)
    for symbol in SYMBOLS:
        for _ in range(10):  # messages that arrive together are one state to this client: it may have skipped this one
            book = await client.fetch_order_book(symbol, limit=10)
            now = json.dumps([[level[:2] for level in book[side][:10]] for side in ("asks", "bids")])
            await asyncio.sleep(0.3)
            if now in seen[symbol]:
                consistent[symbol] = True
                break
    for task in following:
        task.cancel()
    ended = await asyncio.gather(*following, return_exceptions=True)
    return {
        "states": {symbol: len(states) for symbol, states in seen.items()},
        "crossed": crossed,
        "consistent": consistent,
        "errors": [repr(end) for end in ended if not isinstance(end, asyncio.CancelledError)],
    }


async def refusals(client: ccxt.pro.kraken) -> dict[str, str]:
    """What its own error families make of refusals."""
    answers = {}
    for name, ask in {
        "no such pair": lambda: client.public_get_depth({"pair": "NOPE"}),
        "wrong key": lambda: client.private_post_balance(),
    }.items():
        try:
            await ask()
            answers[name] = ""
        except ccxt.BaseError as error:
            answers[name] = type(error).__name__
    return answers


async def trade(client: ccxt.pro.kraken) -> dict[str, Any]:
    """Orders placed, amended, cancelled and filled over the socket, and what its watchers saw of them."""
    symbol = SYMBOLS[0]
    await client.load_markets()
    price = round((await client.fetch_ticker(symbol))["bid"] * 0.9, 1)
    orders: dict[str, list[str]] = {}
    fills: list[dict[str, Any]] = []
    balances: list[dict[str, Any]] = []

    async def follow_orders() -> None:
        while True:
            for order in await client.watch_orders():
                orders.setdefault(order["id"], []).append(order["status"])

    async def follow_fills() -> None:
        while True:
            fills.extend(fill for fill in await client.watch_my_trades() if fill["id"])

    async def follow_balances() -> None:
        while True:
            balances.append((await client.watch_balance())["total"])

    async def seen_as(order_id: str, status: str) -> bool:
        for _ in range(200):
            if status in orders.get(order_id, []):
                return True
            await asyncio.sleep(0.05)
        return False

    following = [asyncio.create_task(follow()) for follow in (follow_orders, follow_fills, follow_balances)]
    while not balances:
        await asyncio.sleep(0.05)
    seen: dict[str, Any] = {"before": balances[0]}
    rests = (await client.create_order_ws(symbol, "limit", "buy", 0.01, price))["id"]
    seen["rested"] = await seen_as(rests, "open")
    seen["amended"] = (await client.edit_order_ws(rests, symbol, "limit", "buy", 0.02, price))["id"] == rests
    seen["canceled"] = (await client.cancel_order_ws(rests))["result"] == {"order_id": rests}
    seen["gone"] = await seen_as(rests, "canceled")
    bought = (await client.create_order_ws(symbol, "market", "buy", 0.01))["id"]
    seen["filled"] = await seen_as(bought, "closed")
    for _ in range(2):
        await client.create_order_ws(symbol, "limit", "buy", 0.01, price)
    seen["all"] = (await client.cancel_all_orders_ws())["result"]
    for name, ask in {
        "unknown": lambda: client.cancel_order_ws(rests),
        "dear": lambda: client.create_order_ws(symbol, "limit", "buy", 1000, price),
    }.items():
        try:
            await ask()
        except ccxt.BaseError as error:
            seen[name] = type(error).__name__
    await asyncio.sleep(0.2)
    for task in following:
        task.cancel()
    ended = await asyncio.gather(*following, return_exceptions=True)
    seen["errors"] = [repr(end) for end in ended if not isinstance(end, asyncio.CancelledError)]
    seen["fills"] = [fill for fill in fills if fill["order"] == bought and fill["amount"]]
    return seen | {"after": balances[-1], "rest": await trade_by_rest(client, symbol, price, bought)}


async def trade_by_rest(client: ccxt.pro.kraken, symbol: str, price: float, bought: str) -> dict[str, Any]:
    """The same account by its unified REST calls."""
    placed = (await client.create_order(symbol, "limit", "buy", 0.01, price, {"clientOrderId": "over-rest"}))["id"]
    stop = (await client.create_order(symbol, "market", "sell", 0.01, None, {"stopLossPrice": price}))["id"]
    seen = {
        "open": {order["id"]: order for order in await client.fetch_open_orders(symbol)},
        "looked up": await client.fetch_order(placed, symbol),
        "edited": await client.edit_order(placed, symbol, "limit", "buy", 0.02, price),
        "canceled": await client.cancel_order(placed, symbol),
        "armed": (await client.cancel_all_orders_after(60_000))["result"],
        "disarmed": (await client.cancel_all_orders_after(0))["result"],
        "all": await client.cancel_all_orders(),
        "closed": {order["id"]: order for order in await client.fetch_closed_orders(symbol)},
        "trades": (trades := await client.fetch_my_trades(symbol)),
        "order trades": await client.fetch_order_trades(
            bought, symbol, params={"trades": [each["id"] for each in trades]}
        ),
        "balance": await client.fetch_balance(),
    }
    return seen | {"placed": placed, "stop": stop, "bought": bought}


async def main() -> None:
    """All of it, one after the other, or the parts named as arguments."""
    facts = json.load(sys.stdin)
    client, stranger = exchange(facts), exchange(facts | {"api_key": "nobody"})
    parts = sys.argv[1:] or ["market", "trade"]
    seen: dict[str, Any] = {}
    try:
        if "trade" in parts:
            seen["trade"] = await trade(client)
        if "market" in parts:
            seen |= await market(client, stranger)
    finally:
        await client.close()
        await stranger.close()
    json.dump(seen, sys.stdout, default=str)


async def market(client: ccxt.pro.kraken, stranger: ccxt.pro.kraken) -> dict[str, Any]:
    """Everything public, and the refusals."""
    seen: dict[str, Any] = {}
    seen["rest"] = await rest(client)
    for symbol in SYMBOLS:
        each = seen[symbol] = {}
        each["tickers"] = await watch(lambda symbol=symbol: client.watch_ticker(symbol), 3)
        each["trades"] = await watch(lambda symbol=symbol: client.watch_trades(symbol), 2)
        each["candles"] = await watch(lambda symbol=symbol: client.watch_ohlcv(symbol, "1m"), 2)
    seen["books"] = await books(client)
    seen["refusals"] = await refusals(stranger)
    return seen


if __name__ == "__main__":
    asyncio.run(main())
