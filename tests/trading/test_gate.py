"""One confirmation, at most one frame: every way round that was thought of, and what happens when something fails."""

from __future__ import annotations

import ast
import copy
import errno
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import AuditBroken, ConfirmationVoid, Halted, NotArmed, OrderRefused
from kraken_lab.market import BookSnapshot
from kraken_lab.trading.builders import propose_batch, propose_cancel_all, propose_edit
from kraken_lab.trading.checks import CHECKS, check
from kraken_lab.trading.facts import Facts
from kraken_lab.trading.gate import OrderFrame
from kraken_lab.trading.halt import HaltRecord, halt_text
from kraken_lab.trading.judgement import passed
from kraken_lab.trading.rules import Limits, OrderSettings
from kraken_lab.trading.states import OrderRecord, OrderState
from kraken_lab.wire import Instant, encode

from .lock_bench import LIMITS, PAIR, Bench

PACKAGE = Path(__file__).parent.parent.parent / "kraken_lab"
FULL = OSError(errno.ENOSPC, "No space left on device")


def sent(frame: OrderFrame | None) -> dict[str, Any]:
    """What a frame says, as the exchange would read it."""
    assert frame is not None
    said: dict[str, Any] = json.loads(frame.leave(), parse_float=str)
    return said


# --- the road that is meant -----------------------------------------------------------------------------------------


@pytest.mark.promise("A-05")
@pytest.mark.parametrize("mode", ["sandbox", "live"])
def test_what_was_confirmed_is_what_is_sent(tmp_path: Path, mode: Any) -> None:
    """Letter by letter, but for the id, the deadline, the token and the number, which every send needs fresh."""
    bench = Bench(tmp_path, mode)
    assert mode == "sandbox" or bench.arm() is None
    proposal = bench.propose()
    bench.submit(bench.permit(proposal))
    bench.write()
    (frame,) = bench.frames
    added = {"cl_ord_id": "X", "deadline": "Y", "token": "Z"}
    said = json.loads(frame, parse_float=str)
    assert said.pop("req_id") == 1
    assert said["params"].keys() >= added.keys()
    assert proposal.request is not None
    kept = {name: value for name, value in said["params"].items() if name not in added}
    wanted = json.loads(encode(proposal.request), parse_float=str)["params"]
    del wanted["token"]
    assert kept == wanted
    assert list(kept) == list(wanted)
    assert said["params"]["token"] == "TOKEN"


def test_the_deadline_counts_from_the_moment_of_writing(tmp_path: Path) -> None:
    """On the exchange's clock, and never past what the intent has promised."""
    bench = Bench(tmp_path)
    bench.submit(bench.permit())
    bench.wait(29.0)
    bench.write()
    assert sent(bench.frames[0])["params"]["deadline"] == "2023-11-14T22:13:54.000Z"
    assert bench.last("intent")["not_after"] == "2023-11-14T22:13:55.000000000Z"


def test_a_batch_gets_an_id_for_each_order(tmp_path: Path) -> None:
    """And one intent for all."""
    bench = Bench(tmp_path)
    leg = {"side": "buy", "order_type": "limit", "order_qty": "1"}
    orders = [{**leg, "limit_price": "99.0"}, {**leg, "limit_price": "98.0"}]
    permit = bench.permit(propose_batch({"symbol": "BTC/USD", "orders": orders}, bench.facts_now()))
    bench.submit(permit)
    bench.write()
    ids = [order["cl_ord_id"] for order in sent(bench.frames[0])["params"]["orders"]]
    assert len(set(ids)) == 2
    assert tuple(ids) == permit.cl_ord_ids
    assert [leg["cl_ord_id"] for leg in bench.last("intent")["legs"]] == ids


def test_an_edit_gets_a_name_for_its_successor_that_is_not_sent(tmp_path: Path) -> None:
    """The exchange takes no client id for an edit; the intent names what it replaces."""
    bench = Bench(tmp_path)
    target = OrderRecord(
        state=OrderState.OPEN, order_id="OAAAAA-BBBBB-CCCCCC", cl_ord_id=None, symbol="BTC/USD", side="buy",
        order_type="limit", order_qty=D(1), limit_price=D(99), created_ns=0, updated_ns=0,
    )  # fmt: skip
    bench.change(orders=(target,))
    bench.submit(bench.permit(propose_edit(target, {"limit_price": "98"}, bench.facts_now())))
    bench.write()
    params = sent(bench.frames[0])["params"]
    assert "cl_ord_id" not in params
    assert bench.last("intent")["target"] == "OAAAAA-BBBBB-CCCCCC"


