"""What an answer proves: nothing was placed, something was accepted, or nobody knows.

The table is data and errs on the side of UNKNOWN: a text that is not in it proves nothing. Sending again because of a
text that only sounds like a refusal is how one order becomes two.

Source: the error pages and the trading methods' own pages, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from ..wire import AddOrderResult, AmendOrderResult, BatchAddResult, EditOrderResult, Response

__all__ = [
    "DOUBTFUL",
    "GONE",
    "REFUSALS",
    "REFUSALS_IF_MATCHED",
    "WHOLE_BATCH",
    "Ruling",
    "Verdict",
    "judge_batch",
    "judge_order",
    "proves_refusal",
]


class Verdict(StrEnum):
    """What one answer says about one order."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    """The exchange said no, in words that prove that nothing was done."""
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, the words it rests on, the exchange's id if it gave one, and what should be said aloud."""

    verdict: Verdict
    text: str = ""
    order_id: str | None = None
    alarm: str = ""


REFUSALS: Final = (
    "EOrder:*",
    "EGeneral:Invalid arguments*",
    "EGeneral:Permission denied",
    "EAPI:Invalid key",
    "EAPI:Invalid signature",
    "EAPI:Invalid nonce",
    "ESession:*",
    "EAuth:*",
    "EService:Market in * mode",
)
"""Texts that prove that the request changed nothing."""

REFUSALS_IF_MATCHED: Final = (
    "EAPI:Rate limit exceeded",
    "EAccount:*",
    "ETrade:*",
    "EBM:*",
    "Token(s) not found",
    "Unsupported field*",
    "*field must be*",
    "Malformed request",
    "Private data and trading are unavailable on this endpoint*",
    "Public market data subscriptions are unavailable on this endpoint*",
)
"""Texts that prove it only where ``req_id`` says which request they answer: they could be about another one."""

DOUBTFUL: Final = (
    "EService:Unavailable",
    "EService:Busy",
    "EService:Timeout",
    "EService:Deadline elapsed",
    "EGeneral:Internal error*",
    "EGeneral:Temporary lockout",
)
"""Known texts that prove nothing. Texts that are in no table prove nothing either; these are the ones to expect."""

WHOLE_BATCH: Final = (*(text for text in REFUSALS if text != "EOrder:*"), "Token(s) not found", "Unsupported field*",
                      "*field must be*", "Malformed request")  # fmt: skip
"""Texts that refuse a whole batch before its orders are looked at. The engine's own refusals concern one leg each."""

GONE: Final = ("EOrder:Unknown order*", "EOrder:Invalid order*")
"""Texts that answer a cancel or an amendment of something that is not open, or not known."""


def proves_refusal(text: str, *, matched: bool = True) -> bool:
    """Whether an error text proves that the request changed nothing.

    >>> proves_refusal("EOrder:Insufficient funds"), proves_refusal("EService:Timeout")
    (True, False)
    >>> proves_refusal("EAPI:Rate limit exceeded"), proves_refusal("EAPI:Rate limit exceeded", matched=False)
    (True, False)
    """
    return is_one_of(text, REFUSALS) or (matched and is_one_of(text, REFUSALS_IF_MATCHED))


def is_one_of(text: str, patterns: Iterable[str]) -> bool:
    """Whether a text is one of those; a ``*`` stands for anything."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def judge_order(
    method: str, response: Response | None, *, cl_ord_id: str | None = None, matched: bool = True
) -> Ruling:
    """What the answer to ``add_order``, ``amend_order`` or ``edit_order`` proves. None is no answer at all.

    ``cl_ord_id`` is the one that was sent, ``matched`` whether ``req_id`` tied the answer to its request.

    >>> judge_order("add_order", Response(method="add_order", success=False, error="EOrder:Insufficient funds")).verdict
    <Verdict.REJECTED: 'REJECTED'>
    >>> judge_order("add_order", None).verdict
    <Verdict.UNKNOWN: 'UNKNOWN'>
    """
    if response is None:
        return Ruling(Verdict.UNKNOWN, "no answer")
    if response.success is not True:
        return _refused(response.error, matched=matched)
    result = response.result
    if response.method != method or not isinstance(result, AddOrderResult | AmendOrderResult | EditOrderResult):
        return Ruling(Verdict.UNKNOWN, "a success that cannot be read", alarm=f"{method} was answered unreadably")
    if isinstance(result, AmendOrderResult):
        return _accepted(method, result.order_id, result.cl_ord_id, cl_ord_id, matched=matched)
    if not result.order_id:
        return Ruling(Verdict.UNKNOWN, "accepted without an order id", alarm=f"{method} was accepted without an id")
    given = result.cl_ord_id if isinstance(result, AddOrderResult) else None
    return _accepted(method, result.order_id, given, cl_ord_id, matched=matched)


def _refused(error: str | None, *, matched: bool) -> Ruling:
    if not error:
        return Ruling(Verdict.UNKNOWN, "an answer that says neither yes nor no")
    return Ruling(Verdict.REJECTED if proves_refusal(error, matched=matched) else Verdict.UNKNOWN, error)


def _accepted(method: str, order_id: str | None, given: str | None, sent: str | None, *, matched: bool) -> Ruling:
    if given is not None and sent is not None and given != sent:
        return Ruling(
            Verdict.UNKNOWN,
            "accepted under another client id",
            alarm=f"{method} was accepted as {order_id or 'an order'} for client id {given}, and not for {sent}",
        )
    if not matched and (given is None or sent is None):
        return Ruling(Verdict.UNKNOWN, "a success that names no request")
    return Ruling(Verdict.ACCEPTED, order_id=order_id)


def judge_batch(response: Response | None, cl_ord_ids: Iterable[str], *, matched: bool = True) -> dict[str, Ruling]:
    """What the answer to ``batch_add`` proves of each leg, by client id and never by position.

    >>> said = Response(method="batch_add", success=False, error="EGeneral:Invalid arguments:orders")
    >>> {leg: ruling.verdict.value for leg, ruling in judge_batch(said, ["a", "b"]).items()}
    {'a': 'REJECTED', 'b': 'REJECTED'}
    """
    legs = list(cl_ord_ids)
    if response is not None and response.success is True and isinstance(response.result, list):
        found = _by_client_id(response.result)
        return {leg: _leg(leg, found.get(leg)) for leg in legs}
    whole = judge_order("batch_add", response, matched=matched)
    if whole.verdict is Verdict.REJECTED and not is_one_of(whole.text, WHOLE_BATCH):
        whole = Ruling(Verdict.UNKNOWN, whole.text)
    return dict.fromkeys(legs, whole)


def _by_client_id(results: Iterable[object]) -> Mapping[str, BatchAddResult]:
    return {result.cl_ord_id: result for result in results if isinstance(result, BatchAddResult) and result.cl_ord_id}


def _leg(cl_ord_id: str, result: BatchAddResult | None) -> Ruling:
    if result is None:
        return Ruling(Verdict.UNKNOWN, "the answer does not name it")
    if result.error or result.success is False:
        return _refused(result.error, matched=True)
    if not result.order_id:
        return Ruling(
            Verdict.UNKNOWN, "accepted without an order id", alarm=f"a leg ({cl_ord_id}) was accepted without an id"
        )
    return Ruling(Verdict.ACCEPTED, order_id=result.order_id)
