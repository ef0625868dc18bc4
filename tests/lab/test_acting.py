"""Acting as a notebook does it: real threads, a real exchange process, and a person who types."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import kraken_lab as kl
from kraken_lab.errors import ConfirmationVoid, LabClosed, SetupError
from kraken_lab.lab import Lab, Venue
from kraken_lab.net import KRAKEN, Credentials, Link, SandboxProcess, Secret, TransportFailed
from kraken_lab.net.transport import Hear
from tests.lab.live_like import LIMITS, Person, at_rest, open_at, opened

CANARY = "CANARYKEYdeadbeef0123456789"


@pytest.fixture
def exchange() -> Iterator[SandboxProcess]:
    """A sandbox over TLS, at rest, which plays the real exchange for one test: its REST counts every question."""
    process = SandboxProcess(seed=11, rate=0.0, tls=True)
    yield process
    process.close()


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has a state folder of its own: what one uses up or halts is nothing to another."""
    monkeypatch.setenv("KRAKEN_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Person:
    """Somebody in front of this kernel."""
    return Person(monkeypatch, capsys)


def script(code: str) -> str:
    """What a Python script prints; it must end well and complain of nothing."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def frames(lab: kl.Lab) -> int:
    """How many order-affecting frames were made, by the audit log: everything else that is sent was not confirmed."""
    return sum(record["kind"] == "sent" and "confirmation" in record for record in lab.audit.records())


# --- live, as the exchange on this machine plays it -----------------------------------------------------------------


@pytest.mark.promise("A-01")
@pytest.mark.promise("A-04")
@pytest.mark.promise("P-05")
def test_live_takes_a_typed_phrase_and_a_typed_code(
    exchange: SandboxProcess, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one kernel: nothing goes before, one order goes for each code, nothing goes after."""
    with opened(exchange) as lab:
        assert lab.status().facts["mode"] == "LIVE"
        wish = lab.add_order(**at_rest(lab))
        assert "LIVE DISARMED" in repr(wish)
        with pytest.raises(kl.OrderRefused, match="LIVE DISARMED"):
            wish.confirm()
        person.typo = True
        with pytest.raises(kl.NotArmed, match="typed in full"):
            person.arm(lab)
        person.arm(lab)
        assert lab.status().facts["mode"] == "LIVE ARMED"
        assert lab.limits.max_open_orders == LIMITS["max_open_orders"]

        wish = lab.add_order(**at_rest(lab))
        assert "LIVE ARMED" in repr(wish)
        person.typo = True
        with pytest.raises(ConfirmationVoid, match="the code is not the one"):
            wish.confirm()
        assert open_at(lab) == set()
        order = wish.confirm().wait("open")
        assert order.state == "OPEN"
        assert open_at(lab) == {order.order_id}
        with pytest.raises(ConfirmationVoid, match="confirmed already"):
            wish.confirm()
        assert order.cancel().wait("done").state == "CANCELED"
        assert [prompt.split(":")[0] for prompt in person.asked].count("Type the code to send it") == 2

        lab.disarm()
        lab.disarm()
        assert lab.status().facts["mode"] == "LIVE DISARMED"
        with pytest.raises(kl.OrderRefused, match="LIVE DISARMED"):
            lab.add_order(**at_rest(lab)).confirm()
        assert frames(lab) == 1
        assert lab.audit.verify().ok


@pytest.mark.promise("A-04")
@pytest.mark.fault("F-106")
def test_without_a_terminal_nobody_is_asked_and_nothing_is_armed(
    exchange: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a script that is run by a timer: everything that lacks is said at once."""

    def asked(prompt: str = "") -> str:
        raise AssertionError(prompt)

    monkeypatch.setattr("builtins.input", asked)
    monkeypatch.setattr(sys, "stdin", None)
    with opened(exchange) as lab:
        with pytest.raises(kl.NotArmed, match="there is no terminal"):
            lab.arm(**LIMITS)
        with pytest.raises(kl.OrderRefused):
            lab.add_order(**at_rest(lab)).confirm()
        assert open_at(lab) == set()


@pytest.mark.promise("K-04")
@pytest.mark.promise("A-16")
@pytest.mark.fault("F-144")
@pytest.mark.fault("F-130")
def test_a_key_that_may_withdraw_and_a_host_of_many_arm_nothing(
    exchange: SandboxProcess, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are said in one sentence, and nobody is asked to type; looking and cancelling go on."""
    exchange.control(fault="permissions", grant=["withdraw-funds"])
    monkeypatch.setenv("BINDER_SERVICE_HOST", "10.0.0.1")
    try:
        with opened(exchange) as lab, pytest.raises(kl.NotArmed, match=r"may withdraw.*this is Binder"):
            person.arm(lab)
        assert person.asked == []
        monkeypatch.delenv("BINDER_SERVICE_HOST")
        with opened(exchange) as lab, pytest.raises(kl.NotArmed, match="may withdraw: make one that cannot"):
            person.arm(lab)
    finally:
        exchange.control(fault="permissions", revoke=["withdraw-funds"])


@pytest.mark.promise("A-01", "A-08")
def test_what_will_hold_for_each_pair_is_read_before_the_phrase_is_typed(
    exchange: SandboxProcess, person: Person
) -> None:
    """In the pair's own currency. What would mean as many bitcoin as dollars is asked for again, and nobody types."""
    both = ["BTC/USD", "ETH/BTC"]
    with opened(exchange) as lab:
        with pytest.raises(kl.BadArgument, match="as well as 50000 USD"):
            person.arm(lab, allowed_symbols=both)
        assert person.asked == []
        order, day = {"USD": "50000", "BTC": "0.05"}, {"USD": "90000", "BTC": "0.1"}
        person.arm(lab, allowed_symbols=both, max_order_notional=order, max_day_notional=day)
        for line in (
            "BTC/USD: at most 50000 USD an order and 90000 USD a UTC day over all USD pairs, fees included",
            "ETH/BTC: at most 0.05 BTC an order and 0.1 BTC a UTC day over all BTC pairs, fees included",
            "all pairs together: at most 20 open orders and 1000 orders in 10 s",
        ):
            assert line in person.shown[0], person.shown[0]
        assert re.match(r"Treated as real money, though 127\.0\.0\.1:\d+ is not Kraken's address\. ", person.asked[0])
        told = lab.sell("ETH/BTC", "15")
        assert [check.name for check in told.refusals if "of at most 0.05" in check.said] == ["order notional"]
        said = lab.status().facts["limits"]
        assert said.startswith("enforced: order 0.05 BTC, 50000 USD; day 0.1 BTC, 90000 USD; open orders 20")


@pytest.mark.promise("A-02")
@pytest.mark.promise("A-08")
@pytest.mark.fault("F-120")
def test_limits_hold_and_editing_them_disarms(exchange: SandboxProcess, person: Person) -> None:
    """With its figure; whoever wants a higher one arms again. A status that is looked at meanwhile disarms nothing."""
    with opened(exchange) as lab:
        looking = threading.Event()

        def look() -> None:
            while not looking.wait(0.001):
                lab.call(lambda: lab.trader and lab.trader.dealer.mode_words())

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            person.arm(lab, max_order_notional="100")
        finally:
            looking.set()
            watcher.join()
        assert lab.status().facts["mode"] == "LIVE ARMED"
        with pytest.raises(kl.OrderRefused, match=r"of at most 100\.00 USD an order"):
            lab.add_order(**at_rest(lab)).confirm()
        lab.limits = kl.Limits(**{**LIMITS, "max_order_notional": "60000"})
        assert lab.status().facts["mode"] == "LIVE DISARMED"
        assert open_at(lab) == set()


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-13")
@pytest.mark.promise("A-18")
@pytest.mark.fault("F-176")
@pytest.mark.fault("F-124")
def test_two_labs_of_one_account_share_lock_and_halt(exchange: SandboxProcess, person: Person) -> None:
    """The second may look, cancel and kill, but not arm; a kill there stops the first, until somebody says why."""
    with opened(exchange) as first, opened(exchange) as second:
        person.arm(first)
        with pytest.raises(kl.NotArmed, match=f"another kernel has this account armed .process {os.getpid()} since 20"):
            person.arm(second)
        orders = [first.add_order(**at_rest(first, qty=qty)).confirm().wait("open") for qty in ("0.01", "0.02")]
        waiting = first.add_order(**at_rest(first, qty="0.03"))
        second.account  # noqa: B018  # it has met the account
        second.cancel_order(orders[0].order_id)
        assert orders[0].wait("done").state == second.order(str(orders[0].order_id)).wait("done").state == "CANCELED"

        outcome = second.kill("from the other notebook")
        assert outcome.complete
        assert orders[1].order_id in {one.order for one in outcome.cancelled}
        assert orders[1].wait("done").state == "CANCELED"
        assert "HALTED" in first.status().facts["mode"]
        with pytest.raises(kl.OrderError):
            waiting.confirm()
        with pytest.raises(kl.OrderRefused, match="HALTED"):
            first.add_order(**at_rest(first)).confirm()
        with pytest.raises(kl.NotArmed, match="halted"):
            person.arm(first)

        with pytest.raises(kl.BadArgument, match="reason"):
            first.resume("")
        resumed = first.resume(" it was a rehearsal ")
        assert re.fullmatch(
            r"<LIVE DISARMED: trading goes on after HALTED since 20\S+Z \(from the other notebook\), ended because: "
            r"it was a rehearsal; 0 orders are open; lab\.arm\(\.\.\.\) comes before the next order>",
            repr(resumed),
        )
        assert "nothing was halted, so nothing changed" in repr(second.resume("once more"))
        assert "HALTED" not in second.status().facts["mode"]
        person.arm(second)
        assert open_at(first) == set()
        kinds = [record["kind"] for record in second.audit.records()]
        assert kinds.count("halt") == kinds.count("resume") == 1
        assert second.audit.verify().ok


@pytest.mark.promise("O-13")
@pytest.mark.promise("A-14")
@pytest.mark.fault("F-102")
def test_what_touches_other_peoples_orders_is_a_proposal_in_live(exchange: SandboxProcess, person: Person) -> None:
    """`cancel_all` asks nothing and takes this lab's own; the rest names what would go, and goes when confirmed."""
    with opened(exchange, "sandbox") as stranger, opened(exchange) as lab:
        theirs = stranger.add_order(**at_rest(stranger, qty="0.05")).confirm().wait("open")
        person.arm(lab)
        mine = lab.add_order(**at_rest(lab)).confirm().wait("open")
        for proposal in (lab.dead_man(True), lab.cancel_all_orders_after(30), lab.cancel_all(scope="account")):
            assert isinstance(proposal, kl.Proposal)
            assert theirs.order_id in repr(proposal)
            assert "ELSEWHERE" in repr(proposal)
            assert repr(proposal).startswith(f"<Proposal {proposal.not_yet}")
        assert lab.cancel_all() == (mine,)
        assert mine.wait("done").state == "CANCELED"
        assert open_at(lab) == {theirs.order_id}
        assert str(getattr(lab.dead_man(False), "state", "")) == "OFF"
        assert isinstance(proposal, kl.Proposal)
        proposal.confirm()
        assert theirs.wait("done").state == "CANCELED"


@pytest.mark.promise("O-13")
def test_a_proposal_that_was_dropped_has_said_that_nothing_was_done(
    exchange: SandboxProcess, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a cell's own thread a line says so at once; from another thread, which has no cell, nothing is printed."""
    with opened(exchange) as lab:
        person.arm(lab)
        capsys.readouterr()
        for ask, said in (
            (lambda: lab.cancel_all("account"), "NOTHING HAS BEEN CANCELLED"),
            (lambda: lab.dead_man(), "THE DEAD MAN'S SWITCH HAS NOT BEEN SET"),
            (lambda: lab.cancel_all_orders_after(60), "THE DEAD MAN'S SWITCH HAS NOT BEEN SET"),
        ):
            ask()
            (line,) = capsys.readouterr().out.splitlines()
            assert line.startswith(said)
            assert ".confirm()" in line
            elsewhere = threading.Thread(target=ask)
            elsewhere.start()
            elsewhere.join()
            assert capsys.readouterr().out == ""
        port = str(exchange.facts["ws_public"]).split(":")[2].partition("/")[0]
        for words in (repr(lab.buy("BTC/USD", "0.01")), lab.buy("BTC/USD", "0.01")._repr_html_() or ""):
            assert f"at 127.0.0.1:{port}, which is not Kraken" in words
            assert "Kraken, with real money" not in words
        everything = lab.cancel_all("account")
        assert isinstance(everything, kl.Proposal)
        everything.confirm()
        assert "NOTHING HAS BEEN" not in repr(everything)


# --- what is on the other end ---------------------------------------------------------------------------------------


class Nowhere:
    """A road that leads nowhere, and remembers where it should have led."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect(self, url: str, hear: Hear) -> Link:
        """It does not open."""
        self.asked.append(url)
        raise TransportFailed("no road")


@pytest.mark.promise("A-03")
@pytest.mark.fault("F-121")
@pytest.mark.parametrize("mode", ["sandbox", "paper"])
def test_orders_of_sandbox_and_paper_reach_this_machine_only(
    mode: Any, monkeypatch: pytest.MonkeyPatch, exchange: SandboxProcess
) -> None:
    """A lab that was put together with the real exchange's addresses and a real key opens no order connection."""
    road = Nowhere()
    key = Credentials(Secret(CANARY), Secret("c2VjcmV0"), "a mistake")
    venue = Venue("Kraken", KRAKEN, key)
    with Lab(mode, venue, transport=road) as lab:
        # Paper makes its own account; here somebody put the real one in its place.
        with monkeypatch.context() as wrong:
            wrong.setattr(lab, "_account_venue", venue)
            wrong.setattr(lab, "_paper", SimpleNamespace(process=exchange) if mode == "paper" else None)
            with pytest.raises(SetupError, match=f"{mode} sends orders to this machine only"):
                lab.orders  # noqa: B018
        assert not [url for url in road.asked if "auth" in url]


@pytest.mark.promise("A-03")
@pytest.mark.fault("F-121")
@pytest.mark.parametrize("mode", ["sandbox", "paper", "live"])
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("wss://ws-auth.kraken.com/v2", "A sandbox is on this machine"),
        ("wss://ws-auth.kraken.com.example.org/v2", "ws_private"),
        ("ws://ws-auth.kraken.com/v2", "ws_private"),
        ("wss://192.168.1.7/v2", "ws_private"),
    ],
)
def test_an_order_address_that_is_not_on_the_list_is_refused(mode: Any, address: str, said: str) -> None:
    """Before anything is opened: a place that plays the exchange is on this machine, and live knows its hosts."""
    here = dict.fromkeys(("ws_public", "ws_l3"), "wss://127.0.0.1:1/secret/v2")
    key = {"api_key": CANARY, "api_secret": "c2VjcmV0", "rest": "https://127.0.0.1:1/secret"}
    with pytest.raises(kl.KrakenLabError, match=said):
        kl.connect(mode, at={**here, **key, "ws_private": address})


@pytest.mark.promise("A-01")
@pytest.mark.promise("P-04")
@pytest.mark.promise("P-06")
@pytest.mark.fault("F-160")
@pytest.mark.fault("F-121")
@pytest.mark.fault("F-184")
def test_sandbox_and_paper_read_no_key_and_say_what_they_are(
    exchange: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though one lies ready in the environment; level3 wants one in paper, and is refused alone."""

    def read(*_: object, **__: object) -> Credentials:
        raise AssertionError("a key was looked for")

    monkeypatch.setattr("kraken_lab.lab.lab.find_credentials", read)
    monkeypatch.setenv("KRAKEN_API_KEY", CANARY)
    monkeypatch.setenv("KRAKEN_API_SECRET", "c2VjcmV0")
    with kl.connect(new=True) as lab:
        assert lab.mode == "sandbox"
        assert len(lab.orders) == 0
        assert lab.status().facts["mode"] == "SANDBOX"
        assert "SANDBOX: no real money" in repr(lab.add_order(**at_rest(lab)))
    with opened(exchange, "paper") as paper:
        trades = paper.trades("BTC/USD")
        with pytest.raises(kl.BadKey, match="level3 needs a real API key"):
            paper.level3("BTC/USD")
        assert str(trades.state) == "LIVE"
        assert len(paper.orders) == 0
        with pytest.warns(UserWarning, match="In paper limits only warn"):
            paper.limits = kl.Limits(allowed_symbols=frozenset(["BTC/USD"]))
        assert paper.status().facts["mode"] == "PAPER"
        order = paper.add_order(**at_rest(paper)).confirm().wait("open")
        assert order.state == "OPEN"
        assert paper.account.balances is not None
        assert "[paper]" in repr(paper.orders)
        # The exchange whose data it reads knows nothing of it.
        with opened(exchange, "sandbox") as real:
            assert open_at(real) == set()


@pytest.mark.promise("A-16")
@pytest.mark.fault("F-130")
def test_on_a_shared_host_live_reads_no_key_and_the_sandbox_trades(
    monkeypatch: pytest.MonkeyPatch, exchange: SandboxProcess
) -> None:
    """The refusal says why, and what works instead."""
    monkeypatch.setenv("BINDER_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KRAKEN_API_KEY", CANARY)
    monkeypatch.setenv("KRAKEN_API_SECRET", "c2VjcmV0")
    road = Nowhere()
    with Lab("live", Venue("Kraken", KRAKEN), transport=road) as lab:
        for ask in (lambda: lab.orders, lambda: lab.level3("BTC/USD"), lambda: lab.arm(**LIMITS)):
            with pytest.raises(kl.BadKey, match=r"this is Binder.*connect\('sandbox'\)"):
                ask()
        assert not [url for url in road.asked if "auth" in url]
    with opened(exchange, "sandbox") as lab:
        assert lab.add_order(**at_rest(lab)).confirm().wait("open").cancel().wait("done").state == "CANCELED"


# --- restarts and ends ----------------------------------------------------------------------------------------------


@pytest.mark.promise("O-14")
@pytest.mark.promise("A-13")
@pytest.mark.fault("F-124")
def test_the_next_lab_on_a_sandbox_finds_its_orders_and_its_halt(exchange: SandboxProcess) -> None:
    """Closing leaves open orders open; they are found again under their ids, and so is a kill."""
    first = opened(exchange, "sandbox")
    order = first.add_order(**at_rest(first)).confirm().wait("open")
    begun = time.monotonic()
    first.close()
    first.close()
    assert time.monotonic() - begun < 5
    assert order.state == "OPEN"
    with pytest.raises(LabClosed):
        order.cancel()
    with pytest.raises(LabClosed):
        first.add_order(symbol="BTC/USD")

    with opened(exchange, "sandbox") as second:
        second.add_order(**at_rest(second, qty="0.02"))  # waits until everything is accounted for
        found = second.order(str(order.order_id))
        assert (found.cl_ord_id, found.state, found.record.external) == (order.cl_ord_id, "OPEN", False)
        assert second.kill("the end of the day").complete
    with opened(exchange, "sandbox") as third:
        assert "HALTED" in repr(third.add_order(**at_rest(third)))
        assert third.order(str(order.order_id)).state == "CANCELED"
        third.resume("a new day")
        again = third.add_order(**at_rest(third)).confirm().wait("open")
        assert again.cancel().wait("done").state == "CANCELED"
        assert third.audit.verify().ok


@pytest.mark.promise("O-14")
def test_an_order_is_named_by_either_id_under_whichever_name(exchange: SandboxProcess) -> None:
    """As itself, as an id without a name, or with the exchange's own name for it; anything else is no order."""
    with opened(exchange, "sandbox") as lab:
        orders = [lab.add_order(**at_rest(lab, qty=f"0.0{n}")).confirm().wait("open") for n in range(1, 5)]
        one, two, three, four = orders
        assert lab.order(order_id=one.order_id) is lab.order(cl_ord_id=one.cl_ord_id) is lab.order(one) is one
        change = lab.amend_order(order_id=one.order_id, order_qty="0.005")
        assert change.target is not None
        assert (change.ok, change.target.cl_ord_id) == (True, one.cl_ord_id)
        assert "order_id" not in change.arguments or change.arguments["order_id"] == one.order_id
        assert lab.cancel_order(order_id=one.order_id) is one
        assert lab.cancel_order(cl_ord_id=two.cl_ord_id) is two
        assert lab.cancel_order(order_id=three.cl_ord_id) is three  # as without a name, either id will do
        assert lab.cancel_order(order=four) is four
        assert {order.wait("done").state for order in orders} == {"CANCELED"}
        for wrong in (5, [one], b"O1"):
            with pytest.raises(kl.BadArgument, match="an Order, an order_id or a cl_ord_id"):
                lab.cancel_order(wrong)  # type: ignore[arg-type]
            with pytest.raises(kl.BadArgument, match="an Order, an order_id or a cl_ord_id"):
                lab.batch_cancel([wrong])  # type: ignore[list-item]
        with pytest.raises(kl.BadArgument, match=r"lab\.orders shows"):
            lab.cancel_order(order_id="OMOON-00000-000000")


def test_what_a_limit_means_is_said_when_it_is_set(exchange: SandboxProcess) -> None:
    """A plain amount is as many bitcoin as dollars, unless the pairs or the currency are named."""
    with opened(exchange, "sandbox") as lab:
        with pytest.warns(UserWarning, match="1000 USD of BTC/USD, and 1000 BTC of ETH/BTC"):
            lab.limits = kl.Limits(max_order_notional=Decimal(1000))
        lab.limits = kl.Limits(max_order_notional=Decimal(1000), allowed_symbols=frozenset(["BTC/USD"]))
        lab.limits = kl.Limits(max_order_notional={"USD": Decimal(1000)})
        assert [check.name for check in lab.buy("ETH/BTC", "20").refusals] == ["order notional"]


@pytest.mark.promise("A-14")
def test_what_the_dead_mans_switch_is_set_to_is_said(exchange: SandboxProcess) -> None:
    """When the account's orders end, who sets it anew, and that it is off; in the exchange's own time."""
    with opened(exchange, "sandbox") as lab:
        once = lab.cancel_all_orders_after(3600)
        assert re.fullmatch(
            r"<dead man's switch ON: every open order of the account ends at 20\S+Z; nobody sets it anew\. "
            r"lab\.cancel_all_orders_after\(0\) takes it back>",
            repr(once),
        )
        assert repr(lab.cancel_all_orders_after(0)) == "<dead man's switch OFF: no order ends by it>"
        kept = repr(lab.dead_man())
        assert kept.endswith("while this kernel lives it sets it anew before. lab.dead_man(False) turns it off>")
        assert repr(lab.dead_man(False)) == "<dead man's switch OFF: no order ends by it>"
        with pytest.raises(kl.BadArgument, match=r"on='off'.*True or False"):
            lab.dead_man("off")  # type: ignore[arg-type]


@contextmanager
def under_the_switch(exchange: SandboxProcess) -> Iterator[tuple[kl.Lab, kl.Order]]:
    """A lab with an order at rest and the dead man's switch on, of two seconds."""
    settings = kl.OrderSettings(dms_timeout=2.0, dms_refresh=0.3)
    with opened(exchange, "sandbox", order_settings=settings) as lab:
        order = lab.add_order(**at_rest(lab)).confirm().wait("open")
        lab.dead_man(True)
        lab.trader.wait(lambda known: str(known.dead_man.state) == "ON", 5.0, "the switch")  # type: ignore[union-attr]
        yield lab, order


@pytest.mark.promise("A-14")
def test_orders_of_an_exchange_that_ends_too_are_not_said_to_stay() -> None:
    """A lab that started its own sandbox closes it: there is nothing to warn of, and a warning would fail here."""
    with kl.connect(new=True, rate=0.0) as lab:
        lab.add_order(**at_rest(lab)).confirm().wait("open")
        lab.dead_man(True)
        lab.trader.wait(lambda known: str(known.dead_man.state) == "ON", 5.0, "the switch")  # type: ignore[union-attr]


@pytest.mark.promise("A-14")
@pytest.mark.fault("F-127")
def test_an_end_that_nobody_chose_is_what_the_switch_is_for(exchange: SandboxProcess) -> None:
    """An error ends the program, or the block the lab was opened for: the order ends when the time has passed."""
    with pytest.raises(ZeroDivisionError), under_the_switch(exchange) as (lab, order), lab:
        raise ZeroDivisionError
    assert lab.closed
    with opened(exchange, "sandbox") as another:
        assert another.order(str(order.order_id)).wait("done", timeout=10.0).state == "CANCELED"
    with under_the_switch(exchange) as (lab, order):
        lab.end(meant=False)  # as at the end of a program
    with opened(exchange, "sandbox") as another:
        assert another.order(str(order.order_id)).wait("done", timeout=10.0).state == "CANCELED"


@pytest.mark.promise("A-14")
@pytest.mark.fault("F-127")
def test_closing_turns_the_dead_mans_switch_off(exchange: SandboxProcess) -> None:
    """It was on and refreshed; after a clean end its time passes and the order is still there, which was said."""
    with under_the_switch(exchange) as (lab, order), pytest.warns(UserWarning, match=r"stays open \(1 of the account"):
        lab.close()
    with opened(exchange, "sandbox") as another:
        with pytest.raises(kl.NotReady):
            another.order(str(order.order_id)).wait("done", timeout=2.1)
        assert open_at(another) == {order.order_id}
        another.cancel_all(scope="account")
        assert another.order(str(order.order_id)).wait("done").state == "CANCELED"


@pytest.mark.promise("A-13")
@pytest.mark.promise("O-14")
@pytest.mark.fault("F-180")
def test_a_new_sandbox_knows_nothing_of_a_dead_one(exchange: SandboxProcess, person: Person, tmp_path: Path) -> None:
    """Neither its halt nor its orders nor its used limits; its folder is gone, that of a live-like account is not."""
    with opened(exchange) as live:
        person.arm(live)
        live.add_order(**at_rest(live)).confirm().wait("open").cancel().wait("done")
        kept = live.audit.path
        with kl.connect(new=True, rate=0.0, settings=kl.Settings(ack_timeout=0.3)) as first:
            assert first.sandbox is not None
            with pytest.warns(UserWarning, match="quote currency of each order's pair"):
                first.limits = kl.Limits(max_day_notional=Decimal(100_000))
            first.add_order(**at_rest(first)).confirm().wait("open")
            first.sandbox.control(fault="lose_request", method="add_order")
            lost = first.add_order(**at_rest(first, qty="0.02")).confirm()
            assert lost.state == "UNKNOWN"
            (used,) = re.findall(r"used today ≈?(.+) USD", first.status().facts["limits"])
            assert re.fullmatch(r"\d+\.\d\d", used), "in the currency's usual digits"
            assert "100000 of each pair's quote currency" in first.status().facts["limits"]
            first.call(lambda: first.trader.dealer.kill("the end"))  # type: ignore[union-attr]  # nobody waits for it
            gone = first.audit.path.parent
            assert gone.is_dir()
        with kl.connect(new=True, rate=0.0) as second:
            assert len(second.orders) == 0
            assert "HALTED" not in second.status().facts["mode"]
            second.limits = kl.Limits(max_day_notional={"USD": Decimal(100_000)})
            assert "used today nothing" in second.status().facts["limits"]
            assert second.add_order(**at_rest(second)).confirm().wait("open").state == "OPEN"
            assert not gone.exists()
        assert kept.is_file()
        assert live.audit.verify().ok


FORKED = """
import os, warnings
import kraken_lab as kl
from tests.lab.live_like import at_rest
lab = kl.connect(rate=0.0)
wish = lab.add_order(**at_rest(lab))
order = lab.add_order(**at_rest(lab, qty="0.02")).confirm().wait("open")
warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads, which is what this is about
pid = os.fork()
if not pid:
    refused = 0
    acts = wish.confirm, order.cancel, lambda: lab.kill("child"), lab.cancel_all, lambda: lab.orders.df()
    for act in acts:
        try:
            act()
        except kl.KrakenLabError as error:
            refused += "forked" in str(error)
    lab.close()
    os._exit(refused)
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status), order.state, len(lab.orders), lab.audit.verify().ok)
print(wish.confirm().wait("open").state, lab.status().facts["mode"])
lab.close()
"""


@pytest.mark.promise("S-21")
@pytest.mark.promise("O-01")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_sends_nothing() -> None:
    """Every way to act says so there, and its end is nothing to the parent, which goes on."""
    first, second = script(FORKED).splitlines()
    assert first == "5 OPEN 1 True"
    assert second == "OPEN SANDBOX"


# --- cells that are interrupted, and async ones ---------------------------------------------------------------------


@pytest.fixture
def lab(exchange: SandboxProcess) -> Iterator[kl.Lab]:
    """A plain sandbox lab on the exchange of this module."""
    with opened(exchange, "sandbox") as lab:
        yield lab


def interrupted(after: float) -> None:
    """Have this thread interrupted, as by the stop button."""
    signal.setitimer(signal.ITIMER_REAL, after)


@pytest.fixture
def _stop_button() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.promise("O-01")
@pytest.mark.usefixtures("_stop_button")
def test_an_interrupt_while_waiting_changes_nothing(exchange: SandboxProcess, lab: kl.Lab) -> None:
    """Neither of an order that waits to be filled, nor of one that is not answered yet: that was sent once."""
    order = lab.add_order(**at_rest(lab)).confirm().wait("open")
    interrupted(0.1)
    with pytest.raises(KeyboardInterrupt):
        order.wait("filled")
    wish = lab.add_order(**at_rest(lab, qty="0.02"))
    exchange.control(fault="freeze")
    interrupted(0.3)
    with pytest.raises(KeyboardInterrupt):
        wish.confirm()
    exchange.control(fault="thaw")
    with pytest.raises(ConfirmationVoid, match="confirmed already"):
        wish.confirm()
    (late,) = [each for each in lab.account.orders if each.order_qty == Decimal("0.02")]
    assert lab.order(str(late.cl_ord_id)).wait("open").cancel().wait("done").state == "CANCELED"
    assert order.cancel().wait("done").state == "CANCELED"
    assert frames(lab) == 2


def test_async_code_awaits_an_order(exchange: SandboxProcess) -> None:
    """``async with``, a confirmation in another thread, ``await order`` until nothing more is expected of it."""

    async def cell() -> tuple[str, str]:
        async with opened(exchange, "sandbox") as lab:
            wish = await asyncio.to_thread(lambda: lab.buy("BTC/USD", "0.001"))
            bought = await (await asyncio.to_thread(wish.confirm))
            resting = await asyncio.to_thread(lambda: lab.add_order(**at_rest(lab)).confirm())
            waiting = asyncio.ensure_future(_ended(resting))
            await asyncio.to_thread(resting.cancel)
            return str(bought.state), str((await asyncio.wait_for(waiting, 5)).state)

    assert asyncio.run(cell()) == ("FILLED", "CANCELED")


async def _ended(order: Any) -> Any:
    return await order


# --- what a lab shows of the account --------------------------------------------------------------------------------


@pytest.mark.promise("A-15")
def test_orders_fills_positions_and_the_log_tell_the_same_story(lab: kl.Lab) -> None:
    """A purchase and a sale: frames, exact sums, an average cost, and a chain that holds."""
    bought = lab.buy("BTC/USD", "0.004").confirm().wait("filled")
    sold = lab.sell("BTC/USD", "0.001").confirm().wait("filled")
    orders = lab.orders.pl()
    mine = orders.filter(orders["order_id"].is_in([bought.order_id, sold.order_id]))
    assert mine["state"].to_list() == ["FILLED", "FILLED"]
    fills = lab.fills.df()
    assert set(fills["order_id"]) >= {bought.order_id, sold.order_id}
    assert bought.filled == sum((fill.qty for fill in bought.fills), Decimal(0)) == Decimal("0.004")
    position = lab.positions.df().set_index("symbol").loc["BTC/USD"]
    assert position["net_qty"] == pytest.approx(0.003)
    assert position["avg_cost"] == pytest.approx(float(bought.avg_price or 0))
    assert lab.audit.verify().ok
    said = [record for record in lab.audit.records() if record["kind"] == "intent"]
    assert [leg["cl_ord_id"] for record in said for leg in record["legs"]] == [bought.cl_ord_id, sold.cl_ord_id]
    assert lab.audit.records(1) == lab.audit.records()[-1:]
    assert "in order" in repr(lab.audit)


def test_a_pair_and_a_quantity_in_each_others_place_are_said_and_put_right(lab: kl.Lab) -> None:
    """With one refusal; and a pair without its slash is asked about, not every check that lacked it."""
    swapped = lab.buy("0.05", "BTC/USD")
    (said,) = (check.said for check in swapped.refusals)
    assert "'0.05' stands for the pair and 'BTC/USD' for the quantity" in said
    right = swapped.corrected()
    assert right.ok
    assert right.what == "buy 0.05 BTC/USD, market"
    (said,) = (check.said for check in lab.buy("BTCUSD", "0.05").refusals)
    assert said == "'BTCUSD' is no symbol such as BTC/USD. Did you mean BTC/USD?"


def test_a_kill_is_a_kill_whatever_its_reason_is(lab: kl.Lab) -> None:
    """Nobody is told in need that a reason should be a text; what stands in the log is one."""
    assert lab.kill(5).complete  # type: ignore[arg-type]
    assert "(lab.kill(), whose reason was no text but int)" in lab.status().facts["mode"]
    lab.resume("that was a test")


def test_the_fills_of_an_order_print_as_a_table(lab: kl.Lab) -> None:
    """And are the records they were."""
    order = lab.buy("BTC/USD", "0.01").confirm().wait("filled")
    assert repr(order.fills).startswith("time (UTC)")
    assert repr(order.fills).count(f"BTC/USD at {order.fills[0].price:f}") == 1
    assert sum(fill.qty for fill in order.fills) == order.filled


def test_an_error_is_explained_with_the_pairs_numbers_and_what_would_pass(lab: kl.Lab) -> None:
    """A price off the tick is refused here; the explanation offers the one that goes."""
    wish = lab.add_order(**{**at_rest(lab), "limit_price": "20000.05"})
    with pytest.raises(kl.OrderRefused) as caught:
        wish.confirm()
    told = lab.explain(caught.value, wish)
    assert "0.1" in repr(told)
    assert told.proposal is not None
    order = told.proposal.confirm().wait("open")
    assert order.record.limit_price in (Decimal("20000.0"), Decimal("20000.1"))
    assert order.cancel().wait("done").state == "CANCELED"


@pytest.mark.promise("O-11")
def test_an_amendment_that_was_not_made_is_said_to_whoever_confirmed_it(exchange: SandboxProcess) -> None:
    """The exchange's no is an error in the cell, and the order is as it was."""
    with opened(exchange, mode="sandbox") as lab:
        order = lab.buy("BTC/USD", "0.01", "50000").confirm()
        change = order.amend(order_qty="0.02")
        exchange.control(fault="permissions", revoke=["modify-trades"])
        with pytest.raises(kl.OrderRejected, match="EGeneral:Permission denied"):
            change.confirm()
        assert order.record.order_qty == Decimal("0.01")
        exchange.control(fault="permissions", grant=["modify-trades"])
        assert order.amend(order_qty="0.02").confirm() is order
        order.wait(until=lambda order: order.record.order_qty == Decimal("0.02"))
