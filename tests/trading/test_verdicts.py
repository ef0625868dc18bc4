"""The table of what answers prove, text by text."""

from __future__ import annotations

import pytest

from kraken_lab.trading.verdicts import DOUBTFUL, Verdict, judge_batch, judge_order, proves_refusal
from kraken_lab.wire import AddOrderResult, BatchAddResult, Response

PROOFS = [
    "EOrder:Insufficient funds", "EOrder:Insufficient margin", "EOrder:Margin allowance exceeded",
    "EOrder:Margin level too low", "EOrder:Margin position size exceeded", "EOrder:Order minimum not met",
    "EOrder:Cost minimum not met", "EOrder:Tick size check failed", "EOrder:Invalid price",
    "EOrder:Orders limit exceeded", "EOrder:Rate limit exceeded", "EOrder:Domain rate limit exceeded",
    "EOrder:Positions limit exceeded", "EOrder:Scheduled orders limit exceeded", "EOrder:Cannot open position",
    "EOrder:Cannot open opposing position", "EOrder:Unknown position", "EOrder:Reduce only:Non-PC",
    "EOrder:Reduce only:No position exists", "EOrder:Unknown order", "EGeneral:Invalid arguments",
    "EGeneral:Invalid arguments:volume minimum not met", "EGeneral:Invalid arguments:Index unavailable",
    "EGeneral:Permission denied", "EAPI:Invalid key", "EAPI:Invalid signature", "EAPI:Invalid nonce",
    "ESession:Invalid session", "EAuth:Account temporary disabled", "EAuth:Rate limit exceeded",
    "EAuth:Too many requests", "EService:Market in cancel_only mode", "EService:Market in post_only mode",
]  # fmt: skip
"""Texts that prove a refusal however they were matched."""

PROOFS_IF_MATCHED = [
    "EAPI:Rate limit exceeded", "EAccount:Invalid permissions", "ETrade:Invalid request", "EBM:limit exceeded:CAL",
    "Token(s) not found", "Unsupported field: 'x' for the given msg type: add_order",
    "Cash_order_qty field must be a number_float", "Malformed request",
    "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com",
    "Public market data subscriptions are unavailable on this endpoint. Try ws.kraken.com",
]  # fmt: skip
"""Texts that prove it only for the request whose number they carry."""

NO_PROOFS = [
    "EService:Unavailable", "EService:Busy", "EService:Timeout", "EService:Deadline elapsed", "EGeneral:Internal error",
    "EGeneral:Internal error:7", "EGeneral:Temporary lockout", "EService: Throttled: 1777888800", "EFunding:Max fee",
    "EQuery:Unknown asset pair", "WOrder:Something", "<html><body>502 Bad Gateway</body></html>", "", "no",
    "the order EOrder:Insufficient funds", "eorder:insufficient funds", "EAPI:Invalid token",
]  # fmt: skip
"""Texts that prove nothing."""


def refusal(text: str) -> Response:
    """An answer that says no."""
    return Response(method="add_order", success=False, error=text, req_id=1)


@pytest.mark.promise("O-03")
@pytest.mark.fault("F-084")
@pytest.mark.parametrize("text", PROOFS)
def test_these_texts_prove_that_nothing_was_placed(text: str) -> None:
    """With or without a number."""
    for matched in (True, False):
        ruling = judge_order("add_order", refusal(text), cl_ord_id="a", matched=matched)
        assert (ruling.verdict, ruling.text) == (Verdict.REJECTED, text)


@pytest.mark.promise("O-03")
@pytest.mark.fault("F-084")
@pytest.mark.parametrize("text", PROOFS_IF_MATCHED)
def test_these_texts_prove_it_only_with_the_requests_number(text: str) -> None:
    """Without it they may be about another request."""
    assert judge_order("add_order", refusal(text), matched=True).verdict is Verdict.REJECTED
    assert judge_order("add_order", refusal(text), matched=False).verdict is Verdict.UNKNOWN


@pytest.mark.promise("O-03")
@pytest.mark.fault("F-084")
@pytest.mark.fault("F-085")
@pytest.mark.parametrize("text", NO_PROOFS)
def test_these_texts_prove_nothing(text: str) -> None:
    """What is not in the table is doubt."""
    assert judge_order("add_order", refusal(text)).verdict is Verdict.UNKNOWN
    assert not proves_refusal(text)


def test_no_doubtful_text_is_taken_for_a_proof() -> None:
    """The table's own list of what to expect."""
    assert not any(proves_refusal(pattern.replace("*", "")) for pattern in DOUBTFUL)


@pytest.mark.promise("O-03")
@pytest.mark.fault("F-085")
@pytest.mark.parametrize(
    ("response", "alarmed"),
    [
        (None, False),
        (Response(method="add_order", success=None), False),
        (Response(method="add_order", success=False), False),
        (Response(method="add_order", success=True), True),
        (Response(method="add_order", success=True, result={"txid": ["O1"]}), True),
        (Response(method="add_order", success=True, result=AddOrderResult()), True),
        (Response(method="add_order", success=True, result=AddOrderResult("O1", "b")), True),
        (Response(method="amend_order", success=True, result=AddOrderResult("O1", "a")), True),
    ],
)
def test_what_is_not_clearly_a_yes_is_doubt(response: Response | None, alarmed: bool) -> None:
    """No answer, no word, no id, another client id, another method."""
    ruling = judge_order("add_order", response, cl_ord_id="a")
    assert (ruling.verdict, bool(ruling.alarm)) == (Verdict.UNKNOWN, alarmed)


def test_a_yes_names_the_order() -> None:
    """With its number the client id need not be repeated; without it, it must be."""
    answer = Response(method="add_order", success=True, result=AddOrderResult("O1"))
    assert judge_order("add_order", answer, cl_ord_id="a").order_id == "O1"
    assert judge_order("add_order", answer, cl_ord_id="a", matched=False).verdict is Verdict.UNKNOWN
    named = Response(method="add_order", success=True, result=AddOrderResult("O1", "a"))
    assert judge_order("add_order", named, cl_ord_id="a", matched=False).verdict is Verdict.ACCEPTED


@pytest.mark.promise("O-12")
def test_legs_are_matched_by_client_id() -> None:
    """A leg that the answer does not name is in doubt, wherever in the list it might have been."""
    results = [BatchAddResult("O2", "b"), BatchAddResult("OX"), BatchAddResult(None, "c", error="EOrder:Invalid price")]
    answer = Response(method="batch_add", success=True, result=results)
    rulings = judge_batch(answer, ["a", "b", "c"])
    assert [rulings[leg].verdict for leg in "abc"] == [Verdict.UNKNOWN, Verdict.ACCEPTED, Verdict.REJECTED]
    assert rulings["b"].order_id == "O2"


@pytest.mark.promise("O-12")
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("EGeneral:Invalid arguments:orders", Verdict.REJECTED),
        ("Unsupported field: 'x' for the given msg type: batch_add", Verdict.REJECTED),
        ("ESession:Invalid session", Verdict.REJECTED),
        ("EOrder:Insufficient funds", Verdict.UNKNOWN),
        ("EAPI:Rate limit exceeded", Verdict.UNKNOWN),
        ("EService:Busy", Verdict.UNKNOWN),
    ],
)
def test_a_whole_batch_is_refused_only_before_its_orders_are_looked_at(text: str, verdict: Verdict) -> None:
    """The engine's own refusals concern one order each."""
    answer = Response(method="batch_add", success=False, error=text)
    assert {ruling.verdict for ruling in judge_batch(answer, ["a", "b"]).values()} == {verdict}
