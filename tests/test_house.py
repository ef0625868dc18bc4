"""The house rules that a program can check: form, types, and words that have no place here."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kraken_lab"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TEXTS = {".py", ".md", ".toml", ".txt", ".ipynb", ".yml", ".yaml", ".cfg", ".sh", ".json", ""}
OURS = ("kraken_lab", "tests", "notebooks", "binder", ".ci")


def tool(*command: str) -> str:
    """Run a tool of this Python's in the root of the checkout; what it found, empty if all is well."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_has_nothing_to_say() -> None:
    """Bugs, imports, docstrings, prints left behind: the rules are in pyproject.toml."""
    found = tool("ruff", "check", "--output-format", "concise", ".")
    assert found == "", found


def test_everything_is_formatted() -> None:
    """``ruff format`` would change nothing."""
    found = tool("ruff", "format", "--check", ".")
    assert found == "", found


@pytest.mark.types
def test_types_are_strict_over_package_and_tests() -> None:
    """What to check and how strictly is in pyproject.toml; the cache makes it quick the second time."""
    found = tool("mypy")
    assert found == "", found


# --- what is not done in the package --------------------------------------------------------------------------------

BANNED_CALLS = {"eval", "exec", "compile", "__import__", "_create_unverified_context"}
BANNED_IMPORTS = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
BANNED_NAMES = {"CERT_NONE", "CERT_OPTIONAL"}
MUST_STAY_ON = {"verify", "check_hostname", "verify_mode"}


def offences(tree: ast.AST) -> Iterator[str]:
    """Whatever would run foreign text, read foreign objects, or believe a stranger's certificate."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "") or (
                getattr(node.func, "attr", "") if getattr(getattr(node.func, "value", None), "id", "") != "re" else ""
            )
            if name in BANNED_CALLS:
                yield f"line {node.lineno}: {name}()"
            for word in node.keywords:
                if word.arg in MUST_STAY_ON and getattr(word.value, "value", None) is False:
                    yield f"line {node.lineno}: {word.arg}=False"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (f"line {node.lineno}: import {name}" for name in names if name.split(".")[0] in BANNED_IMPORTS)
        elif isinstance(node, ast.Attribute) and node.attr in BANNED_NAMES:
            yield f"line {node.lineno}: {node.attr}"
        elif isinstance(node, ast.Assign) and getattr(node.value, "value", None) is False:
            targets = {getattr(target, "attr", "") for target in node.targets} & MUST_STAY_ON
            yield from (f"line {node.lineno}: {name} = False" for name in targets)


@pytest.mark.promise("W-06")
@pytest.mark.fault("F-172")
def test_the_package_runs_no_text_reads_no_pickles_and_verifies_every_certificate() -> None:
    """No eval, no exec, no pickle, and no way to switch verification off."""
    found = {str(path.relative_to(ROOT)): list(offences(ast.parse(path.read_text("utf-8")))) for path in SOURCES}
    assert {path: said for path, said in found.items() if said} == {}


@pytest.mark.parametrize(
    "code",
    [
        *(
            "eval(text)",
            "builtins.exec(text)",
            "import pickle",
            "from pickle import loads",
            "httpx.get(url, verify=False)",
        ),
        *("ssl._create_unverified_context()", "context.check_hostname = False", "context.verify_mode = ssl.CERT_NONE"),
    ],
)
def test_the_scan_finds_what_it_looks_for(code: str) -> None:
    """Each of the forbidden things, as somebody would write it."""
    assert list(offences(ast.parse(code)))


# --- what is not written anywhere -----------------------------------------------------------------------------------


def texts() -> Iterator[tuple[str, str]]:
    """Every text file that belongs to the project, by its name in it."""
    candidates = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in OURS:
        candidates += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    made = {"__pycache__", ".ipynb_checkpoints", "envs"}
    for path in candidates:
        if path.suffix in TEXTS and not made & set(path.relative_to(ROOT).parts):
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


MACHINE_PATH = re.compile(r"(?<![\w.}])/(?:home|Users|root|work|tmp|usr/local|opt)/\w")
REGISTRY = re.compile("|".join(re.escape(f"{name}.{top}") for name, top in [
    *(("pypi", "org"), ("pythonhosted", "org"), ("anaconda", "org"), ("npmjs", "org"), ("npmjs", "com")),
]) + r"|--(?:extra-)?index-url|--trusted-host")  # fmt: skip
HERE = "tests/test_house.py"


def test_no_path_of_a_machine_and_no_registry_is_written_down() -> None:
    """What works only where it was written, or says where packages must come from, is no part of the project."""
    found = {
        (name, match[0])
        for name, text in texts()
        for pattern in (MACHINE_PATH, REGISTRY)
        for match in pattern.finditer(text)
        if name != HERE
    }
    assert found == set()


def test_the_scan_sees_the_whole_project() -> None:
    """A scan of nothing finds nothing."""
    names = {name for name, _ in texts()}
    assert {"README.md", "pyproject.toml", ".ci/run", "binder/requirements.txt", "kraken_lab/lab/lab.py", HERE} <= names
    assert MACHINE_PATH.search("see /home/me/x")
    assert REGISTRY.search("https://pypi" + ".org/simple")


# --- dependencies ---------------------------------------------------------------------------------------------------


def project() -> dict[str, list[str]]:
    """The names of all dependencies, by where they are declared: ``""`` for the package itself, else the extra."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = {"": declared["dependencies"], **declared["optional-dependencies"]}
    return {group: [re.split(r"[<>=!~;\[ ]", line)[0] for line in lines] for group, lines in groups.items()}


def imported() -> set[str]:
    """The top names of everything the package imports, also by name at run time."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_module" and node.args:
                found.add(str(getattr(node.args[0], "value", "")).split(".")[0])
    return found


def reasons() -> dict[str, str]:
    """Each dependency's reason, as ARCHITECTURE.md gives it."""
    table = (PACKAGE / "ARCHITECTURE.md").read_text("utf-8").partition("## Dependencies")[2]
    _head, _line, *rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    return {name: why for names, why in rows for name in re.split(r", | \(.*\)$", names) if name}


def test_every_dependency_has_a_reason() -> None:
    """And the table names nothing that is not one."""
    declared = {name for names in project().values() for name in names}
    assert set(reasons()) == declared


def test_every_dependency_is_imported_or_says_why_not() -> None:
    """A package that nobody imports is either a mistake or needs a sentence."""
    used = {name.lower() for name in imported()}
    for name in (*project()[""], *project()["live"]):
        assert name.replace("-", "_") in used or "not imported by us" in reasons()[name], name


def test_the_package_imports_nothing_it_does_not_declare() -> None:
    """What happens to be installed today may be gone tomorrow; what is optional is imported where it is used."""
    declared = {name.replace("-", "_") for names in project().values() for name in names}
    ours = {"kraken_lab", "__future__", ""}
    foreign = {name.lower() for name in imported() if name not in sys.stdlib_module_names}
    assert foreign - declared - ours == set()
