"""``kraken-lab kill``: halt first, cancel by REST, three lists in ten seconds, and the truth when nothing works."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from rich.console import Console

from kraken_lab.cli.kill import Log, carry_out, finished, halt, run
from kraken_lab.errors import BadArgument, BadKey, RestFailed, Unreachable
from kraken_lab.net import Nonce, SandboxProcess, api_sign, describe_sandbox
from kraken_lab.net.patient_files import PatientFiles
from kraken_lab.sandbox.exchange import START_NS
from kraken_lab.trading.halt import HALT_FILE, HaltRecord, halt_text, read_halt
from kraken_lab.trading.remember import order_fields
from kraken_lab.trading.state_folder import StateFolder, StateKey
from kraken_lab.trading.states import OrderRecord, OrderState
from kraken_lab.wire import Instant
from tests.disks import FaultyFiles
from tests.trading.lock_bench import Bench
from tests.virtual import VirtualClock
from tests.virtual import run as virtually

ROOT = Path(__file__).parent.parent.parent


class Exchange:
    """As much of REST as a kill meets. ``down`` says which calls fail, ``slow`` how long an answer takes."""

    def __init__(self, *orders: str) -> None:
        self.open = dict.fromkeys(orders, "open")
        self.closed: dict[str, str] = {}
        self.down: set[str] = set()
        self.slow = 0.0
        self.stubborn: set[str] = set()
        self.client_ids: dict[str, str] = {}
        self.calls: list[str] = []

    async def private(self, name: str, fields: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Answer, or not."""
        self.calls.append(name)
        await asyncio.sleep(self.slow)
        if name in self.down:
            raise RestFailed(f"/0/private/{name}", "the answer did not come from the API", 502)
        if name == "CancelAll":
            gone = [order for order in self.open if order not in self.stubborn]
            for order in gone:
                del self.open[order]
                self.closed[order] = "canceled"
            return {"count": len(gone)}
        now = START_NS / 1e9 + asyncio.get_running_loop().time()
        orders = self.open if name == "OpenOrders" else self.closed
        return {
            "open" if name == "OpenOrders" else "closed": {
                name: {
                    "refid": None, "cl_ord_id": self.client_ids.get(name), "status": status,
                    "opentm": now - 100, "closetm": now,
                    "descr": {"pair": "BTC/USD", "type": "buy", "ordertype": "limit", "price": "99.0", "price2": "0"},
                    "vol": "1.0", "vol_exec": "1.0" if status == "closed" else "0.0", "cost": "0", "fee": "0",
                    "price": "0",
                }
                for name, status in orders.items()
            },
            "count": len(orders),
        }  # fmt: skip


class Screen:
    """What was said, with the virtual moment of it."""

    def __init__(self) -> None:
        self.said: list[tuple[float, str]] = []

    def __call__(self, text: str) -> None:
        """Remember it."""
        self.said.append((asyncio.get_running_loop().time(), text))

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(text for _, text in self.said)

    def first(self, word: str) -> float:
        """When a word was said first."""
        return next(at for at, text in self.said if word in text)


def killed(exchange: Exchange, folder: Path, seconds: float | None = 60.0) -> tuple[bool, Screen]:
    """Carry a kill out on the virtual clock."""
    screen = Screen()

    async def work() -> bool:
        clock = VirtualClock(asyncio.get_running_loop())
        return await carry_out(exchange, clock, Log(folder), screen, seconds=seconds)

    return virtually(work), screen


@pytest.mark.promise("A-12")
def test_what_is_open_is_cancelled_and_listed(tmp_path: Path) -> None:
    """In the first round, cancelling before asking."""
    exchange = Exchange("O1", "O2")
    exchange.closed["O3"] = "closed"
    complete, screen = killed(exchange, tmp_path)
    assert complete
    assert exchange.calls[0] == "CancelAll"
    assert "confirmed cancelled: 2\n    O1 buy 1.0 BTC/USD limit at 99.0\n    O2 buy 1.0 BTC/USD" in screen.text
    assert "filled meanwhile: 1" in screen.text
    assert "not confirmed: none" in screen.text
    assert re.search(r"After \d+\.\d s and \d+ rounds?: complete\.", screen.text)
    assert screen.first("complete") < 10


