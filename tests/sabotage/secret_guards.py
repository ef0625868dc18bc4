"""The guards of the promises about secrets (K-)."""

from __future__ import annotations

from typing import Final

from tests.sabotage.workshop import Guard

__all__ = ["SECRETS"]

SECRETS: Final = (
    Guard(
        "K-01", "a secret shows nothing", "net/secrets.py",
        'def __repr__(self) -> str:\n        return "<secret>"',
        "def __repr__(self) -> str:\n        return self.__text",
        ("net/test_secrets.py::test_a_secret_has_no_text_form",),
    ),
    Guard(
        "K-01", "a secret formats to nothing", "net/secrets.py",
        'def __format__(self, spec: str) -> str:\n        return "<secret>"',
        "def __format__(self, spec: str) -> str:\n        return self.__text",
        ("net/test_secrets.py::test_a_secret_has_no_text_form",),
    ),
    Guard(
        "K-01", "a secret is not pickled", "net/secrets.py",
        'raise TypeError("a Secret cannot be pickled or copied to disk")',
        "return (Secret, (self.__text,))  # type: ignore",
        ("net/test_secrets.py::test_a_secret_is_not_written_anywhere",),
    ),
    Guard(
        "K-02", "a secret is known in every form", "net/secrets.py",
        'forms = {text, quote(text), quote(text, safe=""), *_in_base64(text.encode())} - {""}', "forms = {text}",
        ("net/test_key_sources.py::test_no_form_of_a_secret_stays",),
    ),
    Guard(
        "K-02", "no secret enters the audit log", "trading/audit.py",
        "        if isinstance(value, str):\n            return self._redact(str(value))",
        "        if isinstance(value, str):\n            return value",
        ("trading/test_audit.py::test_no_secret_enters_the_log",),
    ),
    Guard(
        "K-02", "a frame does not show its token", "trading/gate.py",
        'return "<OrderFrame>"', "return str(self)",
        ("trading/test_gate.py::test_a_frame_cannot_be_copied_or_kept_and_does_not_show_its_token",),
    ),
    Guard(
        "K-02", "a refusal does not repeat the token", "wire/token.py",
        'return words.replace(self.text, "<secret>") if self.text else words', "return words",
        ("streams/test_tokens.py::TestTokens::test_a_refusal_that_repeats_the_token",),
    ),
    Guard(
        "K-02", "a secret that is no base64 is not quoted", "net/secrets.py",
        "            ) from None\n\n    @property\n    def fingerprint",
        "            )\n\n    @property\n    def fingerprint",
        ("net/test_secrets.py::test_a_file_that_is_wrong_is_not_quoted",),
    ),
    Guard(
        "K-03", "a file that others can read is refused", "net/secrets.py",
        "if mode & (stat.S_IRWXG | stat.S_IRWXO):", "if False:",
        ("net/test_secrets.py::test_a_file_that_others_can_read_is_refused",),
    ),
    Guard(
        "K-03", "a literal warns", "net/secrets.py",
        'warnings.warn(f"An API key', '(lambda *_, **__: None)(f"An API key',
        ("net/test_key_sources.py::test_a_literal_warns_and_does_not_show_itself",),
    ),
    Guard(
        "K-03", "the keyring is a source", "net/secrets.py",
        "if found := _from_keyring():", "if found := None:",
        ("net/test_secrets.py::test_the_keyring_is_asked_last",),
    ),
    Guard(
        "K-04", "a key that may withdraw arms nothing", "trading/arming.py",
        'elif any(name.startswith("withdraw")', 'elif False and any(name.startswith("withdraw")',
        ("trading/test_arming.py::test_each_thing_that_is_lacking_refuses",),
    ),
    Guard(
        "K-04", "permissions that cannot be looked at arm nothing", "trading/arming.py",
        '            missing.append("the key\'s permissions could not be looked at")\n', "            pass\n",
        ("trading/test_arming.py::test_each_thing_that_is_lacking_refuses",),
    ),
    Guard(
        "K-05", "saved widget state is found", "cli/check_notebook.py",
        "    if state:\n", "    if False:\n",
        ("cli/test_check_notebook.py::test_saved_widget_state_is_found",),
    ),
    Guard(
        "K-05", "the shape of a secret is found", "cli/check_notebook.py",
        "if _is_random(match[0]) and not explained:", "if False:",
        ("cli/test_check_notebook.py::test_text_with_the_shape_of_a_secret_is_found_wherever_it_is",),
    ),
    Guard(
        "K-05", "a value beside a telling name is found", "cli/check_notebook.py",
        'if any(not _PLACEHOLDER.match(match["value"]) for match in _NAMED.finditer(text)):', "if False:",
        ("cli/test_check_notebook.py::test_a_value_beside_a_telling_name_is_found",),
    ),
    Guard(
        "K-05", "one's own key is found in any form", "cli/check_notebook.py",
        "if known is not None and known(joined) != joined:", "if False:",
        ("cli/test_check_notebook.py::test_ones_own_key_is_found_in_any_form",),
    ),
)  # fmt: skip
"""What stands between a key and whoever looks at a screen, a file or a notebook."""
