"""What a caller gave, held to what it must be, with an error that says what would be right."""

from __future__ import annotations

import math

from ..errors import BadArgument

__all__ = ["flag", "number", "whole_number"]


def flag(name: str, value: object) -> bool:
    """True or False, and nothing that only counts as one of them.

    Raises:
        BadArgument: it is something else.

    >>> flag("wait", False)
    False
    """
    if not isinstance(value, bool):
        raise BadArgument(name, value, "True or False")
    return value


def number(name: str, value: object, unit: str, *, above: float | None = None, least: float | None = None) -> float:
    """A finite number, ``above`` a bound or at ``least`` one; ``unit`` is what it counts, empty where its name says it.

    Raises:
        BadArgument: it is something else.

    >>> number("timeout", 2, "seconds", least=0.0)
    2.0
    """
    wanted = f"a number of {unit}" if unit else "a number"
    if above is not None:
        wanted += f" above {above:g}"
    if least is not None:
        wanted += f", {least:g} or more"
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not isinstance(value, int | float):
        raise BadArgument(name, value, wanted)
    if (above is not None and value <= above) or (least is not None and value < least):
        raise BadArgument(name, value, wanted)
    return float(value)


def whole_number(name: str, value: object, unit: str, *, least: int = 0) -> int:
    """A whole number, at least ``least``.

    Raises:
        BadArgument: it is something else.

    >>> whole_number("rows", 5, "rows")
    5
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadArgument(name, value, f"a whole number of {unit}, {least} or more")
    return value
