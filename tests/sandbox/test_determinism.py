"""The same seed and the same script give the same bytes, whatever the day and the process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from decimal import Decimal

import pytest

from kraken_lab.sandbox import Exchange, Session
from kraken_lab.sandbox.instruments import PAIRS
from tests.sandbox.talk import SMALL, a_token, ask, opened, subscribe, wait

SYMBOLS = ["BTC/USD", "SHIB/USD", "ACA/EUR"]


def trade(exchange: Exchange, session: Session, token: str) -> None:
    """Orders that trade, rest, trail, run out and are cancelled for want of their owner, within ten seconds."""
    for channel in ("executions", "balances"):
        subscribe(session, channel, token=token)
    best = exchange.market.engine("BTC/USD").best("buy")
    assert best is not None
    price = Decimal(best[0]).scaleb(-1)
    order = {"side": "buy", "symbol": "BTC/USD", "order_qty": Decimal("0.1"), "token": token}
    ends = {"time_in_force": "gtd", "expire_time": "2026-05-28T20:26:45Z"}
    trails = {"triggers": {"price": Decimal("0.01"), "price_type": "pct"}, "side": "sell"}
    for params in (
        {"order_type": "market"},
        {"order_type": "limit", "limit_price": price},
        {"order_type": "limit", "limit_price": price - 100, **ends},
        {"order_type": "trailing-stop", **trails},
    ):
        (answer, *_) = ask(session, method="add_order", params={**order, **params})
        assert answer["success"], answer
    ask(session, method="cancel_all_orders_after", params={"timeout": 8, "token": token})


def script(seed: int, steps: int = 1) -> str:
    """A digest of all that is said in ten seconds on three connections, time let pass in so many steps."""
    exchange = Exchange(seed=seed, rate=30, pairs=[pair for pair in PAIRS if pair.symbol in SYMBOLS])
    public, private, level3 = (exchange.open(endpoint) for endpoint in ("public", "private", "level3"))
    private.receive('{"method":"ping","req_id":1}')
    said = hashlib.sha256()
    level3.receive(
        '{"method":"subscribe","params":{"channel":"level3","symbol":["BTC/USD"],"token":"' + a_token(exchange) + '"}}'
    )
    for channel in ("book", "ticker", "trade", "ohlc"):
        for message in subscribe(public, channel, *SYMBOLS):
            said.update(repr(message).encode())
    trade(exchange, private, a_token(exchange, 2))
    for _ in range(steps):
        wait(exchange, 10 / steps)
    for session in (public, private, level3):
        for text in session.drain():
            said.update(text.encode() if isinstance(text, str) else text)
    said.update(exchange.rest("GET", "/0/public/Trades", query="pair=BTC/USD").body)
    said.update(f"{exchange.api_key}{exchange.api_secret}".encode())
    return said.hexdigest()


@pytest.mark.promise("P-03")
@pytest.mark.fault("F-166")
def test_the_same_seed_gives_the_same_bytes_however_time_is_cut() -> None:
    """In one step or in many; and another seed gives others."""
    assert script(7) == script(7) == script(7, steps=40)
    assert script(7) != script(8)


@pytest.mark.promise("P-03")
@pytest.mark.fault("F-166")
def test_hash_randomisation_changes_nothing() -> None:
    """Two processes with different hash seeds say the same."""
    code = "from tests.sandbox.test_determinism import script; print(script(7))"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert digests == {script(7)}


def test_time_never_goes_back() -> None:
    """An exchange told an earlier time stays where it is."""
    exchange = Exchange(seed=7, pairs=SMALL)
    session = opened(exchange)
    wait(exchange, 1)
    now_ns = exchange.now_ns
    exchange.advance(now_ns - 1)
    assert exchange.now_ns == now_ns
    assert session.drain() == []


def test_what_is_due_next_is_never_late() -> None:
    """Going from due time to due time says the same as one long step."""
    stepping, leaping = (Exchange(seed=7, rate=20, pairs=SMALL) for _ in range(2))
    sessions = [opened(exchange) for exchange in (stepping, leaping)]
    for session in sessions:
        subscribe(session, "book", "DOT/USD")
    end_ns = leaping.now_ns + 10_000_000_000
    while stepping.next_due_ns() <= end_ns:
        assert stepping.next_due_ns() > stepping.now_ns
        stepping.advance(stepping.next_due_ns())
    leaping.advance(end_ns)
    assert sessions[0].drain() == sessions[1].drain()
