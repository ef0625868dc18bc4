"""The control pipe: JSON lines that work the faults."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kraken_lab.sandbox import Exchange
from kraken_lab.sandbox.control import Control
from tests.sandbox.talk import a_quiet_exchange, opened, said, subscribe


def do(exchange: Exchange, **command: Any) -> Any:
    """The answer to one command."""
    return json.loads(Control(exchange.faults).handle(json.dumps(command)))


@pytest.mark.parametrize(
    "command",
    [
        {"fault": "freeze"},
        {"fault": "thaw"},
        {"fault": "reset", "endpoint": "public"},
        {"fault": "close", "code": 1001, "reason": "going away"},
        {"fault": "refuse", "n": 3},
        {"fault": "hang", "n": 1},
        {"fault": "upgrade", "status": 503, "body": "busy", "times": 2},
        {"fault": "drop_pongs", "on": True},
        {"fault": "slice", "n": 1},
        {"fault": "throttle", "bytes_per_s": 2000},
        {"fault": "lose_request", "method": "subscribe"},
        {"fault": "lose_reply", "method": "subscribe", "times": 2},
        {"fault": "delay", "method": "subscribe", "seconds": 0.5},
        {"fault": "hold", "method": "add_order", "seconds": 6},
        {"fault": "cut", "method": "subscribe", "point": "acked"},
        {"fault": "rate_limit", "method": "subscribe", "n": 15, "per_s": 1},
        {"fault": "raw", "data": "nonsense"},
        {"fault": "raw", "base64": "AAE=", "endpoint": ""},
        {"fault": "edit", "match": {"channel": "book", "times": None}, "pattern": "a", "replace": "b"},
        {"fault": "drop", "match": {"type": "snapshot", "symbol": "DOT/USD"}},
        {"fault": "dup", "match": {"channel": "trade", "skip": 2, "times": 3}},
        {"fault": "swap", "first": {"channel": "trade"}, "second": {"channel": "trade"}},
        {"fault": "status", "status": "maintenance"},
        {"fault": "pair_status", "symbol": "DOT/USD", "status": "cancel_only"},
        {"fault": "announce", "starts_in_s": 600, "lasts_s": 60.5, "title": "upgrade"},
        {"fault": "deny", "symbol": "DOT/USD", "text": "no"},
        {"fault": "allow", "symbol": "DOT/USD"},
        {"fault": "token", "lifetime_s": 5, "reject": 1},
        {"fault": "skip_seq", "n": 3, "channel": "executions"},
        {"fault": "sweep", "symbol": "DOT/USD", "side": "buy", "share": 0.25},
        {"fault": "permissions", "grant": ["withdraw-funds"], "revoke": ["close-trades"]},
        {"fault": "clock", "offset_s": -3},
        {"fault": "restart", "keep_state": False},
        {"fault": "rest_lag", "seconds": 60},
        {"fault": "rest_fail", "path": "Time", "how": 500},
        {"fault": "rest_fail", "path": "Time", "how": "html", "times": 2},
        {"fault": "clear"},
    ],
    ids=lambda command: command["fault"],
)
def test_every_control_can_be_worked(command: dict[str, Any]) -> None:
    """And is answered by its name."""
    exchange = a_quiet_exchange()
    opened(exchange)
    assert do(exchange, **command) == {"ok": True, "fault": command["fault"]}


def test_an_edit_over_the_pipe_is_a_regular_expression() -> None:
    """Here: every checksum of the book's updates becomes 1."""
    exchange = a_quiet_exchange()
    session = opened(exchange)
    subscribe(session, "book", "DOT/USD")
    match = {"channel": "book", "type": "update", "times": None}
    do(exchange, fault="edit", match=match, pattern='"checksum":\\d+', replace='"checksum":1')
    engine = exchange.market.engine("DOT/USD")
    exchange.market.act(engine.limit("buy", engine.prices("buy")[0], 1000, exchange.now_ns))
    assert said(session)[0]["data"][0]["checksum"] == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nonsense", "Expecting value"),
        ("[]", "a control line is an object"),
        ("{}", "a control line is an object"),
        ('{"fault":"explode"}', "there are freeze, thaw"),
        ('{"fault":"__init__"}', "no control is called"),
        ('{"fault":"refuse"}', "'n'"),
        ('{"fault":"refuse","n":"2"}', "n cannot be '2'"),
        ('{"fault":"refuse","n":true}', "n cannot be True"),
        ('{"fault":"refuse","n":1,"m":2}', "'m' is no argument"),
        ('{"fault":"close","code":1006}', "1006"),
        ('{"fault":"cut","method":"subscribe","point":"never"}', "received, accepted, acked"),
        ('{"fault":"drop","match":{"colour":"red"}}', "'colour' is no argument"),
        ('{"fault":"drop","match":{"times":"x"}}', "times cannot be"),
        ('{"fault":"edit","match":{}}', "'pattern' is missing"),
        ('{"fault":"edit","match":{},"pattern":"(","replace":""}', "unterminated"),
        ('{"fault":"raw"}', "data or base64"),
        ('{"fault":"fill","order":"OAAAAA-BBBBB-CCCCCC"}', "cannot be filled: EOrder:Unknown order"),
        ('{"fault":"fill","order":"O","qty":"much"}', "qty='much' is no number"),
        ('{"fault":"permissions","grant":"withdraw-funds"}', "grant cannot be"),
        ('{"fault":"permissions","grant":[7]}', "are no permissions"),
        ('{"fault":"skip_seq","n":-1}', "n=-1"),
        ('{"fault":"sweep","symbol":"DOT/USD","side":"up"}', "side='up'"),
        ('{"fault":"sweep","symbol":"NO/PE"}', "'NO/PE' is not traded"),
        ('{"fault":"raw","base64":"?"}', "raw:"),
        ('{"fault":"lose_request","method":"ping","times":0}', "at least once"),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_reason(line: str, words: str) -> None:
    """One line, never an end."""
    answer = json.loads(Control(a_quiet_exchange().faults).handle(line))
    assert list(answer) == ["error"]
    assert words in answer["error"]
