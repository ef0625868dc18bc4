"""A companion that cannot take its connection with it: what goes wrong in it unexpectedly is contained, and said.

Whoever places orders shares a line with the data that it is judged by. An exception in it is a mistake of this program,
after which nobody knows what was half done; so nothing of it may go on as if nothing had happened, and nothing else may
stop. The companion is told, holds everything for doubtful, and the connection is replaced: what was said is heard anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from ..wire import (
    BalancesMessage,
    Companion,
    ExecutionsMessage,
    Instant,
    Query,
    Response,
    SubscribeResult,
    SystemStatus,
    mishap,
)

__all__ = ["Guarded"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

PAUSE_S: Final = 1.0
"""After a failure nothing is due or asked for so long, lest the same one come again as fast as it can."""


class Guarded:
    """A `Companion` around another one. ``replace`` has the whole connection replaced, for a reason.

    A method that fails gives what a companion gives that has nothing to say.
    """

    def __init__(self, companion: Companion, replace: Callable[[str], object]) -> None:
        self._inner, self._replace = companion, replace
        self._quiet_until = 0.0
        self._at = Instant(0.0, 0)

    def opened(self, at: Instant) -> None:
        """A new connection stands."""
        self._try("opened", at, lambda: self._inner.opened(at), None)

    def closed(self, reason: str, at: Instant) -> None:
        """The connection is gone."""
        self._try("closed", at, lambda: self._inner.closed(reason, at), None)

    def status_changed(self, status: SystemStatus, at: Instant) -> None:
        """The exchange told its state."""
        self._try("status_changed", at, lambda: self._inner.status_changed(status, at), None)

    def reports(self, message: ExecutionsMessage, at: Instant) -> None:
        """Execution reports."""
        self._try("reports", at, lambda: self._inner.reports(message, at), None)

    def ledger(self, message: BalancesMessage, at: Instant) -> None:
        """Balances or ledger entries."""
        self._try("ledger", at, lambda: self._inner.ledger(message, at), None)

    def acknowledged(self, result: SubscribeResult, at: Instant) -> None:
        """A channel was subscribed."""
        self._try("acknowledged", at, lambda: self._inner.acknowledged(result, at), None)

    def doubted(self, channel: str, reason: str, at: Instant) -> None:
        """Something of a channel was lost."""
        self._try("doubted", at, lambda: self._inner.doubted(channel, reason, at), None)

    def responded(self, response: Response, at: Instant) -> bool:
        """An answer; one over which it failed was its own."""
        return self._try("responded", at, lambda: self._inner.responded(response, at), True)

    def to_renew(self) -> tuple[str, ...]:
        """Channels of which a fresh snapshot is needed."""
        return self._try("to_renew", self._at, self._inner.to_renew, ())

    def to_send(self, token: str, new_req_id: Callable[[], int], at: Instant) -> list[str]:
        """The texts to write now. What was made in a call that fails is not written."""
        return self._try("to_send", at, lambda: self._inner.to_send(token, new_req_id, at), [])

    def next_deadline(self, at: Instant) -> float | None:
        """When `let_time_pass` should be called next."""
        if at.mono < self._quiet_until:
            return self._quiet_until
        otherwise: float | None = at.mono + PAUSE_S
        return self._try("next_deadline", at, lambda: self._inner.next_deadline(at), otherwise)

    def let_time_pass(self, at: Instant) -> None:
        """Whatever is due at this moment, but not right after it failed."""
        if at.mono >= self._quiet_until:
            self._try("let_time_pass", at, lambda: self._inner.let_time_pass(at), None)

    def queries(self, at: Instant) -> list[Query]:
        """What is needed from REST."""
        if at.mono < self._quiet_until:
            return []
        return self._try("queries", at, lambda: self._inner.queries(at), [])

    def answered(self, query: Query, answer: Any, at: Instant) -> None:
        """The answer to a query."""
        self._try("answered", at, lambda: self._inner.answered(query, answer, at), None)

    def unanswered(self, query: Query, reason: str, at: Instant, *, refused: bool) -> None:
        """A query failed."""
        self._try("unanswered", at, lambda: self._inner.unanswered(query, reason, at, refused=refused), None)

    def excuse(self, lateness: float) -> None:
        """This side was late."""
        self._try("excuse", self._at, lambda: self._inner.excuse(lateness), None)

    def failed(self, where: str, at: Instant) -> None:
        """Something went wrong in it, or in whom it works with."""
        try:
            self._inner.failed(where, at)
        except Exception as error:
            # It could not even say so; what is left is that the connection goes, and with it all that was known.
            logger.error("companion.failed where=%s error=%s", where, mishap(error))

    def _try(self, where: str, at: Instant, work: Callable[[], T], otherwise: T) -> T:
        self._at = at
        try:
            return work()
        except Exception as error:
            what = f"{where}: {mishap(error)}"
            logger.error("companion.failed %s", what)
        self._quiet_until = at.mono + PAUSE_S
        self.failed(what, at)
        self._replace(f"an error of this program ({what})")
        return otherwise
