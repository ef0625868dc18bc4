"""The rooms import each other one way only, read from the source with ``ast``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "kraken_lab"

DIRECT: dict[str, set[str]] = {
    "errors": set(),
    "wire": {"errors"},
    "market": {"wire"},
    "tables": {"market"},
    "streams": {"tables"},
    "trading": {"market"},
    "tape": {"tables"},
    "views": {"tables", "trading"},
    "net": {"wire", "trading"},
    "sandbox": {"errors"},
    "lab": {"errors", "wire", "market", "tables", "streams", "trading", "tape", "views", "net", "sandbox"},
    "__init__": {"lab"},
    "cli": {"lab", "sandbox"},
}


def allowed(room: str) -> set[str]:
    """Every room that ``room`` may import, followed through the table."""
    found: set[str] = set()
    waiting = list(DIRECT[room])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting.extend(DIRECT[other])
    return found


def room_of(path: Path) -> str:
    """The room a file belongs to: the folder's name, or the module's."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def imported_rooms(path: Path) -> set[str]:
    """The rooms of this package that a file imports, wherever in the file."""
    package = ["kraken_lab", *path.relative_to(PACKAGE).parts[:-1]]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            names = [".".join([*base, alias.name]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "kraken_lab" and len(parts) > 1 and parts[1] in DIRECT:
                found.add(parts[1])
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.promise("P-01")
@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])
def test_a_file_imports_only_the_rooms_below_its_own(path: Path) -> None:
    """A room reaches down, never up or sideways; the sandbox reaches nothing but the errors."""
    room = room_of(path)
    assert imported_rooms(path) - {room} <= allowed(room)