@pytest.mark.promise("A-12")
@pytest.mark.fault("F-181")
@pytest.mark.parametrize("operation", ["read", "append", "replace"])
def test_a_disk_that_hangs_does_not_keep_it_from_cancelling(tmp_path: Path, operation: Any) -> None:
    """What could not be written is said, and waited for once."""
    files, screen, exchange = FaultyFiles(), Screen(), Exchange("O1")
    files.hang(operation)
    log = Log(tmp_path, PatientFiles(files, patience=0.05))

    async def work() -> bool:
        clock = VirtualClock(asyncio.get_running_loop())
        halt(tmp_path, log, clock.now(), screen)
        complete = await carry_out(exchange, clock, log, screen, seconds=60.0)
        finished(tmp_path, log, clock.now(), screen)
        return complete

    assert virtually(work)
    assert exchange.open == {}
    assert "its disk did not answer within 0.05 s" in screen.text
    assert ("THE HALT COULD NOT BE WRITTEN" in screen.text) == (operation != "append")
    assert "confirmed cancelled: 1" in screen.text
    files.answer()


@pytest.mark.promise("A-12")
@pytest.mark.fault("F-123")
@pytest.mark.parametrize("slow", [0.0, 60.0])
def test_when_rest_is_down_it_says_so_within_ten_seconds_and_goes_on(tmp_path: Path, slow: float) -> None:
    """Refusing or silent; what works again is used at once, and then it is complete."""
    exchange = Exchange("O1")
    exchange.down = {"CancelAll", "OpenOrders", "ClosedOrders"}
    exchange.slow = slow
    screen = Screen()

    async def work() -> bool:
        clock = VirtualClock(asyncio.get_running_loop())

        async def repair() -> None:
            await asyncio.sleep(100)
            exchange.down, exchange.slow = set(), 0.0

        repairing = asyncio.create_task(repair())
        complete = await carry_out(exchange, clock, Log(tmp_path), screen, seconds=None)
        await repairing
        return complete

    assert virtually(work)
    assert screen.first("NOT COMPLETE") <= 10.2
    assert screen.first(": complete.") > 100
    assert "confirmed cancelled: 1" in screen.text


@pytest.mark.promise("A-12")
@pytest.mark.fault("F-123")
def test_it_never_says_complete_without_proof(tmp_path: Path) -> None:
    """A cancel that went through and a list that does not come; an order that stays; nothing but failures."""
    for trouble in ({"OpenOrders"}, {"CancelAll"}, {"CancelAll", "OpenOrders", "ClosedOrders"}):
        exchange = Exchange("O1")
        exchange.down = trouble
        complete, screen = killed(exchange, tmp_path)
        assert not complete
        assert ": complete." not in screen.text
    exchange = Exchange("O1", "O2")
    exchange.stubborn = {"O2"}
    complete, screen = killed(exchange, tmp_path)
    assert not complete
    assert "not confirmed: 1" in screen.text
    assert exchange.calls.count("CancelAll") > 3


@pytest.mark.promise("A-12")
@pytest.mark.fault("F-179")
def test_an_order_that_a_kernel_wrote_down_is_not_confirmed_until_it_says_more(tmp_path: Path) -> None:
    """Its intent is on the disk, and nobody here can know whether it was sent; the kernel's refusal settles it."""
    kernel = Bench(tmp_path)
    permit = kernel.permit()
    kernel.submit(permit)
    assert [order.state for order in Log(tmp_path).own_orders()] == [OrderState.UNKNOWN]
    complete, screen = killed(Exchange(), tmp_path, seconds=12.0)
    assert not complete
    assert permit.cl_ord_ids[0] in screen.text
    at = Instant(0.0, 1)
    halt(tmp_path, Log(tmp_path), at, lambda text: None)
    kernel.write()
    assert kernel.frames == []
    complete, screen = killed(Exchange(), tmp_path)
    assert complete
    assert "not confirmed: none" in screen.text


