"""Where keys may come from, and texts from which they are taken out again."""

from __future__ import annotations

import base64
import json
import pickle
import sys
import warnings
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_lab.errors import BadKey
from kraken_lab.net.secrets import Credentials, Redactor, Secret, find_credentials, literal_credentials

KEY = "CANARYkey/0123456789+abcdefg=="
SECRET = base64.b64encode(b"CANARY secret that must never be seen").decode()


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of this machine's user takes part, and this machine is one's own."""
    for name in ("KRAKEN_API_KEY", "KRAKEN_API_SECRET", "KRAKEN_LAB_KEY_FILE", "CODESPACES", "JUPYTERHUB_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.mark.promise("K-03")
def test_whoever_is_there_is_asked_last() -> None:
    """By a function that does not show what is typed; a key that was found asks nobody."""
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return f" {KEY if 'key' in prompt else SECRET} "

    found = find_credentials(ask)
    assert asked == ["API key: ", "API secret: "]
    assert (found.key, found.secret, found.source) == (Secret(KEY), Secret(SECRET), "what was typed")
    with pytest.raises(
        BadKey, match=r"No API key was found: .*SECRET are not set, KRAKEN_LAB_KEY_FILE is not set, and"
    ):
        find_credentials()


@pytest.mark.promise("K-03")
def test_a_key_that_was_found_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment comes first."""
    monkeypatch.setenv("KRAKEN_API_KEY", KEY)
    monkeypatch.setenv("KRAKEN_API_SECRET", SECRET)

    def ask(prompt: str) -> str:
        raise AssertionError(prompt)

    assert find_credentials(ask).source == "the environment"


@pytest.mark.promise("K-03")
@pytest.mark.promise("K-02")
def test_a_literal_warns_and_does_not_show_itself() -> None:
    """At the line that holds it."""
    with pytest.warns(UserWarning, match="saved with the notebook") as caught:
        found = literal_credentials(KEY, SECRET)
    assert found.key == Secret(KEY)
    assert "CANARY" not in str(caught[0].message)
    assert caught[0].filename == __file__


@pytest.mark.promise("A-16")
@pytest.mark.fault("F-130")
@pytest.mark.parametrize("source", ["environment", "file", "ask"])
def test_no_key_is_read_on_a_shared_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str) -> None:
    """Wherever it is; and whoever runs the hub can say that it is theirs."""
    monkeypatch.setenv("BINDER_SERVICE_HOST", "10.0.0.1")
    if source == "environment":
        monkeypatch.setenv("KRAKEN_API_KEY", KEY)
        monkeypatch.setenv("KRAKEN_API_SECRET", SECRET)
    if source == "file":
        (tmp_path / "key").write_text(f"{KEY}\n{SECRET}\n")
        (tmp_path / "key").chmod(0o600)
        monkeypatch.setenv("KRAKEN_LAB_KEY_FILE", str(tmp_path / "key"))

    def ask(prompt: str) -> str:
        return KEY if "key" in prompt else SECRET

    with pytest.raises(BadKey, match="Binder") as caught:
        find_credentials(ask)
    assert "CANARY" not in str(caught.value)
    monkeypatch.setenv("KRAKEN_LAB_OWN_HUB", "yes")
    assert find_credentials(ask).key == Secret(KEY)


def test_a_fingerprint_names_a_key_without_showing_it() -> None:
    """The same key has the same, another has another."""
    one, other = Credentials(Secret(KEY), Secret(SECRET), "x"), Credentials(Secret(KEY + "x"), Secret(SECRET), "x")
    assert one.fingerprint != other.fingerprint
    assert len(one.fingerprint) == 9
    assert not any(part in KEY for part in one.fingerprint.split("-"))


# --- taking secrets out of texts ------------------------------------------------------------------------------------


def forms(text: str) -> list[str]:
    """How a text may be written by somebody who repeats it."""
    return [
        text, quote(text), quote(text, safe=""), quote_plus(text), json.dumps({"text": text}),
        base64.b64encode(text.encode()).decode(), base64.b64encode(f"x{text}y".encode()).decode(),
        base64.b64encode(f"xx{text}".encode()).decode(), base64.urlsafe_b64encode(text.encode()).decode(),
        base64.urlsafe_b64encode(f"x{text}".encode()).decode(),
    ]  # fmt: skip


def holds(text: str, secret: str) -> bool:
    """Whether a secret can be had from a text: from it, or from what base64 in it decodes to."""
    if secret in text or secret in unquote(text):
        return True
    plain = text.replace("-", "+").replace("_", "/")
    for start in range(4):
        piece = plain[start : start + (len(plain) - start) // 4 * 4]
        try:
            if secret.encode() in base64.b64decode(piece, validate=True):
                return True
        except ValueError:
            continue
    return False


@pytest.mark.promise("K-02")
@given(secret=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"\\'), min_size=8))
def test_no_form_of_a_secret_stays(secret: str) -> None:
    """As it is, for an address, and in base64 wherever in it."""
    clean = Redactor(Secret(secret))
    for form in forms(secret):
        assert holds(form, secret)
        assert not holds(clean(form), secret)


@pytest.mark.promise("K-02")
def test_a_redactor_shows_nothing_itself() -> None:
    """Neither as a text nor on a disk; a text without secrets stays as it is, and an empty secret takes nothing out."""
    clean = Redactor(Secret(KEY), Secret(""))
    assert "CANARY" not in repr(clean)
    with pytest.raises(TypeError) as caught:
        pickle.dumps(clean)
    assert "CANARY" not in str(caught.value)
    assert clean("nothing to hide") == "nothing to hide"
    clean.learn(Secret("token-1"))
    assert clean(f"{KEY} and token-1") == "<secret> and <secret>"


def test_a_secret_within_another_leaves_no_piece() -> None:
    """The longer one goes first."""
    assert Redactor(Secret("abc"), Secret("abcdef"))("abcdef") == "<secret>"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Redactor(Secret("x"))
