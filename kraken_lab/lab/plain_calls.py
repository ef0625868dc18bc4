"""Calls whose arguments do not fit: said in the lab's own words, with what is needed and the name that was meant."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ..errors import BadCall

__all__ = ["plainly_called"]

P = ParamSpec("P")
T = TypeVar("T")


def plainly_called(method: Callable[P, T]) -> Callable[P, T]:
    """A method of the lab that raises `BadCall` where Python itself would raise a bare TypeError.

    >>> @plainly_called
    ... def sell(self, symbol, order_qty): ...
    >>> sell(None, "BTC/USD")
    Traceback (most recent call last):
    kraken_lab.errors.BadCall: lab.sell needs order_qty. It is called as lab.sell(symbol, order_qty). Nothing was sent.
    """
    signature = inspect.signature(method)

    @functools.wraps(method)
    def call(*args: P.args, **given: P.kwargs) -> T:
        try:
            signature.bind(*args, **given)
        except TypeError:
            raise _misfit(method.__name__, signature, args[1:], given) from None
        return method(*args, **given)

    return call


def _misfit(name: str, signature: inspect.Signature, args: tuple[object, ...], given: dict[str, object]) -> BadCall:
    known = list(signature.parameters.values())[1:]
    named = [each.name for each in known if each.kind is not each.VAR_KEYWORD]
    places = [each.name for each in known if each.kind is each.POSITIONAL_OR_KEYWORD]
    usage = f"lab.{name}({', '.join(_shown(each) for each in known)})"
    stranger = next((word for word in given if word not in named), None)
    takes_any = any(each.kind is each.VAR_KEYWORD for each in known)
    if stranger is not None and not takes_any:
        meant = difflib.get_close_matches(stranger, named, n=1)
        hint = f" Did you mean {meant[0]}?" if meant else ""
        return BadCall(stranger, f"lab.{name} has no argument {stranger}.{hint}", usage)
    if len(args) > len(places):
        most = (
            f"{len(places)} argument{'' if len(places) == 1 else 's'} without a name"
            if places
            else "its arguments by name"
        )
        return BadCall("arguments", f"lab.{name} takes {most}, and was given {len(args)} without.", usage)
    twice = next((word for word in places[: len(args)] if word in given), None)
    if twice is not None:
        return BadCall(twice, f"lab.{name} was given {twice} twice.", usage)
    missing = [
        each.name
        for each in known
        if each.default is each.empty
        and each.kind is not each.VAR_KEYWORD
        and each.name not in given
        and each.name not in places[: len(args)]
    ]
    # A parameter that any name fits may be a misspelt one of those that are missing.
    close = ((word, difflib.get_close_matches(word, missing, n=1, cutoff=0.8)) for word in given)
    hint = next((f" Is {word} meant to be {meant[0]}?" for word, meant in close if meant), "")
    return BadCall(missing[0], f"lab.{name} needs {' and '.join(missing)}.{hint}", usage)


def _shown(each: inspect.Parameter) -> str:
    if each.kind is each.VAR_KEYWORD:
        return f"**{each.name}"
    return each.name if each.default is each.empty else f"{each.name}={each.default!r}"
