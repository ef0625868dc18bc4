"""Small helpers to talk to an exchange in memory."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from kraken_lab.sandbox import Exchange, Session
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.signing import api_sign

SECOND = 1_000_000_000


SMALL = [pair for pair in PAIRS if pair.symbol in ("DOT/USD", "SHIB/USD", "ACA/EUR", "MATIC/GBP", "POL/EUR")]
"""Pairs whose books are quickly made."""


def a_quiet_exchange(**options: Any) -> Exchange:
    """An exchange of a few small pairs in whose market nothing happens by itself."""
    return Exchange(**{"seed": 7, "rate": 0.0, "pairs": SMALL, **options})


def said(session: Session) -> list[Any]:
    """What the session has said since the last time, with decimals exactly as printed."""
    return [json.loads(text, parse_float=Decimal) for text in session.drain()]


def ask(session: Session, **message: Any) -> list[Any]:
    """Send one request and give back all that was said since the last time."""
    session.receive(json.dumps(message))
    return said(session)


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
    path, body = f"/0/private/{name}", f"nonce={nonce}".encode()
    signed = {
        "API-Key": exchange.api_key,
        "API-Sign": api_sign(path, str(nonce), body, exchange.api_secret),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = exchange.rest("POST", path, headers={**signed, **headers}, body=body)
    assert answer.status == 200
    return json.loads(answer.body)


def a_token(exchange: Exchange, nonce: int = 1) -> str:
    """A fresh token by REST."""
    token: str = private(exchange, "GetWebSocketsToken", nonce)["result"]["token"]
    return token
