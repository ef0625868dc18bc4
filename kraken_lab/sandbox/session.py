"""One connection, without a socket: texts in, texts out, all times handed in.

A session says ``status`` at once, answers requests, beats once a second of silence from the first subscription request
on, and asks to be closed after a minute without activity. What counts as activity: any request, any data; a heartbeat
too, but on the private endpoints only while something is subscribed (there, a connection without a subscription is
closed).

A trading request is answered first; what it caused is reported after that, if the connection has subscribed to it.

Source: General pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from kraken_lab.sandbox import answers
from kraken_lab.sandbox.desk import Desk
from kraken_lab.sandbox.feeds import channel_message
from kraken_lab.sandbox.frames import HEARTBEAT, Frame
from kraken_lab.sandbox.json_text import array, members, text
from kraken_lab.sandbox.limits import Window
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.order_request import TradingRequest
from kraken_lab.sandbox.parameters import BadRequest
from kraken_lab.sandbox.reply import Reply
from kraken_lab.sandbox.request import AccountSubscription, Endpoint, Ping, Request, Subscription, parse
from kraken_lab.sandbox.request_faults import Fate
from kraken_lab.sandbox.subscriptions import Refusal, Subscriptions
from kraken_lab.sandbox.trading import Rejection

__all__ = ["REQUESTS_PER_SECOND", "Session"]

HEARTBEAT_NS: Final = NS_PER_SECOND
REQUESTS_PER_SECOND: Final = 100
"""Our own limit, and a generous one: the exchange's is not published."""
OUTBOX_FRAMES: Final = 100_000
"""A peer that leaves more than that unread is cut off."""
_NEVER: Final = 2**63 - 1


