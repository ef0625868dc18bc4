"""Faults that befall a REST request: another answer than the right one, or none; it is not processed then."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.rest_answer import RestAnswer, failed

__all__ = ["RestFailure", "RestFaults"]

RestFailure: TypeAlias = int | Literal["html", "not_json", "empty", "wrong_type", "no_answer"] | str
"""An HTTP status, a kind of wrong answer, or an error text of the exchange (``EAPI:Invalid nonce``)."""

_KINDS: Final = {
    "html": RestAnswer(502, {"content-type": "text/html"}, b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "not_json": RestAnswer(200, body=b'{"error":[],"resu'),
    "empty": RestAnswer(200, body=b"{}"),
    "wrong_type": RestAnswer(200, body=b'{"error":[],"result":["not","an","object"]}'),
    "no_answer": RestAnswer(0),
}


class RestFaults:
    """The wrong answers that wait for requests, by the end of their path.

    >>> faults = RestFaults()
    >>> faults.fail("Time", 500)
    >>> faults.take("/0/public/Time").status, faults.take("/0/public/Time")
    (500, None)
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[str, RestAnswer]] = []

    def fail(self, path: str, how: RestFailure, times: int = 1) -> None:
        """Answer the next ``times`` requests whose path ends in ``path`` wrongly.

        Raises:
            SandboxError: there is no such failure.
        """
        if isinstance(how, int):
            answer = RestAnswer(how, {"content-type": "text/plain"}, b"an error on purpose")
        elif how in _KINDS:
            answer = _KINDS[how]
        elif ":" in how:
            answer = failed(how)
        else:
            raise SandboxError(f"how={how!r} is not possible: use an HTTP status, {', '.join(_KINDS)} or E...:...")
        self._waiting += [(path, answer)] * times

    def take(self, path: str) -> RestAnswer | None:
        """How the request to ``path`` goes wrong; None: it does not."""
        for position, (ending, answer) in enumerate(self._waiting):
            if path.endswith(ending):
                del self._waiting[position]
                return answer
        return None

    def clear(self) -> None:
        """No more failures."""
        self._waiting.clear()
