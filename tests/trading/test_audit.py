"""The audit log is evidence: nothing is changed, taken out or moved unseen, and a crash costs half a line."""

from __future__ import annotations

import errno
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import Malformed
from kraken_lab.trading.audit import KEPT_UNWRITTEN, Audit
from kraken_lab.trading.chain import RESERVED, Chain
from kraken_lab.trading.files import OsFiles
from kraken_lab.trading.intent import Intent
from kraken_lab.trading.usage import Usage
from tests.disks import FaultyFiles

from .lock_bench import Bench, ManualDisk

ROOT = Path(__file__).parent.parent.parent


def a_chain(folder: Path, count: int = 5, *, max_bytes: int = 10**6) -> Chain:
    """A log of so many records."""
    chain = Chain(folder / "audit.jsonl", FaultyFiles(), max_bytes=max_bytes)
    for number in range(count):
        chain.extend([{"kind": "note", "number": number}])
    return chain


def numbers(chain: Chain) -> list[int]:
    """Which records there are."""
    return [record["number"] for record in chain.records() if record["kind"] == "note"]


# --- what is there --------------------------------------------------------------------------------------------------


@pytest.mark.promise("A-15")
def test_a_log_is_json_lines_that_only_its_owner_can_read(tmp_path: Path) -> None:
    """Each with its number, the hash before it, and its own."""
    chain = a_chain(tmp_path, 2)
    first, second = (json.loads(line) for line in chain.path.read_text().splitlines())
    assert (first["n"], second["n"]) == (1, 2)
    assert second["prev"] == first["hash"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert chain.verify().ok
    assert chain.verify().records == 2


def test_the_names_of_the_chain_cannot_be_taken(tmp_path: Path) -> None:
    """A record that says what its hash is would be believed."""
    chain = a_chain(tmp_path, 0)
    for name in RESERVED:
        with pytest.raises(ValueError, match="belong to the chain"):
            chain.extend([{"kind": "note", name: 1}])


def test_an_empty_log_is_whole(tmp_path: Path) -> None:
    """There is nothing to find fault with."""
    assert a_chain(tmp_path, 0).verify().ok


# --- what was done to it --------------------------------------------------------------------------------------------

Lines = list[bytes]


def changed(lines: Lines) -> None:
    """A price is another."""
    lines[2] = lines[2].replace(b'"number":2', b'"number":7')


def last_changed(lines: Lines) -> None:
    """The last line, which none follows."""
    lines[4] = lines[4].replace(b'"number":4', b'"number":7')


def deleted(lines: Lines) -> None:
    """One is taken out."""
    del lines[2]


def first_deleted(lines: Lines) -> None:
    """The beginning is gone."""
    del lines[0]


def last_deleted(lines: Lines) -> None:
    """The end is gone."""
    del lines[4]


def swapped(lines: Lines) -> None:
    """Two change places."""
    lines[2], lines[3] = lines[3], lines[2]


def doubled(lines: Lines) -> None:
    """One comes twice."""
    lines.insert(2, lines[1])


def garbage(lines: Lines) -> None:
    """A line is no record."""
    lines[2] = b"\xff not json\n"


def forged(lines: Lines) -> None:
    """A line is replaced by one from another log, whole in itself."""
    lines[2] = json.dumps({"n": 3, "prev": "0" * 64, "kind": "note", "hash": "0" * 64}).encode() + b"\n"


@pytest.mark.promise("A-15")
@pytest.mark.fault("F-129")
@pytest.mark.parametrize(
    ("harm", "line", "said"),
    [
        (changed, 3, "changed"),
        (last_changed, 5, "changed"),
        (deleted, 3, "1 records before it are missing"),
        (first_deleted, 1, "missing"),
        (last_deleted, 5, "1 records are missing at the end"),
        (swapped, 3, "missing"),
        (doubled, 3, "out of its place"),
        (garbage, 3, "not a record"),
        (forged, 3, "changed"),
    ],
)
def test_what_was_done_to_it_is_reported_with_its_place(
    tmp_path: Path, harm: Callable[[Lines], None], line: int, said: str
) -> None:
    """File, line and what is wrong there."""
    chain = a_chain(tmp_path)
    lines = chain.path.read_bytes().splitlines(keepends=True)
    harm(lines)
    chain.path.write_bytes(b"".join(lines))
    report = chain.verify()
    assert not report.ok
    assert (report.breaks[0].file, report.breaks[0].line) == ("audit.jsonl", line)
    assert said in report.breaks[0].reason
    assert said in repr(report)


@pytest.mark.promise("A-15")
@pytest.mark.fault("F-129")
@settings(max_examples=60)
@given(data=st.data())
def test_no_byte_can_be_changed_unseen(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Any one of them, to any other value."""
    chain = a_chain(tmp_path_factory.mktemp("log"), 3)
    text = bytearray(chain.path.read_bytes())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    chain.path.write_bytes(bytes(text))
    report = chain.verify()
    assert not report.ok or report.torn


def test_a_record_put_in_with_a_right_hash_is_found_by_what_it_follows(tmp_path: Path) -> None:
    """Two logs with the same numbers do not make one."""
    (tmp_path / "other").mkdir()
    chain, other = a_chain(tmp_path), a_chain(tmp_path / "other", 0)
    other.extend([{"kind": "note", "number": number * 10} for number in range(5)])
    lines = chain.path.read_bytes().splitlines(keepends=True)
    lines[3] = other.path.read_bytes().splitlines(keepends=True)[3]
    chain.path.write_bytes(b"".join(lines))
    (first, second) = chain.verify().breaks
    assert (first.line, first.reason) == (4, "it does not follow the record before it")
    assert second.line == 5


# --- crashes --------------------------------------------------------------------------------------------------------


@pytest.mark.promise("A-15")
@pytest.mark.fault("F-129")
@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_torn_tail_is_tolerated_reported_and_kept(tmp_path: Path, kept: int) -> None:
    """Before and after the next record, which goes on where the last whole line was."""
    chain = a_chain(tmp_path)
    text = chain.path.read_bytes()
    start = text.rfind(b"\n", 0, -1) + 1
    chain.path.write_bytes(text[:start] + text[start:][:kept])
    (tmp_path / "audit.head").unlink()
    report = chain.verify()
    assert report.ok
    assert (report.records, report.torn) == (4, 1)
    chain.extend([{"kind": "note", "number": 99}])
    report = chain.verify()
    assert report.ok
    assert report.torn == 1
    assert numbers(chain) == [0, 1, 2, 3, 99]
    (torn,) = [record for record in chain.records() if record["kind"] == "torn"]
    assert torn["text"] == text[start:][:kept].decode()


def test_a_head_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    """What was added is added."""
    files = FaultyFiles()
    chain = Chain(tmp_path / "audit.jsonl", files)
    files.failing["replace"] = OSError(errno.EIO, "broken")
    for number in range(3):
        chain.extend([{"kind": "note", "number": number}])
    assert chain.verify().ok
    assert numbers(chain) == [0, 1, 2]


def test_a_crash_between_a_line_and_the_head_loses_nothing(tmp_path: Path) -> None:
    """The head is a shortcut; the lines are the log."""
    chain = a_chain(tmp_path, 2)
    head = (tmp_path / "audit.head").read_bytes()
    chain.extend([{"kind": "note", "number": 2}])
    for stale in (head, b"", b"null", b"garbage", b'{"n":"x","hash":1,"size":[]}'):
        (tmp_path / "audit.head").write_bytes(stale)
        chain.extend([{"kind": "note", "number": 3}])
        assert chain.verify().ok
    assert numbers(chain) == [0, 1, 2, 3, 3, 3, 3, 3]


@pytest.mark.promise("O-02")
@pytest.mark.fault("F-103")
@pytest.mark.parametrize("taken_back", [True, False])
def test_a_write_that_fails_halfway_leaves_a_whole_chain(tmp_path: Path, taken_back: bool) -> None:
    """Half a line is taken back, or found as torn if even that fails."""

    class HalfFull(FaultyFiles):
        full = False

        def append(self, path: Path, data: bytes) -> None:
            if not self.full:
                super().append(path, data)
                return
            super().append(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")

    files = HalfFull()
    chain = Chain(tmp_path / "audit.jsonl", files)
    chain.extend([{"kind": "note", "number": 1}])
    files.full = True
    if not taken_back:
        files.failing["truncate"] = OSError(errno.EIO, "broken")
    with pytest.raises(OSError, match="No space"):
        chain.extend([{"kind": "note", "number": 2}])
    files.full = False
    files.failing.clear()
    chain.extend([{"kind": "note", "number": 3}])
    report = chain.verify()
    assert report.ok
    assert report.torn == (not taken_back)
    assert numbers(chain) == [1, 3]


WRITER = """
import sys
from pathlib import Path
from kraken_lab.trading.chain import Chain
from kraken_lab.trading.files import OsFiles
chain = Chain(Path(sys.argv[1]), OsFiles(), max_bytes=20_000)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    chain.extend([{"kind": "note", "number": number, "who": sys.argv[3]}])
"""


@pytest.mark.promise("A-15")
def test_two_processes_keep_one_chain(tmp_path: Path) -> None:
    """Over rotation too; every record of both is there, each one's in its order."""
    path = tmp_path / "audit.jsonl"
    command = [sys.executable, "-c", WRITER, str(path), "150"]
    writers = [
        subprocess.Popen([*command, who], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for who in "ab"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    chain = Chain(path, OsFiles())
    report = chain.verify()
    assert report.ok
    assert report.records == 300
    for who in "ab":
        assert [record["number"] for record in chain.records() if record["who"] == who] == list(range(150))


KILLED = """
import os, signal, sys, threading
from pathlib import Path
from kraken_lab.trading.chain import Chain
from kraken_lab.trading.files import OsFiles
chain = Chain(Path(sys.argv[1]), OsFiles())
threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
number = 0
while True:
    chain.extend([{"kind": "note", "number": number, "text": "x" * 2000}])
    print(number, flush=True)
    number += 1
"""


@pytest.mark.promise("A-15")
def test_a_kill_at_any_moment_leaves_a_whole_chain(tmp_path: Path) -> None:
    """Everything that was said to be added is there, and the next one goes on."""
    chain = Chain(tmp_path / "audit.jsonl", OsFiles())
    said = 0
    for delay in ("0.01", "0.033", "0.07"):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(chain.path), delay],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        said += len(done.stdout.splitlines())
        report = chain.verify()
        assert report.ok, report
        assert report.records >= said
    assert said > 0
    chain.extend([{"kind": "note", "number": -1}])
    assert chain.verify().ok


# --- rotation -------------------------------------------------------------------------------------------------------


@pytest.mark.promise("B-05")
@pytest.mark.promise("A-15")
@pytest.mark.fault("F-169")
def test_the_chain_is_carried_over_rotation(tmp_path: Path) -> None:
    """Ten thousand records in files of bounded size, none missing, in order."""
    chain = a_chain(tmp_path, 0, max_bytes=100_000)
    for begin in range(0, 10_000, 100):
        chain.extend([{"kind": "note", "number": number} for number in range(begin, begin + 100)])
    files = [path for path in tmp_path.iterdir() if path.suffix == ".jsonl"]
    assert len(files) > 10
    assert max(path.stat().st_size for path in files) <= 100_000
    assert chain.verify().ok
    assert numbers(chain) == list(range(10_000))


@pytest.mark.promise("A-15")
@pytest.mark.fault("F-129")
def test_a_file_of_the_log_that_is_gone_is_missed(tmp_path: Path) -> None:
    """By the numbers of what follows; and a changed older file is named."""
    chain = a_chain(tmp_path, 20, max_bytes=1_000)
    older = sorted(path for path in tmp_path.iterdir() if path.name.startswith("audit-"))
    text = older[0].read_bytes()
    older[0].write_bytes(text.replace(b'"number":1', b'"number":9'))
    assert chain.verify().breaks[0].file == older[0].name
    older[0].write_bytes(text)
    older[1].unlink()
    assert "missing" in chain.verify().breaks[0].reason


def test_a_crash_in_rotation_goes_on_from_the_older_file(tmp_path: Path) -> None:
    """Renamed, and the next file not begun."""
    chain = a_chain(tmp_path, 3)
    chain.path.rename(tmp_path / "audit-000000000003.jsonl")
    chain.extend([{"kind": "note", "number": 3}])
    assert chain.verify().ok
    assert numbers(chain) == [0, 1, 2, 3]


# --- the audit that everybody writes to -----------------------------------------------------------------------------


@pytest.mark.promise("A-15")
@pytest.mark.fault("F-103")
def test_records_that_could_not_be_written_are_tried_again(tmp_path: Path) -> None:
    """With the next one, in their order; beyond a thousand the oldest are counted and gone."""
    bench = Bench(tmp_path)
    bench.files.failing["append"] = OSError(errno.ENOSPC, "No space left on device")
    for number in range(3):
        bench.audit.record("note", {"number": number}, bench.now)
    troubles = [bench.audit.trouble]
    bench.files.failing.clear()
    bench.audit.record("note", {"number": 3}, bench.now)
    troubles.append(bench.audit.trouble)
    assert troubles == ["No space left on device", None]
    assert [record["number"] for record in bench.audit.records()] == [0, 1, 2, 3]
    bench.files.failing["append"] = OSError(errno.ENOSPC, "No space left on device")
    bench.disk.slow = True
    for number in range(KEPT_UNWRITTEN + 5):
        bench.audit.record("note", {"number": number}, bench.now)
    bench.disk.run()
    assert bench.audit.lost == 5


@pytest.mark.promise("K-02")
@pytest.mark.promise("A-15")
def test_no_secret_enters_the_log(tmp_path: Path) -> None:
    """Neither as a value nor as a name, however deep, nor in an object's text."""
    disk = ManualDisk(OsFiles(), lambda: Bench(tmp_path).now)
    chain = Chain(tmp_path / "audit.jsonl", OsFiles())
    audit = Audit(chain, disk, pid=1, lab="lab-1", redact=lambda text: text.replace("CANARY", "<secret>"))

    class Shown:
        def __str__(self) -> str:
            return "shown CANARY"

    fields = {
        "text": "an error that says CANARY",
        "list": ["CANARY", {"CANARY": ("CANARY", {"deep": "CANARY"})}],
        "set": {"CANARY"},
        "object": Shown(),
        "exact": D("0.10"),
    }
    audit.record("note", fields, Bench(tmp_path).now)
    text = chain.path.read_text()
    assert "CANARY" not in text
    assert text.count("<secret>") == 7
    assert '"exact":"0.10"' in text


def test_every_record_says_when_and_who(tmp_path: Path) -> None:
    """In UTC to the nanosecond, and which process."""
    bench = Bench(tmp_path, pid=12)
    bench.audit.record("note", {}, bench.now)
    record = bench.last("note")
    assert (record["at"], record["pid"]) == ("2023-11-14T22:13:20.000000000Z", 12)


@pytest.mark.parametrize("text", ["é", "\ud800", "\x1b[31m", '"}\n{"n":1', "\u2028"])
def test_hostile_text_stays_within_its_line(tmp_path: Path, text: str) -> None:
    """Whatever an exchange says, it makes no line of its own."""
    bench = Bench(tmp_path)
    bench.audit.record("note", {"text": text}, bench.now)
    bench.audit.record("note", {"text": "after"}, bench.now)
    assert bench.audit.verify().ok
    assert [record["text"] for record in bench.audit.records()] == [text, "after"]
    assert (tmp_path / "audit.jsonl").read_bytes().isascii()


# --- intents read back ----------------------------------------------------------------------------------------------


@pytest.mark.promise("O-14")
def test_an_intent_is_read_back_as_it_was(tmp_path: Path) -> None:
    """With its exact amounts, ids and moments."""
    bench = Bench(tmp_path)
    stop: dict[str, Any] = {"order_type": "stop-loss-limit", "limit_price": "100.5", "triggers": {"price": "100.4"}}
    assert bench.place(order_qty="0.12345678", **stop) is not None
    intent = Intent.of(bench.last("intent"))
    assert intent.fields() == {
        name: value
        for name, value in bench.last("intent").items()
        if name not in ("n", "prev", "hash", "at", "kind", "pid", "lab")
    }
    assert intent.legs[0].order_qty == D("0.12345678")
    (leg,) = bench.last("intent")["legs"]
    borrowed = Intent.of({**bench.last("intent"), "legs": [{**leg, "margin": True}]})
    assert borrowed.legs[0].margin
    assert Intent.of(borrowed.fields()) == borrowed
    leg.pop("margin")  # a log of before
    assert not Intent.of({**bench.last("intent"), "legs": [leg]}).legs[0].margin
    assert intent.cl_ord_ids == (intent.legs[0].cl_ord_id,)


@pytest.mark.promise("A-17")
@pytest.mark.parametrize("change", [{"legs": None}, {"not_after": "soon"}, {"legs": [{"cl_ord_id": None}]}])
def test_an_intent_that_cannot_be_read_is_no_intent(tmp_path: Path, change: dict[str, object]) -> None:
    """Nobody knows what was used then."""
    bench = Bench(tmp_path)
    bench.place()
    record = {**bench.last("intent"), **change}
    with pytest.raises(Malformed):
        Usage().restore([record])
    with pytest.raises(Malformed):
        Usage().restore([{"kind": "refused"}])
