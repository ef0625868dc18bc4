"""Which lab an order belongs to: who lives, who follows whom, and what others added to the log meanwhile."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.trading.chain import Chain
from kraken_lab.trading.disk import Record
from kraken_lab.trading.files import OsFiles
from kraken_lab.trading.presence import Presence
from kraken_lab.trading.succession import Succession

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
"""What is forked here uses no thread."""


def order(lab: str | None, kind: str = "intent", **fields: Any) -> dict[str, Any]:
    """A line about an order; None: of a time when lines did not say whose they are."""
    return {"kind": kind, **({} if lab is None else {"lab": lab}), **fields}


def taken(lab: str, *labs: str) -> dict[str, Any]:
    """The line of a lab that took up what these had left."""
    return {"kind": "taken up", "lab": lab, "labs": list(labs)}


def forked(work: Callable[[], object]) -> int:
    """Another process, which does this and ends; its number."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


# --- who lives --------------------------------------------------------------------------------------------------------


@pytest.mark.promise("O-14")
def test_a_lab_that_is_killed_lives_no_more(tmp_path: Path) -> None:
    """By kill -9, with no chance to say so; what it leaves of itself is removed by whoever asks."""
    mine = Presence(tmp_path, "mine")
    mine.begin()
    ready, done = os.pipe()

    def theirs() -> None:
        Presence(tmp_path, "theirs").begin()
        os.write(done, b".")
        signal.pause()

    pid = forked(theirs)
    os.read(ready, 1)
    assert mine.lives("theirs")
    assert mine.lives("mine")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert not mine.lives("theirs")
    mine.end()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.promise("S-21")
def test_a_forked_child_does_not_live_in_its_parents_place(tmp_path: Path) -> None:
    """The lock is the parent's, and ends with it, whatever the child does."""
    mine, other = Presence(tmp_path, "mine"), Presence(tmp_path, "other")
    mine.begin()

    def child() -> None:
        assert not mine._lock.held

    assert os.waitpid(forked(child), 0)[1] == 0
    assert other.lives("mine")
    mine.end()
    assert not other.lives("mine")


@pytest.mark.parametrize("name", ["", "../halt", "a/b", "a" * 65, "\x00"])
def test_a_name_that_no_lab_could_have_is_nobodys(name: str, tmp_path: Path) -> None:
    """A log may say anything; nothing outside the folder is looked at."""
    mine = Presence(tmp_path, "mine")
    mine.begin()
    assert not mine.lives(name)
    mine.end()


# --- who follows whom -------------------------------------------------------------------------------------------------


@pytest.mark.promise("O-14")
@pytest.mark.parametrize(
    ("log", "alive", "gone", "left"),
    [
        ([order("a"), order("b")], {"b"}, ("a",), ["a"]),
        ([order("a"), taken("b", "a"), order("b")], {"b"}, (), []),
        ([order("a"), taken("b", "a"), order("b", "order")], set(), ("b",), ["a", "b"]),
        ([order("a"), taken("b", "a"), taken("c", "b"), order("d")], {"c"}, ("d",), ["d"]),
        ([order(None), order(None, "fill")], set(), ("",), ["", ""]),
        ([order(None), taken("b", ""), order(None, "fill")], {"b"}, (), []),
        ([order("a", "armed"), order("a", "answer")], set(), (), []),
        ([order("a"), taken("b", "c", "a"), taken("c", "b")], set(), ("c",), ["a"]),
        ([order("a"), {"kind": "taken up", "lab": "b", "labs": "a"}], set(), ("a",), ["a"]),
    ],
)
def test_orders_go_to_who_took_up_what_the_last_holder_left(
    log: list[dict[str, Any]], alive: set[str], gone: tuple[str, ...], left: list[str]
) -> None:
    """Over any number of heirs, also where lines name nobody, and whatever sense the lines make."""
    after = Succession(log, alive.__contains__)
    assert after.gone == gone
    assert [record.get("lab", "") for record in after.left_by_the_gone(log)] == left


# --- the log ----------------------------------------------------------------------------------------------------------


def notes(records: Any) -> list[int]:
    """Which records they are."""
    return [record["number"] for record in records]


def a_note(number: int) -> Record:
    """A record."""
    return {"kind": "note", "number": number, "text": "x" * 100}


@pytest.mark.promise("A-08")
@pytest.mark.promise("A-15")
def test_what_others_added_is_given_once_and_in_order(tmp_path: Path) -> None:
    """With the next addition or look, over any number of files, and nothing that was there at the beginning."""
    path = tmp_path / "audit.jsonl"
    ours, theirs = (Chain(path, OsFiles(), max_bytes=1000) for _ in "ab")
    theirs.extend([a_note(0)])
    assert ours.extend([a_note(1)]) == []
    records, report = ours.take_up(bool, lambda records: [])
    assert (notes(records), report.ok) == ([0, 1], True)
    for number in range(2, 12):
        theirs.extend([a_note(number)])
    assert len(list(tmp_path.glob("audit-*"))) > 2
    assert notes(ours.extend([a_note(12)])) == list(range(2, 12))
    assert ours.extend([a_note(13)]) == ours.news() == []
    theirs.extend([a_note(14)])
    assert notes(ours.news()) == [14]
    assert ours.news() == []
    assert ours.verify().ok


@pytest.mark.promise("A-15")
@pytest.mark.promise("A-17")
@pytest.mark.parametrize("harm", ["a line", "the file"])
def test_what_cannot_be_read_of_what_others_added_is_an_empty_record(harm: str, tmp_path: Path) -> None:
    """Or what had been read before is not there any more."""
    path = tmp_path / "audit.jsonl"
    ours, theirs = Chain(path, OsFiles()), Chain(path, OsFiles())
    theirs.extend([a_note(0)])
    ours.take_up(bool, lambda records: [])
    if harm == "a line":
        theirs.extend([a_note(1), a_note(2)])
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(lines[0] + b"?" * (len(lines[1]) - 1) + b"\n" + lines[2])
    else:
        path.unlink()
        (tmp_path / "audit.head").unlink()
        theirs.extend([a_note(2)])
        theirs.extend([a_note(3)])
    assert {} in ours.extend([a_note(4)])


@pytest.mark.promise("O-14")
def test_nobody_adds_between_the_reading_and_what_follows_from_it(tmp_path: Path) -> None:
    """So two that begin at once cannot both take up the same."""
    path = tmp_path / "audit.jsonl"
    chain = Chain(path, OsFiles())
    chain.extend([a_note(0)])
    ready, done = os.pipe()
    pids = []

    def another() -> None:
        os.write(done, b".")
        Chain(path, OsFiles()).extend([a_note(2)])

    def decide(records: Any) -> list[Record]:
        pids.append(forked(another))
        os.read(ready, 1)
        return [a_note(1)]

    chain.take_up(bool, decide)
    assert os.waitpid(pids[0], 0)[1] == 0
    assert notes(json.loads(line) for line in path.read_text().splitlines()) == [0, 1, 2]
