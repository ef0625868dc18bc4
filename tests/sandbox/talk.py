"""Small helpers to talk to an exchange in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import urlencode

from kraken_lab.sandbox import Exchange, Session
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.signing import api_sign
from tests.shallow import shallow

SECOND = 1_000_000_000
FORM = "application/x-www-form-urlencoded"


SMALL = [pair for pair in PAIRS if pair.symbol in ("DOT/USD", "SHIB/USD", "ACA/EUR", "MATIC/GBP", "POL/EUR")]
"""Pairs whose books are quickly made."""


def a_quiet_exchange(**options: Any) -> Exchange:
    """An exchange of a few small pairs in whose market nothing happens by itself."""
    with shallow(60):
        return Exchange(**{"seed": 7, "rate": 0.0, "pairs": SMALL, **options})


def said(session: Session) -> list[Any]:
    """What the session has said since the last time, with decimals exactly as printed."""
    return [json.loads(text, parse_float=Decimal) for text in session.drain()]


def ask(session: Session, **message: Any) -> list[Any]:
    """Send one request and give back all that was said since the last time."""
    session.receive(written(message))
    return said(session)


def written(value: Any) -> str:
    """JSON text, with decimals written as they are."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(written, value))}]"
    return json.dumps(value)


def subscribe(session: Session, channel: str, *symbols: str, **params: Any) -> list[Any]:
    """Subscribe and give back all that was said since the last time."""
    if symbols:
        params["symbol"] = list(symbols)
    return ask(session, method="subscribe", params={"channel": channel, **params}, req_id=1)


def unsubscribe(session: Session, channel: str, *symbols: str, **params: Any) -> list[Any]:
    """Unsubscribe and give back all that was said since the last time."""
    if symbols:
        params["symbol"] = list(symbols)
    return ask(session, method="unsubscribe", params={"channel": channel, **params}, req_id=2)


def opened(exchange: Exchange, endpoint: Any = "public") -> Session:
    """A new connection whose status message has been read."""
    session = exchange.open(endpoint)
    session.drain()
    return session


def wait(exchange: Exchange, seconds: float) -> None:
    """Let time pass."""
    exchange.advance(exchange.now_ns + round(seconds * SECOND))


def private(exchange: Exchange, name: str, nonce: int, **headers: str) -> Any:
    """Call a private REST path with a form body, rightly signed unless ``headers`` say otherwise."""
    return _called(exchange, name, urlencode({"nonce": nonce}), nonce, FORM, headers)


def _called(
    exchange: Exchange, name: str, text: str, nonce: int, kind: str, headers: Mapping[str, str] | None = None
) -> Any:
    """The answer to a signed request with that body."""
    path, body = f"/0/private/{name}", text.encode()
    signed = {
        "API-Key": exchange.api_key,
        "API-Sign": api_sign(path, str(nonce), body, exchange.api_secret),
        "Content-Type": kind,
    }
    answer = exchange.rest("POST", path, headers={**signed, **(headers or {})}, body=body)
    assert answer.status == 200
    return json.loads(answer.body)


def a_token(exchange: Exchange, nonce: int = 1) -> str:
    """A fresh token by REST."""
    token: str = private(exchange, "GetWebSocketsToken", nonce)["result"]["token"]
    return token


_NONCES = count(10**12)
"""For all who trade, as they may share an exchange."""


class Trader:
    """Somebody with the key: a private connection, a token, and REST. Reports and ledger entries are kept in order.

    Prices are named by their distance from the best bid: the book of DOT/USD has steps of 0.0005.
    """

    def __init__(self, exchange: Exchange, *channels: str, **options: Any) -> None:
        self.exchange = exchange
        self.session = opened(exchange, "private")
        self.token: str = self.rest("GetWebSocketsToken")["result"]["token"]
        self.heard: list[Any] = []
        for channel in channels:
            self.heard += subscribe(self.session, channel, token=self.token, **options)

    def ask(self, method: str, **params: Any) -> list[Any]:
        """Send one trading request; its answers. What was reported is in ``heard``."""
        params.setdefault("token", self.token)
        self.session.receive(written({"method": method, "params": params, "req_id": 7}))
        return self.listen()

    def listen(self) -> list[Any]:
        """Take what was said: answers are given back, channel messages kept."""
        messages = said(self.session)
        self.heard += messages
        return [message for message in messages if "method" in message]

    def add(self, **params: Any) -> str:
        """Place an order that is accepted (a small limit order below the market, unless told otherwise); its id."""
        usual = {"order_type": "limit", "side": "buy", "symbol": "DOT/USD", "order_qty": 10}
        if params.get("order_type", "limit") in ("limit", "iceberg"):
            usual["limit_price"] = self.price(-100)
        (answer,) = self.ask("add_order", **{**usual, **params})
        assert answer["success"], answer
        order_id: str = answer["result"]["order_id"]
        return order_id

    def price(self, steps: int) -> Decimal:
        """So many steps above the best bid of DOT/USD."""
        best = self.market.engine("DOT/USD").best("buy")
        assert best is not None
        return Decimal(best[0] + 5 * steps).scaleb(-4)

    @property
    def market(self) -> Market:
        """The synthetic market."""
        return self.exchange.market

    def reports(self, *, clear: bool = True) -> list[Any]:
        """All execution reports since the last time."""
        return self._taken("executions", clear)

    def entries(self) -> list[Any]:
        """All ledger entries since the last time."""
        return self._taken("balances", True)

    def _taken(self, channel: str, clear: bool) -> list[Any]:
        self.listen()
        taken = [each for each in self.heard if each.get("channel") == channel]
        if clear:
            self.heard = [each for each in self.heard if each.get("channel") != channel]
        return [row for each in taken if each["type"] == "update" for row in each["data"]]

    def rest(self, name: str, **parameters: object) -> Any:
        """Call a private REST path."""
        nonce = next(_NONCES)
        return _called(self.exchange, name, urlencode({"nonce": nonce, **parameters}), nonce, FORM)

    def rest_json(self, name: str, parameters: Mapping[str, object]) -> Any:
        """Call a private REST path with a JSON body."""
        nonce = next(_NONCES)
        return _called(self.exchange, name, json.dumps({"nonce": nonce, **parameters}), nonce, "application/json")

    def stranger(self, side: Any, qty: str, steps: int | None = None) -> None:
        """Let somebody else trade DOT/USD: at any price, or leave a limit order so many steps above the best bid."""
        engine, ns = self.market.engine("DOT/USD"), self.exchange.now_ns
        size = int(Decimal(qty).scaleb(8))
        if steps is None:
            self.market.act(engine.market(side, size, ns))
        else:
            self.market.act(engine.limit(side, int(self.price(steps).scaleb(4)), size, ns))
