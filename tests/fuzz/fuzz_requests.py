"""Target ``requests``: whatever a client may ask, the sandbox answers in JSON, or not at all, and goes on."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NoReturn, get_args

from kraken_lab.sandbox.exchange import Exchange
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.request import Endpoint
from kraken_lab.sandbox.rest_answer import RestAnswer
from kraken_lab.sandbox.signing import api_sign

__all__ = ["answers", "corpus", "rest", "target"]

from .corpus import requests as corpus

SECOND = 1_000_000_000
ENDPOINTS: tuple[Endpoint, ...] = get_args(Endpoint)
KEY, SECRET = "key", "c2VjcmV0"
LASTS = 500
"""Runs that share an exchange. Each takes two seconds of its clock, and a history without trades grows with it."""


def target(data: bytes) -> None:
    """Ask what the lines say: over WebSocket at the endpoint the first line names, or by REST.

    Raises:
        AssertionError, or whatever the code under test raises: a defect.
    """
    where, _, asked = data.partition(b"\n")
    if where == b"rest":
        rest(asked)
        return
    endpoint = ENDPOINTS[ENDPOINTS.index(name)] if (name := where.decode("latin-1")) in ENDPOINTS else "public"
    for number, answer in enumerate(answers(endpoint, asked.split(b"\n"))):
        assert isinstance(answer, dict), answer
        assert "method" in answer or "channel" in answer or "error" in answer, (number, answer)


# --- WebSocket ------------------------------------------------------------------------------------------------------


def answers(endpoint: Endpoint, requests: list[bytes]) -> list[Any]:
    """All that is said on a fresh connection, read as strictly as JSON is defined; asked as text and as bytes."""
    bench = _bench()
    bench.refresh()
    session = bench.exchange.open(endpoint)
    said = session.drain()
    for number, request in enumerate(requests):
        request = request.replace(b"TOKEN", bench.token.encode())
        session.receive(request if number % 2 else request.decode("utf-8", "surrogateescape"))
        said += session.drain()
    bench.exchange.advance(bench.exchange.now_ns + 2 * SECOND)
    said += session.drain()
    session.close()
    assert session not in bench.exchange.sessions
    return [strictly(text) for text in said]


def strictly(text: str | bytes) -> Any:
    """A JSON value.

    Raises:
        ValueError: it is not one, or it cannot be sent as UTF-8.
    """
    sent = text.encode() if isinstance(text, str) else text
    return json.loads(sent.decode(), parse_constant=_no_constant)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class _Bench:
    """An exchange of a few pairs, with a level3 token that a subscription keeps alive."""

    def __init__(self) -> None:
        pairs = [pair for pair in PAIRS if pair.symbol in ("DOT/USD", "SHIB/USD", "POL/EUR")]
        self.exchange = Exchange(seed=7, rate=0.5, pairs=pairs, api_key=KEY, api_secret=SECRET)
        self.token: str = strictly(_signed(self.exchange, b"nonce=1").body)["result"]["token"]
        self._holder = self.exchange.open("level3")
        params = {"channel": "level3", "symbol": ["POL/EUR"], "token": self.token}
        self._holder.receive(json.dumps({"method": "subscribe", "params": params}))
        assert any("snapshot" in str(text) for text in self._holder.drain()), "the token would die"
        self._left = LASTS

    def refresh(self) -> None:
        """One more run; what nobody reads is thrown away."""
        self._holder.drain()
        assert not self._holder.is_over
        self._left -= 1
        if self._left < 0:
            _bench.cache_clear()


@cache
def _bench() -> _Bench:
    return _Bench()


# --- REST -----------------------------------------------------------------------------------------------------------


def rest(asked: bytes) -> RestAnswer:
    """The answer to a request: method and path in the first line, headers below, a body after an empty line.

    A header ``api-sign: sign`` is replaced by the right signature, which no mutation would ever find.
    """
    exchange = _bench().exchange
    head, _, body = asked.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    method, _, target = first.partition(" ")
    path, _, query = target.partition("?")
    headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("api-sign") == "sign":
        headers["api-sign"] = api_sign(path, _nonce_of(body), body, SECRET)
    exchange._rest.forget_nonces()  # after the largest nonce there is, no run could get any further
    answer = exchange.rest(method, path, query=query, headers=headers, body=body)
    exchange.advance(exchange.now_ns + 2 * SECOND)
    assert answer.status == 200
    said = strictly(answer.body)
    assert isinstance(said["error"], list)
    assert bool(said["error"]) != ("result" in said)
    return answer


def _nonce_of(body: bytes) -> str:
    """The first digits of a body, which is where a nonce of ours stands."""
    text = body.decode("latin-1")
    start = next((at for at, letter in enumerate(text) if letter in "0123456789"), len(text))
    end = next((at for at in range(start, len(text)) if text[at] not in "0123456789"), len(text))
    return text[start:end]


def _signed(exchange: Exchange, body: bytes) -> RestAnswer:
    path = "/0/private/GetWebSocketsToken"
    sign = api_sign(path, _nonce_of(body), body, SECRET)
    return exchange.rest("POST", path, headers={"api-key": KEY, "api-sign": sign}, body=body)
