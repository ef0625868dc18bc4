"""The REST side: which path is answered by what, and the checks before a private one.

Every answer has HTTP status 200 and an ``error`` list, as the exchange does it. A private request needs a known key, a
nonce greater than any before it, a right signature over the body exactly as sent (form or JSON), and the permission.

Source: General usage, Authentication and Get WebSockets Token pages, Kraken REST API reference.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from kraken_lab.sandbox import json_text
from kraken_lab.sandbox.desk import Desk
from kraken_lab.sandbox.limits import LeakyCounter
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.rest_answer import RestAnswer, failed, succeeded
from kraken_lab.sandbox.rest_public import ApiError, PublicRest
from kraken_lab.sandbox.signing import is_signed

__all__ = ["Rest"]

_PUBLIC: Final = "/0/public/"
_PRIVATE: Final = "/0/private/"
_UNKNOWN: Final = "EGeneral:Unknown method"


class Rest:
    """Answers REST requests on one account's behalf.

    ``permissions`` are what the key may do; ``websockets`` lets it fetch tokens.
    """

    def __init__(self, market: Market, desk: Desk, *, api_key: str, api_secret: str) -> None:
        self.permissions = {"websockets"}
        self._desk = desk
        self._public = PublicRest(market, desk)
        self._api_key = api_key
        self._api_secret = api_secret
        self._last_nonce = -1
        # "Intermediate", as the acknowledgements of private subscriptions will say.
        self._calls = LeakyCounter(maximum=20, decay_per_s=0.5)

    def forget_nonces(self) -> None:
        """Accept any nonce once more, as after a restart that lost them."""
        self._last_nonce = -1

    def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, now_ns: int
    ) -> RestAnswer:
        """Answer one request; header names are in lower case."""
        try:
            if path.startswith(_PUBLIC) and method in ("GET", "POST"):
                return succeeded(self._public.result(path.removeprefix(_PUBLIC), dict(parse_qsl(query)), now_ns))
            if path.startswith(_PRIVATE) and method == "POST":
                self._authenticate(path, headers, body, now_ns)
                return succeeded(self._private(path.removeprefix(_PRIVATE), now_ns))
        except ApiError as error:
            return failed(str(error))
        return failed(_UNKNOWN)

    def _private(self, name: str, now_ns: int) -> str:
        if name != "GetWebSocketsToken":
            raise ApiError(_UNKNOWN)
        if "websockets" not in self.permissions:
            raise ApiError("EGeneral:Permission denied")
        token = self._desk.tokens.issue(now_ns)
        return json_text.members(token=json_text.text(token), expires=str(self._desk.tokens.lifetime_s))

    def _authenticate(self, path: str, headers: Mapping[str, str], body: bytes, now_ns: int) -> None:
        if not hmac.compare_digest(headers.get("api-key", "").encode(), self._api_key.encode()):
            raise ApiError("EAPI:Invalid key")
        nonce = _nonce(headers.get("content-type", ""), body)
        if not is_signed(headers.get("api-sign", ""), path, nonce, body, self._api_secret):
            raise ApiError("EAPI:Invalid signature")
        if int(nonce) <= self._last_nonce:
            raise ApiError("EAPI:Invalid nonce")
        self._last_nonce = int(nonce)
        if not self._calls.take(now_ns):
            raise ApiError("EAPI:Rate limit exceeded")


def _nonce(content_type: str, body: bytes) -> str:
    """The nonce in a body, as its text.

    Raises:
        ApiError: there is none, or it is no unsigned 64-bit integer.
    """
    value: object = None
    try:
        if "json" in content_type:
            content = json_text.read(body)
            value = content.get("nonce") if isinstance(content, dict) else None
        else:
            value = dict(parse_qsl(body.decode())).get("nonce")
    except ValueError:
        value = None
    nonce = "" if isinstance(value, bool) else str(value)
    if not (nonce.isascii() and nonce.isdigit() and len(nonce) <= 20 and int(nonce) < 2**64):
        raise ApiError("EAPI:Invalid nonce")
    return nonce