# --- at most once ---------------------------------------------------------------------------------------------------


@pytest.mark.promise("O-01")
@pytest.mark.promise("A-06")
@pytest.mark.fault("F-109")
def test_a_permit_is_good_once(tmp_path: Path) -> None:
    """Whether it passed or was refused; and only at the gate that made it."""
    bench = Bench(tmp_path)
    permit = bench.permit()
    other = Bench(tmp_path, pid=2)
    other.submit(permit)
    bench.submit(replace(permit))
    assert bench.clearances == []
    bench.submit(permit)
    bench.submit(permit)
    bench.write()
    assert len(bench.frames) == 1
    assert [type(error) for error in bench.refusals + other.refusals] == [ConfirmationVoid] * 3


@pytest.mark.promise("O-01")
def test_a_permit_whose_order_was_refused_is_used_up_too(tmp_path: Path) -> None:
    """What changed for the better meanwhile needs a new confirmation."""
    bench = Bench(tmp_path)
    permit = bench.permit()
    bench.change(balances={"BTC": D(0), "USD": D(0)})
    bench.submit(permit)
    bench.change(balances={"BTC": D(0), "USD": D(10_000)})
    bench.submit(permit)
    bench.write()
    assert bench.frames == []
    assert isinstance(bench.refusals[1], ConfirmationVoid)


@pytest.mark.promise("O-01")
def test_a_clearance_makes_one_frame_and_a_frame_leaves_once(tmp_path: Path) -> None:
    """Asked again, both refuse."""
    bench = Bench(tmp_path)
    bench.submit(bench.permit())
    (clearance,) = bench.clearances
    frame = clearance.write("TOKEN", 1, bench.now)
    with pytest.raises(ConfirmationVoid, match="made already"):
        clearance.write("TOKEN", 2, bench.now)
    assert frame.leave() == frame
    with pytest.raises(ConfirmationVoid, match="written already"):
        frame.leave()


@pytest.mark.promise("O-01")
def test_a_clearance_that_failed_makes_no_frame_later(tmp_path: Path) -> None:
    """A refusal in the last moment is final, though its reason goes away."""
    bench = Bench(tmp_path)
    bench.submit(bench.permit())
    (clearance,) = bench.clearances
    bench.change(reconciled=False)
    with pytest.raises(OrderRefused, match="RECONCILING"):
        clearance.write("TOKEN", 1, bench.now)
    bench.change(reconciled=True)
    with pytest.raises(ConfirmationVoid):
        clearance.write("TOKEN", 2, bench.now)


def test_a_clearance_that_was_withdrawn_makes_no_frame(tmp_path: Path) -> None:
    """It counts in no limit any more, and the log says why; after a frame was made it is too late for that."""
    bench = Bench(tmp_path)
    bench.submit(bench.permit())
    (clearance,) = bench.clearances
    clearance.withdraw("the connection went away", bench.now)
    with pytest.raises(ConfirmationVoid):
        clearance.write("TOKEN", 1, bench.now)
    counted = [len(bench.gate.past)]
    assert "the connection went away" in bench.last("refused")["reason"]
    bench.submit(bench.permit())
    (written,) = bench.clearances[1:]
    written.write("TOKEN", 1, bench.now)
    written.withdraw("too late", bench.now)
    counted.append(len(bench.gate.past))
    assert counted == [0, 1]
    assert list(bench.kinds()).count("refused") == 1


@pytest.mark.promise("O-01")
def test_nobody_else_can_make_a_frame() -> None:
    """Not by calling it, not by copying one, not from a text that was one."""
    for seal in (None, object()):
        with pytest.raises(TypeError, match="only the gate"):
            OrderFrame("text", seal)


