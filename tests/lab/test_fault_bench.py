"""The fault panel's bench on a real sandbox: each fault is worked, and the lab notices it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import kraken_lab as kl
from kraken_lab.errors import SandboxError
from kraken_lab.lab.fault_bench import TRICKS, FaultBench
from kraken_lab.lab.noticing import FeedSeen, LineSeen, OrderSeen, Seen, noticed, since
from kraken_lab.lab.tricks import Wish
from kraken_lab.sandbox import Exchange
from kraken_lab.sandbox.control import Control
from kraken_lab.tables import Gap
from kraken_lab.views.fault_panel import Choice
from tests.sandbox.talk import SMALL, opened

CHOICE = Choice(pair="BTC/USD", seconds=0.5, state="cancel_only")
WISH = Wish(pair="DOT/USD", seconds=0.5, state="cancel_only", newest=None)


def work(bench: FaultBench, key: str, choice: Choice = CHOICE) -> Callable[[], tuple[str, ...]]:
    """Do a fault's first steps; what the lab notices of it."""
    fault = next(fault for fault in bench.faults if fault.key == key)
    steps = bench.plan(fault, choice)
    told = bench.watch()
    for step in steps:
        if not step.after:
            step.do()
    return told


def heard(told: Callable[[], tuple[str, ...]], *words: str) -> str:
    """All that was noticed, once every word of it is there."""
    deadline = time.monotonic() + 15
    while not all(word in (said := "\n".join(told())) for word in words):
        assert time.monotonic() < deadline, f"{words} not in {said!r}"
        time.sleep(0.02)
    return said


@pytest.fixture
def bench(lab: kl.Lab) -> Any:
    """A bench whose faults are taken back in the end."""
    process = lab._process
    assert process is not None
    bench = FaultBench(lab, process)
    yield bench
    bench.restore()


# --- the catalogue --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def control() -> Control:
    """The control pipe of an exchange at rest."""
    exchange = Exchange(seed=7, rate=0.0, pairs=SMALL)
    opened(exchange)
    return Control(exchange.faults)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.fault.key)
def test_every_fault_is_one_that_the_sandbox_has(trick: Any, control: Control) -> None:
    """Whatever was chosen, its control lines are taken, and its words have no place left open."""
    orders = [order for _, _, order in trick.work(WISH) if trick.fault.key != "fill"]  # which needs an order to fill
    assert all("{" not in words for _, words, _ in trick.work(WISH))
    online = [
        {"fault": "status", "status": "online"},
        {"fault": "pair_status", "symbol": "DOT/USD", "status": "online"},
    ]
    for order in [{"fault": "clear"}, *online, *orders]:
        assert json.loads(control.handle(json.dumps(order))) == {"ok": True, "fault": order["fault"]}


def test_names_are_short_and_sentences_are_sentences() -> None:
    """A button has room for its name; keys are not used twice."""
    assert len({trick.fault.key for trick in TRICKS}) == len(TRICKS)
    for trick in TRICKS:
        assert len(trick.fault.name) <= 30, trick.fault.name
        assert trick.fault.see.endswith("."), trick.fault.see


def test_a_fault_says_which_fields_it_uses() -> None:
    """So that nobody wonders which seconds are meant."""
    uses = {trick.fault.key: trick.fault.uses for trick in TRICKS}
    assert uses["checksum"] == ("pair",)
    assert uses["silence"] == ("seconds",)
    assert uses["pair-status"] == ("pair", "state")
    assert uses["reset"] == ()


# --- on a sandbox ---------------------------------------------------------------------------------------------------


def test_a_wrong_checksum_is_noticed_as_a_gap_and_a_resync(lab: kl.Lab, bench: FaultBench) -> None:
    """And the book is right again a moment later."""
    book = lab.book("BTC/USD")
    said = heard(work(bench, "checksum"), "checksum mismatch", "LIVE again")
    assert "book BTC/USD: gap" in said
    assert "1 resync" in said
    assert book.wait(until=lambda stream: str(stream.state) == "LIVE").mid > 0


