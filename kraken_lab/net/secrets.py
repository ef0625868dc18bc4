"""Text that must not be seen: keys, secrets and tokens, and where they may come from.

A `Secret` has no text form. It is not shown by ``repr``, ``str``, ``format``, HTML or JSON, and it refuses to be
pickled; ``reveal`` is the only way to it.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from ..errors import BadKey
from ..trading.shared_host import shared_host
from ..trading.state_folder import fingerprint

__all__ = ["Credentials", "Redactor", "Secret", "find_credentials", "literal_credentials"]

HOW = (
    "Set KRAKEN_API_KEY and KRAKEN_API_SECRET, store both in the system keyring under the service 'kraken_lab', or "
    "name a file of mode 0600 with the key on its first line and the secret on its second in KRAKEN_LAB_KEY_FILE."
)


class Secret:
    """A text without a text form.

    >>> Secret("hush"), f"{Secret('hush')}", Secret("hush").reveal()
    (<secret>, '<secret>', 'hush')
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The text itself. Never print, log or store what this gives."""
        return self.__text

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<secret>"

    def _repr_html_(self) -> str:
        return "&lt;secret&gt;"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied to disk")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.__text == other.__text

    def __hash__(self) -> int:
        return hash((Secret, self.__text))


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key and its secret, both without a text form. ``source`` says where they came from.

    Raises:
        BadKey: one of them cannot be what it should be. The error does not hold it.
    """

    key: Secret
    secret: Secret
    source: str

    def __post_init__(self) -> None:
        if not self.key.reveal():
            raise BadKey(f"The API key from {self.source} is empty. {HOW}")
        if not all("!" <= letter <= "~" for letter in self.key.reveal()):
            # It goes into a header, and whatever refuses it there would show it.
            raise BadKey(f"The API key from {self.source} has letters that no key has: copy it once more. {HOW}")
        if not self.secret.reveal():
            raise BadKey(f"The API secret from {self.source} is empty. {HOW}")
        try:
            base64.b64decode(self.secret.reveal(), validate=True)
        except (binascii.Error, ValueError):
            # Without its cause: the cause's text can hold a piece of the secret.
            raise BadKey(
                f"The API secret from {self.source} is not base64: copy it whole, as the exchange shows it."
            ) from None

    @property
    def fingerprint(self) -> str:
        """A short name of the key, which may be shown: the key cannot be had from it."""
        return fingerprint(self.key.reveal())


class Redactor:
    """Takes known secrets out of texts, however they were written: as they are, in base64, or for an address.

    >>> clean = Redactor()
    >>> clean.learn(Secret("hush hush"))
    >>> clean("say hush hush or hush%20hush")
    'say <secret> or <secret>'
    """

    def __init__(self, *secrets: Secret) -> None:
        self._forms: tuple[str, ...] = ()
        for secret in secrets:
            self.learn(secret)

    def __repr__(self) -> str:
        return "<Redactor>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Redactor cannot be pickled or copied to disk")

    def learn(self, secret: Secret) -> None:
        """One more text that must not be seen."""
        text = secret.reveal()
        forms = {text, quote(text), quote(text, safe=""), *_in_base64(text.encode())} - {""}
        # The longest first, or a piece of it would stay.
        self._forms = tuple(sorted({*self._forms, *forms}, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """The text without them."""
        for form in self._forms:
            text = text.replace(form, "<secret>")
        return text


def _in_base64(data: bytes) -> set[str]:
    """How the data can look inside something written in base64, wherever in it they begin."""
    found = {base64.b64encode(data).decode()}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data)
        # Without the letters that depend on what stands before and behind.
        found.add(encoded[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6].decode())
    both = found | {form.replace("+", "-").replace("/", "_") for form in found}
    return {form for form in both if len(form) >= 8}


def find_credentials(ask: Callable[[str], str] | None = None) -> Credentials:
    """The user's key: from the environment, a private file or the system keyring, in this order, or else by asking.

    ``ask`` is `getpass.getpass`, where somebody is there to type; nothing of what is typed is shown or kept.

    Raises:
        BadKey: there is none, it is malformed, the file can be read by others, or this host is shared with others.
    """
    if reason := shared_host(os.environ):
        raise BadKey(f"No key is used here: {reason}. kl.connect() opens the sandbox, which needs none.")
    key, secret = os.environ.get("KRAKEN_API_KEY"), os.environ.get("KRAKEN_API_SECRET")
    if key and secret:
        return Credentials(Secret(key), Secret(secret), "the environment")
    if path := os.environ.get("KRAKEN_LAB_KEY_FILE"):
        return _from_file(Path(path))
    if found := _from_keyring():
        return found
    if ask is not None:
        return Credentials(Secret(ask("API key: ").strip()), Secret(ask("API secret: ").strip()), "what was typed")
    if key or secret:
        one, other = ("KEY", "SECRET") if key else ("SECRET", "KEY")
        raise BadKey(f"KRAKEN_API_{one} is set, but KRAKEN_API_{other} is not: both are needed. {HOW}")
    raise BadKey(
        "No API key was found: KRAKEN_API_KEY and KRAKEN_API_SECRET are not set, KRAKEN_LAB_KEY_FILE is not set, and "
        f"{_without_keyring()}. {HOW} Public data other than level3 needs none.",
        missing=True,
    )


def literal_credentials(key: str, secret: str) -> Credentials:
    """A key written where it is used. It warns: what is in a cell is in the notebook, its history and its backups."""
    warnings.warn(f"An API key in a cell is saved with the notebook. {HOW}", UserWarning, stacklevel=2)
    return Credentials(Secret(key), Secret(secret), "the call")


def _from_file(path: Path) -> Credentials:
    try:
        with path.open(encoding="utf-8") as file:
            # Of the file that is open, not of what has its name a moment later.
            mode = os.fstat(file.fileno()).st_mode
            lines = file.read().splitlines()
    except OSError as error:
        # Without its name: somebody may have put the key itself there.
        raise BadKey(f"The file that KRAKEN_LAB_KEY_FILE names cannot be read ({error.strerror}). {HOW}") from None
    except UnicodeDecodeError:
        # Without its cause, which holds the file.
        raise BadKey("KRAKEN_LAB_KEY_FILE is not a text file: it needs two lines, the key, then the secret.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadKey("KRAKEN_LAB_KEY_FILE can be read by others on this machine: make it private with chmod 600.")
    if len(lines) < 2:
        raise BadKey("KRAKEN_LAB_KEY_FILE needs two lines: the key, then the secret.")
    return Credentials(Secret(lines[0].strip()), Secret(lines[1].strip()), "KRAKEN_LAB_KEY_FILE")


def _without_keyring() -> str:
    try:
        import_module("keyring")
    except ImportError:
        return "the package keyring is not installed (pip install 'kraken-lab[live]')"
    return "the system keyring has none"


def _from_keyring() -> Credentials | None:
    try:
        keyring = import_module("keyring")
        errors = import_module("keyring.errors")
    except ImportError:
        return None
    try:
        key = keyring.get_password("kraken_lab", "api_key")
        secret = keyring.get_password("kraken_lab", "api_secret")
    except errors.KeyringError:
        # A machine without a usable keyring simply has no key there.
        return None
    return Credentials(Secret(key), Secret(secret), "the keyring") if key and secret else None
