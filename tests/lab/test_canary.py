"""An account's key, secret and tokens surface nowhere: not in anything that can be shown, logged, kept or raised."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

import kraken_lab as kl
from kraken_lab.errors import ConfirmationVoid, RestFailed
from kraken_lab.net import Redactor, SandboxProcess
from tests.lab.live_like import LIMITS, Person, at_rest, opened

PIECE = 12
"""So many letters of a secret in a row are a leak: it may have been split over fields or cut short."""


def spellings(secret: str) -> Iterator[str]:
    """A secret as it may be written: as it is, in an address, in HTML, in base64 wherever it begins there."""
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret))
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret.encode()).decode()
        yield encoded[4 * bool(before) : len(encoded) // 4 * 4 - 4]
        yield encoded[4 * bool(before) : len(encoded) // 4 * 4 - 4].replace("+", "-").replace("/", "_")


def leaks(text: str, secrets: dict[str, str]) -> list[str]:
    """The names of the secrets of which a piece is in a text."""
    found = []
    for name, secret in secrets.items():
        for spelled in spellings(secret):
            if any(spelled[at : at + PIECE] in text for at in range(max(len(spelled) - PIECE, 0) + 1)):
                found.append(name)
                break
    return found


def test_the_sweep_sees_what_it_is_to_see() -> None:
    """A piece of a secret in any spelling, and nothing where there is none."""
    secrets = {"secret": "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSU+Nsu3eow76sz84Q18fWxnyRzBHCd3pd5=="}
    for shown in (
        secrets["secret"],
        secrets["secret"][5:20],
        quote(secrets["secret"], safe=""),
        base64.b64encode(b'{"s":"' + secrets["secret"].encode() + b'"}').decode(),
        base64.urlsafe_b64encode(b"x" + secrets["secret"].encode()).decode(),
    ):
        assert leaks(f"<td>{shown}</td>", secrets) == ["secret"], shown
    assert leaks("kQH5HW/8p1 and nothing more", secrets) == []


@pytest.fixture
def exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxProcess]:
    """A sandbox over TLS that plays the real exchange, and a state folder of this test's own."""
    monkeypatch.setenv("KRAKEN_LAB_HOME", str(tmp_path / "home"))
    process = SandboxProcess(seed=13, tls=True)
    yield process
    process.close()


def faces(value: Any) -> Iterator[str]:
    """Every way in which a value can be shown."""
    yield from (repr(value), str(value), f"{value}")
    for name in ("_repr_html_", "_repr_mimebundle_"):
        if hasattr(value, name):
            yield str(getattr(value, name)())
    with contextlib.suppress(TypeError, ValueError):
        yield json.dumps(value, default=str)
    if not isinstance(value, Redactor):  # which holds what it takes out
        with contextlib.suppress(TypeError):
            yield str(vars(value))


def raised(act: Callable[[], object], error: type[BaseException]) -> Iterator[str]:
    """An error with everything that a debugger or a crash report would show of it: causes, and all locals."""
    with pytest.raises(error) as caught:
        act()
    yield from faces(caught.value)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    # Everything but the frames of this test, which knows the secrets.
    shown.stack[:] = [frame for frame in shown.stack if frame.filename != __file__]
    yield "".join(shown.format())