@pytest.mark.promise("O-01")
@pytest.mark.promise("K-02")
def test_a_frame_cannot_be_copied_or_kept_and_does_not_show_its_token(tmp_path: Path) -> None:
    """What looks like it afterwards is an ordinary text, which no connection writes."""
    frame = Bench(tmp_path).place()
    assert frame is not None
    attempts: list[Callable[[object], object]] = [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))]
    for attempt in attempts:
        with pytest.raises(TypeError):
            attempt(frame)
    assert type(frame + "") is str
    assert "TOKEN" not in repr(frame)


@pytest.mark.promise("O-01")
@pytest.mark.fault("F-172")
def test_only_the_gate_makes_frames_and_clearances() -> None:
    """Read from the source: no other module calls them, and none knows the seal."""
    found = set()
    sources = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    words = ("OrderFrame", "Clearance", "_SEAL")
    for path in [path for path, text in sources.items() if any(word in text for word in words)]:
        for node in ast.walk(ast.parse(sources[path])):
            name = getattr(node, "id", "") or getattr(node, "attr", "")
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("OrderFrame", "Clearance")
            if called or name == "_SEAL":
                found.add(path.relative_to(PACKAGE).as_posix())
    assert found == {"trading/gate.py"}


# --- written down first ---------------------------------------------------------------------------------------------


@pytest.mark.promise("O-02")
@pytest.mark.promise("A-15")
@pytest.mark.fault("F-181")
def test_nothing_can_be_written_before_the_intent_is_on_the_disk(tmp_path: Path) -> None:
    """While the disk is busy there is no clearance; afterwards the intent is there before the frame is."""
    bench = Bench(tmp_path)
    bench.disk.slow = True
    permit = bench.permit()
    bench.submit(permit)
    bench.wait(3.0)
    assert bench.clearances == []
    assert bench.kinds() == []
    bench.disk.run()
    assert bench.kinds() == ["intent"]
    assert len(bench.clearances) == 1
    intent = bench.last("intent")
    assert intent["confirmation"] == permit.confirmation
    assert intent["legs"][0]["cl_ord_id"] == permit.cl_ord_ids[0]
    assert intent["deadline_s"] == 5.0
    assert "TOKEN" not in (tmp_path / "audit.jsonl").read_text()


@pytest.mark.promise("O-02")
@pytest.mark.promise("A-15")
@pytest.mark.fault("F-103")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("operation", ["append", "sync"])
def test_an_intent_that_cannot_be_written_refuses_the_order(tmp_path: Path, operation: Any, code: int) -> None:
    """No frame; a halt and what reduces risk still go; and the next order goes when the disk works again."""
    bench = Bench(tmp_path)
    bench.files.failing[operation] = OSError(code, os.strerror(code))
    assert bench.place() is None
    (error,) = bench.refusals
    assert isinstance(error, AuditBroken)
    assert os.strerror(code) in str(error)
    assert bench.gate.past == ()
    confirmed = bench.permit(propose_cancel_all(bench.facts_now()))
    bench.gate.admit(confirmed, connection="c1", at=bench.now)
    bench.halt.latch("kill", bench.now, lambda error, at: None)
    assert bench.halt.look() is not None
    bench.files.failing.clear()
    bench.halt.resume("the disk works", bench.now, lambda error, at: None)
    assert bench.place() is not None
    assert bench.audit.verify().ok


@pytest.mark.promise("A-15")
def test_what_the_disk_does_not_take_in_time_is_given_up(tmp_path: Path) -> None:
    """Its confirmation is void by then; and the disk's late answer brings nothing back."""
    bench = Bench(tmp_path)
    bench.disk.slow = True
    bench.submit(bench.permit())
    deadline = bench.gate.next_deadline()
    assert deadline == pytest.approx(bench.mono + 30)
    bench.wait(29.9)
    bench.gate.let_time_pass(bench.now)
    assert bench.refusals == []
    bench.wait(0.2)
    bench.gate.let_time_pass(bench.now)
    assert len(bench.refusals) == 1
    bench.disk.run()
    assert bench.clearances == []
    bench.write()
    assert [type(error) for error in bench.refusals] == [ConfirmationVoid]
    assert bench.frames == []
    assert bench.gate.next_deadline() is None


