"""The REST side, against answers made by hand and against the sandbox's own."""

from __future__ import annotations

import asyncio
import base64
import logging
import traceback
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from kraken_lab.errors import BadArgument, BadKey, KrakenLabError, RestFailed, Unreachable
from kraken_lab.net import Credentials, RestClient, Secret, api_sign
from kraken_lab.net.rest import PRIVATE_CALLS
from kraken_lab.sandbox.exchange import Exchange

KEY = "CANARYkey0123456789"
SECRET = base64.b64encode(b"CANARY secret that must never be seen").decode()


def ask(handle: Callable[[httpx.Request], httpx.Response], call: Callable[[RestClient], Awaitable[Any]]) -> Any:
    """Make one call of a client whose other side is a function."""

    async def work() -> Any:
        client = RestClient(
            "http://127.0.0.1:1/secret",
            wall_ns=lambda: 1_780_000_000_000_000_000,
            credentials=Credentials(Secret(KEY), Secret(SECRET), "the test"),
            http=httpx.MockTransport(handle),
        )
        try:
            return await call(client)
        finally:
            await client.close()

    return asyncio.run(work())


def answering(text: str, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    """A venue that always says the same."""
    return lambda request: httpx.Response(status, text=text)


def seen_in(error: BaseException, *, locals_of: str) -> str:
    """An error as a crash report shows it, with all variables of the frames of one file."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [str(frame.locals) for frame in report.stack if frame.filename.endswith(locals_of)]
    assert frames
    return "".join([*traceback.format_exception(error), *frames])


WRONG = [
    ("", 200),
    ("{}", 200),
    ("[]", 200),
    ("null", 200),
    ("<html><body>Bad Gateway</body></html>", 200),
    ("<html><body>Bad Gateway</body></html>", 502),
    ('{"error":[],"result":null}', 200),
    ('{"error":[],"result":[]}', 200),
    ('{"error":[],"result":{"token":7}}', 200),
    ('{"error":[],"result":{"token":""}}', 200),
    ('{"error":"EGeneral:Not a list","result":{}}', 200),
    ('{"error":[7],"result":{}}', 200),
    ('{"error":[],"resu', 200),
    ('{"error":["EService:Unavailable"]}', 200),
    ('{"error":["EAPI:Invalid nonce"]}', 200),
    ("[" * 10_000, 200),
    ('{"error":[],"result":' + "[" * 10_000 + "}", 200),
    ("{}", 520),
    ("", 301),
]


@pytest.mark.promise("S-20")
@pytest.mark.promise("K-02")
@pytest.mark.fault("F-038")
@pytest.mark.parametrize(("text", "status"), WRONG)
def test_wrong_answers_are_one_kind_of_error(text: str, status: int) -> None:
    """With the path and without the key; asking again is left to who asked."""
    with pytest.raises(RestFailed, match="/0/private/GetWebSocketsToken") as caught:
        ask(answering(text, status), lambda client: client.websockets_token())
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.promise("K-02")
@pytest.mark.fault("F-140")
@pytest.mark.parametrize("words", ["EAPI:Invalid key", "EAPI:Invalid signature", "EGeneral:Permission denied"])
def test_a_refused_key_is_told_without_the_key(words: str) -> None:
    """Also when the exchange repeats it."""
    told = f'{{"error":["{words}: {KEY} / {SECRET}"]}}'
    with pytest.raises(BadKey, match=words) as caught:
        ask(answering(told), lambda client: client.websockets_token())
    assert "CANARY" not in seen_in(caught.value, locals_of="net/rest.py")
    assert SECRET not in str(caught.value)


@pytest.mark.promise("K-02")
@pytest.mark.fault("F-140")
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ReadTimeout("slow"), RestFailed),
        (httpx.ConnectTimeout("slow"), RestFailed),
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.RemoteProtocolError("half an answer"), RestFailed),
        (httpx.ReadError("reset"), RestFailed),
        (httpx.DecodingError("not gzip"), RestFailed),
        (httpx.TooManyRedirects("round and round"), RestFailed),
    ],
)
def test_a_venue_that_cannot_be_asked(error: httpx.HTTPError, kind: type[KrakenLabError]) -> None:
    """Is said in our own words, with no request attached that carries the key."""

    def fail(request: httpx.Request) -> httpx.Response:
        error.request = request
        raise error

    with pytest.raises(kind) as caught:
        ask(fail, lambda client: client.websockets_token())
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert KEY not in seen_in(caught.value, locals_of="net/rest.py")
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.promise("K-02")
def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """At no level, by no library."""
    with caplog.at_level(logging.DEBUG):
        token = ask(
            answering('{"error":[],"result":{"token":"CANARYtoken"}}'), lambda client: client.websockets_token()
        )
    assert token == Secret("CANARYtoken")
    assert "CANARY" not in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.promise("W-05")
def test_a_redirect_is_not_followed() -> None:
    """Not even once."""
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(302, headers={"Location": "http://evil.example/"})

    with pytest.raises(RestFailed):
        ask(handle, lambda client: client.time())
    assert seen == ["http://127.0.0.1:1/secret/0/public/Time"]


@pytest.mark.promise("W-05")
def test_no_proxy_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://evil.example:3128")
    client = RestClient("http://127.0.0.1:1/x", wall_ns=lambda: 0)
    assert client._client.trust_env is False
    assert not client._client._mounts
    asyncio.run(client.close())


@pytest.mark.promise("S-20")
def test_without_a_key_it_says_what_is_needed() -> None:
    """Before anything is sent."""

    async def work() -> None:
        client = RestClient("http://127.0.0.1:1", wall_ns=lambda: 0)
        try:
            with pytest.raises(BadKey, match="needs an API key"):
                await client.websockets_token()
        finally:
            await client.close()

    asyncio.run(work())


@pytest.mark.promise("O-01")
@pytest.mark.parametrize("name", ["AddOrder", "AddOrderBatch", "AmendOrder", "EditOrder", "Withdraw", "addorder", ""])
def test_there_is_no_private_call_that_places_or_moves_anything(name: str) -> None:
    """It is refused before anything is sent."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, text='{"error":[],"result":{}}')

    with pytest.raises(BadArgument, match="socket alone"):
        ask(handle, lambda client: client.private(name, {"pair": "BTC/USD"}))
    assert seen == []


@pytest.mark.promise("O-01")
@pytest.mark.promise("S-20")
@pytest.mark.fault("F-039")
@pytest.mark.parametrize("name", sorted(PRIVATE_CALLS))
@pytest.mark.parametrize(
    "answer",
    ["<html>502</html>", "{}", '{"error":[]}', '{"error":[],"result":[1]}', '{"error":["EService:Unavailable"]}'],
)
def test_a_private_call_is_made_once(name: str, answer: str) -> None:
    """A page of HTML, an empty answer, another shape, an error: told, and not asked again."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(502 if answer.startswith("<") else 200, text=answer)

    with pytest.raises(RestFailed, match=f"/0/private/{name}"):
        ask(handle, lambda client: client.private(name))
    assert len(seen) == 1


@pytest.mark.promise("S-20")
@pytest.mark.fault("F-039")
@pytest.mark.parametrize("refusals", [1, 2, 3])
def test_a_call_that_was_overtaken_is_asked_again_with_a_greater_nonce(refusals: int) -> None:
    """Twice at most: an invalid nonce proves that nothing was done, and no such call places anything."""
    nonces: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        nonces.append(int(parse_qs(request.content.decode())["nonce"][0]))
        late = len(nonces) <= refusals
        return httpx.Response(200, text='{"error":["EAPI:Invalid nonce"]}' if late else '{"error":[],"result":{}}')

    if refusals < 3:
        assert ask(handle, lambda client: client.private("OpenOrders")) == {}
    else:
        with pytest.raises(RestFailed, match="Invalid nonce"):
            ask(handle, lambda client: client.private("OpenOrders"))
    assert len(nonces) == min(refusals + 1, 3)
    assert nonces == sorted(set(nonces))


def test_a_private_call_carries_its_fields_signed() -> None:
    """The body is the form that was signed, nonce first; numbers in the answer are exact."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, text='{"error":[],"result":{"O1":{"vol":"0.10","opentm":1688148493.7708}}}')

    found = ask(handle, lambda client: client.private("QueryOrders", {"txid": "O1,O2", "trades": "true"}))
    [request] = seen
    body = request.content.decode()
    assert body == "nonce=1780000000000000000&txid=O1%2CO2&trades=true"
    sign = api_sign(path="/0/private/QueryOrders", nonce="1780000000000000000", body=body, secret=Secret(SECRET))
    assert request.headers["API-Sign"] == sign
    assert found["O1"] == {"vol": "0.10", "opentm": Decimal("1688148493.7708")}


class TestAgainstTheSandbox:
    """The same client, and the exchange's own answers."""

    @staticmethod
    def call(
        call: Callable[[RestClient], Awaitable[Any]], prepare: Callable[[Exchange], object] = lambda _: None
    ) -> Any:
        """One call to a fresh exchange."""
        exchange = Exchange(seed=7)
        prepare(exchange)

        def handle(request: httpx.Request) -> httpx.Response:
            answer = exchange.rest(
                request.method,
                request.url.path,
                query=request.url.query.decode(),
                headers=dict(request.headers),
                body=request.content,
            )
            if answer.status == 0:
                raise httpx.ReadTimeout("nothing", request=request)
            return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)

        async def work() -> Any:
            client = RestClient(
                "http://127.0.0.1:1",
                wall_ns=lambda: exchange.now_ns,
                credentials=Credentials(Secret(exchange.api_key), Secret(exchange.api_secret), "the test"),
                http=httpx.MockTransport(handle),
            )
            try:
                return await call(client)
            finally:
                await client.close()

        return asyncio.run(work())

    def test_every_method_gives_what_it_says(self) -> None:
        """Status, time, pairs, candles, trades, depth, token."""
        assert self.call(lambda rest: rest.system_status())["status"] == "online"
        assert "unixtime" in self.call(lambda rest: rest.time())
        assert self.call(lambda rest: rest.asset_pairs("BTC/USD"))
        candles = self.call(lambda rest: rest.ohlc("BTC/USD", interval=5))
        assert len(candles) > 100
        trades = self.call(lambda rest: rest.trades("BTC/USD", limit=10))
        assert Decimal(trades[0][0]) > 0
        assert set(self.call(lambda rest: rest.depth("BTC/USD", levels=5))) == {"asks", "bids"}
        assert isinstance(self.call(lambda rest: rest.websockets_token()), Secret)

    @pytest.mark.promise("S-20")
    @pytest.mark.fault("F-038")
    @pytest.mark.parametrize("how", [500, "html", "empty", "wrong_type", "not_json", "no_answer", "EAPI:Invalid nonce"])
    def test_every_failure_of_the_sandbox_s(self, how: Any) -> None:
        """Is an error of ours."""
        with pytest.raises(RestFailed):
            self.call(
                lambda rest: rest.websockets_token(),
                lambda exchange: exchange.faults.rest_fail("GetWebSocketsToken", how, times=3),
            )

    def test_an_unknown_pair(self) -> None:
        """Is refused in the exchange's words."""
        with pytest.raises(RestFailed, match="EQuery:Unknown asset pair"):
            self.call(lambda rest: rest.depth("XXX/YYY"))


@pytest.mark.promise("S-21")
def test_a_request_that_nobody_waits_for_any_more_is_let_finish() -> None:
    """Given up in the middle of a handshake it would leave a socket open; `close` waits for it, and not for long."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slow(request: httpx.Request) -> httpx.Response:
        begun.set()
        await asyncio.sleep(0.05)
        ended.set()
        return httpx.Response(500)

    async def work() -> None:
        client = RestClient("http://127.0.0.1:1/secret", wall_ns=lambda: 1, http=httpx.MockTransport(slow))
        asking = asyncio.ensure_future(client.time())
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not ended.is_set()
        await client.close()
        assert ended.is_set()

    asyncio.run(work())
