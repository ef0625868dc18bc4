"""``kraken-lab check-notebook``: what must not be shared is found, named by its cell, and not shown."""

from __future__ import annotations

import base64
import io
import json
import string
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from kraken_lab.cli import app
from kraken_lab.cli.check_notebook import Found, findings, run

KEY = "dPkq7Xw2Vb9+Zr4Tn6Ym1Lc8Hs3Jf5Gd0Qa/EuRiOpWzXcVbNmKjHgFd"
SECRET = base64.b64encode(Random(1).randbytes(64)).decode()
ROOT = Path(__file__).parent.parent.parent


def a_notebook(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """A notebook of these cells."""
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def code(source: str | list[str], *outputs: dict[str, Any]) -> dict[str, Any]:
    """A cell that ran."""
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}}


def printed(text: str) -> dict[str, Any]:
    """What a cell printed."""
    return {"output_type": "stream", "name": "stdout", "text": [text]}


def written(folder: Path, notebook: object) -> Path:
    """A notebook on the disk."""
    path = folder / "a.ipynb"
    path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook))
    return path


PLACES: dict[str, tuple[dict[str, Any], int, str]] = {
    "source": (a_notebook(code("1"), code(f"connect({KEY!r})")), 2, "source"),
    "lines": (a_notebook(code(["x = 1\n", f"y = {SECRET!r}"])), 1, "source"),
    "split": (a_notebook(code([f"y = '{SECRET[:40]}", f"{SECRET[40:]}'"])), 1, "source"),
    "output": (a_notebook(code("1", printed(f"token {SECRET}"))), 1, "output"),
    "html": (a_notebook(code("1", {"data": {"text/html": [f"<b>{KEY}</b>"]}})), 1, "output"),
    "traceback": (a_notebook(code("1", {"output_type": "error", "traceback": [f"key = {KEY}"]})), 1, "output"),
    "cell metadata": (a_notebook({**code("1"), "metadata": {"note": KEY}}), 1, "metadata"),
    "notebook metadata": (a_notebook(code("1"), note={"deep": [KEY]}), 0, "metadata"),
    "as a name": (a_notebook(code("1", {"data": {KEY: "1"}})), 1, "output"),
    "markdown": (a_notebook({"cell_type": "markdown", "source": f"my key is {KEY}"}), 1, "source"),
}


@pytest.mark.promise("K-05")
@pytest.mark.fault("F-170")
@pytest.mark.parametrize("place", PLACES)
def test_text_with_the_shape_of_a_secret_is_found_wherever_it_is(place: str, tmp_path: Path) -> None:
    """With its cell and part; the exit status says so too, and the secret is not repeated."""
    notebook, cell, part = PLACES[place]
    found = list(findings(notebook))
    assert (found[0].cell, found[0].part) == (cell, part)
    screen = io.StringIO()
    assert run([written(tmp_path, notebook)], Console(file=screen, width=300)) == 1
    assert (f"cell {cell}" if cell else "metadata") in screen.getvalue()
    assert KEY not in screen.getvalue()
    assert SECRET not in screen.getvalue()


@pytest.mark.promise("K-05")
@pytest.mark.fault("F-170")
def test_saved_widget_state_is_found(tmp_path: Path) -> None:
    """Whatever is in it; an empty one is none."""
    kind = "application/vnd.jupyter.widget-state+json"
    state = {kind: {"state": {"a1": {"model_name": "TextModel", "state": {"value": "hm"}}}, "version_major": 2}}
    assert list(findings(a_notebook(code("1"), widgets=state))) == [
        Found(0, "metadata", "saved state of 1 widget(s): clear it, or save without it")
    ]
    assert list(findings(a_notebook(code("1"), widgets={kind: {"state": {}}}))) == []
    done = CliRunner().invoke(app, ["check-notebook", str(written(tmp_path, a_notebook(widgets=state)))])
    assert done.exit_code == 1
    assert "saved state" in done.output


@pytest.mark.promise("K-05")
@pytest.mark.parametrize(
    "text",
    [
        'api_secret = "short-but-named"', "KRAKEN_API_KEY='abcdefghijkl'", '{"token": "correct-horse"}',
        "password => 'hunter2hunter2'", 'api_key=Secret("abcdefghijklmn")', "-----BEGIN EC PRIVATE KEY-----",
    ],
)  # fmt: skip
def test_a_value_beside_a_telling_name_is_found(text: str) -> None:
    """However short it is."""
    assert list(findings(a_notebook(code(text))))