CRASH = """
import os, signal, sys
from pathlib import Path
from tests.trading.lock_bench import Bench
bench = Bench(Path(sys.argv[1]))
bench.submit(bench.permit())
assert len(bench.clearances) == 1
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.promise("O-02")
@pytest.mark.promise("O-14")
@pytest.mark.fault("F-104")
def test_a_crash_between_intent_and_send_leaves_the_intent(tmp_path: Path) -> None:
    """The next kernel finds it, counts it, knows its id, and sends nothing by itself."""
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], cwd=root, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    bench = Bench(tmp_path, pid=1)
    assert list(bench.kinds()) == ["intent"]
    assert bench.audit.verify().ok
    (past,) = bench.gate.past
    assert past.at_mono is None
    assert past.notional == D("99.396")
    assert bench.clearances == []
    # This kernel's ids would begin like the old one's: the registry refuses them.
    with pytest.raises(OrderRefused, match="used before"):
        bench.permit()


# --- void -----------------------------------------------------------------------------------------------------------


@pytest.mark.promise("A-06")
@pytest.mark.fault("F-108")
@pytest.mark.parametrize("late", ["submit", "write"])
def test_a_permit_older_than_its_time_is_void(tmp_path: Path, late: str) -> None:
    """At the gate, and also in the queue behind it."""
    bench = Bench(tmp_path)
    permit = bench.permit()
    if late == "submit":
        bench.wait(31.0)
    bench.submit(permit)
    bench.wait(31.0)
    bench.write()
    assert bench.frames == []
    (error,) = bench.refusals
    assert isinstance(error, ConfirmationVoid)
    assert "31 s old" in str(error)


def test_a_permit_just_within_its_time_is_good(tmp_path: Path) -> None:
    """Thirty seconds are thirty seconds."""
    bench = Bench(tmp_path)
    bench.submit(bench.permit())
    bench.wait(30.0)
    bench.write()
    assert len(bench.frames) == 1


def test_a_permit_of_another_clock_is_void(tmp_path: Path) -> None:
    """Time that goes back is no age."""
    bench = Bench(tmp_path)
    permit = bench.permit()
    bench.wait(-1.0)
    bench.submit(permit)
    assert isinstance(bench.refusals[0], ConfirmationVoid)


def disconnected(bench: Bench) -> None:
    """The private connection was lost, and another stands."""
    bench.change(connection="c2")


def halted_and_resumed(bench: Bench) -> None:
    """Trading was halted for a moment."""
    bench.halt.latch("a moment", bench.now, lambda error, at: None)
    bench.halt.resume("over", bench.now, lambda error, at: None)


CHANGES: dict[str, Callable[[Bench], None]] = {
    "the connection was lost": disconnected,
    "the exchange's status changed": lambda bench: bench.change(system="post_only"),
    "the pair's status changed": lambda bench: bench.change(pair=pair_in("limit_only")),
    "the limits were changed": lambda bench: bench.change(limits=Limits(max_open_orders=99)),
    "the account is another": lambda bench: bench.change(account="0000-0000"),
    "the mode is another": lambda bench: bench.change(mode="replay"),
    "trading was halted": halted_and_resumed,
}


def pair_in(status: str) -> Any:
    """The pair in another state."""
    return type(PAIR)(**{**{name: getattr(PAIR, name) for name in PAIR.__struct_fields__}, "status": status})


@pytest.mark.promise("A-06")
@pytest.mark.parametrize("late", ["submit", "write"])
@pytest.mark.parametrize("said", CHANGES)
def test_a_change_of_circumstances_makes_a_permit_void(tmp_path: Path, said: str, late: str) -> None:
    """Whenever it happens on the way, and though an order confirmed now would pass."""
    bench = Bench(tmp_path)
    permit = bench.permit()
    if late == "write":
        bench.submit(permit)
    CHANGES[said](bench)
    if late == "submit":
        bench.submit(permit)
    bench.write()
    assert bench.frames == []
    (error,) = bench.refusals
    assert isinstance(error, ConfirmationVoid)
    assert said in str(error)


@pytest.mark.promise("A-06")
def test_a_permit_from_before_an_arming_is_void_after_the_next(tmp_path: Path) -> None:
    """Disarmed and armed again is not the same."""
    bench = Bench(tmp_path, "live")
    bench.arm()
    permit = bench.permit()
    bench.arming.disarm("tea", bench.now)
    bench.arm()
    bench.submit(permit)
    assert isinstance(bench.refusals[0], ConfirmationVoid)


@pytest.mark.promise("A-06")
@pytest.mark.promise("A-09")
@pytest.mark.parametrize("late", ["submit", "write"])
def test_a_price_that_moved_beyond_the_collar_stops_the_order(tmp_path: Path, late: str) -> None:
    """The reference is that of the last moment, not the one that was shown."""
    bench = Bench(tmp_path)
    permit = bench.permit(bench.propose(limit_price="104.0"))
    if late == "write":
        bench.submit(permit)
    bench.change(book=BookSnapshot.of("BTC/USD", bids=[("89", "5")], asks=[("90", "5")], price_precision=1))
    if late == "submit":
        bench.submit(permit)
    bench.write()
    assert bench.frames == []
    assert isinstance(bench.refusals[0], OrderRefused)


@pytest.mark.promise("A-06")
def test_a_proposal_of_another_mode_or_account_gets_no_permit(tmp_path: Path) -> None:
    """A sandbox's wish is no wish for real money."""
    bench = Bench(tmp_path)
    for other in (replace(bench.propose(), mode="paper"), replace(bench.propose(), account="0000-0000")):
        with pytest.raises(ConfirmationVoid, match="another mode or account"):
            bench.permit(other)


