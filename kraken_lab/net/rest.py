"""The venue's REST side: reference data, history, the token that a socket needs, and an account to be looked up.

No call here can place or change an order: what is private either reads or cancels, and each is made once.

Source: "Spot REST API", Kraken API reference: errors come as an array in an answer of HTTP status 200.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Generator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec

from ..errors import BadArgument, BadKey, KrakenLabError, RestFailed, Unreachable
from .endpoints import LOOPBACK
from .secrets import Credentials, Redactor, Secret
from .sign import Nonce, api_sign

__all__ = ["PRIVATE_CALLS", "RestClient"]

PRIVATE_CALLS = frozenset(
    {"OpenOrders", "ClosedOrders", "QueryOrders", "TradesHistory", "QueryTrades", "Balance", "BalanceEx"}
    | {"GetApiKeyInfo", "CancelOrder", "CancelAll", "CancelAllOrdersAfter"}
)
"""Private calls that only read or cancel: the only ones there are here. Source: "Account Data" and "Trading"."""

USER_AGENT = "kraken_lab"

NONCE_ATTEMPTS = 3
"""Calls of one key may overtake each other on the way, and the exchange then refuses the one that comes late. It has
done nothing then; all calls here only read or cancel, so such a one is asked again, with a fresh number."""

LEAVING = 1.0
"""Seconds that `RestClient.close` waits for requests that nobody waits for any more."""


class _Envelope(msgspec.Struct):
    error: list[str]
    result: msgspec.Raw = msgspec.Raw(b"null")


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_result = msgspec.json.Decoder(float_hook=Decimal).decode


class _Signed(httpx.Auth):
    """Puts key and signature on a request when it leaves, so that no variable of ours holds them in a traceback."""

    def __init__(self, credentials: Credentials, path: str, nonce: str, body: str) -> None:
        self._credentials, self._path, self._nonce, self._body = credentials, path, nonce, body

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign it."""
        credentials = self._credentials
        request.headers["API-Key"] = credentials.key.reveal()
        request.headers["API-Sign"] = api_sign(
            path=self._path, nonce=self._nonce, body=self._body, secret=credentials.secret
        )
        yield request


