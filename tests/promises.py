"""Which promise and which fault is proved where: ``python -m tests.promises`` prints the table.

Read from the marks in the source, so a test that is renamed or removed changes the table by itself.
"""

# ruff: noqa: T201
from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

TESTS = Path(__file__).parent


def marks(path: Path) -> Iterator[tuple[str, str, str]]:
    """The marks of a file: ``promise`` or ``fault``, its number, and the test it stands on."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        name = getattr(node, "name", "(all)")
        decorators = getattr(node, "decorator_list", [])
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "pytestmark" for target in node.targets):
            decorators = node.value.elts if isinstance(node.value, ast.List) else [node.value]
        for decorator in decorators:
            for call in ast.walk(decorator):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                    kind = call.func.attr
                    if kind in ("promise", "fault"):
                        for argument in call.args:
                            if isinstance(argument, ast.Constant):
                                yield kind, str(argument.value), f"{path.relative_to(TESTS.parent)}::{name}"


def table() -> Mapping[str, Mapping[str, list[str]]]:
    """For each kind, the tests of each number."""
    found: dict[str, dict[str, list[str]]] = {"promise": defaultdict(list), "fault": defaultdict(list)}
    for path in sorted(TESTS.rglob("*.py")):
        for kind, number, test in marks(path):
            found[kind][number].append(test)
    return found


def main() -> None:
    """Print both tables: a line a number, with the files and how many tests each has."""
    for kind, numbers in table().items():
        print(f"\n{kind}s")
        for number, tests in sorted(numbers.items()):
            files: dict[str, int] = defaultdict(int)
            for test in tests:
                files[test.split("::")[0].removeprefix("tests/").removesuffix(".py")] += 1
            places = ", ".join(f"{file} ({count})" for file, count in files.items())
            print(f"  {number:6} {len(tests):3}  {places}")


if __name__ == "__main__":
    main()