@pytest.mark.promise("A-12")
def test_an_order_that_the_exchange_knows_by_the_kernels_id_is_one_order(tmp_path: Path) -> None:
    """Written down here, cancelled there: it is confirmed once, and nothing of it is left."""
    kernel = Bench(tmp_path)
    permit = kernel.permit()
    kernel.submit(permit)
    exchange = Exchange("O1")
    exchange.client_ids["O1"] = permit.cl_ord_ids[0]
    complete, screen = killed(exchange, tmp_path)
    assert complete
    assert "confirmed cancelled: 1" in screen.text
    assert "not confirmed: none" in screen.text


def test_what_a_kernel_wrote_about_an_order_last_counts(tmp_path: Path) -> None:
    """Confirmed may have been sent since; ended is ended; a line that cannot be read says nothing."""
    kernel = Bench(tmp_path)
    kernel.place()
    name = kernel.last("intent")["legs"][0]["cl_ord_id"]

    def becomes(state: OrderState) -> OrderState:
        record = OrderRecord(
            state=state, order_id="O1", cl_ord_id=name, symbol="BTC/USD", side="buy", order_type="limit",
            order_qty=None, created_ns=0, updated_ns=0,
        )  # fmt: skip
        kernel.audit.record("order", {"key": name, **order_fields(record)}, kernel.now)
        kernel.audit.record("order", {"cl_ord_id": name}, kernel.now)
        kernel.audit.record("refused", {"cl_ord_ids": None}, kernel.now)
        (found,) = Log(tmp_path).own_orders()
        return found.state

    assert becomes(OrderState.CONFIRMED) is OrderState.UNKNOWN
    assert becomes(OrderState.OPEN) is OrderState.OPEN
    assert becomes(OrderState.FILLED) is OrderState.FILLED


# --- the halt -------------------------------------------------------------------------------------------------------


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-13")
def test_the_halt_is_on_the_disk_and_in_the_log(tmp_path: Path) -> None:
    """A halt that lasts keeps its reason and its beginning; one that ended is begun anew."""
    said: list[str] = []
    halt(tmp_path, Log(tmp_path), Instant(0.0, 5), said.append)
    found = read_halt((tmp_path / HALT_FILE).read_bytes())
    assert found is not None
    assert (found.reason, found.since_ns, found.unfinished, found.pid) == ("kraken-lab kill", 5, True, os.getpid())
    kernel = Bench(tmp_path)
    assert kernel.halt.look() == found
    assert kernel.last("halt")["reason"] == "kraken-lab kill"
    assert kernel.audit.verify().ok
    finished(tmp_path, Log(tmp_path), Instant(0.0, 6), said.append)
    looked = kernel.halt.look()
    assert looked is not None
    assert not looked.unfinished
    before = HaltRecord(reason="mine", since_ns=1, pid=3)
    (tmp_path / HALT_FILE).write_bytes(halt_text(before))
    halt(tmp_path, Log(tmp_path), Instant(0.0, 7), said.append)
    found = read_halt((tmp_path / HALT_FILE).read_bytes())
    assert found is not None
    assert (found.reason, found.since_ns, found.unfinished) == ("mine", 1, True)
    kernel.halt.resume("over", kernel.now, lambda error, at: None)
    finished(tmp_path, Log(tmp_path), Instant(0.0, 8), said.append)
    assert kernel.halt.look() is None
    halt(tmp_path, Log(tmp_path), Instant(0.0, 9), said.append)
    assert kernel.halt.look() is not None


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-15")
@pytest.mark.fault("F-103")
def test_a_halt_that_cannot_be_written_is_said_loudly(tmp_path: Path) -> None:
    """And cancelling goes on: nothing raises."""
    said: list[str] = []
    nowhere = tmp_path / "nowhere"
    halt(nowhere, Log(nowhere), Instant(0.0, 5), said.append)
    finished(nowhere, Log(nowhere), Instant(0.0, 5), said.append)
    assert "THE HALT COULD NOT BE WRITTEN" in said[0]
    assert "audit log could not be written" in said[1]
    assert Log(nowhere).own_orders() == []
    complete, _ = killed(Exchange("O1"), nowhere)
    assert complete


