"""What a REST request says, and what it is answered with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kraken_lab.sandbox.json_text import array, text

__all__ = ["ApiError", "RestAnswer", "failed", "parameters_of", "succeeded"]

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


def parameters_of(content: Mapping[str, object]) -> dict[str, str]:
    """The members of a JSON body as a form would have them.

    >>> parameters_of({"trades": True, "txid": ["O1", "O2"], "orders": [{"volume": 1}]})
    {'trades': 'true', 'txid': 'O1,O2', 'orders': '[{"volume": 1}]'}
    """
    return {name: _as_text(value) for name, value in content.items()}


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value)):
        return json.dumps(value, default=str)
    if isinstance(value, list):
        return ",".join(map(_as_text, value))
    return "" if value is None else str(value)
