"""What is to be written on the private connection, and what was written and is not answered yet.

An `Errand` is one request and what its answer means. The `Outbox` writes each once, ties answers to their request by
``req_id``, and says when an answer is overdue. It sends nothing a second time: an errand that may be repeated, because
it only reduces risk, is put in again by whoever owns it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from ..errors import OrderError
from ..wire import AddOrderResult, Instant, Response

__all__ = ["Errand", "Outbox"]

_LATE_KEPT: Final = 1_000


class Errand(Protocol):
    """One request on its way."""

    @property
    def method(self) -> str:
        """The request's method."""

    @property
    def urgent(self) -> bool:
        """Whether it only reduces risk: it goes first, and waits for the next connection if there is none."""

    @property
    def cl_ord_id(self) -> str | None:
        """The one client id it carries, by which an answer without number could be told to be its own."""

    def write(self, token: str, req_id: int, at: Instant) -> str:
        """Its text.

        Raises:
            OrderError: it may not leave after all; nothing is sent.
        """

    def sent(self, at: Instant) -> None:
        """The text is being given to the socket: it may arrive from now on."""

    def answered(self, response: Response, at: Instant, *, matched: bool) -> None:
        """An answer, also a late one. ``matched``: its number says that it is this errand's."""

    def unanswered(self, reason: str, at: Instant) -> None:
        """No answer came in time, or the connection went away first: it may or may not have arrived."""

    def dropped(self, reason: str, at: Instant) -> None:
        """It was never offered to a socket, and will not be."""


@dataclass(slots=True)
class _Written:
    errand: Errand
    deadline: float


class Outbox:
    """Errands that wait, that were written, and that are overdue but may still be answered."""

    def __init__(self, ack_timeout: float) -> None:
        self._ack_timeout = ack_timeout
        self._waiting: list[Errand] = []
        self._written: dict[int, _Written] = {}
        self._late: dict[int, Errand] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, errand: Errand) -> None:
        """Have it written at the next occasion."""
        self._waiting.append(errand)

    def withdraw(self, errand: Errand, reason: str, at: Instant) -> bool:
        """Take back what was not written yet. False: it is too late for that, or it was never there."""
        if errand not in self._waiting:
            return False
        self._waiting.remove(errand)
        errand.dropped(reason, at)
        return True

    def to_write(self, token: str, new_req_id: Callable[[], int], at: Instant) -> list[str]:
        """The texts of all that wait, what reduces risk first. From here on each of them may arrive."""
        waiting, self._waiting = deque(sorted(self._waiting, key=lambda each: not each.urgent)), []
        texts = []
        try:
            while waiting:
                errand = waiting.popleft()
                req_id = new_req_id()
                try:
                    text = errand.write(token, req_id, at)
                except OrderError as error:
                    errand.dropped(str(error), at)
                    continue
                self._written[req_id] = _Written(errand, at.mono + self._ack_timeout)
                errand.sent(at)
                texts.append(text)
        finally:
            # Should one of them raise what nobody expects, the others are not lost with it.
            self._waiting = [*waiting, *self._waiting]
        return texts

    def hear(self, response: Response, at: Instant) -> bool:
        """Give an answer to its errand. False: it is nobody's here."""
        if response.req_id is None:
            return self._hear_unnumbered(response, at)
        written = self._written.pop(response.req_id, None)
        errand = written.errand if written is not None else self._late.pop(response.req_id, None)
        if errand is None:
            return False
        errand.answered(response, at, matched=True)
        return True

    def _hear_unnumbered(self, response: Response, at: Instant) -> bool:
        """An answer without a number: the client id says whose it is, or there is only one it could answer."""
        waiting = {**self._late, **{req_id: written.errand for req_id, written in self._written.items()}}
        of_method = [req_id for req_id, errand in waiting.items() if errand.method == response.method]
        named = response.result.cl_ord_id if isinstance(response.result, AddOrderResult) else None
        if named is not None:
            of_method = [req_id for req_id in of_method if waiting[req_id].cl_ord_id == named]
        if len(of_method) != 1:
            return False
        errand = waiting[of_method[0]]
        self._written.pop(of_method[0], None)
        self._late.pop(of_method[0], None)
        errand.answered(response, at, matched=False)
        return True

    def let_time_pass(self, at: Instant) -> None:
        """What is overdue is doubtful from now on; its answer is still heard if it comes."""
        for req_id in [req_id for req_id, written in self._written.items() if written.deadline <= at.mono]:
            errand = self._written.pop(req_id).errand
            self._late[req_id] = errand
            errand.unanswered(f"no answer within {self._ack_timeout:g} s", at)
        while len(self._late) > _LATE_KEPT:
            del self._late[next(iter(self._late))]

    def closed(self, reason: str, at: Instant) -> None:
        """The connection is gone. What was written is doubtful; what was not, was never offered to anybody."""
        written, self._written = self._written, {}
        self._late.clear()
        waiting, self._waiting = self._waiting, []
        self._waiting = [errand for errand in waiting if errand.urgent]
        for each in written.values():
            each.errand.unanswered(f"the connection went away before the answer ({reason})", at)
        for errand in waiting:
            if not errand.urgent:
                errand.dropped(f"the connection went away before it was sent ({reason})", at)

    def next_deadline(self) -> float | None:
        """When the next answer is overdue."""
        return min((written.deadline for written in self._written.values()), default=None)

    def excuse(self, lateness: float) -> None:
        """This side was late: answers may come that much later."""
        for written in self._written.values():
            written.deadline += lateness
