"""The kill's own request on the private connection, and its lists as a line of the audit log."""

from __future__ import annotations

from typing import Protocol

from ..errors import OrderRefused
from ..wire import CancelAll, CancelAllResult, Instant, Response, encode
from .kill import Kill, KillReport

__all__ = ["KillErrand", "Killing", "kill_fields"]


class Killing(Protocol):
    """The account, as far as the kill's request knows it."""

    def kill_left(self, at: Instant) -> None:
        """It was given to the socket."""

    def kill_answered(self, at: Instant) -> None:
        """It went through."""


class KillErrand:
    """One ``cancel_all`` of a kill. The kill puts in another one as long as it is not complete."""

    method = CancelAll.method
    urgent = True
    cl_ord_id: str | None = None

    def __init__(self, kill: Kill, account: Killing) -> None:
        self.kill, self.account = kill, account

    def write(self, token: str, req_id: int, at: Instant) -> str:
        """The text.

        Raises:
            OrderRefused: trading goes on.
        """
        if self.kill.ended:
            raise OrderRefused(self.method, ["the halt has ended"])
        return encode(CancelAll(token=token, req_id=req_id))

    def sent(self, at: Instant) -> None:
        """It may arrive from now on."""
        self.account.kill_left(at)

    def answered(self, response: Response, at: Instant, *, matched: bool) -> None:
        """It went through, or not."""
        if response.success is True:
            count = response.result.count if isinstance(response.result, CancelAllResult) else None
            self.kill.socket_answered(count, "", at)
            self.account.kill_answered(at)
        else:
            self.kill.socket_answered(None, response.error or "an unreadable answer", at)

    def unanswered(self, reason: str, at: Instant) -> None:
        """It may or may not have arrived."""
        self.kill.socket_answered(None, reason, at)

    def dropped(self, reason: str, at: Instant) -> None:
        """It was not sent."""
        self.kill.socket_answered(None, reason, at)


def kill_fields(report: KillReport) -> dict[str, object]:
    """What the audit log keeps of a kill's lists."""
    lists = {"cancelled": report.cancelled, "filled": report.filled, "unconfirmed": report.unconfirmed}
    return {
        "complete": report.complete,
        "seconds": round(report.seconds, 3),
        "attempts": report.attempts,
        "answers": list(report.answers[-10:]),
        **{name: [order.order for order in orders] for name, orders in lists.items()},
    }
