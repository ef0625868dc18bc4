r"""The control pipe: one JSON object a line names a fault control and its arguments, one JSON line answers.

``{"fault": "close", "code": 1001}`` is answered with ``{"ok": true, "fault": "close"}``, anything wrong with
``{"error": "..."}``. Arguments are those of the methods of `Faults`. Over the pipe a match is an object with the fields
of `Match`, ``edit`` takes ``pattern`` (a regular expression) and ``replace``, and ``raw`` takes ``data`` (text) or
``base64``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.sandbox.faults import Faults

__all__ = ["Control"]

_Kind: TypeAlias = type | tuple[type, ...]
_NUMBER: Final = (int, float)
_MATCH: Final[Mapping[str, _Kind]] = {
    "channel": str,
    "type": str,
    "symbol": str,
    "method": str,
    "contains": str,
    "times": (int, type(None)),
    "skip": int,
}
_CONTROLS: Final[Mapping[str, Mapping[str, _Kind]]] = {
    "freeze": {},
    "thaw": {},
    "reset": {"endpoint": str},
    "close": {"code": int, "reason": str, "endpoint": str},
    "refuse": {"n": int},
    "hang": {"n": int},
    "upgrade": {"status": int, "body": str, "times": int},
    "drop_pongs": {"on": bool},
    "slice": {"n": int},
    "throttle": {"bytes_per_s": int},
    "lose_request": {"method": str, "times": int},
    "lose_reply": {"method": str, "times": int},
    "delay": {"method": str, "seconds": _NUMBER, "times": int},
    "hold": {"method": str, "seconds": _NUMBER, "times": int},
    "cut": {"method": str, "point": str},
    "rate_limit": {"method": str, "n": int, "per_s": _NUMBER},
    "raw": {"data": str, "base64": str, "endpoint": str},
    "edit": {"match": dict, "pattern": str, "replace": str},
    "drop": {"match": dict},
    "dup": {"match": dict},
    "swap": {"first": dict, "second": dict},
    "status": {"status": str},
    "pair_status": {"symbol": str, "status": str},
    "announce": {"starts_in_s": _NUMBER, "lasts_s": _NUMBER, "title": str},
    "deny": {"symbol": str, "text": str},
    "allow": {"symbol": str},
    "token": {"lifetime_s": int, "reject": int},
    "fill": {"order": str, "qty": (str, int, type(None)), "price": (str, int, type(None)), "silent": bool},
    "skip_seq": {"n": int, "channel": str},
    "sweep": {"symbol": str, "side": str, "share": _NUMBER},
    "permissions": {"grant": list, "revoke": list},
    "clock": {"offset_s": _NUMBER},
    "restart": {"keep_state": bool},
    "rest_lag": {"seconds": _NUMBER},
    "rest_fail": {"path": str, "how": (str, int), "times": int},
    "clear": {},
}


class Control:
    """Takes control lines and works the faults of one exchange.

    >>> from kraken_lab.sandbox import Exchange
    >>> control = Control(Exchange().faults)
    >>> control.handle('{"fault":"freeze"}'), control.handle('{"fault":"close","code":"x"}')
    ('{"ok": true, "fault": "freeze"}', '{"error": "close: code cannot be \\'x\\'"}')
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def handle(self, line: str) -> str:
        """Do what a line says; the line that answers it."""
        try:
            name = self._do(json.loads(line))
        except (SandboxError, TypeError, ValueError, RecursionError) as error:
            return json.dumps({"error": str(error)})
        return json.dumps({"ok": True, "fault": name})

    def _do(self, command: object) -> str:
        name = command.get("fault") if isinstance(command, dict) else None
        if not isinstance(command, dict) or not isinstance(name, str):
            raise SandboxError('a control line is an object like {"fault": "reset"}')
        if name not in _CONTROLS:
            raise SandboxError(f"no control is called {name!r}; there are {', '.join(_CONTROLS)}")
        arguments = _checked(name, command, _CONTROLS[name])
        if name == "raw":
            arguments["data"] = _raw(arguments)
        elif name == "edit":
            self._edit(arguments)
            return name
        getattr(self._faults, name)(**arguments)
        return name

    def _edit(self, arguments: Mapping[str, Any]) -> None:
        try:
            pattern, replacement = re.compile(arguments["pattern"]), arguments["replace"]
            match = arguments["match"]
        except KeyError as missing:
            raise SandboxError(f"edit: {missing} is missing") from None
        except re.error as error:
            raise SandboxError(f"edit: {error}") from None
        self._faults.edit(match, lambda text: pattern.sub(replacement, text))


def _checked(name: str, given: Mapping[str, Any], kinds: Mapping[str, _Kind]) -> dict[str, Any]:
    """The arguments, each of a kind it may have; objects become matches."""
    arguments: dict[str, Any] = {}
    for argument, value in given.items():
        if argument == "fault":
            continue
        kind = kinds.get(argument)
        if kind is None:
            raise SandboxError(f"{name}: {argument!r} is no argument; there are {', '.join(kinds) or 'none'}")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise SandboxError(f"{name}: {argument} cannot be {value!r}")
        arguments[argument] = Match(**_checked(argument, value, _MATCH)) if isinstance(value, dict) else value
    return arguments


def _raw(arguments: dict[str, Any]) -> str | bytes:
    """The payload of ``raw``: text as it is, or bytes from base64."""
    if "base64" not in arguments:
        if "data" not in arguments:
            raise SandboxError("raw: data or base64 is missing")
        return str(arguments["data"])
    try:
        return base64.b64decode(arguments.pop("base64"), validate=True)
    except binascii.Error as error:
        raise SandboxError(f"raw: {error}") from None
