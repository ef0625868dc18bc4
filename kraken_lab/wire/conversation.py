"""One connection's life, without the connection.

A `Conversation` knows what is wanted, what was acknowledged, what must be said next and what has gone silent. It takes
frames and moments and gives back messages, events and texts. It knows nothing of sockets, books or tables.

Reconnecting replays the wants, one acknowledgement is matched for every symbol, requests are paced, and silence is
judged on time that is passed in.

Source: "Introduction", "Subscribe" and the channel pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import count

from ..errors import Malformed
from .clock_offset import ClockOffset
from .codec import decode, encode, unknown_keys, unknown_values
from .events import Acknowledged, Declined, Event, Left, Silent, Spoiled, StatusChanged
from .messages import (
    Heartbeat,
    Message,
    Pong,
    Response,
    StatusMessage,
    SubscribeResult,
    SystemStatus,
    UnknownMessage,
)
from .pacing import SlidingBudget
from .peer import Instant, Query
from .quarantine import Quarantine, place_of
from .refusals import Verdict, judge
from .requests import Ping, Subscribe, Unsubscribe
from .settings import Settings
from .token import Token
from .wants import Key, Stage, Standing, Want

__all__ = ["Conversation", "level3_budget"]

SAMPLE = 1_000
"""Unknown keys are looked for in the first message of a type and then in one of so many."""

TOKEN_TICK = 0.25
"""How often to look whether a token has come, in seconds."""

REQUESTS_KEPT = 1_000
"""Requests remembered to match answers with; far more than can be under way."""

NAMES_COUNTED, NAME_LENGTH = 1_000, 80
"""Bounds on what a stranger's names may take up in the counters."""


NOT_DATA = frozenset({Heartbeat, Response, StatusMessage, Pong, UnknownMessage})
"""Messages about the conversation itself. One look-up tells them from data, which is nearly all that comes."""


def level3_budget(settings: Settings) -> SlidingBudget:
    """The pace of level3 subscriptions. It is the account's, so all connections to a venue share one."""
    # A little more than a second, because the exchange's second and ours do not begin together.
    return SlidingBudget(settings.level3_budget, 1.1)