def test_a_line_that_was_cut_is_noticed_as_lost_and_made_again(lab: kl.Lab, bench: FaultBench) -> None:
    """With every stream's gap in one line."""
    lab.book("BTC/USD")
    said = heard(work(bench, "reset"), "lost (connection lost), made again", "book BTC/USD: gap", "LIVE again")
    assert sum(line.startswith("book BTC/USD") for line in said.splitlines()) == 1


def test_a_crash_is_noticed_by_how_far_the_best_bid_fell(lab: kl.Lab, bench: FaultBench) -> None:
    """Also when it has come back by the time that one looks."""
    lab.book("BTC/USD", depth=100)
    told = work(bench, "crash")
    for _ in range(12):
        lab.sandbox.control(fault="sweep", symbol="BTC/USD", side="sell", share=0.5)
        told()
    heard(told, "the best bid fell from")


def test_states_are_set_noticed_and_taken_back(lab: kl.Lab, bench: FaultBench) -> None:
    """Of the exchange and of a pair; back to normal is as it was."""
    lab.book("BTC/USD")
    heard(work(bench, "status"), "the exchange says: cancel_only")
    told = work(bench, "pair-status")
    heard(told, "BTC/USD is cancel_only")
    after = bench.watch()
    assert bench.restore().startswith("Back to normal")
    heard(after, "the exchange says: online", "BTC/USD is online")