class Session:
    """One connection to the exchange; made by `Exchange.open`, used by whatever carries it.

    ``reset_request`` and ``close_request`` say that, after what `drain` still gives, the connection is to be reset, or
    closed with that code and reason. Either way the session takes no more requests.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        number: int,
        *,
        desk: Desk,
        random: Random,
        clock: Callable[[], int],
        on_output: Callable[[Session], None],
        on_closed: Callable[[Session], None],
        idle_ns: int,
    ) -> None:
        self.endpoint: Endpoint = endpoint
        self.number = number
        self.connection_id = random.getrandbits(63) | 1 << 63
        self.close_request: tuple[int, str] | None = None
        self.reset_request = False
        self._desk = desk
        self._random = random
        self._clock = clock
        self._on_output = on_output
        self._on_closed = on_closed
        self._idle_ns = idle_ns
        self._subscriptions = Subscriptions(desk, self)
        self._rate = Window(REQUESTS_PER_SECOND)
        self._outbox: list[str | bytes] = []
        self._inbox: list[str | bytes] = []
        self._later: list[tuple[int, Callable[[], None]]] = []
        self._is_closed = False
        self._beats = False
        self._spoke_ns = self._active_ns = clock()
        self.say_status()

    @property
    def is_over(self) -> bool:
        """Whether nothing more is said or heard: closed by the peer, or about to be ended by the exchange."""
        return self._is_closed or self.reset_request or self.close_request is not None

    # --- what the peer does -----------------------------------------------------------------------------------------

    def receive(self, data: str | bytes) -> None:
        """Handle one message of the peer at the exchange's present time."""
        if self.is_over:
            return
        if self._desk.faults.frozen:
            self._inbox.append(data)
            return
        now_ns = self._active_ns = self._clock()
        request: Request | BadRequest
        try:
            request = parse(data, self.endpoint, clock_offset_ns=self._desk.stamps.offset_ns)
        except BadRequest as refusal:
            request = refusal
        fate = self._desk.faults.requests.meet(request.method, now_ns)
        if fate.cut == "received":
            self.reset()
        elif fate.held_ns:
            self._postpone(now_ns + fate.held_ns, lambda: self._process(request, fate, now_ns))
        elif not fate.lost:
            self._process(request, fate, now_ns)

    def drain(self) -> list[str | bytes]:
        """What is to be sent, oldest first (bytes only where a fault put them); nothing while frozen."""
        if self._desk.faults.frozen:
            return []
        outgoing, self._outbox = self._outbox, []
        return outgoing

    def close(self) -> None:
        """The peer went away."""
        if not self._is_closed:
            self._is_closed = True
            self._subscriptions.clear()
            self._outbox.clear()
            self._on_closed(self)

    # --- what the exchange does -------------------------------------------------------------------------------------

    def send(self, frame: Frame) -> None:
        """Send a frame, or what the faults make of it."""
        if self.is_over:
            return
        self._spoke_ns = self._clock()  # also if a fault swallows it: it was said
        if self._desk.faults.rules:
            for changed in self._desk.faults.outgoing(self.number, frame):
                self._put(changed.text)
        else:
            self._put(frame.text)
        if frame.type != "heartbeat" or self._keeps_itself_alive():
            self._active_ns = self._clock()

    def send_as_is(self, data: str | bytes) -> None:
        """Send exactly this, whatever the rules say."""
        if not self.is_over:
            self._put(data)

    def say_status(self) -> None:
        """Tell the state of the engine: at the start, and whenever it changes."""
        listing = self._desk.listing
        state = {
            "version": text("2.0.11"),
            "system": text(listing.system),
            "api_version": text("v2"),
            "connection_id": str(self.connection_id),
        }
        if listing.maintenance is not None:
            state["upcoming_maintenance"] = array([listing.maintenance.entry(self._desk.stamps, self._clock())])
            state["emergency"] = array([])
        self.send(Frame(channel_message("status", "update", array([members(**state)])), "status"))

    def reset(self) -> None:
        """End without a word: what was not drained is lost."""
        self._outbox.clear()
        self._finish()
        self.reset_request = True
        self._on_output(self)

    def end(self, code: int, reason: str) -> None:
        """End with a close frame, after what was said already."""
        if not self.is_over:
            self._finish()
            self.close_request = (code, reason)
            self._on_output(self)

    def next_due_ns(self) -> int:
        """When this session does something by itself: a heartbeat, a late answer, its end."""
        if self.is_over:
            return _NEVER
        due = self._active_ns + self._idle_ns
        if self._beats:
            due = min(due, self._spoke_ns + HEARTBEAT_NS)
        return min([due, *(at_ns for at_ns, _ in self._later)])

    def let_time_pass(self, now_ns: int) -> None:
        """Do what is due by now."""
        due = [do for at_ns, do in self._later if at_ns <= now_ns]
        self._later = [later for later in self._later if later[0] > now_ns]
        for do in due:
            do()
        if self.is_over:
            return
        if self._beats and now_ns >= self._spoke_ns + HEARTBEAT_NS:
            self.send(HEARTBEAT)
        if now_ns >= self._active_ns + self._idle_ns:
            self.end(1000, "no activity")

    def resume(self) -> None:
        """After a freeze: handle what was received, and say that there may be something to send."""
        waiting, self._inbox = self._inbox, []
        for data in waiting:
            self.receive(data)
        self._on_output(self)

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _keeps_itself_alive(self) -> bool:
        return self.endpoint == "public" or len(self._subscriptions) > 0

    def _put(self, data: str | bytes) -> None:
        self._outbox.append(data)
        if len(self._outbox) > OUTBOX_FRAMES:
            self.reset()
        else:
            self._on_output(self)

    def _finish(self) -> None:
        self._subscriptions.clear()
        self._later.clear()

    def _process(self, request: Request | BadRequest, fate: Fate, received_ns: int) -> None:
        if self.is_over:
            return
        now_ns = self._clock()
        reply = Reply(self.send, self._postpone_answer, fate, self._desk.stamps, self._random, received_ns, now_ns)
        said = len(self._outbox)
        self._beats = self._beats or request.method == "subscribe"
        if fate.refused or not self._rate.take(1, now_ns):
            reply.refuse("Exceeded msg rate", request)
        elif isinstance(request, BadRequest):
            for symbol in dict.fromkeys(request.symbols) or (None,):
                reply.refuse(request.error, request, symbol)
        elif isinstance(request, Ping):
            reply.send(answers.pong(request.req_id, reply.times()))
        elif isinstance(request, TradingRequest):
            self._trade(request, reply, now_ns, received_ns)
        elif isinstance(request, AccountSubscription):
            self._subscribe_account(request, reply, now_ns)
        else:
            self._subscribe(request, reply, now_ns)
        if fate.cut == "accepted":
            del self._outbox[said:]
        if fate.cut:
            self._finish()
            self.reset_request = True
            self._on_output(self)

    def _subscribe(self, request: Subscription, reply: Reply, now_ns: int) -> None:
        if request.channel == "level3" and not self._desk.tokens.accepts(request.token, now_ns):
            reply.refuse("ESession:Invalid session", request, session_of="level3")
            return
        for symbol in request.symbols or ("",):
            try:
                if request.method == "subscribe":
                    result = self._subscriptions.add(request, symbol, now_ns)
                else:
                    result = self._subscriptions.remove(request, symbol)
            except Refusal as refusal:
                reply.refuse(str(refusal), request, symbol if request.symbols else None)
                continue
            reply.send(answers.acknowledged(request.method, request.req_id, result, reply.times(), symbol))
            if request.method == "subscribe":
                self._subscriptions.begin(request.channel, symbol, now_ns)

    def _subscribe_account(self, request: AccountSubscription, reply: Reply, now_ns: int) -> None:
        if not self._desk.tokens.accepts(request.token, now_ns):
            reply.refuse("ESession:Invalid session", request, session_of=request.channel)
            return
        try:
            if request.method == "subscribe":
                result = self._subscriptions.add_account(request)
            else:
                result = self._subscriptions.remove_account(request)
        except Refusal as refusal:
            reply.refuse(str(refusal), request)
            return
        reply.send(answers.acknowledged(request.method, request.req_id, result, reply.times()))
        if request.method == "subscribe":
            self._desk.account.join(self, request)

    def _trade(self, request: TradingRequest, reply: Reply, now_ns: int, received_ns: int) -> None:
        if not self._desk.tokens.accepts(request.token, now_ns):
            reply.refuse("ESession:Invalid session", request)
            return
        with self._desk.account.held():
            for outcome in self._desk.order_entry.outcomes(request.ask, now_ns, received_ns):
                if isinstance(outcome, Rejection):
                    reply.refuse(str(outcome), request)
                else:
                    reply.grant(outcome, request)

    def _postpone_answer(self, due_ns: int, frame: Frame) -> None:
        self._postpone(due_ns, lambda: self.send(frame))

    def _postpone(self, due_ns: int, do: Callable[[], None]) -> None:
        self._later.append((due_ns, do))
        self._on_output(self)
