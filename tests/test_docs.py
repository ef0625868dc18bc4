"""What is written is true: the README runs, every example in a docstring runs, everything public is described."""

from __future__ import annotations

import doctest
import importlib
import inspect
import io
import re
import textwrap
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

import kraken_lab as kl

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kraken_lab"
README = (ROOT / "README.md").read_text("utf-8")

ROOMS = ["", "errors", "wire", "market", "tables", "streams", "trading", "views", "net", "sandbox", "lab", "cli"]

EXPORTS = {
    *("BadArgument", "BadKey", "KrakenLabError", "NotReady", "Refused", "UnknownSymbol", "Unreachable"),
    *("LabClosed", "SandboxError", "StreamStopped"),
    *("Halted", "NotArmed", "OrderError", "OrderRefused", "OrderRejected"),
    *("Lab", "Settings", "Order", "OrderSettings", "Limits", "Proposal", "__version__"),
    *("connect", "explain", "ticker", "trades", "ohlc", "book", "level3", "instruments"),
    *("schema", "allow_nested_loops"),
}
"""The front door, written down a second time: a name comes or goes on purpose or not at all."""

PLUMBING = {
    *("call", "release", "now", "label", "closed", "over", "lines", "wait_for_instruments", "give_again"),
    *("RejectedSymbols", "Venue", "Status", "trader"),
}
"""Public names of the room `lab` that say all in a sentence, or that only other rooms use."""


def blocks(language: str) -> list[tuple[int, str]]:
    """The README's code blocks of a language, each with the line it begins on."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [(README[: match.start()].count("\n") + 2, match[1]) for match in found]


# --- the README -----------------------------------------------------------------------------------------------------


def test_the_readmes_python_runs(lab: kl.Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first block to the last, as somebody would who reads it; an error names the README's line."""
    monkeypatch.chdir(tmp_path)
    world: dict[str, Any] = {"__name__": "readme"}
    printed = io.StringIO()
    with redirect_stdout(printed):
        for line, code in blocks("python"):
            exec(compile("\n" * (line - 1) + code, "README.md", "exec"), world)
    assert len(blocks("python")) > 5
    assert "Traceback" not in printed.getvalue()


def test_the_first_two_shell_blocks_are_the_two_commands() -> None:
    """One installs and shows, one installs and tests; each stands alone, and python comes before line 40."""
    (_, demo), (_, tests) = blocks("sh")[:2]
    assert demo.splitlines() == ["python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/kraken-lab demo"]
    assert tests.splitlines() == [
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest"
    ]
    first, code = blocks("python")[0]
    assert first + code.count("\n") < 40


def test_what_the_readme_points_to_exists() -> None:
    """Every link and picture that is not on the web."""
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README)
    targets += re.findall(r'src="([^"]+)"', README)
    local = [target for target in targets if not target.startswith("http")]
    assert local
    for target in local:
        assert (ROOT / target).exists(), target


def test_the_picture_is_small() -> None:
    """A page that one waits for is not a first screen."""
    for picture in (ROOT / "notebooks" / "images").iterdir():
        assert picture.stat().st_size < 150_000, picture.name


def test_every_name_at_the_front_door_is_in_the_readme() -> None:
    """What nobody can find does not exist."""
    missing = {name for name in EXPORTS - {"__version__"} if not re.search(rf"\b{name}\b", README)}
    assert not missing


# --- docstrings -----------------------------------------------------------------------------------------------------


STREAMS = {f"kraken_lab.streams.{module}" for module in ("book_streams", "event_streams", "book_history")}
"""Their examples show what a stream of an open lab can do."""


def modules_with_examples() -> Iterator[str]:
    """Every module whose source has an example in it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if ">>>" in path.read_text("utf-8"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("name", list(modules_with_examples()))
def test_the_examples_in_docstrings_are_true(name: str, request: pytest.FixtureRequest) -> None:
    """What a docstring shows is what comes out; those of the front door and of streams stand in an open lab."""
    world = {}
    if name == "kraken_lab" or name.startswith("kraken_lab.lab"):
        world = {"lab": request.getfixturevalue("lab")}
    elif name in STREAMS:
        lab = request.getfixturevalue("lab")
        world = {"book": lab.book("BTC/USD"), "trades": lab.trades("BTC/USD"), "candles": lab.ohlc("BTC/USD")}
    module = importlib.import_module(name)
    said = io.StringIO()
    with redirect_stdout(said):
        result = doctest.testmod(module, extraglobs=world)
    assert result.attempted or "+SKIP" in inspect.getsource(module)
    assert result.failed == 0, said.getvalue()


# --- what is public -------------------------------------------------------------------------------------------------


def public(room: str) -> Iterator[tuple[str, object]]:
    """A room's stable names and what they stand for."""
    module = importlib.import_module(f"kraken_lab.{room}" if room else "kraken_lab")
    for name in module.__all__:
        yield name, getattr(module, name)


def test_the_front_door_has_exactly_the_names_that_are_written_down() -> None:
    """About twenty; not one by accident."""
    assert set(kl.__all__) == EXPORTS
    assert len(kl.__all__) == len(EXPORTS)


@pytest.mark.parametrize("room", ROOMS, ids=[room or "kraken_lab" for room in ROOMS])
def test_every_stable_name_is_described(room: str) -> None:
    """Functions, classes and what they offer in their docstrings, values and aliases in a text below them."""
    for name, thing in public(room):
        if inspect.isclass(thing):
            assert vars(thing).get("__doc__"), name
            for member, value in vars(thing).items():
                described = value.fget if isinstance(value, property) else value
                if not member.startswith("_") and (inspect.isfunction(described) or isinstance(value, classmethod)):
                    assert inspect.getdoc(getattr(thing, member)), f"{name}.{member}"
        elif inspect.isroutine(thing):
            assert thing.__doc__, name


@pytest.mark.parametrize("room", ROOMS, ids=[room or "kraken_lab" for room in ROOMS])
def test_every_room_says_what_it_is_for(room: str) -> None:
    """In its docstring, and it lists its stable names in order."""
    module = importlib.import_module(f"kraken_lab.{room}" if room else "kraken_lab")
    assert len(textwrap.dedent(module.__doc__ or "")) > 40
    assert len(set(module.__all__)) == len(module.__all__)


def test_what_a_user_calls_has_an_example() -> None:
    """Every looking method, every function of the front door; two lines say more than a page."""
    lacking = []
    for name, thing in public("lab"):
        things = {name: thing}
        if inspect.isclass(thing) and name not in PLUMBING:
            things |= {f"{name}.{member}": value for member, value in vars(thing).items() if not member.startswith("_")}
        for full, value in things.items():
            described = value.fget if isinstance(value, property) else value
            if (
                full.rpartition(".")[2] not in PLUMBING
                and callable(described)
                and ">>>" not in (described.__doc__ or "")
            ):
                lacking.append(full)
    assert not lacking
