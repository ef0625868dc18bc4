"""What CI installs is what was locked, byte for byte."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
LOCK = ROOT / ".ci" / "requirements.lock"

pytestmark = [
    pytest.mark.promise("U-01"),
    pytest.mark.skipif(not LOCK.exists(), reason="the lock belongs to the repository, not to a built distribution"),
]


def check_lock() -> ModuleType:
    """The script that CI checks its environment with."""
    spec = importlib.util.spec_from_file_location("check_lock", ROOT / ".ci" / "check_lock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_locked_package_has_a_hash_and_no_address() -> None:
    """The lock names files by what is in them, not by where they lie."""
    text = LOCK.read_text()
    found = check_lock().locked(text)
    assert len(found) > 50
    assert [name for name, (_, hashes) in found.items() if not hashes] == []
    assert not re.search(r"https?:|--index|--find-links|file:", text)


def test_the_lock_covers_all_that_the_package_asks_for() -> None:
    """Every dependency of the package and of its tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["test"]
    names = {check_lock().canonical(re.split(r"[<>=!~;\[ ]", line)[0]) for line in asked}
    assert names - set(check_lock().locked(LOCK.read_text())) == set()


@pytest.mark.fault("F-158")
def test_what_the_lock_does_not_know_is_named() -> None:
    """A package without an entry, at another version, or without a hash."""
    check = check_lock()
    lock = check.locked(LOCK.read_text())
    nothing = check.strangers({})
    assert any(line.startswith("pytest ") for line in nothing)
    other = check.strangers({**lock, "pytest": ({"0.0.1"}, 3)})
    assert any(re.fullmatch(r"pytest \S+ \(locked: 0\.0\.1\)", line) for line in other)
    bare = check.strangers({**lock, "pytest": ({pytest.__version__}, 0)})
    assert any(line.startswith("pytest ") for line in bare)


def a_wheel(folder: Path, content: str) -> Path:
    """A wheel with one module, and honest about it."""
    name = "kl_probe-1.0"
    files = {
        "kl_probe.py": content,
        f"{name}.dist-info/METADATA": "Metadata-Version: 2.1\nName: kl-probe\nVersion: 1.0\n",
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = []
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record.append(f"{file},sha256={digest},{len(text)}")
            archive.writestr(file, text)
        archive.writestr(f"{name}.dist-info/RECORD", "\n".join([*record, f"{name}.dist-info/RECORD,,"]))
    return path


@pytest.mark.fault("F-158")
def test_an_altered_wheel_is_refused(tmp_path: Path) -> None:
    """The one that was locked goes in; the same name with another content does not."""
    good = a_wheel(tmp_path, "answer = 42\n")
    requirements = tmp_path / "requirements.lock"
    requirements.write_text(f"kl-probe==1.0 --hash=sha256:{hashlib.sha256(good.read_bytes()).hexdigest()}\n")

    def install() -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--isolated",
            "--require-hashes",
            "--no-index",
            "--no-cache-dir",
        ]
        where = ["--find-links", str(tmp_path), "--target", str(tmp_path / "env"), "-r", str(requirements)]
        return subprocess.run([*command, *where], capture_output=True, text=True, check=False)

    assert install().returncode == 0
    good.unlink()
    a_wheel(tmp_path, "answer = 43\n")
    refused = install()
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