@pytest.mark.promise("K-01")
@pytest.mark.promise("K-02")
@pytest.mark.fault("F-139")
@pytest.mark.fault("F-140")
def test_nothing_of_a_live_lab_shows_its_key(
    exchange: SandboxProcess,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """Armed, with orders, fills, errors of every road and a kill: objects, tracebacks, logs, and all that is kept."""
    caplog.set_level(logging.DEBUG)
    for name in ("kraken_lab", "httpx", "httpcore", "websockets", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    person = Person(monkeypatch, capsys)
    secrets = {name: str(exchange.facts[name]) for name in ("api_key", "api_secret")}
    shown: dict[str, list[str]] = {}
    with opened(exchange) as lab:
        streams: list[Any] = [
            *(lab.trades("BTC/USD"), lab.book("BTC/USD"), lab.ticker("BTC/USD"), lab.ohlc("BTC/USD")),
            *(lab.level3("BTC/USD"), lab.instruments(), lab.executions(), lab.balances()),
        ]
        person.arm(lab)
        wish = lab.add_order(**at_rest(lab))
        order = wish.confirm().wait("open")
        bought = lab.buy("BTC/USD", "0.001").confirm().wait("filled")
        batch = lab.batch_add([at_rest(lab, qty=qty) for qty in ("0.01", "0.02")])
        trader = lab.trader
        assert trader is not None
        values: list[Any] = [
            *(lab, lab.status(), lab.rest, lab.settings, lab.order_settings, lab.limits, lab.views, lab.io, lab.lines),
            *(
                wish,
                wish.request,
                batch,
                order,
                order.record,
                bought,
                bought.timeline,
                lab.amend_order(order, order_qty="0.02"),
            ),
            *(lab.orders, lab.fills, lab.positions, lab.account, lab.audit, lab.audit.verify(), lab.audit.records()),
            *(
                lab.orders.df().to_html(),
                lab.fills.df().to_csv(),
                lab.explain("EOrder:Insufficient funds"),
                lab.explain(order),
            ),
            *(trader, trader.ground, trader.ground.key, trader.dealer, trader.dealer.gate, trader.folder, trader.audit),
            *(
                lab._venue,
                lab._venue.credentials,
                lab._redactor,
                lab._tokens,
                *streams,
                *(each.health for each in streams),
            ),
        ]
        for router, line in lab.lines:
            values += [router, router.talk, line]
        for value in values:
            shown[type(value).__name__] = [*shown.get(type(value).__name__, ()), *faces(value)]

        # Every road fails once.
        exchange.control(fault="rest_fail", path="OpenOrders", how="EAPI:Invalid signature")
        shown["a key that is refused"] = [*raised(lambda: lab.run(lab.rest.private("OpenOrders")), kl.BadKey)]
        for how in (502, "html", "not_json", "no_answer", "EAPI:Invalid nonce"):
            exchange.control(fault="rest_fail", path="OpenOrders", how=how, times=3 if "nonce" in str(how) else 1)
            shown[f"REST {how}"] = [*raised(lambda: lab.run(lab.rest.private("OpenOrders")), RestFailed)]
        shown["void"] = [*raised(lambda: batch.confirm("WRONG"), ConfirmationVoid)]
        shown["refused"] = [*raised(lambda: lab.buy("BTC/USD", "1000000").confirm(), kl.OrderRefused)]
        shown["disarmed"] = [*raised(lambda: lab.arm(**{**LIMITS, "max_day_notional": "-1"}), kl.KrakenLabError)]
        token = lab._tokens[-1].reveal()
        secrets["token"] = token
        echo = json.dumps({"error": f"EGeneral:Internal error {token} {secrets['api_secret']}", "success": False})
        exchange.control(fault="raw", data=echo, endpoint="private")
        with contextlib.suppress(kl.OrderError):
            lab.add_order(**at_rest(lab, qty="0.03")).confirm()
        exchange.control(fault="reset", endpoint="private")
        trader.wait(lambda known: known.reconciled and known.connection is not None, 30.0, "the line")
        shown["kill"] = [
            *faces(lab.kill("enough")),
            *faces(lab.status()),
            *faces(lab.account),
            *faces(lab.audit.records()),
        ]
        secrets |= {f"token {at}": each.reveal() for at, each in enumerate(lab._tokens)}
    shown["closed"] = [*faces(lab), *faces(lab.status()), *raised(lambda: lab.orders, kl.KrakenLabError)]
    shown["log"] = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    screen = capsys.readouterr()
    shown["screen"] = [screen.out, screen.err, *person.asked]
    for path in sorted((tmp_path / "home").rglob("*")):
        if path.is_file():
            shown[str(path)] = [path.read_bytes().decode("utf-8", "replace"), path.name]
    assert len(shown["log"]) > 10
    assert any("audit.jsonl" in name for name in shown)
    found = {name: sorted({leak for text in texts for leak in leaks(text, secrets)}) for name, texts in shown.items()}
    assert {name: leaked for name, leaked in found.items() if leaked} == {}
