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


async def main() -> None:
    """All of it, one after the other."""
    facts = json.load(sys.stdin)
    client, stranger = exchange(facts), exchange(facts | {"api_key": "nobody"})
    seen: dict[str, Any] = {}
    try:
        seen["rest"] = await rest(client)
        for symbol in SYMBOLS:
            each = seen[symbol] = {}
            each["tickers"] = await watch(lambda symbol=symbol: client.watch_ticker(symbol), 3)
            each["trades"] = await watch(lambda symbol=symbol: client.watch_trades(symbol), 2)
            each["candles"] = await watch(lambda symbol=symbol: client.watch_ohlcv(symbol, "1m"), 2)
        seen["books"] = await books(client)
        seen["refusals"] = await refusals(stranger)
    finally:
        await client.close()
        await stranger.close()
    json.dump(seen, sys.stdout, default=str)


if __name__ == "__main__":
    asyncio.run(main())
