"""Responses, written as the exchange writes them: keys in alphabetical order, only those that are documented.

Source: Subscribe, Unsubscribe, Ping and Add Order pages, Kraken WebSocket API v2 reference; the shape of refusals as
observed.
"""

from __future__ import annotations

from collections.abc import Mapping

from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.json_text import members, text

__all__ = ["acknowledged", "pong", "refused", "succeeded"]


def _response(method: str, fields: Mapping[str, str | None], times: tuple[str, str], symbol: str = "") -> Frame:
    """A response of those fields that are not None, ``time_in`` and ``time_out`` last."""
    given = {name: value for name, value in fields.items() if value is not None}
    written = members(**given, time_in=text(times[0]), time_out=text(times[1]))
    return Frame(written, type="response", symbol=symbol, method=method)


def _number(req_id: int | None) -> str | None:
    return None if req_id is None else str(req_id)


def pong(req_id: int | None, times: tuple[str, str]) -> Frame:
    """The answer to ``ping``, which has neither ``success`` nor ``result``."""
    return _response("ping", {"method": text("pong"), "req_id": _number(req_id)}, times)


def acknowledged(
    method: str, req_id: int | None, result: Mapping[str, str], times: tuple[str, str], symbol: str = ""
) -> Frame:
    """A successful (un)subscription; ``result``'s values are JSON text already."""
    return succeeded(method, req_id, members(**result), times, symbol)


def succeeded(method: str, req_id: int | None, result: str, times: tuple[str, str], symbol: str = "") -> Frame:
    """An answer with a ``result``, which is JSON text."""
    fields = {"method": text(method), "req_id": _number(req_id), "result": result, "success": "true"}
    return _response(method, fields, times, symbol)


def refused(
    error: str,
    method: str,
    req_id: int | None,
    times: tuple[str, str],
    *,
    symbol: str | None = None,
    session_of: str | None = None,
) -> Frame:
    """A refusal; ``symbol`` if it is about one, ``session_of`` the channel if the token was not good."""
    fields = {
        "channel": None if session_of is None else text(session_of),
        "error": text(error),
        "method": text(method),
        "req_id": _number(req_id),
        "status": None if session_of is None else text("error"),
        "success": "false",
        "symbol": None if symbol is None else text(symbol),
    }
    return _response(method, fields, times, symbol or "")
