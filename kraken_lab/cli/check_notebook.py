"""``kraken-lab check-notebook``: what must not be shared, found before it is.

Three things are looked for: this person's own key, wherever it is; text with the shape of a key, a secret or a token;
and saved widget state, in which whatever was typed into a page may have been kept. Nothing that is found is shown.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from .. import views
from ..errors import BadKey
from ..net.secrets import Redactor, find_credentials

__all__ = ["Found", "findings", "run"]

_WIDGET_STATE: Final = "application/vnd.jupyter.widget-state+json"
_PICTURES: Final = ("image/", "application/pdf", "video/", "audio/")
"""Whose text is long and without meaning by nature."""

_NAMED: Final = re.compile(
    r"""(?ix) \b [\w.-]* (?: api[_-]?key | api[_-]?sign | secret | token | passw(?:or)?d | private[_-]?key ) [\w.-]*
    ["']? \s* (?: = | : | => ) \s* (?: \w* \( \s* )? ["'] (?P<value> [^"'\s]{12,} ) ["']"""
)
"""A value written beside a name that says what it is: ``api_secret = "..."``."""
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_LONG: Final = re.compile(r"(?<![\w+/=.-])[A-Za-z0-9+/_-]{40,}={0,2}(?![\w+/=])")
"""A long run of letters as keys (56 of them), secrets (88) and tokens (43 or more) are made of."""
_CHECKSUM: Final = re.compile(r"sha(?:256|384|512)-")
_EMBEDDED: Final = ";base64,"
"""How checksums and embedded pictures begin, which are such runs too."""

_PLACEHOLDER: Final = re.compile(r"(?i)^(?:<.*>|\.{3,}|x{6,}|\*{3,}|your[_-].*|.*(?:example|placeholder|changeme).*)$")


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that must not be shared: where (cell from 1, or 0 for the notebook itself), which part, and what."""

    cell: int
    part: str
    what: str


def run(files: Sequence[Path], console: Console | None = None) -> int:
    """Look at notebooks and say what was found; 1 if anything was, or if one could not be read."""
    console = console or Console()
    worst = 0
    known = _known()
    for path in files:
        try:
            notebook = json.loads(path.read_bytes())
            cells = notebook["cells"]
            found = list(findings(notebook, known)) if isinstance(cells, list) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found = None
        lines = ["it cannot be read as a notebook"] if found is None else [_line(one) for one in found]
        for line in lines:
            console.print(views.escape.terminal(f"{path}: {line}"), markup=False, highlight=False, soft_wrap=True)
        worst = max(worst, int(bool(lines)))
    if not worst:
        console.print(f"{len(files)} notebook(s): nothing that looks like a secret, and no widget state.", markup=False)
    return worst


def _line(found: Found) -> str:
    where = f"cell {found.cell}, {found.part}" if found.cell else found.part
    return f"{where}: {found.what}"


def _known() -> Redactor | None:
    """This person's own key, to be found in any form; without one only shapes are looked for."""
    with suppress(BadKey):
        credentials = find_credentials()
        return Redactor(credentials.key, credentials.secret)
    return None


def findings(notebook: Mapping[str, Any], known: Redactor | None = None) -> Iterator[Found]:
    """Everything in a notebook that must not be shared."""
    metadata = notebook.get("metadata", {})
    state = metadata.get("widgets", {}).get(_WIDGET_STATE, {}).get("state", {})
    if state:
        yield Found(0, "metadata", f"saved state of {len(state)} widget(s): clear it, or save without it")
    yield from _in_texts(0, "metadata", _texts(metadata), known)
    for number, cell in enumerate(notebook["cells"], start=1):
        yield from _in_texts(number, "source", [_joined(cell.get("source", ""))], known)
        yield from _in_texts(number, "metadata", _texts(cell.get("metadata", {})), known)
        yield from _in_texts(number, "attachments", _texts(cell.get("attachments", {})), known)
        for output in cell.get("outputs", []):
            yield from _in_texts(number, "output", _texts(output), known)


def _in_texts(cell: int, part: str, texts: Iterable[str], known: Redactor | None) -> Iterator[Found]:
    """What is found in one part of a cell, each kind of it once."""
    whole = list(texts)
    kinds = {what for text in whole for what in _kinds(text)}
    joined = "".join(whole)
    if known is not None and known(joined) != joined:
        kinds.add("your own API key or secret")
    for what in sorted(kinds):
        yield Found(cell, part, what)


def _kinds(text: str) -> Iterator[str]:
    if _PEM.search(text):
        yield "a private key"
    if any(not _PLACEHOLDER.match(match["value"]) for match in _NAMED.finditer(text)):
        yield "a value beside a name such as key, secret or token"
    for match in _LONG.finditer(text):
        explained = _CHECKSUM.match(match[0]) or text[: match.start()].endswith(_EMBEDDED)
        if _is_random(match[0]) and not explained:
            yield f"text with the shape of a key, secret or token ({len(match[0])} letters)"


def _is_random(run: str) -> bool:
    """Whether a run of letters looks drawn: small, capital and digit, none of them rare, and no letter too often."""
    kinds = [sum(map(test, run)) for test in (str.islower, str.isupper, str.isdigit)]
    most = Counter(run).most_common(1)[0][1]
    return min(kinds[0], kinds[1]) >= len(run) / 8 and kinds[2] >= 2 and most <= len(run) / 4


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value, also as a name; the data of pictures aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            yield "".join(value)  # lines of one text
        else:
            for one in value:
                yield from _texts(one)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if not str(name).startswith(_PICTURES):
                yield str(name)
                yield from _texts(inner)


def _joined(source: object) -> str:
    return "".join(source) if isinstance(source, list) else str(source)
