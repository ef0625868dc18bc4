"""`Lab`: connects the rooms. It has no rules of its own: what is said, true or drawn is decided elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from ..errors import BadKey, LabClosed, NotReady, SandboxError, SetupError, Unreachable
from ..net import (
    Backoff,
    Clock,
    Connection,
    IOThread,
    Redactor,
    RestClient,
    SandboxProcess,
    Secret,
    SystemClock,
    Transport,
    WebSocketTransport,
    find_credentials,
)
from ..streams import Desk, Dispatcher, InstrumentStream, Router, Stream
from ..streams.desk import Endpoint
from ..streams.instrument_feed import InstrumentFeed
from ..trading import Limits, OrderSettings, home, shared_host
from ..trading.dead_man import DeadManState
from ..trading.halt import HALT_FILE
from ..wire import Instant, Query, Settings, SlidingBudget, Want, from_ns, plainly_called
from .acting import Acting
from .beside import LabBeside
from .drawing import Drawing
from .ground import Ground
from .halt_file import HaltFile
from .looking import Looking, RejectedSymbols
from .own_orders import OwnOrders
from .paper import PaperExchange
from .sandbox import Sandbox
from .status import Status, status_of
from .trader import Trader
from .venue import Venue

if TYPE_CHECKING:
    from ..views.health import HealthStrip

__all__ = ["Lab", "Mode", "RejectedSymbols", "Venue"]

Mode = Literal["sandbox", "paper", "live"]

T = TypeVar("T")

_plainly = plainly_called("lab")

_MACHINERY = frozenset(
    [
        "dispatcher",
        "end",
        "give_again",
        "halt_file",
        "io",
        "label",
        "lines",
        "now",
        "over",
        "release",
        "rest",
        "run",
        "trader",
        "views",
        "wait_for_instruments",
    ]
)
"""What the other rooms use of a lab: there, but not offered by completion."""

_SANDBOX_ENDED = (
    "The sandbox process of this lab has ended. kl.connect() opens another lab with another sandbox; "
    "what these streams hold can still be read."
)


class Lab(Looking, Acting):
    """An open venue: ask it for streams, and give it orders. `kraken_lab.connect` makes one.

    Every looking method returns once its first data is in, or raises after ``timeout`` seconds saying what it waited
    for; with ``wait=False`` it returns at once. Asking again for the same thing gives the stream that already runs.

    All of it is plain synchronous Python and needs no event loop. In async code use ``async with``, ``wait=False`` and
    ``await stream.ready()``.

    >>> lab.mode, lab.closed
    ('sandbox', False)
    """

    def __init__(
        self,
        mode: Mode,
        venue: Venue,
        *,
        settings: Settings | None = None,
        order_settings: OrderSettings | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        transport: Transport | None = None,
        process: SandboxProcess | None = None,
    ) -> None:
        self.mode: Mode = mode
        self.settings = settings or Settings()
        self.order_settings = order_settings or OrderSettings()
        self.io = IOThread(mode)
        self.dispatcher = Dispatcher(mode)
        self.views = Drawing(
            mode,
            beside=LabBeside(
                OwnOrders(lambda: self._trader),
                lambda: (feed for desk in self._desks for feed in desk.feeds),
                lambda: self._instruments.now,
            ),
            ticket=lambda symbol, parameters: self.ticket(symbol, **parameters),
            decimals=lambda: {name: asset.precision_display for name, asset in self._instruments.now.assets.items()},
        )
        self.venue_name = venue.name
        self._first_limits = limits or Limits()
        self._venue = venue
        self._account_venue: Venue | None = None if mode == "paper" else venue
        """Where the account is; in paper only once it is first asked about."""
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._transport = transport or WebSocketTransport(self.settings, venue.ssl_context)
        self._process = process
        self._tokens: deque[Secret] = deque(maxlen=4)
        self._redactor = Redactor()
        self._paper: PaperExchange | None = None
        self._trader: Trader | None = None
        self._opened_ns = self._clock.now().wall_ns
        self._given_again = False
        self._health: HealthStrip | None = None
        self.halt_file = HaltFile(self._halt_path)
        self._budget = SlidingBudget(self.settings.reconnect_budget, self.settings.reconnect_window)
        self._lines: list[tuple[Router, Connection]] = []
        self._tasks: dict[Connection, asyncio.Task[None]] = {}
        self._streams = {}
        self._closed = False
        self._lock, self._opening = threading.RLock(), threading.RLock()
        self._desk = self.io.call(lambda: Desk(self.settings, self._open_line, self.now))
        self._desks = [self._desk]
        self._rest = self.io.call(lambda: self._make_rest(venue))
        self._account_rest = self._rest
        self._instruments = InstrumentStream(
            self, self.call(lambda: self._desk.subscribe(Want(channel="instrument"), InstrumentFeed))
        )
        self._streams["instrument",] = self._instruments

    # --- how it is --------------------------------------------------------------------------------------------------

    @_plainly
    def status(self) -> Status:
        """Venue, connections, streams, clock, lateness and memory, in one screen. Never raises, never waits.

        >>> lab.status().facts["mode"]
        'SANDBOX'
        """
        return status_of(self)

    @_plainly
    def health(self) -> HealthStrip:
        """A strip that keeps itself fresh: connections, latencies, checksums, gaps, memory, the account and its log.

        The last line of a cell shows it; ``.facts`` are the values, ``.concerns`` what needs to be seen and what to do.

        >>> lab.health().facts.lines[0].state
        'open'
        """
        from ..views.health import HealthStrip
        from .health import HealthWatch

        with self._lock:
            if self._health is None or self._health.ended:
                self._health = HealthStrip(HealthWatch(self), f"health [{self.label}]")
            return self._health

    @property
    def label(self) -> str:
        """The mode, for titles."""
        return self.mode

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    @property
    def over(self) -> str:
        """Why nothing will come any more, in a sentence, and what to do; empty while that is not so."""
        if self._closed:
            return "The lab is closed: kl.connect() opens another."
        return _SANDBOX_ENDED if self._process is not None and not self._process.alive else ""

    @property
    def lines(self) -> tuple[tuple[Router, Connection], ...]:
        """Every connection with its router."""
        return tuple(self._lines)

    @property
    def streams(self) -> tuple[Stream[Any, Any], ...]:
        """Every stream that runs.

        >>> lab.instruments() in lab.streams
        True
        """
        with self._lock:
            return tuple(self._streams.values())

    @property
    def trader(self) -> Trader | None:
        """The acting half, once it was needed."""
        return self._trader

    @property
    def sandbox(self) -> Sandbox:
        """The exchange on this machine that this lab started, also the one that fills paper orders; false without one.

        >>> lab.sandbox.control(fault="freeze")["ok"], lab.sandbox.control(fault="thaw")["ok"]
        (True, True)
        """
        process = self._paper.process if self._paper is not None else self._process
        return Sandbox(self, process, joined=self._venue.endpoints.loopback)

    @property
    def rest(self) -> RestClient:
        """The venue's REST side, whose methods are coroutines, to be given to `run`.

        >>> sorted(lab.run(lab.rest.depth("BTC/USD")))
        ['asks', 'bids']
        """
        return self._rest

    @_plainly
    def run(self, work: Any, timeout: float = 15.0) -> Any:
        """Run a coroutine, such as one of `rest`'s, on the I/O thread and give its result.

        Raises:
            NotReady: it took longer than ``timeout`` seconds.
            RestFailed: a REST request was not answered as it should have been.

        >>> lab.run(lab.rest.system_status())["status"]
        'online'
        """
        return self.io.run(work, timeout=timeout, waiting_for="the venue's answer")

    def now(self) -> Instant:
        """This moment on the lab's clocks."""
        return self._clock.now()

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in _MACHINERY]

    def __repr__(self) -> str:
        count = len(self.streams)
        state = "closed" if self._closed else "1 stream" if count == 1 else f"{count} streams"
        return f"<Lab {self.mode}: {self.venue_name}, {state}{self._already()}>"

    def _repr_html_(self) -> str:
        status = self.status()
        venue = f"{status.facts['venue']}{self._already()}"
        return replace(status, facts={**status.facts, "venue": venue})._repr_html_()

    def _already(self) -> str:
        """That `connect` gave it to somebody who might have meant another one; empty before that."""
        if self._closed or not self._given_again:
            return ""
        since = from_ns(self._opened_ns, 0)[11:19]
        return f"; the lab that was already open, since {since} UTC (new=True opens another)"

    def give_again(self) -> Self:
        """It is asked for once more by the arguments it was opened with: it is the same lab, and says so."""
        self._given_again = True
        return self

    # --- the end ----------------------------------------------------------------------------------------------------

    @_plainly
    def close(self) -> None:
        """Stop every stream, end every connection and thread, and the sandbox if it was started here. Idempotent.

        A dead man's switch is turned off: orders stay, which is said. A program that ends without this, or a ``with``
        that an error ends, leaves it as it was last set, and so the exchange ends the orders.

        >>> import kraken_lab as kl
        >>> other = kl.connect(new=True)
        >>> other.close(), other  # doctest: +ELLIPSIS
        (None, <Lab sandbox: sandbox, seed 7, process ..., closed>)
        """
        left = self._resting_under_the_switch()
        self.end(meant=True)
        if left:
            said = f"Closing turned the dead man's switch off: what is open stays open ({left} of the account)."
            warnings.warn(f"{said} lab.cancel_all() before ends your own.", UserWarning, stacklevel=2)

    def _resting_under_the_switch(self) -> int:
        """How many orders the dead man's switch would have ended, as far as is known, at an exchange that goes on."""
        if self._trader is None or self._closed or self._process is not None or self._paper is not None:
            return 0
        known = self._trader.dealer.known
        on = known.dead_man.state is DeadManState.ON
        return sum(order.possibly_open for order in known.orders) if on else 0

    def end(self, *, meant: bool) -> None:
        """As `close`; not ``meant`` is the end of a program that did not say it, or an error's.

        >>> import kraken_lab as kl
        >>> other = kl.connect(new=True)
        >>> other.end(meant=False), other.closed
        (None, True)
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            streams = list(self._streams.values())
        if self.io.alive:
            for stream in streams:
                stream.stop()
            if self._trader is not None:
                with contextlib.suppress(NotReady, LabClosed):
                    self.io.call(partial(self._trader.leave, meant=meant), keep=True)
            # What does not end politely in time ends with its loop.
            with contextlib.suppress(NotReady, LabClosed):
                self.io.run(self._end_lines(), timeout=self.settings.close_timeout, waiting_for="connections to close")
            self.io.close(self.settings.close_timeout)
        self.dispatcher.close(self.settings.close_timeout)
        if self._paper is not None:
            self._paper.close()
        if self._process is not None:
            self._process.close()
        if self._trader is not None:
            self._trader.close(self.settings.close_timeout)

    async def _end_lines(self) -> None:
        for desk in self._desks:
            desk.close()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for rest in {self._rest, self._account_rest}:
            await rest.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        self.close() if kind is None else self.end(meant=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, *exc: object) -> None:
        await asyncio.to_thread(self.close if kind is None else partial(self.end, meant=False))

    # --- what streams need of it ------------------------------------------------------------------------------------

    def call(self, function: Callable[[], T]) -> T:
        """Run a function on the I/O thread and give its result."""
        return self.io.call(function)

    def release(self, stream: Stream[Any, Any]) -> None:
        """Let go of a stream's subscriptions."""
        with self._lock:
            for key, other in list(self._streams.items()):
                if other is stream:
                    del self._streams[key]
        if not self.io.alive:
            return
        for feed in stream.feeds:
            self.io.call(lambda feed=feed: self._desk.release(feed), keep=True)  # type: ignore[misc]

    # --- inside -----------------------------------------------------------------------------------------------------

    def wait_for_instruments(self, timeout: float) -> None:
        """Wait for the reference data, or for the first sign that the venue cannot be reached.

        Raises:
            Unreachable: the first attempt failed.
            NotReady: neither came within ``timeout`` seconds.
        """
        line = self._lines[0][1]
        self._instruments.wait(
            until=lambda stream: all(f.ready for f in stream.feeds) or line.failed,
            timeout=timeout,
            what=f"the instruments of {self.venue_name}",
        )
        if not all(feed.ready for feed in self._instruments.feeds):
            raise Unreachable(self.venue_name, line.reason)

    def _make_rest(self, venue: Venue) -> RestClient:
        def wall_ns() -> int:
            return self.now().wall_ns

        return RestClient(
            venue.endpoints.rest,
            wall_ns=wall_ns,
            credentials=venue.credentials,
            ssl_context=venue.ssl_context,
            nonce=venue.nonce(self.mode, wall_ns),
        )

    def _open_line(self, endpoint: Endpoint, router: Router) -> Connection:
        venue = self._venue if endpoint != "private" else self._account_venue
        assert venue is not None  # the private line is opened for an account that is there
        if endpoint == "private":
            self._check_reach(venue)
        return self._start_line(router, venue.endpoints.websocket(endpoint), self._transport_to(venue), endpoint)

    def _open_paper_line(self, endpoint: Endpoint, router: Router) -> Connection:
        assert self._paper is not None
        router.name = f"paper's own {router.name}"
        return self._start_line(router, self._venue.endpoints.websocket(endpoint), self._paper.transport, endpoint)

    def _transport_to(self, venue: Venue) -> Transport:
        if venue is self._venue or self._paper is None:
            return self._transport
        return WebSocketTransport(self.settings, venue.ssl_context)

    def _start_line(self, router: Router, url: str, transport: Transport, endpoint: Endpoint) -> Connection:
        line = Connection(
            name=router.name,
            url=url,
            peer=router,
            transport=transport,
            clock=self._clock,
            settings=self.settings,
            backoff=Backoff(self.settings, self._random, self._budget),
            answer=self._answer,
            gives_up=endpoint != "public",
        )
        self._lines.append((router, line))
        task = asyncio.get_running_loop().create_task(line.run())
        self._tasks[line] = task
        task.add_done_callback(lambda _: self._forget(line))
        return line

    def _forget(self, line: Connection) -> None:
        self._tasks.pop(line, None)
        if not self._closed:
            self._lines[:] = [(router, other) for router, other in self._lines if other is not line]

    async def _answer(self, query: Query) -> Any:
        if query.kind == "private":
            return await self._account_rest.private(query.name, dict(query.fields))
        token = await self._account_rest.websockets_token()
        self._tokens.append(token)
        self._learn_secrets()
        return token.reveal()

    def _learn_secrets(self) -> None:
        """What must not be written down: the account's key, its secret, and the last few tokens."""
        credentials = None if self._account_venue is None else self._account_venue.credentials
        known = () if credentials is None else (credentials.key, credentials.secret)
        self._redactor = Redactor(*known, *self._tokens)

    def _check_open(self) -> None:
        if self._closed:
            raise LabClosed("This lab")
        self.io.check()
        if self._process is not None and not self._process.alive:
            raise SandboxError(_SANDBOX_ENDED)

    def _check_key(self) -> None:
        """Have a key for data that the exchange gives to nobody without one."""
        if self.mode == "paper":
            raise BadKey(
                "level3 needs a real API key, even for public data, and paper holds none. "
                "Use kl.connect('sandbox') for a synthetic one, or kl.connect('live') with a key."
            )
        self._check_account()

    def _check_account(self) -> None:
        """Have an account. Paper makes its own and never looks for a key: what it would find is a real account's."""
        with self._lock:
            if self.mode == "paper":
                if self._paper is None:
                    self._open_paper()
                elif not self._paper.process.alive:
                    raise SandboxError(
                        "The exchange on this machine that fills paper orders has ended, and its orders with it. "
                        "kl.connect('paper', new=True) opens another; market data goes on here."
                    )
                return
            self._check_reach(self._venue)
            if self._venue.credentials is None:
                if (reason := shared_host(os.environ)) is not None:
                    raise BadKey(f"No key is read here: {reason}. kl.connect('sandbox') needs none.")
                self._venue = self._account_venue = self._venue.with_key(find_credentials())
                self._rest = self._account_rest = self.io.call(lambda: self._make_rest(self._venue))

    def _check_reach(self, venue: Venue) -> None:
        """Have an order connection to this machine, unless live was asked for by name."""
        if self.mode != "live" and not venue.endpoints.loopback:
            raise SetupError(
                f"{self.mode} sends orders to this machine only, and {venue.name} is not on it. Nothing was sent; only "
                "kl.connect('live') reaches a real account."
            )

    def _open_paper(self) -> None:
        paper = PaperExchange(io=self.io, settings=self.settings, now=self.now, transport=self._transport)
        self._paper, self._account_venue = paper, paper.venue
        self._account_rest = self.io.call(lambda: self._make_rest(paper.venue))
        self._desks.append(paper.start(self._open_paper_line))

    def _acting(self) -> Trader:
        self._check_open()
        # A lock of its own: the account's folder may keep whoever opens it waiting, and looking goes on.
        with self._opening:
            if self._trader is None:
                with self._lock:
                    self._check_account()
                self._trader = Trader(self, self._ground(), self.order_settings, self._first_limits)
        return self._trader

    def _halt_path(self) -> Path | None:
        """Where a halt of its account stands, if there is one and its account is known without asking for a key."""
        venue = self._account_venue
        if venue is None or venue.credentials is None:
            return None
        return home(os.environ) / venue.state_key(self.mode).name / HALT_FILE

    def _paused(self) -> dict[str, str]:
        return {} if self._paper is None else self._paper.paused

    def _ground(self) -> Ground:
        venue = self._account_venue
        assert venue is not None  # `_check_account` has seen to it
        return Ground(
            mode=self.mode,
            venue=venue.name,
            key=venue.state_key(self.mode),
            venue_pid=venue.pid,
            desk=self._desk,
            reference_desk=self._desks[-1],
            rest=self._account_rest,
            io=self.io,
            clock=self._clock,
            settings=self.settings,
            views=self.views,
            redact=lambda text: self._redactor(text),
            paused=self._paused,
            elsewhere=self._venue.endpoints.elsewhere,
        )
