"""A client and an exchange in one process, on one clock that only moves when both have nothing left to do.

The client is the real one: desk, routers, connections and the event loop that carries them. Only its transport is
joined to sandbox sessions in memory, and only time is virtual, so hours pass in a moment and no test sleeps.
"""

from __future__ import annotations

import asyncio
import json
import selectors
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import urlencode

from kraken_lab.errors import BadKey, RestFailed
from kraken_lab.net import Backoff, Connection, Credentials, Link, Nonce, Secret, TransportFailed, api_sign
from kraken_lab.net.transport import Hear
from kraken_lab.sandbox.exchange import START_NS, Exchange
from kraken_lab.sandbox.instruments import PAIRS, Pair
from kraken_lab.sandbox.session import Session
from kraken_lab.streams import Desk, Router
from kraken_lab.streams.balances_feed import BALANCES, BalancesFeed
from kraken_lab.streams.book_feed import BookFeed
from kraken_lab.streams.desk import Endpoint
from kraken_lab.streams.executions_feed import EXECUTIONS, ExecutionsFeed
from kraken_lab.streams.feed import Feed
from kraken_lab.streams.instrument_feed import InstrumentFeed
from kraken_lab.streams.level3_feed import Level3Feed
from kraken_lab.streams.ohlc_feed import OhlcFeed
from kraken_lab.streams.ticker_feed import TickerFeed
from kraken_lab.streams.trade_feed import TradeFeed
from kraken_lab.wire import Companion, Instant, Query, Settings, SlidingBudget, Want
from tests.shallow import shallow

T = TypeVar("T")

KINDS: Mapping[str, type[Feed]] = {
    "book": BookFeed,
    "level3": Level3Feed,
    "ohlc": OhlcFeed,
    "ticker": TickerFeed,
    "trade": TradeFeed,
    "instrument": InstrumentFeed,
}


FEW = [pair for pair in PAIRS if pair.symbol in ("BTC/USD", "ETH/USD", "DOGE/USD", "ACA/EUR", "MATIC/GBP")]
"""Enough to differ in every way, few enough to begin quickly."""
LEVELS = 150
"""How deep their books are unless a test asks for more: deeper than the depth of 100, and begun in no time."""
DEEP = 2_000
"""As deep as the sandbox makes them."""
BEAT = 5.0
"""Seconds between two columns of the heatmap's memory: few tests look at one, and each wakes the line."""


class _Selector(selectors.DefaultSelector):
    """Waits by moving the clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise AssertionError("everything waits for something that will never happen")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes when nothing else is left to do."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual.now

    def hold_up(self, seconds: float) -> None:
        """Let time pass during which nothing runs."""
        self._virtual.now += seconds


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function to its end on a fresh virtual loop; whatever it left running is cancelled."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work())
    finally:
        loop.run_until_complete(_end_others())
        loop.close()


async def _end_others() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class VirtualClock:
    """The virtual loop's time as both clocks. ``step`` moves the wall clock alone, as setting it would."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.step = 0.0

    def now(self) -> Instant:
        """This virtual moment."""
        mono = self._loop.time()
        return Instant(mono, START_NS + round((mono + self.step) * 1e9))

    @property
    def exchange_ns(self) -> int:
        """The same moment on the exchange's clock, which nobody sets."""
        return START_NS + round(self._loop.time() * 1e9)


class _MemoryLink:
    def __init__(self, world: World, session: Session, hear: Hear) -> None:
        self._world, self._session, self._hear = world, session, hear
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._on_its_way: deque[bytes | str] = deque()

    async def send(self, text: str) -> None:
        self._world.sent.append(text)
        if self._world.breaks_on and self._world.breaks_on in text:
            self._world.breaks_on = ""
            raise OSError("broken pipe")
        self._world.catch_up()
        if not self.ended.done():
            self._session.receive(text)
            self.flush()

    async def close(self) -> None:
        self._session.close()
        self._world.links.pop(self._session, None)

    def flush(self) -> None:
        """Hand over what the exchange has said, and its end."""
        if self.ended.done():
            return
        for data in self._session.drain():
            # A loop does not keep the order of what is due at the same moment; a line does, also if its lag changes.
            self._on_its_way.append(data)
            if self._world.lag:
                asyncio.get_running_loop().call_later(self._world.lag, self._deliver)
            else:
                asyncio.get_running_loop().call_soon(self._deliver)
        if self._session.reset_request:
            self.ended.set_result("connection lost")
        elif self._session.close_request is not None:
            code, reason = self._session.close_request
            self.ended.set_result(f"closed with {code} {reason}")

    def _deliver(self) -> None:
        data = self._on_its_way.popleft()
        if self._session in self._world.links:
            self._hear(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)


