"""Keys have no text form, and come only from where nobody else can read."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import logging
import pickle
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest

from kraken_lab.errors import BadKey
from kraken_lab.net import Credentials, Secret, find_credentials

KEY = "CANARYkey0123456789"
SECRET = base64.b64encode(b"CANARY secret that must never be seen").decode()


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of this machine's user takes part."""
    for name in ("KRAKEN_API_KEY", "KRAKEN_API_SECRET", "KRAKEN_LAB_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)


def a_file(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    """A key file of that mode."""
    path = folder / "key"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


@pytest.mark.promise("K-01")
@pytest.mark.fault("F-139")
def test_a_secret_has_no_text_form() -> None:
    """In none of the ways Python makes text of things."""
    secret = Secret(KEY)
    credentials = Credentials(Secret(KEY), Secret(SECRET), "the test")
    forms = [
        repr(secret), str(secret), f"{secret}", f"{secret:>40}", secret._repr_html_(),
        repr(credentials), str(dataclasses.asdict(credentials)), repr([credentials]), ascii(secret),
        repr(copy.copy(secret)), repr(copy.deepcopy(credentials)), str(dir(secret)),
        logging.LogRecord("x", 10, "", 1, "%s %r", (secret, credentials), None).getMessage(),
    ]  # fmt: skip
    assert not [form for form in forms if "CANARY" in form or KEY in form or SECRET in form]


@pytest.mark.promise("K-01")
@pytest.mark.fault("F-141")
def test_a_secret_is_not_written_anywhere() -> None:
    """Neither pickle nor JSON takes it, and what they say does not show it."""
    for thing in (Secret(KEY), Credentials(Secret(KEY), Secret(SECRET), "the test")):
        with pytest.raises(TypeError) as pickling:
            pickle.dumps(thing)
        with pytest.raises(TypeError) as writing:
            json.dumps(thing)
        assert KEY not in str(pickling.value) + str(writing.value)


def test_secrets_compare_by_what_they_hide() -> None:
    """So that two of the same key are the same."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
    assert Secret("a") != "a"


@pytest.mark.promise("K-03")
def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Then the file that is named, then the keyring."""
    monkeypatch.setenv("KRAKEN_LAB_KEY_FILE", str(a_file(tmp_path, f"{KEY}\n{SECRET}\n")))
    assert find_credentials().source == "KRAKEN_LAB_KEY_FILE"
    monkeypatch.setenv("KRAKEN_API_KEY", "other")
    monkeypatch.setenv("KRAKEN_API_SECRET", SECRET)
    assert find_credentials().key == Secret("other")


@pytest.mark.promise("K-03")
def test_the_keyring_is_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not work counts as empty."""
    stored = {"api_key": KEY, "api_secret": SECRET}
    errors = SimpleNamespace(KeyringError=LookupError)
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=lambda service, name: stored[name]))
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert find_credentials().source == "the keyring"
    stored.clear()
    with pytest.raises(BadKey, match=r"No API key was found: .* and the system keyring has none") as caught:
        find_credentials()
    assert caught.value.missing


@pytest.mark.promise("K-03")
@pytest.mark.fault("F-143")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(mode: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With what to do about it."""
    monkeypatch.setenv("KRAKEN_LAB_KEY_FILE", str(a_file(tmp_path, f"{KEY}\n{SECRET}\n", mode)))
    with pytest.raises(BadKey, match="chmod 600"):
        find_credentials()


@pytest.mark.promise("K-02")
@pytest.mark.parametrize(
    "text",
    [
        f"{KEY}\n",
        f"{KEY}\nnot base64 CANARY!\n",
        f"{KEY}\n\n",
        "\n\n",
        f"CANARY\xff{KEY}".encode("latin-1"),
        f"{KEY} \u00e9\n{SECRET}\n",
        f"{KEY}\x0bX-Other: 1\n{SECRET}\n",
    ],
)
def test_a_file_that_is_wrong_is_not_quoted(text: str | bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever is wrong with it, no part of it is in the error or in what caused it."""
    monkeypatch.setenv("KRAKEN_LAB_KEY_FILE", str(a_file(tmp_path, text)))
    with pytest.raises(BadKey) as caught:
        find_credentials()
    told = "".join(traceback.format_exception(caught.value))
    assert "CANARY" not in told
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.promise("K-03")
def test_a_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Is said to be unreadable."""
    monkeypatch.setenv("KRAKEN_LAB_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(BadKey, match=r"cannot be read \(No such file or directory\)") as caught:
        find_credentials()
    assert not caught.value.missing
    # Somebody may have taken the key for the file's name.
    assert "nowhere" not in str(caught.value)


@pytest.mark.promise("K-03")
@pytest.mark.parametrize(("given", "lacking"), [("KEY", "SECRET"), ("SECRET", "KEY")])
def test_half_a_key_is_said_to_be_one(given: str, lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the names of its halves; a whole one elsewhere would have been taken."""
    monkeypatch.setenv(f"KRAKEN_API_{given}", "CANARY")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(BadKey, match=f"KRAKEN_API_{given} is set, but KRAKEN_API_{lacking} is not") as caught:
        find_credentials()
    assert "CANARY" not in str(caught.value)
    assert not caught.value.missing