class RestClient:
    """One venue's REST side, for one event loop. Numbers that are not text come as exact `decimal.Decimal`.

    ``base`` is the address before ``/0/...``. Redirects are not followed and nothing is retried.
    """

    def __init__(
        self,
        base: str,
        *,
        wall_ns: Callable[[], int],
        credentials: Credentials | None = None,
        ssl_context: ssl.SSLContext | None = None,
        timeout: float = 10.0,
        http: httpx.AsyncBaseTransport | None = None,
        nonce: Nonce | None = None,
    ) -> None:
        self._base = base.rstrip("/")
        self._credentials = credentials
        self._redactor = Redactor(*() if credentials is None else (credentials.key, credentials.secret))
        self._nonce = nonce or Nonce(wall_ns)
        loopback = urlsplit(base).hostname in LOOPBACK
        self._client = httpx.AsyncClient(
            timeout=timeout,
            verify=ssl_context if ssl_context is not None else True,
            # Loopback never goes through a proxy, whatever the environment says.
            trust_env=not loopback,
            headers={"User-Agent": USER_AGENT},
            transport=http,
        )
        self._asking: set[asyncio.Task[httpx.Response]] = set()

    async def close(self) -> None:
        """Close the connections."""
        if self._asking:
            await asyncio.wait(self._asking, timeout=LEAVING)
        await self._client.aclose()

    # --- public -----------------------------------------------------------------------------------------------------

    async def system_status(self) -> dict[str, Any]:
        """``status`` (``online``, ``maintenance``, ``cancel_only``, ``post_only``) and ``timestamp``."""
        return await self._get("SystemStatus", {}, dict)

    async def time(self) -> dict[str, Any]:
        """``unixtime`` (seconds) and ``rfc1123``."""
        return await self._get("Time", {}, dict)

    async def asset_pairs(self, *symbols: str) -> dict[str, Any]:
        """Reference data by pair; all pairs if none are named."""
        return await self._get("AssetPairs", {"pair": ",".join(symbols)} if symbols else {}, dict)

    async def ohlc(self, symbol: str, *, interval: int = 1, since: int | None = None) -> list[list[Any]]:
        """Up to 720 candles, oldest first, the last one unfinished.

        Each is ``[begin (s), open, high, low, close, vwap, volume, trades]``, money as text.
        """
        found = await self._get("OHLC", _given(pair=symbol, interval=interval, since=since), dict)
        return _only_pair(found, "OHLC")

    async def trades(self, symbol: str, *, since: int | None = None, limit: int = 1000) -> list[list[Any]]:
        """Up to ``limit`` trades after ``since`` (ns), oldest first.

        Each is ``[price, qty, time (s), "b"|"s", "m"|"l", misc, trade_id]``.
        """
        found = await self._get("Trades", _given(pair=symbol, since=since, count=limit), dict)
        return _only_pair(found, "Trades")

    async def depth(self, symbol: str, *, levels: int = 100) -> dict[str, list[list[Any]]]:
        """``asks`` and ``bids``, best first, each level ``[price, qty, time (s)]``."""
        found = await self._get("Depth", {"pair": symbol, "count": str(levels)}, dict)
        pairs = [value for value in found.values() if isinstance(value, dict)]
        if len(pairs) != 1:
            raise RestFailed("/0/public/Depth", "the answer does not hold one pair")
        return pairs[0]

    # --- private ----------------------------------------------------------------------------------------------------

    async def websockets_token(self) -> Secret:
        """A token for the sockets that ask for one; it must be used within 15 minutes.

        Raises:
            BadKey: there is no key, or the exchange refused it.
            RestFailed: the exchange could not be asked, or its answer makes no sense.
        """
        result = await self._private("GetWebSocketsToken", {})
        token = result.get("token") if isinstance(result, dict) else None
        if not isinstance(token, str) or not token:
            raise RestFailed("/0/private/GetWebSocketsToken", "the answer holds no token")
        return Secret(token)

    async def private(self, name: str, fields: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The ``result`` of one private call of `PRIVATE_CALLS`, asked once. Money is text, other numbers `Decimal`.

        Raises:
            BadArgument: another call, above all one that places or changes orders.
            BadKey: there is no key, the exchange refused it, or it may not do this.
            RestFailed: the exchange could not be asked, refused, or answered something else. Of a cancel, that proves
                nothing.
        """
        if name not in PRIVATE_CALLS:
            raise BadArgument("name", name, ", ".join(sorted(PRIVATE_CALLS)), "Orders are placed on the socket alone.")
        result = await self._private(name, fields or {})
        if not isinstance(result, dict):
            raise RestFailed(f"/0/private/{name}", "the answer has another shape than documented")
        return result

    async def _private(self, name: str, fields: Mapping[str, str]) -> Any:
        path = f"/0/private/{name}"
        if self._credentials is None:
            raise BadKey(
                "This needs an API key: it is about an account, or wants a token, as even level3 data do. "
                'In the sandbox a key comes by itself; for Kraken see "Kraken itself" in the README.'
            )
        for attempt in range(NONCE_ATTEMPTS):
            nonce = str(await self._nonce.soon())
            body = urlencode({"nonce": nonce, **fields})
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            signed = _Signed(self._credentials, path, nonce, body)
            try:
                return await self._ask("POST", path, content=body.encode(), headers=headers, auth=signed)
            except RestFailed as error:
                if not error.reason.startswith("EAPI:Invalid nonce") or attempt == NONCE_ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _read(self, content: bytes) -> tuple[list[str], Any]:
        """The exchange's errors, without the key should it repeat that in them, and its result."""
        envelope = _decode_envelope(content)
        errors = [self._redactor(text) for text in envelope.error if text.startswith("E")]
        return errors, _decode_result(envelope.result)

    async def _get(self, name: str, params: Mapping[str, str], kind: type[dict[str, Any]]) -> dict[str, Any]:
        path = f"/0/public/{name}"
        result = await self._ask("GET", path, params=dict(params))
        if not isinstance(result, kind):
            raise RestFailed(path, "the answer has another shape than documented")
        return result

    async def _answered(self, method: str, path: str, **options: Any) -> httpx.Response:
        failed: KrakenLabError
        try:
            return await self._request(method, self._base + path, **options)
        except httpx.TimeoutException:
            failed = RestFailed(path, "no answer in time")
        except httpx.ConnectError as error:
            failed = Unreachable(urlsplit(self._base).hostname or self._base, _first_line(error))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failed = RestFailed(path, _first_line(error))
        # Out here it has neither cause nor context: the frames of both hold the request, and with it the key.
        raise failed

    async def _request(self, method: str, url: str, **options: Any) -> httpx.Response:
        # One that is given up in the middle of a handshake would leave its socket open behind it, so it is let finish.
        asking = asyncio.ensure_future(self._client.request(method, url, **options))
        self._asking.add(asking)
        asking.add_done_callback(self._finished)
        return await asyncio.shield(asking)

    def _finished(self, asking: asyncio.Task[httpx.Response]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            asking.exception()  # nobody may be left to hear it

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = await self._answered(method, path, **options)
        if answer.status_code != 200:
            raise RestFailed(path, "the answer did not come from the API", answer.status_code)
        try:
            errors, result = self._read(answer.content)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            raise RestFailed(path, "the answer is not the API's JSON", answer.status_code) from None
        if not errors:
            return result
        words = ", ".join(errors)
        if any(text.startswith(("EAPI:Invalid key", "EAPI:Invalid sig", "EGeneral:Permission")) for text in errors):
            raise BadKey(f"The exchange refused the API key: {words}. Check the key, its secret and its permissions.")
        raise RestFailed(path, words, answer.status_code)


def _given(**params: object) -> dict[str, str]:
    return {name: str(value) for name, value in params.items() if value is not None}


def _only_pair(found: Mapping[str, Any], name: str) -> list[list[Any]]:
    """The rows of the one pair in an answer, whose key may be spelled in several ways."""
    pairs = [value for key, value in found.items() if key != "last"]
    if len(pairs) != 1 or not isinstance(pairs[0], list):
        raise RestFailed(f"/0/public/{name}", "the answer does not hold one pair")
    return pairs[0]


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
