"""What a REST request is answered with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kraken_lab.sandbox.json_text import array, text

__all__ = ["ApiError", "RestAnswer", "failed", "succeeded"]

_JSON: Final = {"content-type": "application/json; charset=utf-8"}


class ApiError(Exception):
    """The request is refused, in the exchange's words."""


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """HTTP status, headers and body. Status 0 is no answer at all: the connection ends unanswered (a fault)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: dict(_JSON))
    body: bytes = b""


def succeeded(result: str) -> RestAnswer:
    """An answer with a result, which is JSON text already.

    >>> succeeded("1").body
    b'{"error":[],"result":1}'
    """
    return RestAnswer(200, body=f'{{"error":[],"result":{result}}}'.encode())


def failed(*errors: str) -> RestAnswer:
    """A refusal; its HTTP status is 200 too.

    >>> failed("EAPI:Invalid key").body
    b'{"error":["EAPI:Invalid key"]}'
    """
    return RestAnswer(200, body=f'{{"error":{array(map(text, errors))}}}'.encode())
