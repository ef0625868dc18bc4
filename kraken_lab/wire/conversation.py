"""One connection's life, without the connection.

A `Conversation` knows what is wanted, what was acknowledged, what must be said next and what has gone silent. It takes
frames and moments and gives back messages, events and texts. It knows nothing of sockets, books or tables.

Reconnecting replays the wants, one acknowledgement is matched for every symbol, requests are paced, and silence is
judged on time that is passed in. The wants themselves are kept in `Subscriptions`.

Source: "Introduction", "Ping" and "Status", Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ..errors import Malformed
from .clock_offset import ClockOffset
from .codec import decode, encode, unknown_keys, unknown_values
from .events import Event, Spoiled, StatusChanged
from .messages import BookMessage, Heartbeat, Message, Pong, Response, StatusMessage, SystemStatus, UnknownMessage
from .pacing import SlidingBudget
from .peer import Instant, Query
from .pending import Pending
from .quarantine import Quarantine, place_of
from .refusals import Verdict, judge
from .requests import Ping
from .settings import Settings
from .subscriptions import Subscriptions, level3_budget
from .wants import Key, Stage, Standing, Want

__all__ = ["Conversation", "level3_budget"]

SAMPLE = 1_000
"""Unknown keys are looked for in the first message of a type and then in one of so many."""

NAMES_COUNTED, NAME_LENGTH = 1_000, 80
"""Bounds on what a stranger's names may take up in the counters."""


NOT_DATA = frozenset({Heartbeat, Response, StatusMessage, Pong, UnknownMessage})
"""Messages about the conversation itself. One look-up tells them from data, which is nearly all that comes."""