def test_a_proposal_that_is_not_sound_gets_no_permit(tmp_path: Path) -> None:
    """Neither one that a check refuses, nor one without a request."""
    bench = Bench(tmp_path)
    for changes in ({"limit_price": "99.05"}, {"order_qty": "zero"}):
        with pytest.raises(OrderRefused):
            bench.permit(bench.propose(**changes))


@pytest.mark.promise("O-06")
@pytest.mark.fault("F-089")
def test_a_client_id_cannot_be_given(tmp_path: Path) -> None:
    """Neither through a proposal nor past one: the id of a filled order would make a second order."""
    bench = Bench(tmp_path)
    for name, value in (("cl_ord_id", "mine"), ("order_userref", 7)):
        with pytest.raises(OrderRefused):
            bench.permit(bench.propose(**{name: value}))
        proposal = bench.propose()
        assert proposal.request is not None
        changes: dict[str, Any] = {name: value}
        with pytest.raises(OrderRefused, match="cannot be given"):
            bench.permit(replace(proposal, request=replace(proposal.request, **changes)))


# --- the last look --------------------------------------------------------------------------------------------------


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-13")
@pytest.mark.fault("F-179")
@pytest.mark.parametrize("late", ["submit", "write"])
def test_a_halt_file_of_another_process_stops_what_waits(tmp_path: Path, late: str) -> None:
    """Confirmed and written down already, and still nothing leaves once the file is there."""
    bench = Bench(tmp_path)
    permit = bench.permit()
    if late == "write":
        bench.submit(permit)
    record = HaltRecord(reason="killed in a terminal", since_ns=bench.wall_ns, pid=2, unfinished=True)
    (tmp_path / "halt.json").write_bytes(halt_text(record))
    if late == "submit":
        bench.submit(permit)
    bench.write()
    assert bench.frames == []
    (error,) = bench.refusals
    assert isinstance(error, Halted)
    assert "killed in a terminal" in str(error)
    assert bench.last("refused")["cl_ord_ids"] == list(permit.cl_ord_ids)


