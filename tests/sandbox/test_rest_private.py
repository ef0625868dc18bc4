"""Private REST: signatures, nonces, permissions, tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.sandbox.signing import api_sign, is_signed
from tests.sandbox.talk import a_quiet_exchange, private, wait

VECTORS = json.loads((Path(__file__).parent / "fixtures" / "sign-vectors.json").read_text())
TOKEN = "/0/private/GetWebSocketsToken"


@pytest.mark.promise("P-01")
@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["body"][:20])
def test_signatures_are_the_documented_ones(vector: Any) -> None:
    """The documentation's vector for a form body, and recomputed ones for both kinds of body."""
    body = vector["body"].encode()
    signed = api_sign(vector["path"], vector["nonce"], body, VECTORS["private_key"])
    assert signed == vector["api_sign"]
    assert is_signed(signed, vector["path"], vector["nonce"], body, VECTORS["private_key"])
    assert not is_signed(signed, vector["path"], vector["nonce"], body + b" ", VECTORS["private_key"])


@pytest.mark.parametrize("vector", VECTORS["vectors"][1:], ids=["form", "json"])
def test_the_token_vectors_fetch_a_token(vector: Any) -> None:
    """An exchange that holds that secret answers those requests."""
    exchange = a_quiet_exchange(api_key="a key", api_secret=VECTORS["private_key"])
    kind = "application/json" if vector["body"].startswith("{") else "application/x-www-form-urlencoded"
    headers = {"Api-Key": "a key", "api-sign": vector["api_sign"], "Content-Type": kind}
    answer = exchange.rest("POST", vector["path"], headers=headers, body=vector["body"].encode())
    content = json.loads(answer.body)
    assert (answer.status, content["error"]) == (200, [])
    assert content["result"]["expires"] == 900
    assert len(content["result"]["token"]) == 43


def test_what_is_wrong_is_said_in_the_exchanges_words() -> None:
    """Key, signature, nonce: HTTP 200 and an error each time, and no token."""
    exchange = a_quiet_exchange()
    assert private(exchange, "GetWebSocketsToken", 5, **{"API-Key": "wrong"}) == {"error": ["EAPI:Invalid key"]}
    assert private(exchange, "GetWebSocketsToken", 5, **{"API-Sign": "wrong"}) == {"error": ["EAPI:Invalid signature"]}
    assert private(exchange, "GetWebSocketsToken", 5)["error"] == []
    assert private(exchange, "GetWebSocketsToken", 5) == {"error": ["EAPI:Invalid nonce"]}
    assert private(exchange, "GetWebSocketsToken", 4) == {"error": ["EAPI:Invalid nonce"]}
    assert private(exchange, "GetWebSocketsToken", 2**64 - 1)["error"] == []


def test_a_wrong_signature_uses_no_nonce_up() -> None:
    """Otherwise a stranger could lock the owner out."""
    exchange = a_quiet_exchange()
    private(exchange, "GetWebSocketsToken", 2**63, **{"API-Sign": "wrong"})
    assert private(exchange, "GetWebSocketsToken", 1)["error"] == []


@pytest.mark.parametrize(
    "body", [b"", b"nonce=", b"nonce=-1", b"nonce=1.5", b"nonce=" + b"9" * 30, b"\xff", b"nonce=\xb2"]
)
def test_a_nonce_is_an_unsigned_integer(body: bytes) -> None:
    """Whatever the signature."""
    exchange = a_quiet_exchange()
    headers = {"API-Key": exchange.api_key, "API-Sign": "x"}
    assert json.loads(exchange.rest("POST", TOKEN, headers=headers, body=body).body) == {
        "error": ["EAPI:Invalid nonce"]
    }


@pytest.mark.parametrize(
    "body",
    ["[]", "{}", "nonsense", '{"nonce":true}', '{"nonce":null}', '{"nonce":1.0}', '{"nonce":1e9999999999999999999}'],
)
def test_a_json_body_needs_a_nonce_too(body: str) -> None:
    """A number or its text; nothing else."""
    exchange = a_quiet_exchange()
    headers = {"API-Key": exchange.api_key, "API-Sign": "x", "Content-Type": "application/json"}
    answer = exchange.rest("POST", TOKEN, headers=headers, body=body.encode())
    assert json.loads(answer.body) == {"error": ["EAPI:Invalid nonce"]}


def test_a_key_without_the_permission_gets_no_token() -> None:
    """Signed rightly, and still denied."""
    exchange = a_quiet_exchange()
    exchange.permissions.discard("websockets")
    assert private(exchange, "GetWebSocketsToken", 1) == {"error": ["EGeneral:Permission denied"]}


def test_other_private_methods_are_unknown() -> None:
    """Also with a GET, which no private path takes."""
    exchange = a_quiet_exchange()
    assert private(exchange, "WithdrawStatus", 1) == {"error": ["EGeneral:Unknown method"]}
    assert json.loads(exchange.rest("GET", TOKEN).body) == {"error": ["EGeneral:Unknown method"]}


@pytest.mark.parametrize(("tier", "calls", "seconds"), [("starter", 15, 3.1), ("intermediate", 20, 2), ("pro", 20, 1)])
def test_calls_are_counted_and_the_counter_decays(tier: str, calls: int, seconds: float) -> None:
    """So many at once, then one every few seconds, by the account's tier."""
    exchange = a_quiet_exchange(tier=tier)
    answers = [private(exchange, "GetWebSocketsToken", nonce)["error"] for nonce in range(calls + 1)]
    assert answers == [[]] * calls + [["EAPI:Rate limit exceeded"]]
    wait(exchange, seconds)
    assert private(exchange, "GetWebSocketsToken", 30)["error"] == []
    assert private(exchange, "GetWebSocketsToken", 31)["error"] == ["EAPI:Rate limit exceeded"]


def test_a_restart_forgets_tokens_and_nonces_unless_told_otherwise() -> None:
    """What a client must survive."""
    exchange = a_quiet_exchange()
    private(exchange, "GetWebSocketsToken", 9)
    exchange.faults.restart(keep_state=True)
    assert private(exchange, "GetWebSocketsToken", 9) == {"error": ["EAPI:Invalid nonce"]}
    exchange.faults.restart(keep_state=False)
    assert private(exchange, "GetWebSocketsToken", 9)["error"] == []


def test_secrets_follow_from_the_seed_and_only_from_it() -> None:
    """Another seed, another key."""
    first, same, other = a_quiet_exchange(seed=1), a_quiet_exchange(seed=1), a_quiet_exchange(seed=2)
    assert (first.api_key, first.api_secret) == (same.api_key, same.api_secret)
    assert first.api_secret != other.api_secret