def test_orders_cannot_fail_before_there_is_an_account(
    lab: kl.Lab, bench: FaultBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason says what to do."""
    monkeypatch.setattr(lab, "_trader", None)
    fault = next(fault for fault in bench.faults if fault.key == "lost-answer")
    with pytest.raises(SandboxError, match=r"lab\.orders opens it"):
        bench.plan(fault, CHOICE)


def test_an_order_that_a_stranger_fills_is_noticed(lab: kl.Lab, bench: FaultBench) -> None:
    """The newest open one; without one it is said."""
    assert len(lab.orders.df()) == 0
    fault = next(fault for fault in bench.faults if fault.key == "fill")
    with pytest.raises(SandboxError, match="no open order to fill"):
        bench.plan(fault, CHOICE)
    wish = lab.add_order(symbol="ETH/USD", side="buy", order_type="limit", order_qty="0.01", limit_price="100")
    wish.confirm().wait("open")
    heard(work(bench, "fill"), "then FILLED", "1 new fill")


def test_pairs_that_are_looked_at_come_first(lab: kl.Lab, bench: FaultBench) -> None:
    """So that the first choice is one of which something can be seen."""
    lab.book("ETH/USD")
    watched = {symbol for stream in lab.streams for symbol in stream.symbols}
    assert set(bench.pairs[: len(watched)]) == watched
    assert "DOGE/USD" in bench.pairs


def test_in_paper_only_the_account_can_fail(lab: kl.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Market data is the real exchange's: no fault of it is offered, and the caption says so."""
    monkeypatch.setattr(lab, "mode", "paper")
    process = lab._process
    assert process is not None
    bench = FaultBench(lab, process)
    keys = {fault.key for fault in bench.faults}
    assert {"reset", "lost-answer", "rest-500"} <= keys
    assert not keys & {"checksum", "crash", "status", "deny"}
    assert "Market data is Kraken's own" in bench.caption


# --- labs without a sandbox of their own ----------------------------------------------------------------------------


def test_a_lab_that_joined_a_sandbox_says_why_it_cannot_steer_it(lab: kl.Lab) -> None:
    """The control pipe is whoever's who started it."""
    with kl.connect("sandbox", at=lab.sandbox.facts, new=True) as joined:
        assert not joined.sandbox
        assert not joined.sandbox.alive
        assert "none" in repr(joined.sandbox)
        with pytest.raises(SandboxError, match="control pipe belongs to whoever started it"):
            joined.sandbox.panel()
        with pytest.raises(SandboxError, match="control pipe"):
            joined.sandbox.control(fault="reset")


def test_paper_has_a_panel_once_its_exchange_is_there(lab: kl.Lab) -> None:
    """Before the account is used the reason says when it will be."""
    with kl.connect("paper", at=lab.sandbox.facts, new=True) as paper:
        with pytest.raises(SandboxError, match="when the account is first used"):
            paper.sandbox.panel()
        assert len(paper.orders.df()) == 0
        panel = paper.sandbox.panel()
        assert panel.tabs.titles == ("The line", "Orders", "REST")
        panel.close()
        bench = FaultBench(paper, paper.sandbox._there)
        paper.executions()  # a line that was lost before its first report has missed nothing
        heard(work(bench, "reset"), "connection private 1: lost (connection lost), made again", "executions: gap")
        assert bench.restore().startswith("Back to normal")


# --- comparing two looks --------------------------------------------------------------------------------------------

LIVE = FeedSeen("LIVE", "", 1, (), {})
GAP = Gap("BTC/USD", "book", 0, "checksum", 2, end_ns=100_000_000)


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (Seen(), Seen(), ()),
        (
            Seen(feeds={"book BTC/USD": LIVE}),
            Seen(feeds={"book BTC/USD": FeedSeen("LIVE", "", 2, (GAP,), {"resyncs": 1})}),
            ("book BTC/USD: gap 0.1 s: checksum; LIVE again, epoch 2; 1 resync",),
        ),
        (
            Seen(feeds={"book BTC/USD": LIVE}),
            Seen(feeds={"book BTC/USD": FeedSeen("RESYNCING", "checksum", 1, (), {})}),
            ("book BTC/USD: RESYNCING (checksum)",),
        ),
        (
            Seen(feeds={"book BTC/USD": FeedSeen("RESYNCING", "connection lost", 1, (), {})}),
            Seen(feeds={"book BTC/USD": FeedSeen("LIVE", "", 3, (GAP,), {})}),
            ("book BTC/USD: gap 0.1 s: checksum; LIVE again, epoch 3",),
        ),
        (
            Seen(lines={"public 1": LineSeen("open", "", 1, 0, {})}),
            Seen(lines={"public 1": LineSeen("waiting", "connection lost", 1, 1, {})}),
            ("connection public 1: waiting, connection lost, attempt 2 to come",),
        ),
        (
            Seen(lines={"public 1": LineSeen("open", "", 1, 0, {})}),
            Seen(lines={"public 1": LineSeen("open", "", 1, 0, {}, transit=3.2)}),
            ("connection public 1: what came was up to 3.2 s old",),
        ),
        (Seen(), Seen(lines={"private 1": LineSeen("open", "", 1, 0, {})}), ("connection private 1: open",)),
        (
            Seen(orders={"O1": OrderSeen("buy 1 BTC/USD", ("OPEN",))}),
            Seen(orders={"O1": OrderSeen("buy 1 BTC/USD", ("UNKNOWN",))}, alarms=("look",)),
            ("order buy 1 BTC/USD: OPEN, then UNKNOWN", "alarm: look"),
        ),
    ],
)
def test_what_lies_between_two_looks_is_told_in_sentences(before: Seen, now: Seen, words: tuple[str, ...]) -> None:
    """One line for each thing that something happened to."""
    assert noticed(before, since(before, now)) == words


def test_a_doubt_that_is_over_by_now_was_one() -> None:
    """An order that was UNKNOWN for a second is told to have been; a low price and a late message as well."""
    looks = [
        Seen(),
        Seen(orders={"O1": OrderSeen("buy 1 BTC/USD", ("UNKNOWN",))}, lowest={"BTC/USD": Decimal(100)}),
        Seen(orders={"O1": OrderSeen("buy 1 BTC/USD", ("UNKNOWN",))}, lowest={"BTC/USD": Decimal(90)}),
        Seen(orders={"O1": OrderSeen("buy 1 BTC/USD", ("OPEN",))}, lowest={"BTC/USD": Decimal(101)}),
    ]
    last = looks[0]
    for look in looks:
        last = since(last, look)
    assert noticed(looks[0], last) == ("order buy 1 BTC/USD: UNKNOWN, then OPEN",)
    assert noticed(looks[1], last)[0] == "BTC/USD: the best bid fell from 100 to 90 (-10.0%)"
