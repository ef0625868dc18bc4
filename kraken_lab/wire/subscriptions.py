"""Every wish of one connection and how it stands: asked, acknowledged, refused, leaving, silent.

A part of the `Conversation`, which hears the frames; here is what an answer means for a want, what has not come in time
and what must be asked next, within the pace the exchange allows.

Source: "Subscribe" and the channel pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .codec import encode
from .events import Acknowledged, Declined, Event, Left, Silent
from .messages import Response, SubscribeResult
from .pacing import SlidingBudget
from .peer import Instant
from .pending import Pending
from .refusals import Verdict, judge
from .settings import Settings
from .token import Token
from .wants import Key, Stage, Standing, Want

__all__ = ["Subscriptions", "level3_budget"]

TOKEN_TICK = 0.25
"""How often to look whether a token has come, in seconds."""


def level3_budget(settings: Settings) -> SlidingBudget:
    """The pace of level3 subscriptions. It is the account's, so all connections to a venue share one."""
    # A little more than a second, because the exchange's second and ours do not begin together.
    return SlidingBudget(settings.level3_budget, 1.1)


class Subscriptions:
    """The wants of one connection. ``counters`` and ``events`` are the conversation's; this adds to them."""

    def __init__(
        self,
        settings: Settings,
        pending: Pending,
        counters: Counter[str],
        events: list[Event],
        level3_pace: SlidingBudget | None = None,
    ) -> None:
        self.settings, self.token = settings, Token(settings)
        self.connected = False
        self.has_asked = False
        """Whether anything was asked on this connection: from then on the exchange beats every second."""
        self.accompanied = False
        """Whether somebody else on this connection needs a token, too."""
        self._pending, self._counters, self._events = pending, counters, events
        self._standings: dict[Key, Standing] = {}
        self._pace = SlidingBudget(settings.subscribe_rate, 1.0)
        self._level3_pace = level3_pace or level3_budget(settings)

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def want(self, want: Want) -> None:
        """Remember a wish and ask for it, also after every reconnect. The same key with other options replaces it."""
        standing = self._standings.get(want.key)
        if want.needs_token:
            self.token.begin_anew()
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
            standing.leave(then=None)
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
            standing.leave(then=want)
        else:
            standing.begin(want)

    def delivered(self, key: Key) -> None:
        """The snapshot of a subscription came; it is not silent."""
        standing = self._standings.get(key)
        if standing is not None:
            standing.delivered = True
            standing.nudged = False

    def get(self, key: Key) -> Standing | None:
        """How a wish stands, or None if it is not one."""
        return self._standings.get(key)

    @property
    def all(self) -> tuple[Standing, ...]:
        """Every wish and how it stands."""
        return tuple(self._standings.values())

    # --- what happened ----------------------------------------------------------------------------------------------

    def opened(self) -> None:
        """A new connection: nothing is subscribed on it, and no token was used on it."""
        self.connected = True
        self.has_asked = False
        self.token.renew()
        for key, standing in list(self._standings.items()):
            if standing.stage is Stage.LEAVING and standing.then is None:
                del self._standings[key]
            elif standing.stage is not Stage.REFUSED:
                standing.begin(standing.then or standing.want)
                standing.nudged = False

    def closed(self) -> None:
        """The connection is gone; the wants remain."""
        self.connected = False

    def excuse(self, lateness: float) -> None:
        """Judge missing answers ``lateness`` seconds more mildly."""
        for standing in self._standings.values():
            if standing.asked_at is not None:
                standing.asked_at += lateness
            if standing.acknowledged_at is not None:
                standing.acknowledged_at += lateness

    def answered(self, answer: Response, at: Instant) -> bool:
        """Take an answer; False if it is about no want of this connection."""
        if answer.success and isinstance(answer.result, SubscribeResult):
            standing = self._standings.get(Key(answer.result.channel, answer.result.symbol))
            if standing is None:
                return False
            if answer.method == "unsubscribe":
                self._left(standing)
            else:
                self._acknowledged(standing, answer.result, at)
            return True
        if answer.success is False and answer.method in ("subscribe", "unsubscribe", "error"):
            text = self.token.hide(answer.error or "no reason given")
            standings = list(self._meant(answer))
            for standing in standings:
                self._refused(standing, text, at)
            return bool(standings)
        return False

    def _meant(self, answer: Response) -> Iterable[Standing]:
        """The wishes a refusal is about: by request and symbol, by symbol, or all that a request still waits for."""
        asked = self._pending.get(answer.req_id)
        if asked is not None:
            waiting = [
                standing
                for key in asked.keys
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
            self._counters["late response"] += 1
        elif standing.stage is not Stage.ASKED:
            # A late answer to a request that was taken back since: what is under way now decides.
            self._counters["late response"] += 1
            return
        standing.difference = standing.want.differs_from(result)
        self._subscribed(standing, at)
        self._events.append(Acknowledged(standing.want, result, standing.difference))

    def _subscribed(self, standing: Standing, at: Instant) -> None:
        standing.agreed(at.mono)
        if standing.want.needs_token:
            self.token.used()

    def _left(self, standing: Standing) -> None:
        if standing.stage is not Stage.LEAVING:
            self._counters["late response"] += 1
            return
        self._events.append(Left(standing.want))
        if standing.then is None:
            del self._standings[standing.want.key]
        else:
            standing.begin(standing.then)

    # --- refusals ---------------------------------------------------------------------------------------------------

    def _refused(self, standing: Standing, text: str, at: Instant) -> None:
        verdict = judge(text)
        if standing.stage is Stage.LEAVING:
            if verdict is Verdict.SLOW_DOWN:
                self._pause(standing, at)
            elif verdict is Verdict.TOKEN and not self.token.given_up:
                # It is still subscribed: it leaves with a token that is good.
                self._token_refused(standing, at)
            else:
                # "Subscription Not Found" and anything else: there is nothing left to leave.
                self._left(standing)
        elif verdict is Verdict.SLOW_DOWN:
            self._counters["slowed down"] += 1
            standing.stage = Stage.WANTED
            self._pause(standing, at)
        elif verdict is Verdict.ALREADY and standing.delivered:
            # Its acknowledgement was lost, but not its snapshot: it is as good as acknowledged.
            self._subscribed(standing, at)
        elif verdict is Verdict.ALREADY and standing.attempts < self.settings.resync_limit:
            # Its acknowledgement was lost, and its snapshot too: leave and ask again.
            standing.attempts += 1
            standing.leave(then=standing.want)
        elif verdict is Verdict.TOKEN and (self.token.text is None or not self.token.given_up):
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

    def _token_refused(self, standing: Standing, at: Instant) -> None:
        standing.req_id = standing.asked_at = None
        self.token.refused(now=at.mono)

    # --- tokens -----------------------------------------------------------------------------------------------------

    def wants_token(self, at: Instant) -> bool:
        """Whether to fetch a token now: something waits for one, and the last failure is long enough ago."""
        wanting = self.connected and (self.accompanied or any(map(_lacks_token, self._standings.values())))
        return wanting and self.token.wants_fetching(now=at.mono)

    def token_failed(self, reason: str, at: Instant, *, refused: bool) -> None:
        """No token. A venue that refuses is asked a few more times; one that cannot be reached, for ever."""
        self.token.failed(now=at.mono, refused=refused)
        if refused and self.token.given_up:
            for standing in filter(_lacks_token, list(self._standings.values())):
                if standing.stage is Stage.WANTED:
                    self._decline(standing, reason)
                else:
                    self._left(standing)

    # --- time -------------------------------------------------------------------------------------------------------

    def let_time_pass(self, at: Instant) -> None:
        """Notice requests without answers and subscriptions without data."""
        for standing in list(self._standings.values()):
            self._overdue(standing, at)

    def _overdue(self, standing: Standing, at: Instant) -> None:
        settings = self.settings
        # Sums as in `due`, not differences: rounded otherwise, a deadline could be reached and not be due.
        if standing.asked_at is not None and at.mono >= standing.asked_at + settings.ack_timeout:
            self._counters["unanswered request"] += 1
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
                standing.leave(then=standing.want)

    def due(self, at: Instant) -> list[float]:
        """When something may be asked or is overdue, in monotonic seconds."""
        settings = self.settings
        due: list[float] = []
        for standing in self._standings.values():
            if standing.asked_at is not None:
                due.append(standing.asked_at + settings.ack_timeout)
            elif standing.stage in (Stage.WANTED, Stage.LEAVING):
                due.append(self._may_ask_at(standing, at))
            elif standing.acknowledged_at is not None and not standing.delivered:
                due.append(standing.acknowledged_at + settings.snapshot_timeout)
        if self.accompanied and self.token.text is None:
            due.append(self._token_due(at))
        return due

    def _token_due(self, at: Instant) -> float:
        return max(self.token.pause_until, at.mono + TOKEN_TICK)

    def _may_ask_at(self, standing: Standing, at: Instant) -> float:
        soonest = max(standing.not_before, self._pace.ready_at(1, at.mono))
        if standing.want.needs_token and self.token.text is None:
            return self._token_due(at)
        if standing.stage is Stage.WANTED and standing.want.cost:
            soonest = max(soonest, self._level3_pace.ready_at(standing.want.cost, at.mono))
        return soonest

    # --- what must be said ------------------------------------------------------------------------------------------

    def to_send(self, at: Instant) -> list[str]:
        """The requests that may be written now."""
        texts: list[str] = []
        for stage in (Stage.LEAVING, Stage.WANTED):
            for group in self._groups(stage, at):
                if self._pace.room(at.mono) < 1:
                    return texts
                texts.append(self._ask(stage, group, at))
        return texts

    def _groups(self, stage: Stage, at: Instant) -> list[list[Standing]]:
        """Wishes that one request can carry: same options, not too many, within the level3 budget."""
        groups: dict[tuple[object, ...], list[list[Standing]]] = {}
        level3_room = self._level3_pace.room(at.mono)
        for standing in self._standings.values():
            if standing.stage is not stage or standing.req_id is not None or standing.not_before > at.mono:
                continue
            want = standing.want
            if want.needs_token and self.token.text is None:
                continue
            if want.cost and stage is Stage.WANTED:
                if level3_room < min(want.cost, self._level3_pace.budget):
                    continue
                level3_room -= want.cost
            lists = groups.setdefault(want.options, [[]])
            if len(lists[-1]) >= self.settings.subscribe_symbols or (lists[-1] and want.symbol is None):
                lists.append([])
            lists[-1].append(standing)
        return [group for lists in groups.values() for group in lists]

    def _ask(self, stage: Stage, group: list[Standing], at: Instant) -> str:
        want, token = group[0].want, self.token.text
        req_id = self._pending.add(at, (standing.want.key for standing in group))
        for standing in group:
            standing.req_id = req_id
            standing.asked_at = at.mono
            if stage is Stage.WANTED:
                standing.stage = Stage.ASKED
        self._pace.spend(1, at.mono)
        self.has_asked = True
        symbols = [standing.want.symbol for standing in group if standing.want.symbol is not None]
        if stage is Stage.LEAVING:
            return encode(want.unsubscribe(symbols, token=token, req_id=req_id))
        cost = sum(standing.want.cost for standing in group)
        if cost:
            self._level3_pace.spend(cost, at.mono)
        return encode(want.subscribe(symbols, token=token, req_id=req_id))


def _lacks_token(standing: Standing) -> bool:
    return standing.want.needs_token and standing.req_id is None and standing.stage in (Stage.WANTED, Stage.LEAVING)
