"""Reading arguments one by one: exact numbers, words out of a few, flags and times. Every mistake is remembered.

Nothing is guessed. Where what was probably meant is plain, it is offered as a correction.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from ..errors import BadArgument, Malformed
from ..wire import to_ns
from ..wire.numbers import from_user, plain
from .corrections import Correction, Problem

__all__ = ["Reader"]

_EXPLAINED: Final = {
    "cl_ord_id": "cl_ord_id is made fresh for every confirmation: it is how an order is found when an answer is lost.",
    "order_userref": (
        "order_userref cannot be given: the exchange takes it or a cl_ord_id, and the cl_ord_id is how an order is "
        "found when an answer is lost."
    ),
    "deadline": "deadline is set when the order is sent: order_deadline of the settings says how far ahead.",
    "validate": (
        "validate is not offered: a proposal is checked here and sends nothing, and how the exchange answers a request "
        "that it only checks is not documented."
    ),
    "token": "token is filled in when the order is sent.",
    "req_id": "req_id is filled in when the order is sent.",
    "stop_price": "stop_price is deprecated: use triggers={'price': ...}.",
    "trigger": "trigger is deprecated: use triggers={'reference': ...}.",
    "no_mpp": "no_mpp is deprecated: market price protection cannot be turned off.",
    "price": "price is not a parameter of this API: use limit_price.",
    "amount": "amount is not a parameter of this API: use order_qty.",
    "volume": "volume is not a parameter of this API: use order_qty.",
    "type": "type is not a parameter of this API: use order_type.",
}


class Reader:
    """Arguments under reading. ``prefix`` stands before their names in sentences, as in ``triggers.price``."""

    def __init__(self, arguments: Mapping[str, object], prefix: str = "") -> None:
        self.arguments = arguments
        self.problems: list[Problem] = []
        self._prefix = prefix

    def object_to(self, name: str, said: str, offered: object = None) -> None:
        """Remember what is wrong, with what may have been meant."""
        offer = None
        if offered is not None and not self._prefix:
            offer = Correction(f"{name} -> {offered}", MappingProxyType({name: offered}))
        self.problems.append(Problem(f"{self._prefix}{name}", said, offer))

    def only(self, names: Sequence[str]) -> None:
        """Nothing but these is known; an argument that is None is one that was not given."""
        for name, value in self.arguments.items():
            if name in names or value is None:
                continue
            said = _EXPLAINED.get(name)
            if said is None:
                close = difflib.get_close_matches(name, names, n=1)
                said = f"{self._prefix}{name} is not a parameter here.{f' Did you mean {close[0]}?' if close else ''}"
            self.problems.append(Problem(f"{self._prefix}{name}", said))

    def number(self, name: str) -> Decimal | None:
        """An exact number, or None: it was not given, or is none.

        A text with an exponent is not taken at its word, because ``1e3`` is as easily a slip as a thousand.
        """
        value = self.arguments.get(name)
        if value is None:
            return None
        shown = f"{self._prefix}{name}"
        try:
            number = from_user(value, shown)
        except BadArgument as error:
            hint = ""
            if isinstance(value, str) and "," in value:
                hint = " Decimals begin with a point, and thousands are not separated."
            elif isinstance(value, bool):
                hint = " A truth value is no amount."
            self.object_to(name, f"{shown} {value!r} is not {error.allowed}.{hint}")
            return None
        if isinstance(value, str) and "e" in value.lower():
            meant = plain(number)
            self.object_to(name, f"{shown} {value!r} is written with an exponent; {meant} is what it means.", meant)
            return None
        return number

    def choice(self, name: str, options: Sequence[str], *, needed: bool = False) -> Any:
        """One of a few words, or None."""
        value = self.arguments.get(name)
        if value is None:
            if needed:
                self.object_to(name, f"{self._prefix}{name} is missing: one of {', '.join(options)}.")
            return None
        if value in options:
            return value
        low = str(value).lower().replace("_", "-")
        spelled = {option.replace("_", "-"): option for option in options}
        close = difflib.get_close_matches(low, spelled, n=1, cutoff=0.75)
        said = f"{self._prefix}{name} {value!r} is not one of {', '.join(options)}."
        self.object_to(name, said, spelled[close[0]] if close else None)
        return None

    def flag(self, name: str) -> bool | None:
        """True, or None: False is what the exchange takes for granted, and is not said."""
        value = self.arguments.get(name)
        if value is None or value is False:
            return None
        if value is True:
            return True
        self.object_to(name, f"{self._prefix}{name} {value!r} is not True or False.")
        return None

    def changed_flag(self, name: str) -> bool | None:
        """True or False where it was given, because a change can take a flag back."""
        return False if self.arguments.get(name) is False else self.flag(name)

    def text(self, name: str, *, needed: str = "") -> str | None:
        """Some text, or None; ``needed`` says what it is where it must be there."""
        value = self.arguments.get(name)
        if isinstance(value, str) and value:
            return value
        if value is not None:
            self.object_to(name, f"{self._prefix}{name} {value!r} is not a text.")
        elif needed:
            self.object_to(name, f"{self._prefix}{name} is missing: {needed}.")
        return None

    def time(self, name: str) -> str | None:
        """A time in whole seconds, UTC, from text (RFC 3339) or a `datetime` that knows its zone."""
        value = self.arguments.get(name)
        if value is None:
            return None
        shown = f"{self._prefix}{name}"
        if isinstance(value, datetime):
            if value.tzinfo is None:
                self.object_to(name, f"{shown} {value} does not say in which time zone it is.")
                return None
            value = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        try:
            ns = to_ns(value) if isinstance(value, str) else None
        except Malformed:
            ns = None
        if ns is None:
            self.object_to(name, f"{shown} {value!r} is not a time such as '2026-05-05T10:00:00Z'.")
        elif ns % 10**9:
            self.object_to(name, f"{shown} {value!r} is not in whole seconds.", f"{str(value)[:19]}Z")
        else:
            return str(value)
        return None