# --- the command ----------------------------------------------------------------------------------------------------


def said_by(monkeypatch: pytest.MonkeyPatch, home: Path, **options: Any) -> tuple[int, str]:
    """Run the command in this process."""
    monkeypatch.setenv("KRAKEN_LAB_HOME", str(home))
    screen = io.StringIO()
    given = {"at": None, "mode": None, "seconds": 1.0, **options}
    return run(**given, console=Console(file=screen, width=200)), screen.getvalue()


@pytest.mark.promise("A-12")
def test_without_a_key_every_live_account_is_halted_and_nothing_is_said_to_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sandbox's state is left alone."""
    live = [StateFolder(tmp_path, StateKey("live", name)).path for name in ("aaaa-1111", "bbbb-2222")]
    sandbox = StateFolder(tmp_path, StateKey("sandbox", "aaaa-1111", "run"))
    monkeypatch.setattr(os, "isatty", lambda fd: False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    code, said = said_by(monkeypatch, tmp_path)
    assert code == 1
    assert "NOTHING WAS CANCELLED" in said
    assert all(read_halt((path / HALT_FILE).read_bytes()) is not None for path in live)
    assert not (sandbox.path / HALT_FILE).exists()
    assert "lab = kl.connect('live'); look at lab.orders; lab.resume('why'). That arms nothing" in said
    assert f"Left alone, because this was for the live account: {sandbox.path.name} in {tmp_path}." in said
    assert "kraken-lab kill --at 'LINE'" in said
    sandbox.close()


def test_where_there_is_no_account_at_all_nothing_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a halt that would last nor a sandbox that is not there."""
    monkeypatch.setattr(os, "isatty", lambda fd: False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    code, said = said_by(monkeypatch, tmp_path)
    assert code == 1
    assert "NOTHING WAS HALTED" in said
    assert "Left alone" not in said
    assert "The halt lasts" not in said


@pytest.mark.promise("A-12")
def test_the_key_is_asked_for_after_the_halt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sits there may need a minute to find it; trading has stopped by then."""
    live = StateFolder(tmp_path, StateKey("live", "aaaa-1111")).path
    halted: list[bool] = []

    def ask(prompt: str) -> str:
        halted.append((live / HALT_FILE).exists())
        raise BadKey("nothing typed")

    monkeypatch.setattr(os, "isatty", lambda fd: True)
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setattr(sys.modules["kraken_lab.cli.kill"], "getpass", ask)
    code, said = said_by(monkeypatch, tmp_path)
    assert (code, halted) == (1, [True])
    assert "NOTHING WAS CANCELLED: nothing typed" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "paper"}, "say with --at"),
        ({"at": "nonsense"}, "JSON line"),
        ({"at": "[]"}, "JSON line"),
        ({"at": "{}", "mode": "yolo"}, "sandbox, paper, live"),
    ],
)
def test_what_cannot_be_meant_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], said: str
) -> None:
    """Before anything is written."""
    with pytest.raises(BadArgument, match=said):
        said_by(monkeypatch, tmp_path / "home", **options)
    assert not (tmp_path / "home").exists()


