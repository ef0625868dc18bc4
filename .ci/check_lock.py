"""Everything installed here stands in the lock, at its version and with hashes; otherwise say what does not."""

from __future__ import annotations

import re
import sys
from importlib.metadata import distributions
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.lock")
OURS = "kraken-lab"


def canonical(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(text: str) -> dict[str, tuple[set[str], int]]:
    """For each package its versions (one for each kind of machine or Python) and the number of hashes."""
    found: dict[str, tuple[set[str], int]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if match := re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", block):
            versions, hashes = found.get(canonical(match[1]), (set(), 0))
            found[canonical(match[1])] = (versions | {match[2]}, hashes + block.count("--hash=sha256:"))
    return found


def strangers(lock: dict[str, tuple[set[str], int]]) -> list[str]:
    """What is installed and not in the lock, or not at its version, or without a hash."""
    found = []
    for distribution in distributions():
        name, version = canonical(distribution.metadata["Name"]), distribution.version
        versions, hashes = lock.get(name, (set(), 0))
        if name != OURS and (version not in versions or not hashes):
            found.append(f"{name} {version} (locked: {', '.join(sorted(versions)) or 'not at all'})")
    return sorted(found)


if __name__ == "__main__":
    wrong = strangers(locked(LOCK.read_text()))
    print("\n".join(wrong) if wrong else "everything installed is in the lock")  # noqa: T201
    sys.exit(1 if wrong else 0)
