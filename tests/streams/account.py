"""Whoever acts on the account in these tests: another program of its owner's, and a companion who writes down."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from kraken_lab.wire import (
    BalancesMessage,
    ExecutionsMessage,
    Instant,
    Query,
    Response,
    SubscribeResult,
    SystemStatus,
)
from tests.virtual import World


class Program:
    """Another program of the same account: what it does reaches the client under test only through the exchange."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def ask(self, method: str, **params: Any) -> list[dict[str, Any]]:
        """Send one request, on a connection of its own, and give the answers to it."""
        token = (await self._world.private_call("GetWebSocketsToken"))["token"]
        session = self._world.exchange.open("private")
        session.receive(json.dumps({"method": method, "params": {**params, "token": token}, "req_id": 1}))
        said = [json.loads(text) for text in session.drain()]
        session.close()
        return [answer for answer in said if answer.get("req_id") == 1]

    async def buy(self, qty: float = 0.01, price: float | None = None, **params: Any) -> str:
        """Buy BTC/USD, at the market unless a price is given; gives the order's id."""
        terms = {"order_type": "market"} if price is None else {"order_type": "limit", "limit_price": price}
        [answer] = await self.ask("add_order", symbol="BTC/USD", side="buy", order_qty=qty, **terms, **params)
        assert answer["success"], answer
        order_id: str = answer["result"]["order_id"]
        return order_id

    async def cancel(self, order_id: str) -> None:
        """Cancel one order."""
        [answer] = await self.ask("cancel_order", order_id=[order_id])
        assert answer["success"], answer


class Scribe:
    """A companion who writes down what it is told and says what a test puts into ``texts``."""

    def __init__(self) -> None:
        self.story: list[str] = []
        self.executions: list[ExecutionsMessage] = []
        self.balances: list[BalancesMessage] = []
        self.responses: list[Response] = []
        self.texts: list[str] = []
        self.queries_wanted: list[Query] = []
        self.answers: list[tuple[Query, Any]] = []
        self.renewals: tuple[str, ...] = ()
        self.tokens: list[str] = []
        self.deadline: float | None = None
        self.rung: list[float] = []

    def opened(self, at: Instant) -> None:
        """A new connection."""
        self.story.append("opened")

    def closed(self, reason: str, at: Instant) -> None:
        """The connection is gone."""
        self.story.append(f"closed: {reason}")

    def status_changed(self, status: SystemStatus, at: Instant) -> None:
        """The exchange's state."""
        self.story.append(status.system)

    def reports(self, message: ExecutionsMessage, at: Instant) -> None:
        """Execution reports."""
        self.executions.append(message)
        self.story.append(f"executions {message.type} {message.sequence}")

    def ledger(self, message: BalancesMessage, at: Instant) -> None:
        """Balances or ledger entries."""
        self.balances.append(message)
        self.story.append(f"balances {message.type} {message.sequence}")

    def acknowledged(self, result: SubscribeResult, at: Instant) -> None:
        """A channel was subscribed."""
        self.story.append(f"acknowledged {result.channel}")

    def doubted(self, channel: str, reason: str, at: Instant) -> None:
        """A channel is not to be relied on."""
        self.story.append(f"doubted {channel}: {reason}")

    def responded(self, response: Response, at: Instant) -> bool:
        """Takes every answer but those to subscriptions."""
        self.responses.append(response)
        return response.method not in ("subscribe", "unsubscribe")

    def to_renew(self) -> tuple[str, ...]:
        """What a test put into ``renewals``."""
        wanted, self.renewals = self.renewals, ()
        return wanted

    def to_send(self, token: str, new_req_id: Callable[[], int], at: Instant) -> list[str]:
        """What a test put into ``texts``, with the token and a number in its place."""
        texts, self.texts = self.texts, []
        self.tokens += [token] * len(texts)
        return [text.replace("TOKEN", token).replace("0000", str(new_req_id())) for text in texts]

    def next_deadline(self, at: Instant) -> float | None:
        """What a test put into ``deadline``."""
        return self.deadline

    def let_time_pass(self, at: Instant) -> None:
        """Notes when its deadline came."""
        if self.deadline is not None and at.mono >= self.deadline:
            self.rung.append(at.mono)
            self.deadline = None

    def queries(self, at: Instant) -> list[Query]:
        """What a test put into ``queries_wanted``."""
        wanted, self.queries_wanted = self.queries_wanted, []
        return wanted

    def answered(self, query: Query, answer: Any, at: Instant) -> None:
        """The answer to a query."""
        self.answers.append((query, answer))

    def unanswered(self, query: Query, reason: str, at: Instant, *, refused: bool) -> None:
        """A query without an answer."""
        self.answers.append((query, f"{'refused' if refused else 'failed'}: {reason}"))

    def excuse(self, lateness: float) -> None:
        """This side was late."""
        self.story.append("excused")

    def failed(self, where: str, at: Instant) -> None:
        """Something went wrong in here."""
        self.story.append(f"failed: {where}")