@pytest.mark.promise("K-05")
@pytest.mark.parametrize(
    "text",
    [
        "lab = kl.connect()\nbook = lab.book('BTC/USD', depth=100)",
        "import os\nkey = os.environ['KRAKEN_API_KEY']",
        'api_key = "<your key>"', 'api_secret = "your-api-secret-here"', "token = '...............'",
        "a checksum " + "0123456789abcdef" * 4,
        "order OAAAAA-BBBBB-CCCCCC and id 00000001-0000-4000-8000-000000000001",
        "https://docs.kraken.com/api/docs/websocket-v2/add_order/some-rather-long-page-name",
        "sha512-" + SECRET, "data:image/png;base64," + KEY,
        "=" * 100, "A" * 100, "a_very_long_name_of_a_function_that_does_a_lot_of_things_at_once",
        "OrderRefusedBecauseTheExchangeSaidNoAndNothingWasSent",
    ],
)  # fmt: skip
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    """Who cries wolf is not listened to."""
    assert list(findings(a_notebook(code(text, printed(text))))) == []


@pytest.mark.promise("K-05")
def test_pictures_are_no_secrets() -> None:
    """Their text is as random as a key's."""
    picture = {"data": {"image/png": SECRET, "image/svg+xml": [SECRET]}}
    assert list(findings(a_notebook(code("1", picture), {**code(""), "attachments": {"a": picture["data"]}}))) == []


@pytest.mark.promise("K-05")
def test_almost_every_key_secret_and_token_has_the_shape() -> None:
    """Of a thousand drawn as the exchange draws them, hardly one looks like something else."""
    draw = Random(3)
    letters = string.ascii_letters + string.digits + "+/"
    keys = ["".join(draw.choice(letters) for _ in range(56)) for _ in range(500)]
    hidden = [base64.b64encode(draw.randbytes(64)).decode() for _ in range(500)]
    missed = [text for text in keys + hidden if not list(findings(a_notebook(code(f"x({text!r})"))))]
    assert len(missed) <= 5


@pytest.mark.promise("K-05")
def test_ones_own_key_is_found_in_any_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it has no shape: in pieces of lines, in base64, for an address."""
    key = "my own key!!"
    monkeypatch.setenv("KRAKEN_API_KEY", "my-own-key-not-random")
    monkeypatch.setenv("KRAKEN_API_SECRET", base64.b64encode(key.encode()).decode())
    for text in ("my-own-key-not-random", base64.b64encode(b"x my-own-key-not-random").decode()):
        screen = io.StringIO()
        path = written(tmp_path, a_notebook(code("1"), code("2", printed(text))))
        assert run([path], Console(file=screen, width=300)) == 1
        assert "cell 2, output: your own API key or secret" in screen.getvalue()
        assert text not in screen.getvalue()


@pytest.mark.promise("K-05")
@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"cells": 1}', '{"cells": [1]}', '{"cells": null}', "{}"])
def test_what_is_no_notebook_is_not_said_to_be_clean(tmp_path: Path, text: str) -> None:
    """Nobody knows what is in it."""
    screen = io.StringIO()
    assert run([written(tmp_path, text)], Console(file=screen, width=300)) == 1
    assert "cannot be read" in screen.getvalue()
    assert run([tmp_path / "nowhere.ipynb"], Console(file=screen, width=300)) == 1


def test_one_bad_notebook_among_good_ones_is_enough(tmp_path: Path) -> None:
    """And the good ones are not mentioned."""
    good, bad = tmp_path / "good.ipynb", tmp_path / "bad.ipynb"
    good.write_text(json.dumps(a_notebook(code("1"))))
    bad.write_text(json.dumps(a_notebook(code(repr(KEY)))))
    screen = io.StringIO()
    assert run([good, bad, good], Console(file=screen, width=300)) == 1
    assert "good.ipynb" not in screen.getvalue()
    assert run([good], Console(file=screen, width=300)) == 0


@pytest.mark.promise("K-05")
def test_our_own_notebooks_are_clean() -> None:
    """As they are in the repository."""
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert notebooks
    assert run(notebooks, Console(file=io.StringIO())) == 0