class _MemoryTransport:
    def __init__(self, world: World) -> None:
        self._world = world

    async def connect(self, url: str, hear: Hear) -> Link:
        world = self._world
        world.attempts.append(asyncio.get_running_loop().time())
        faults = world.exchange.faults
        if faults.take_refusal():
            raise TransportFailed("connection refused")
        if faults.take_hang():
            await asyncio.sleep(world.settings.open_timeout)
            raise TransportFailed(f"no connection within {world.settings.open_timeout:g} s")
        if (answer := faults.take_upgrade()) is not None:
            raise TransportFailed(f"upgrade answered with HTTP {answer[0]}", answer[0])
        world.catch_up()
        endpoints: Mapping[str, Endpoint] = {"public": "public", "private": "private", "level3": "level3"}
        session = world.exchange.open(endpoints[url])
        link = _MemoryLink(world, session, hear)
        world.links[session] = link
        asyncio.get_running_loop().call_soon(link.flush)
        return link


class PrivateLine(NamedTuple):
    """The account's connection."""

    router: Router
    connection: Connection


class World:
    """One exchange and one desk on one virtual clock.

    ``world.companion = somebody`` puts whoever places orders on the private connection; `executions` and `balances`
    are the account's feeds, with or without one. `poke` has every line look at once what there is to say. No side of a
    book holds more than about ``levels`` prices: a tenth of what the sandbox's busiest pair does.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        rate: float = 10.0,
        settings: Settings | None = None,
        random: Random | None = None,
        pairs: Sequence[Pair] = FEW,
        account: Literal["standard", "pro"] = "standard",
        levels: int = LEVELS,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.settings = settings or Settings(beat=BEAT)
        self.clock = VirtualClock(loop)
        with shallow(levels):
            self.exchange = Exchange(seed=seed, rate=rate, pairs=pairs, account=account)
        self.exchange.on_output = self._output
        self.links: dict[Session, _MemoryLink] = {}
        self.connections: list[Connection] = []
        self.attempts: list[float] = []
        self.sent: list[str] = []
        self.breaks_on = ""
        """The next text that contains this breaks its socket, and does not arrive."""
        self.asked_at: list[float] = []
        """When tokens were asked for, virtual seconds."""
        self.asked: list[tuple[float, Query]] = []
        """Private REST calls that a companion asked for, each with its virtual second."""
        self.lag = 0.0
        """How long what the exchange says is on its way, seconds."""
        self.answer_delay = 0.0
        """How long the answer to either takes, seconds."""
        self._transport = _MemoryTransport(self)
        self._random = random or Random(1)
        self._budget = SlidingBudget(self.settings.reconnect_budget, self.settings.reconnect_window)
        self._nonce = Nonce(lambda: self.clock.now().wall_ns)
        self._tasks: set[asyncio.Task[None]] = {loop.create_task(self._drive())}
        self.desk = Desk(self.settings, self._open_line, self.clock.now)
        self.instruments = self.desk.subscribe(Want(channel="instrument"), InstrumentFeed)

    # --- the client's side ------------------------------------------------------------------------------------------

    def _open_line(self, endpoint: Endpoint, router: Router) -> Connection:
        connection = Connection(
            name=router.name,
            url=endpoint,
            peer=router,
            transport=self._transport,
            clock=self.clock,
            settings=self.settings,
            backoff=Backoff(self.settings, self._random, self._budget),
            answer=self._answer,
            gives_up=endpoint != "public",
        )
        self.connections.append(connection)
        self._tasks.add(asyncio.get_running_loop().create_task(connection.run()))
        return connection

    async def _answer(self, query: Query) -> Any:
        """What a peer asks of REST, by the exchange's own REST side, as `RestClient` would get it."""
        if query.kind == "private":
            self.asked.append((self.clock.now().mono, query))
            return await self.private_call(query.name, **dict(query.fields))
        self.asked_at.append(self.clock.now().mono)
        result = await self.private_call("GetWebSocketsToken")
        token = result.get("token") if isinstance(result, dict) else None
        if not isinstance(token, str):
            raise RestFailed("/0/private/GetWebSocketsToken", "the answer is not the API's JSON", 200)
        return token

    async def private_call(self, name: str, **fields: str) -> Any:
        """The ``result`` of one signed private call; it reaches the exchange ``answer_delay`` seconds later."""
        await asyncio.sleep(self.answer_delay)
        self.catch_up()
        key = Credentials(Secret(self.exchange.api_key), Secret(self.exchange.api_secret), "the test")
        nonce = str(self._nonce())
        body = urlencode({"nonce": nonce, **fields})
        path = f"/0/private/{name}"
        answer = self.exchange.rest(
            "POST",
            path,
            headers={
                "API-Key": key.key.reveal(),
                "API-Sign": api_sign(path=path, nonce=nonce, body=body, secret=key.secret),
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=body.encode(),
        )
        if answer.status != 200:
            raise RestFailed(path, "the answer did not come from the API", answer.status)
        try:
            found = json.loads(answer.body, parse_float=Decimal)
            errors: list[str] = [text for text in found["error"] if text.startswith("E")]
            result = found.get("result")
        except (ValueError, LookupError, TypeError, AttributeError):
            raise RestFailed(path, "the answer is not the API's JSON", answer.status) from None
        if any(text.startswith(("EAPI:Invalid key", "EAPI:Invalid sig", "EGeneral:Permission")) for text in errors):
            raise BadKey(", ".join(errors))
        if errors:
            raise RestFailed(path, ", ".join(errors), answer.status)
        return result

    @property
    def fetches(self) -> int:
        """How many tokens were asked for."""
        return len(self.asked_at)

    def feed(self, channel: str, symbol: str = "BTC/USD", **options: Any) -> Any:
        """Subscribe a channel of one symbol and give its feed."""
        if channel in ("book", "level3"):
            options.setdefault("depth", 10)
        if channel == "ohlc":
            options.setdefault("interval", 1)
        if channel == "ticker":
            options.setdefault("event_trigger", "trades")
        return self.desk.subscribe(Want(channel=channel, symbol=symbol, **options), KINDS[channel])

    # --- the account ------------------------------------------------------------------------------------------------

    @property
    def companion(self) -> Companion | None:
        """Whoever places orders on the private connection."""
        return self.desk.companion

    @companion.setter
    def companion(self, companion: Companion) -> None:
        self.desk.accompany(companion)

    @property
    def private(self) -> PrivateLine:
        """The private connection: its router and the connection that carries it."""
        [(router, _)] = self.desk.private
        return PrivateLine(router, next(line for line in self.connections[::-1] if line.peer is router))

    def executions(self) -> ExecutionsFeed:
        """Subscribe the account's executions and give their feed."""
        return self.desk.subscribe(EXECUTIONS, ExecutionsFeed)

    def balances(self) -> BalancesFeed:
        """Subscribe the account's balances and give their feed."""
        return self.desk.subscribe(BALANCES, BalancesFeed)

    # --- time -------------------------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], object], *, within: float = 60.0, beat: float = 0.01) -> None:
        """Let virtual time pass until a condition holds; fail if it does not ``within`` so many seconds."""
        deadline = self.clock.now().mono + within
        while not condition():
            assert self.clock.now().mono < deadline, f"not within {within} virtual seconds"
            await asyncio.sleep(beat)

    async def live(self, *feeds: Feed, within: float = 60.0) -> None:
        """Until all of these feeds, or all there are, are LIVE."""
        wanted = feeds or self.desk.feeds
        await self.until(lambda: all(str(feed.state) == "LIVE" for feed in wanted), within=within)

    def poke(self) -> None:
        """Have every line look at once what there is to say."""
        for line in self.connections:
            line.poke()

    def hold_up(self, seconds: float) -> None:
        """Let time pass in which nothing of this process runs, as when a C call holds the interpreter lock."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.hold_up(seconds)

    # --- the exchange's side ----------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Let the exchange's time reach this moment."""
        self.exchange.advance(self.clock.exchange_ns)

    async def _drive(self) -> None:
        while True:
            due = (self.exchange.next_due_ns() - self.clock.exchange_ns) / 1e9
            await asyncio.sleep(min(max(due, 1e-4), 0.25))
            self.catch_up()

    def _output(self, session: Session) -> None:
        link = self.links.get(session)
        if link is not None:
            link.flush()


def in_world(test: Callable[[World], Awaitable[T]], **options: Any) -> T:
    """Run a test's body in a fresh world."""

    async def body() -> T:
        return await test(World(**options))

    return run(body)