@pytest.mark.promise("A-17")
@pytest.mark.fault("F-128")
@pytest.mark.parametrize("late", ["submit", "write"])
@pytest.mark.parametrize("name", [name for name, _ in CHECKS])
def test_a_check_that_fails_refuses(tmp_path: Path, name: str, late: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them in turn, at each of the two looks."""
    bench = Bench(tmp_path)
    permit = bench.permit()
    if late == "write":
        bench.submit(permit)

    def fails(question: object) -> Any:
        raise ZeroDivisionError(name)

    broken = tuple((each, fails if each == name else judge) for each, judge in CHECKS)
    monkeypatch.setattr("kraken_lab.trading.checks.CHECKS", broken)
    if late == "submit":
        bench.submit(permit)
    bench.write()
    assert bench.frames == []
    assert f"{name} cannot be checked" in str(bench.refusals[0])


@pytest.mark.promise("A-17")
@pytest.mark.fault("F-128")
@pytest.mark.parametrize("late", ["submit", "write"])
@pytest.mark.parametrize("error", [RuntimeError("x"), KeyError("x"), RecursionError("x"), None])
def test_whatever_goes_wrong_in_checking_refuses(tmp_path: Path, error: Exception | None, late: str) -> None:
    """Also a check that checks nothing."""
    trouble: list[bool] = []

    def checker(*args: Any, **options: Any) -> Any:
        if trouble and error is not None:
            raise error
        return () if trouble else check(*args, **options)

    bench = Bench(tmp_path, checker=checker)
    permit = bench.permit()
    if late == "write":
        bench.submit(permit)
    trouble.append(True)
    if late == "submit":
        bench.submit(permit)
    bench.write()
    assert bench.frames == []
    assert isinstance(bench.refusals[0], OrderRefused)


@pytest.mark.promise("A-17")
@pytest.mark.fault("F-128")
def test_facts_that_cannot_be_had_or_are_old_refuse(tmp_path: Path) -> None:
    """Facts gathered a second ago are another moment's."""
    bench = Bench(tmp_path)

    def fails() -> Facts:
        raise LookupError("no facts")

    bench.submit(bench.permit(), fails)
    old = bench.facts_now()
    bench.wait(1.0)
    bench.submit(bench.permit(), lambda: old)
    bench.write()
    assert bench.frames == []
    assert "could not be gathered" in str(bench.refusals[0])
    assert "not those of this moment" in str(bench.refusals[1])


@pytest.mark.promise("A-17")
@pytest.mark.fault("F-128")
def test_a_frame_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A clock estimate beyond all years gives no deadline, and no deadline no order."""
    bench = Bench(tmp_path)
    offsets = [0]
    bench.submit(bench.permit(), lambda: replace(bench.facts_now(), exchange_ns=bench.wall_ns + offsets[0]))
    offsets[0] = 10**30
    bench.write()
    assert bench.frames == []
    assert "could not be written" in str(bench.refusals[0])
    assert bench.gate.past == ()


def test_a_broken_chain_stops_orders(tmp_path: Path) -> None:
    """What cannot be relied on cannot say what was used."""
    bench = Bench(tmp_path)
    bench.place()
    lines = (tmp_path / "audit.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "audit.jsonl").write_bytes(lines[1])
    assert not bench.audit.verify().ok
    assert bench.place(limit_price="98.0") is None
    assert isinstance(bench.refusals[0], AuditBroken)


def test_an_order_is_not_held_against_itself(tmp_path: Path) -> None:
    """Neither its own confirmation nor its own record, which are among the facts by then, count as another's."""
    limits = Limits(order_rate=1, max_day_notional=D(150), dup_window_s=10, max_open_orders=1)
    bench = Bench(tmp_path, limits=limits)
    permit = bench.permit()
    bench.submit(permit)
    itself = OrderRecord(
        state=OrderState.IN_FLIGHT, order_id=None, cl_ord_id=permit.cl_ord_ids[0], symbol="BTC/USD", side="buy",
        order_type="limit", order_qty=D(1), limit_price=D(99), created_ns=0, updated_ns=0,
    )  # fmt: skip
    bench.change(orders=(itself,))
    bench.write()
    assert len(bench.frames) == 1


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.promise("A-01")
@pytest.mark.promise("A-08")
def test_live_that_is_not_armed_sends_nothing(tmp_path: Path) -> None:
    """No check can be asked to let it through."""
    bench = Bench(tmp_path, "live", checker=lambda *args, **options: (passed("all", "whatever"),))
    proposal = replace(bench.propose(), checks=())
    bench.submit(bench.permit(proposal))
    bench.write()
    assert bench.frames == []
    assert isinstance(bench.refusals[0], NotArmed)


@pytest.mark.promise("A-01")
def test_live_without_anything_that_arms_sends_nothing(tmp_path: Path) -> None:
    """A gate that was put together without arming is a gate that stays shut."""
    bench = Bench(tmp_path, "live", checker=lambda *args, **options: (passed("all", "whatever"),))
    bench.gate.arming = None
    bench.submit(bench.permit(replace(bench.propose(), checks=())))
    assert isinstance(bench.refusals[0], NotArmed)


@pytest.mark.promise("A-08")
@pytest.mark.fault("F-112")
@pytest.mark.parametrize(("mode", "expected"), [("live", 5), ("paper", 100), ("sandbox", 100)])
def test_a_loop_of_a_hundred_orders(tmp_path: Path, mode: Any, expected: int) -> None:
    """Live stops at the rate, though each has its gesture; paper warns; the sandbox lets it run."""
    bench = Bench(tmp_path, mode)
    bench.change(limits=replace(bench.facts.limits, max_open_orders=200) if mode == "live" else bench.facts.limits)
    assert mode != "live" or bench.arm() is None
    for number in range(100):
        bench.place(limit_price=f"{99 - number / 10:.1f}")
    assert len(bench.frames) == expected
    assert len(bench.refusals) == 100 - expected


@pytest.mark.promise("A-08")
def test_orders_that_wait_for_the_disk_count_already(tmp_path: Path) -> None:
    """Ten at once while it is slow come no further than ten in a row."""
    bench = Bench(tmp_path, "live")
    bench.change(limits=replace(LIMITS, max_day_notional=D(250)))
    bench.arm()
    bench.disk.slow = True
    # All three were proposed before any was confirmed.
    for permit in [bench.permit(bench.propose(limit_price=price)) for price in ("99.0", "98.0", "97.0")]:
        bench.submit(permit)
    bench.disk.run()
    bench.write()
    assert len(bench.frames) == 2
    assert "used today" in str(bench.refusals[0])


@pytest.mark.promise("A-07")
@pytest.mark.fault("F-111")
@pytest.mark.parametrize(("mode", "goes"), [("live", False), ("paper", True), ("sandbox", True)])
def test_the_same_order_again_needs_its_own_word(tmp_path: Path, mode: Any, goes: bool) -> None:
    """In live; and with that word it goes there too."""
    bench = Bench(tmp_path, mode)
    assert mode != "live" or bench.arm() is None
    assert bench.place() is not None
    # The proposal was made before the first was placed: the gate looks again.
    assert (bench.place() is not None) == goes
    if not goes:
        bench.wait(10.0)
        assert bench.place() is not None


@pytest.mark.promise("A-07")
@pytest.mark.fault("F-111")
def test_two_tickets_of_one_content_are_two_confirmations(tmp_path: Path) -> None:
    """Both were shown before either was confirmed; the second is stopped at the gate unless it says again."""
    bench = Bench(tmp_path, "live")
    bench.arm()
    first, second, third = (bench.propose() for _ in range(3))
    bench.submit(bench.permit(first))
    bench.submit(bench.permit(second))
    bench.submit(bench.permit(third, again=True))
    bench.write()
    assert len(bench.frames) == 2
    assert "again" in str(bench.refusals[0])


@pytest.mark.promise("A-08")
@pytest.mark.fault("F-114")
def test_the_day_is_counted_again_by_the_next_kernel(tmp_path: Path) -> None:
    """From the audit log: what is left of the limit is the same as before, and full again at midnight UTC."""
    first = Bench(tmp_path, "live")
    first.change(limits=replace(LIMITS, max_day_notional=D(250)))
    first.arm()
    assert first.place() is not None
    assert first.place(limit_price="98.0") is not None
    first.arming.disarm("end", first.now)
    second = Bench(tmp_path, "live", pid=2)
    second.change(limits=replace(LIMITS, max_day_notional=D(250)))
    second.arm()
    second.wait(11.0)
    assert second.usage.day_notional(second.wall_ns, "USD") == D("99.396") + D("98.392")
    assert second.place(limit_price="97.0") is None
    assert "used today" in str(second.refusals[0])
    second.wait(3 * 3600)
    second.arm()
    assert second.place(limit_price="97.0") is not None


@pytest.mark.promise("O-05")
@pytest.mark.promise("A-08")
@pytest.mark.fault("F-115")
def test_only_an_order_that_was_proved_never_placed_counts_no_more(tmp_path: Path) -> None:
    """Doubt counts as filled; and late truth counts again, in this kernel and in the next."""
    bench = Bench(tmp_path)
    frame = bench.place()
    name = sent(frame)["params"]["cl_ord_id"]

    def becomes(state: OrderState) -> tuple[int, int]:
        bench.gate.settled(name, state)
        bench.audit.record("order", {"cl_ord_id": name, "state": state}, bench.now)
        return len(bench.gate.past), len(Bench(tmp_path, pid=9).gate.past)

    states = [
        OrderState.UNKNOWN, OrderState.OPEN, OrderState.CANCELED, OrderState.REJECTED, OrderState.UNKNOWN,
        OrderState.NOT_PLACED, OrderState.FILLED,
    ]  # fmt: skip
    assert [becomes(state) for state in states] == [(1, 1), (1, 1), (1, 1), (0, 0), (1, 1), (0, 0), (1, 1)]


@pytest.mark.promise("A-08")
def test_what_the_exchange_rejected_leaves_room_for_another(tmp_path: Path) -> None:
    """Nothing was placed; and asking for the same again is no repetition of it."""
    bench = Bench(tmp_path, "live", limits=replace(LIMITS, max_day_notional=D(150)))
    bench.arm()
    name = sent(bench.place())["params"]["cl_ord_id"]
    assert bench.place() is None
    bench.gate.settled(name, OrderState.REJECTED)
    assert bench.place() is not None


@pytest.mark.promise("A-08")
def test_what_was_refused_here_counts_for_nothing(tmp_path: Path) -> None:
    """In this kernel and in the next: nothing was sent."""
    bench = Bench(tmp_path)
    bench.submit(bench.permit())
    bench.change(reconciled=False)
    bench.write()
    assert bench.gate.past == ()
    assert Bench(tmp_path, pid=9).gate.past == ()


# --- what only reduces risk -----------------------------------------------------------------------------------------


def test_what_reduces_risk_needs_a_confirmation_and_nothing_else(tmp_path: Path) -> None:
    """Halted, unreconciled and with a clock that ran on: one confirmation, one use, and it is in the log."""
    bench = Bench(tmp_path)
    bench.halt.latch("kill", bench.now, lambda error, at: None)
    bench.change(reconciled=False, system="maintenance")
    permit = bench.permit(propose_cancel_all(bench.facts_now()))
    bench.change(system="online")
    bench.gate.admit(permit, connection="c1", at=bench.now)
    assert bench.last("confirmed")["confirmation"] == permit.confirmation
    with pytest.raises(ConfirmationVoid):
        bench.gate.admit(permit, connection="c1", at=bench.now)


def test_what_reduces_risk_is_void_like_any_other(tmp_path: Path) -> None:
    """Too old, or on another connection; and no order goes this way."""
    bench = Bench(tmp_path)
    old, other = (bench.permit(propose_cancel_all(bench.facts_now())) for _ in range(2))
    with pytest.raises(ConfirmationVoid, match="connection"):
        bench.gate.admit(other, connection="c2", at=bench.now)
    with pytest.raises(ConfirmationVoid, match="s old"):
        bench.gate.admit(old, connection="c1", at=Instant(bench.mono + 31, bench.wall_ns))
    with pytest.raises(OrderRefused, match="only as an order"):
        bench.gate.admit(bench.permit(), connection="c1", at=bench.now)


def test_permits_that_ran_out_are_forgotten(tmp_path: Path) -> None:
    """However many are made and never used."""
    bench = Bench(tmp_path, settings=OrderSettings(confirm_ttl=5))
    for _ in range(10):
        bench.permit()
        bench.wait(6.0)
    assert len(bench.gate._permits) == 1


@pytest.mark.promise("A-12")
@pytest.mark.promise("O-01")
def test_a_frame_that_waits_for_its_socket_does_not_leave_while_halted(tmp_path: Path) -> None:
    """Other texts are written first, which may take; a kill from a terminal does not wait for them. It never leaves."""
    bench = Bench(tmp_path)
    bench.submit(bench.permit())
    (clearance,) = bench.clearances
    frame = clearance.write("TOKEN", 1, bench.now)
    bench.halt.latch("kill", bench.now, lambda error, at: None)
    with pytest.raises(Halted, match="kill"):
        frame.leave()
    bench.halt.resume("over", bench.now, lambda error, at: None)
    with pytest.raises(ConfirmationVoid, match="written already"):
        frame.leave()