@pytest.mark.promise("A-12")
@pytest.mark.fault("F-123")
def test_an_exchange_that_is_gone_leaves_a_halt_and_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real sockets, nobody behind them."""
    facts = {
        **dict.fromkeys(("ws_public", "ws_private", "ws_l3"), "ws://127.0.0.1:9/x/v2"),
        "rest": "http://127.0.0.1:9/x", "api_key": "key", "api_secret": "c2VjcmV0", "pid": os.getpid(),
    }  # fmt: skip
    code, said = said_by(monkeypatch, tmp_path, at=json.dumps(facts), mode="live")
    assert code == 1
    assert "NOT COMPLETE" in said
    assert "CancelAll failed" in said
    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith("live-like_")
    found = read_halt((folder / HALT_FILE).read_bytes())
    assert found is not None
    assert found.unfinished
    assert "c2VjcmV0" not in said


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    """An exchange of its own."""
    process = SandboxProcess(seed=7)
    yield process
    process.close()


def asked(process: SandboxProcess, name: str, nonce: Nonce, **fields: str) -> Any:
    """One private call by somebody else's hand."""
    endpoints, credentials, _ = describe_sandbox(process.facts)
    number = str(nonce())
    body = urlencode({"nonce": number, **fields})
    headers = {
        "API-Key": credentials.key.reveal(),
        "API-Sign": api_sign(path=f"/0/private/{name}", nonce=number, body=body, secret=credentials.secret),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = httpx.post(f"{endpoints.rest}/0/private/{name}", content=body, headers=headers, trust_env=False).json()
    assert answer["error"] == [], answer
    return answer["result"]


@pytest.mark.promise("A-12")
@pytest.mark.promise("A-13")
@pytest.mark.promise("A-18")
@pytest.mark.fault("F-179")
@pytest.mark.fault("F-176")
def test_a_terminal_stops_a_kernel_that_does_not_answer(sandbox: SandboxProcess, tmp_path: Path) -> None:
    """Its orders are cancelled by REST within ten seconds, and the one that it has confirmed never leaves."""
    endpoints, credentials, _ = describe_sandbox(sandbox.facts)
    key = StateKey.of("live", credentials.fingerprint, endpoints.ws_private)
    folder = StateFolder(tmp_path, key, venue_pid=sandbox.pid)
    nonce = Nonce(time.time_ns, path=folder.path / "nonce")
    for price in ("20000", "21000", "22000"):
        asked(
            sandbox, "AddOrder", nonce, pair="BTC/USD", type="buy", ordertype="limit", volume="0.001", price=price
        )  # fmt: skip
    kernel = Bench(folder.path, "live")
    assert kernel.arm() is None
    permit = kernel.permit()
    kernel.submit(permit)
    assert len(kernel.clearances) == 1
    begun = time.monotonic()
    done = subprocess.run(
        [
            sys.executable, "-c", "from kraken_lab.cli import main; main()",
            "kill", "--at", "-", "--mode", "live", "--seconds", "2",
        ],
        cwd=ROOT, input=json.dumps(dict(sandbox.facts)), capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "KRAKEN_LAB_HOME": str(tmp_path), "COLUMNS": "200"},
    )  # fmt: skip
    assert time.monotonic() - begun < 10
    assert done.returncode == 1, done.stdout + done.stderr
    assert "confirmed cancelled: 3" in done.stdout
    assert permit.cl_ord_ids[0] in done.stdout
    assert re.search(r"not confirmed: 1", done.stdout)
    assert "lab = kl.connect('live', at=...), or in the notebook that has it; look at lab.orders;" in done.stdout
    assert asked(sandbox, "OpenOrders", nonce)["open"] == {}
    kernel.write()
    assert kernel.frames == []
    assert "kraken-lab kill" in str(kernel.refusals[0])
    assert kernel.audit.verify().ok
    assert str(credentials.secret.reveal()) not in done.stdout + done.stderr
    folder.close()


def test_an_error_of_the_road_is_an_answer(tmp_path: Path) -> None:
    """Whatever of our own family it is."""

    class Gone(Exchange):
        async def private(self, name: str, fields: Mapping[str, str] | None = None) -> dict[str, Any]:
            """Nobody is there."""
            raise Unreachable("Kraken", "no route")

    complete, screen = killed(Gone(), tmp_path, seconds=12.0)
    assert not complete
    assert "no route" in screen.text
