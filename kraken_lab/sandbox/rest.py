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
from kraken_lab.sandbox.account_past import AccountPast
from kraken_lab.sandbox.desk import Desk
from kraken_lab.sandbox.limits import LeakyCounter
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.rate_counter import Tier
from kraken_lab.sandbox.rest_answer import ApiError, RestAnswer, failed, parameters_of, succeeded
from kraken_lab.sandbox.rest_private import PrivateRest
from kraken_lab.sandbox.rest_public import PublicRest
from kraken_lab.sandbox.rest_trading import RestTrading
from kraken_lab.sandbox.signing import is_signed

__all__ = ["Rest"]

_PUBLIC: Final = "/0/public/"
_PRIVATE: Final = "/0/private/"
CALLS: Final[dict[Tier, tuple[float, float]]] = {"starter": (15, 0.33), "intermediate": (20, 0.5), "pro": (20, 1.0)}
"""How high the counter of calls may go, and by how much it falls a second."""
_UNKNOWN: Final = "EGeneral:Unknown method"


class Rest:
    """Answers REST requests, private ones on the behalf of the one account."""

    def __init__(self, market: Market, desk: Desk, past: AccountPast, tier: Tier = "intermediate") -> None:
        self._key = desk.key
        self._public = PublicRest(market, desk)
        self._private = PrivateRest(desk, past, RestTrading(desk))
        self._calls = LeakyCounter(*CALLS[tier])

    def forget_nonces(self) -> None:
        """Accept any nonce once more, as after a restart that lost them."""
        self._key.last_nonce = -1

    def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, now_ns: int
    ) -> RestAnswer:
        """Answer one request; header names are in lower case."""
        try:
            if path.startswith(_PUBLIC) and method in ("GET", "POST"):
                return succeeded(self._public.result(path.removeprefix(_PUBLIC), dict(parse_qsl(query)), now_ns))
            if path.startswith(_PRIVATE) and method == "POST":
                name = path.removeprefix(_PRIVATE)
                parameters = self._authenticated(path, headers, body)
                if not self._calls.take(now_ns, self._private.cost(name)):
                    raise ApiError("EAPI:Rate limit exceeded")
                return succeeded(self._private.result(name, parameters, now_ns))
        except ApiError as error:
            return failed(str(error))
        return failed(_UNKNOWN)

    def _authenticated(self, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """The parameters of a request that the key's owner made, once and now."""
        if not hmac.compare_digest(headers.get("api-key", "").encode(), self._key.key.encode()):
            raise ApiError("EAPI:Invalid key")
        parameters = _parameters(headers.get("content-type", ""), body)
        nonce = parameters.pop("nonce", "")
        if not (nonce.isascii() and nonce.isdigit() and len(nonce) <= 20 and int(nonce) < 2**64):
            raise ApiError("EAPI:Invalid nonce")
        if not is_signed(headers.get("api-sign", ""), path, nonce, body, self._key.secret):
            raise ApiError("EAPI:Invalid signature")
        if int(nonce) <= self._key.last_nonce:
            raise ApiError("EAPI:Invalid nonce")
        self._key.last_nonce = int(nonce)
        return parameters


def _parameters(content_type: str, body: bytes) -> dict[str, str]:
    """What a body says, form or JSON, as texts; nothing if it cannot be read."""
    try:
        if "json" not in content_type:
            return dict(parse_qsl(body.decode()))
        content = json_text.read(body)
    except ValueError:
        return {}
    return parameters_of(content) if isinstance(content, dict) else {}