def _nobody(answer: Response, at: Instant) -> bool:
    return False


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
        self._requests = Pending()
        self.events: list[Event] = []
        """What happened besides data and was not taken yet, in order; see `take_events`."""
        self._hang_up: str | None = None
        self._last_sent = 0.0
        self._subscriptions = Subscriptions(settings, self._requests, self.counters, self.events, level3_pace)
        self._elsewhere: Callable[[Response, Instant], bool] = _nobody

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def want(self, want: Want) -> None:
        """Remember a wish and ask for it, also after every reconnect. The same key with other options replaces it."""
        self._subscriptions.want(want)

    def drop(self, key: Key) -> None:
        """Give a wish up and unsubscribe it."""
        self._subscriptions.drop(key)

    def renew(self, want: Want) -> None:
        """Unsubscribe and subscribe again: a fresh snapshot, or other options."""
        self._subscriptions.renew(want)

    def delivered(self, key: Key) -> None:
        """The snapshot of a subscription came; it is not silent."""
        self._subscriptions.delivered(key)

    def standing(self, key: Key) -> Standing | None:
        """How a wish stands, or None if it is not one."""
        return self._subscriptions.get(key)

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Every wish and how it stands."""
        return self._subscriptions.all

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The wishes not yet acknowledged, as ``channel symbol``."""
        return tuple(
            " ".join(part for part in standing.want.key if part)
            for standing in self.standings
            if standing.stage in (Stage.WANTED, Stage.ASKED, Stage.LEAVING)
        )

    # --- somebody else on the line ----------------------------------------------------------------------------------

    def accompany(self, answered: Callable[[Response, Instant], bool]) -> None:
        """Share the line with somebody who asks other things than subscriptions.

        A token is kept good for them, and answers that are about no want are given to ``answered``.
        """
        self._elsewhere = answered
        self._subscriptions.accompanied = True

    @property
    def token(self) -> str | None:
        """The token that is good on this connection now, or None."""
        return self._subscriptions.token.text if self.connected else None

    def new_req_id(self, at: Instant) -> int:
        """A number for a request of somebody else's that is written now."""
        return self._requests.add(at)

    def spoke(self, at: Instant) -> None:
        """Somebody else's requests were written, which keeps the connection open as well."""
        self._last_sent = at.mono

    # --- what happened ----------------------------------------------------------------------------------------------

    def opened(self, at: Instant) -> None:
        """A new connection: nothing is subscribed on it, and no token was used on it."""
        self.connected = True
        self.last_heard = at.mono
        self._last_sent = at.mono
        self.status = None
        self._hang_up = None
        self._requests.clear()
        self.quarantine.forgive()
        self._subscriptions.opened()

    def closed(self) -> None:
        """The connection is gone; the wants remain."""
        self.connected = False
        self._hang_up = None
        self._requests.clear()
        self._subscriptions.closed()

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
        kind, heard = type(message), self.heard
        heard[kind] = seen = heard.get(kind, 0) + 1
        if seen % SAMPLE == 1:
            self._look_for_unknown(message)
        if kind in NOT_DATA:
            self._hear_about_itself(message, at)
            return None
        return message

    def heard_update(self, at: Instant) -> None:
        """Count a frame that its book has read by itself: an update with all that is known, and nothing else."""
        self.last_heard = at.mono
        self.heard[BookMessage] = self.heard.get(BookMessage, 0) + 1

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
        events = self.events[:]
        self.events.clear()
        return events

    def hang_up(self) -> str | None:
        """Why the connection should be replaced now; None while it is good."""
        return self._hang_up

    def give_up(self, reason: str) -> None:
        """Have the connection replaced."""
        self._hang_up = reason

    def excuse(self, lateness: float) -> None:
        """Judge silence and missing answers ``lateness`` seconds more mildly: it was this side that was late."""
        if self.last_heard is not None:
            self.last_heard += lateness
        self._subscriptions.excuse(lateness)

    def _spoiled(self, error: Malformed, data: bytes | str, at: Instant) -> None:
        self.counters["malformed"] += 1
        if self.quarantine.add(error, data, mono=at.mono, wall_ns=at.wall_ns):
            self._hang_up = f"{self.settings.malformed_limit} malformed messages"
        self.events.append(Spoiled(error.reason, *place_of(data)))

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
            self.events.append(StatusChanged(before, status))

    def _pong(self, message: Pong, at: Instant) -> None:
        if (asked := self._requests.take(message.req_id)) is not None:
            self.offset.learn(asked.at, at, message.time_in, message.time_out)

    def _response(self, answer: Response, at: Instant) -> None:
        asked = self._requests.get(answer.req_id)
        if asked is not None:
            self.offset.learn(asked.at, at, answer.time_in, answer.time_out)
            if not asked.keys:
                self._learn_of_token(answer, at)
        hearers = [self._subscriptions.answered, self._elsewhere]
        if asked is None and answer.method not in ("subscribe", "unsubscribe"):
            # "Malformed request" comes without a number: it must not be taken for the end of a subscription.
            hearers.reverse()
        if not any(hear(answer, at) for hear in hearers):
            self.counters["unmatched response"] += 1

    def _learn_of_token(self, answer: Response, at: Instant) -> None:
        """What an answer to somebody else's request says of the token they share."""
        token = self._subscriptions.token
        if answer.success:
            token.used()
        elif answer.error is not None and judge(answer.error) is Verdict.TOKEN:
            token.refused(now=at.mono)

    # --- tokens -----------------------------------------------------------------------------------------------------

    def queries(self, at: Instant) -> list[Query]:
        """A token, if something waits for one and the last failure is long enough ago."""
        return [Query("token")] if self._subscriptions.wants_token(at) else []

    def token_came(self, token: str, at: Instant) -> None:
        """A fresh token, to be used for this connection only."""
        self._subscriptions.token.came(token, now=at.mono)

    def token_failed(self, reason: str, at: Instant, *, refused: bool) -> None:
        """No token. A venue that refuses is asked a few more times; one that cannot be reached, for ever."""
        self._subscriptions.token_failed(reason, at, refused=refused)

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def _judges_silence(self) -> bool:
        # From the first request on the exchange beats every second, also if it refused.
        return self.connected and self._subscriptions.has_asked

    def let_time_pass(self, at: Instant) -> None:
        """Notice what did not happen: a silent line, requests without answers, subscriptions without data."""
        if not self.connected:
            return
        heard = self.last_heard
        # Sums as in `next_deadline`, not differences: rounded otherwise, a deadline could be reached and not be due.
        if self._judges_silence and heard is not None and at.mono >= heard + self.settings.silence_timeout:
            self._hang_up = f"silence of {at.mono - heard:.1f} s"
            return
        self._subscriptions.let_time_pass(at)

    def next_deadline(self, at: Instant) -> float | None:
        """When `let_time_pass` or `to_send` should be called next, in monotonic seconds."""
        if not self.connected:
            return None
        due = [self._last_sent + self.settings.keepalive]
        if self._judges_silence and self.last_heard is not None:
            due.append(self.last_heard + self.settings.silence_timeout)
        return min(due + self._subscriptions.due(at))

    # --- what must be said ------------------------------------------------------------------------------------------

    def to_send(self, at: Instant) -> list[str]:
        """The requests that may be written now, within the pace the exchange allows."""
        if not self.connected:
            return []
        texts = self._subscriptions.to_send(at)
        if not texts and at.mono >= self._last_sent + self.settings.keepalive:
            texts.append(encode(Ping(req_id=self._requests.add(at))))
        if texts:
            self._last_sent = at.mono
        return texts