class Conversation:
    """What has been said on one connection, and what must be said next.

    >>> talk = Conversation(Settings())
    >>> talk.want(Want(channel="trade", symbol="BTC/USD"))
    >>> talk.opened(Instant(0.0, 0)); talk.to_send(Instant(0.0, 0))
    ['{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"snapshot":true},"req_id":1}']
    """

    def __init__(self, settings: Settings, level3_pace: SlidingBudget | None = None) -> None:
        self.settings = settings
        self.status: SystemStatus | None = None
        self.offset = ClockOffset()
        self.quarantine = Quarantine(
            keep=settings.quarantine, limit=settings.malformed_limit, window=settings.malformed_window
        )
        self.counters: Counter[str] = Counter()
        self.heard: dict[type, int] = {}
        """Messages by type."""
        self.last_heard: float | None = None
        self.connected = False
        self._standings: dict[Key, Standing] = {}
        self._requests: dict[int, tuple[str, list[Key], Instant]] = {}
        self._events: list[Event] = []
        self._req_ids = count(1)
        self._hang_up: str | None = None
        self._has_asked = False
        self._last_sent = 0.0
        self._pace = SlidingBudget(settings.subscribe_rate, 1.0)
        self._level3_pace = level3_pace or level3_budget(settings)
        self._token = Token(settings)

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def want(self, want: Want) -> None:
        """Remember a wish and ask for it, also after every reconnect. The same key with other options replaces it."""
        standing = self._standings.get(want.key)
        if want.needs_token:
            self._token.begin_anew()
        if standing is None:
            self._standings[want.key] = Standing(want)
        elif standing.want != want or standing.stage in (Stage.REFUSED, Stage.LEAVING):
            self.renew(want)

    def drop(self, key: Key) -> None:
        """Give a wish up and unsubscribe it."""
        standing = self._standings.get(key)
        if standing is None:
            return
        if self.connected and standing.may_be_subscribed:
            self._leave(standing, then=None)
        elif standing.stage is Stage.LEAVING:
            standing.then = None
        else:
            del self._standings[key]

    def renew(self, want: Want) -> None:
        """Unsubscribe and subscribe again: a fresh snapshot, or other options."""
        standing = self._standings.setdefault(want.key, Standing(want))
        if self.connected and standing.stage is Stage.LEAVING:
            standing.then = want
        elif self.connected and standing.may_be_subscribed:
            self._leave(standing, then=want)
        else:
            self._again(standing, want)

    def delivered(self, key: Key) -> None:
        """The snapshot of a subscription came; it is not silent."""
        standing = self._standings.get(key)
        if standing is not None:
            standing.delivered = True
            standing.nudged = False

    def standing(self, key: Key) -> Standing | None:
        """How a wish stands, or None if it is not one."""
        return self._standings.get(key)

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Every wish and how it stands."""
        return tuple(self._standings.values())

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The wishes not yet acknowledged, as ``channel symbol``."""
        return tuple(
            " ".join(part for part in key if part)
            for key, standing in self._standings.items()
            if standing.stage in (Stage.WANTED, Stage.ASKED, Stage.LEAVING)
        )

    def _again(self, standing: Standing, want: Want) -> None:
        standing.want = want
        standing.stage = Stage.WANTED
        standing.req_id = standing.asked_at = standing.acknowledged_at = None
        standing.delivered = standing.doubtful = False
        standing.then = None
        standing.refusal = ""

    def _leave(self, standing: Standing, *, then: Want | None) -> None:
        standing.stage = Stage.LEAVING
        standing.req_id = standing.asked_at = standing.acknowledged_at = None
        standing.doubtful = False
        standing.then = then

    # --- what happened ----------------------------------------------------------------------------------------------

    def opened(self, at: Instant) -> None:
        """A new connection: nothing is subscribed on it, and no token was used on it."""
        self.connected = True
        self.last_heard = at.mono
        self._last_sent = at.mono
        self.status = None
        self._hang_up = None
        self._has_asked = False
        self._requests.clear()
        self.quarantine.forgive()
        self._token.renew()
        for key, standing in list(self._standings.items()):
            if standing.stage is Stage.LEAVING and standing.then is None:
                del self._standings[key]
            elif standing.stage is not Stage.REFUSED:
                self._again(standing, standing.then or standing.want)
                standing.nudged = False

    def closed(self) -> None:
        """The connection is gone; the wants remain."""
        self.connected = False
        self._hang_up = None
        self._requests.clear()

    def hear(self, data: bytes | str, at: Instant) -> Message | None:
        """Take one frame. Gives a channel's message, or None if it was not data; never raises.

        What else it meant is in `take_events`.
        """
        self.last_heard = at.mono
        try:
            message = decode(data)
        except Malformed as error:
            self._spoiled(error, data, at)
            return None
        kind = type(message)
        seen = self.heard.get(kind, 0)
        self.heard[kind] = seen + 1
        if seen % SAMPLE == 0:
            self._look_for_unknown(message)
        if kind in NOT_DATA:
            self._hear_about_itself(message, at)
            return None
        return message

    def _hear_about_itself(self, message: Message, at: Instant) -> None:
        """What is said about the conversation, not about the market."""
        if isinstance(message, Response):
            self._response(message, at)
        elif isinstance(message, StatusMessage):
            self._status(message)
        elif isinstance(message, Pong):
            self._pong(message, at)
        elif isinstance(message, UnknownMessage):
            self.counters["unknown message"] += 1

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    @property
    def has_events(self) -> bool:
        """Whether `take_events` would give any."""
        return bool(self._events)

    def hang_up(self) -> str | None:
        """Why the connection should be replaced now; None while it is good."""
        return self._hang_up

    def excuse(self, lateness: float) -> None:
        """Judge silence and missing answers ``lateness`` seconds more mildly: it was this side that was late."""
        if self.last_heard is not None:
            self.last_heard += lateness
        for standing in self._standings.values():
            if standing.asked_at is not None:
                standing.asked_at += lateness
            if standing.acknowledged_at is not None:
                standing.acknowledged_at += lateness

    def _spoiled(self, error: Malformed, data: bytes | str, at: Instant) -> None:
        self.counters["malformed"] += 1
        if self.quarantine.add(error, data, mono=at.mono, wall_ns=at.wall_ns):
            self._hang_up = f"{self.settings.malformed_limit} malformed messages"
        self._events.append(Spoiled(error.reason, *place_of(data)))

    def _look_for_unknown(self, message: Message) -> None:
        found = [f"unknown key {key}" for key in unknown_keys(message)]
        found += [f"unknown value {name}={value}" for name, value in unknown_values(message)]
        for name in found:
            name = name[:NAME_LENGTH]
            # Names are a stranger's: they are counted, but they cannot fill the memory.
            room = name in self.counters or len(self.counters) < NAMES_COUNTED
            self.counters[name if room else "further unknown names"] += 1

    def _status(self, message: StatusMessage) -> None:
        for status in message.data:
            before, self.status = self.status, status
            self._events.append(StatusChanged(before, status))

    def _pong(self, message: Pong, at: Instant) -> None:
        if message.req_id is not None and (asked := self._requests.pop(message.req_id, None)):
            self.offset.learn(asked[2], at, message.time_in, message.time_out)

    # --- answers ----------------------------------------------------------------------------------------------------

    def _response(self, answer: Response, at: Instant) -> None:
        asked = self._requests.get(answer.req_id) if answer.req_id is not None else None
        if asked is not None:
            self.offset.learn(asked[2], at, answer.time_in, answer.time_out)
        if answer.success and isinstance(answer.result, SubscribeResult):
            key = Key(answer.result.channel, answer.result.symbol)
            standing = self._standings.get(key)
            if standing is None:
                self.counters["unmatched response"] += 1
            elif answer.method == "unsubscribe":
                self._left(standing)
            else:
                self._acknowledged(standing, answer.result, at)
            return
        if answer.success is False and answer.method in ("subscribe", "unsubscribe", "error"):
            text = self._token.hide(answer.error or "no reason given")
            standings = list(self._meant(answer, asked))
            if not standings:
                self.counters["unmatched response"] += 1
            for standing in standings:
                self._refused(standing, text, at)
            return
        self.counters["unmatched response"] += 1

    def _meant(self, answer: Response, asked: tuple[str, list[Key], Instant] | None) -> Iterable[Standing]:
        """The wishes a refusal is about: by request and symbol, by symbol, or all that a request still waits for."""
        if asked is not None:
            waiting = [
                standing
                for key in asked[1]
                if (standing := self._standings.get(key)) is not None and standing.req_id == answer.req_id
            ]
        else:
            waiting = [standing for standing in self._standings.values() if standing.req_id is not None]
            if answer.channel is not None:
                waiting = [standing for standing in waiting if standing.want.channel == answer.channel]
        if answer.symbol is not None:
            # The oldest wish of that symbol: answers without a number come in the order of the requests.
            named = [standing for standing in waiting if standing.want.symbol == answer.symbol]
            return named[:1] if asked is None else named
        requests = {standing.req_id for standing in waiting}
        return waiting if len(requests) == 1 else []

    def _acknowledged(self, standing: Standing, result: SubscribeResult, at: Instant) -> None:
        if standing.stage is Stage.WANTED and standing.doubtful:
            # The answer to a request that was given up for lost: it was only late.
            self.counters["late response"] += 1
        elif standing.stage is not Stage.ASKED:
            # A late answer to a request that was taken back since: what is under way now decides.
            self.counters["late response"] += 1
            return
        standing.difference = standing.want.differs_from(result)
        self._subscribed(standing, at)
        self._events.append(Acknowledged(standing.want, result, standing.difference))

    def _subscribed(self, standing: Standing, at: Instant) -> None:
        standing.stage = Stage.ACKNOWLEDGED
        standing.acknowledged_at = at.mono
        standing.req_id = standing.asked_at = None
        standing.doubtful = False
        standing.attempts = standing.pauses = 0
        if standing.want.needs_token:
            self._token.used()

    def _left(self, standing: Standing) -> None:
        if standing.stage is not Stage.LEAVING:
            self.counters["late response"] += 1
            return
        self._events.append(Left(standing.want))
        if standing.then is None:
            del self._standings[standing.want.key]
        else:
            self._again(standing, standing.then)

    def _refused(self, standing: Standing, text: str, at: Instant) -> None:
        verdict = judge(text)
        if standing.stage is Stage.LEAVING:
            if verdict is Verdict.SLOW_DOWN:
                self._pause(standing, at)
            elif verdict is Verdict.TOKEN and not self._token.given_up:
                # It is still subscribed: it leaves with a token that is good.
                self._token_refused(standing, at)
            else:
                # "Subscription Not Found" and anything else: there is nothing left to leave.
                self._left(standing)
        elif verdict is Verdict.SLOW_DOWN:
            self.counters["slowed down"] += 1
            standing.stage = Stage.WANTED
            self._pause(standing, at)
        elif verdict is Verdict.ALREADY and standing.delivered:
            # Its acknowledgement was lost, but not its snapshot: it is as good as acknowledged.
            self._subscribed(standing, at)
        elif verdict is Verdict.ALREADY and standing.attempts < self.settings.resync_limit:
            # Its acknowledgement was lost, and its snapshot too: leave and ask again.
            standing.attempts += 1
            self._leave(standing, then=standing.want)
        elif verdict is Verdict.TOKEN and (self._token.text is None or not self._token.given_up):
            standing.stage = Stage.WANTED
            self._token_refused(standing, at)
        else:
            self._decline(standing, text)

    def _pause(self, standing: Standing, at: Instant) -> None:
        standing.req_id = standing.asked_at = None
        standing.not_before = at.mono + self.settings.rate_pause * 2 ** min(standing.pauses, 5)
        standing.pauses += 1

    def _decline(self, standing: Standing, text: str) -> None:
        standing.stage = Stage.REFUSED
        standing.req_id = standing.asked_at = None
        standing.refusal = text
        self._events.append(Declined(standing.want, text))

    # --- tokens -----------------------------------------------------------------------------------------------------

    def _token_refused(self, standing: Standing, at: Instant) -> None:
        standing.req_id = standing.asked_at = None
        self._token.refused(now=at.mono)

    def queries(self, at: Instant) -> list[Query]:
        """A token, if something waits for one and the last failure is long enough ago."""
        wanting = self.connected and any(map(self._lacks_token, self._standings.values()))
        return [Query("token")] if wanting and self._token.wants_fetching(now=at.mono) else []

    @staticmethod
    def _lacks_token(standing: Standing) -> bool:
        return standing.want.needs_token and standing.req_id is None and standing.stage in (Stage.WANTED, Stage.LEAVING)

    def token_came(self, token: str, at: Instant) -> None:
        """A fresh token, to be used for this connection only."""
        self._token.came(token, now=at.mono)

    def token_failed(self, reason: str, at: Instant, *, refused: bool) -> None:
        """No token. A venue that refuses is asked a few more times; one that cannot be reached, for ever."""
        self._token.failed(now=at.mono, refused=refused)
        if refused and self._token.given_up:
            for standing in filter(self._lacks_token, list(self._standings.values())):
                if standing.stage is Stage.WANTED:
                    self._decline(standing, reason)
                else:
                    self._left(standing)

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def _judges_silence(self) -> bool:
        # From the first request on the exchange beats every second, also if it refused.
        return self.connected and self._has_asked

    def let_time_pass(self, at: Instant) -> None:
        """Notice what did not happen: a silent line, requests without answers, subscriptions without data."""
        settings = self.settings
        if not self.connected:
            return
        heard = self.last_heard
        # Sums as in `next_deadline`, not differences: rounded otherwise, a deadline could be reached and not be due.
        if self._judges_silence and heard is not None and at.mono >= heard + settings.silence_timeout:
            self._hang_up = f"silence of {at.mono - heard:.1f} s"
            return
        for standing in list(self._standings.values()):
            self._overdue(standing, at)

    def _overdue(self, standing: Standing, at: Instant) -> None:
        settings = self.settings
        if standing.asked_at is not None and at.mono >= standing.asked_at + settings.ack_timeout:
            self.counters["unanswered request"] += 1
            standing.req_id = standing.asked_at = None
            if standing.stage is Stage.ASKED:
                # It may be subscribed all the same: whoever gives it up unsubscribes it.
                standing.stage = Stage.WANTED
                standing.doubtful = True
        elif (
            standing.stage is Stage.ACKNOWLEDGED
            and not standing.delivered
            and standing.acknowledged_at is not None
            and at.mono >= standing.acknowledged_at + settings.snapshot_timeout
        ):
            final = standing.nudged
            self._events.append(Silent(standing.want, final=final))
            if final:
                # Said once; heartbeats prove the connection, so it is kept and data is still welcome.
                standing.acknowledged_at = None
            else:
                standing.nudged = True
                self._leave(standing, then=standing.want)

    def next_deadline(self, at: Instant) -> float | None:
        """When `let_time_pass` or `to_send` should be called next, in monotonic seconds."""
        if not self.connected:
            return None
        settings = self.settings
        due = [self._last_sent + settings.keepalive]
        if self._judges_silence and self.last_heard is not None:
            due.append(self.last_heard + settings.silence_timeout)
        for standing in self._standings.values():
            if standing.asked_at is not None:
                due.append(standing.asked_at + settings.ack_timeout)
            elif standing.stage in (Stage.WANTED, Stage.LEAVING):
                due.append(self._may_ask_at(standing, at))
            elif standing.acknowledged_at is not None and not standing.delivered:
                due.append(standing.acknowledged_at + settings.snapshot_timeout)
        return min(due)

    def _may_ask_at(self, standing: Standing, at: Instant) -> float:
        soonest = max(standing.not_before, self._pace.ready_at(1, at.mono))
        if standing.want.needs_token and self._token.text is None:
            return max(self._token.pause_until, at.mono + TOKEN_TICK)
        if standing.stage is Stage.WANTED and standing.want.needs_token:
            soonest = max(soonest, self._level3_pace.ready_at(standing.want.cost, at.mono))
        return soonest

    # --- what must be said ------------------------------------------------------------------------------------------

    def to_send(self, at: Instant) -> list[str]:
        """The requests that may be written now, within the pace the exchange allows."""
        if not self.connected:
            return []
        texts: list[str] = []
        for stage in (Stage.LEAVING, Stage.WANTED):
            for group in self._groups(stage, at):
                if self._pace.room(at.mono) < 1:
                    return texts
                texts.append(self._ask(stage, group, at))
        if not texts and at.mono >= self._last_sent + self.settings.keepalive:
            req_id = next(self._req_ids)
            self._requests[req_id] = ("ping", [], at)
            texts.append(encode(Ping(req_id=req_id)))
        if texts:
            self._last_sent = at.mono
        return texts

    def _groups(self, stage: Stage, at: Instant) -> list[list[Standing]]:
        """Wishes that one request can carry: same options, not too many, within the level3 budget."""
        groups: dict[tuple[object, ...], list[list[Standing]]] = {}
        level3_room = self._level3_pace.room(at.mono)
        for standing in self._standings.values():
            if standing.stage is not stage or standing.req_id is not None or standing.not_before > at.mono:
                continue
            want = standing.want
            if want.needs_token:
                if self._token.text is None:
                    continue
                if stage is Stage.WANTED:
                    if level3_room < min(want.cost, self._level3_pace.budget):
                        continue
                    level3_room -= want.cost
            lists = groups.setdefault(want.options, [[]])
            if len(lists[-1]) >= self.settings.subscribe_symbols or (lists[-1] and want.symbol is None):
                lists.append([])
            lists[-1].append(standing)
        return [group for lists in groups.values() for group in lists]

    def _ask(self, stage: Stage, group: list[Standing], at: Instant) -> str:
        want = group[0].want
        req_id = next(self._req_ids)
        for standing in group:
            standing.req_id = req_id
            standing.asked_at = at.mono
            if stage is Stage.WANTED:
                standing.stage = Stage.ASKED
        self._requests[req_id] = (stage.value, [standing.want.key for standing in group], at)
        while len(self._requests) > REQUESTS_KEPT:
            del self._requests[next(iter(self._requests))]
        self._pace.spend(1, at.mono)
        self._has_asked = True
        symbols = [standing.want.symbol for standing in group if standing.want.symbol is not None] or None
        token = self._token.text if want.needs_token else None
        if stage is Stage.LEAVING:
            return encode(
                Unsubscribe(
                    channel=want.channel,
                    symbol=symbols,
                    depth=want.depth,
                    interval=want.interval,
                    event_trigger=want.event_trigger,
                    token=token,
                    req_id=req_id,
                )
            )
        cost = sum(standing.want.cost for standing in group)
        if cost:
            self._level3_pace.spend(cost, at.mono)
        return encode(
            Subscribe(
                channel=want.channel,
                symbol=symbols,
                depth=want.depth,
                interval=want.interval,
                event_trigger=want.event_trigger,
                snapshot=want.snapshot,
                token=token,
                req_id=req_id,
            )
        )
