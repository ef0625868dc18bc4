"""Calls whose arguments do not fit: said in the user's own words, with what is needed and the name that was meant."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from ..errors import BadCall

__all__ = ["plainly_called", "plainly_made"]

CallableT = TypeVar("CallableT", bound=Callable[..., Any])
T = TypeVar("T")

MOST_SHOWN: Final = 9
"""Arguments that are shown of how something is called: nobody reads thirty settings."""


def plainly_called(owner: str, *, done: str = "") -> Callable[[CallableT], CallableT]:
    """Have a function or method raise `BadCall` where Python itself would raise a bare TypeError.

    ``owner`` is what a user calls it on, ``done`` a sentence on what came of such a call. The signature stays visible,
    and a call that fits costs only one call more: its arguments are looked at only once they did not fit.

    >>> @plainly_called("lab")
    ... def book(self, *symbols, depth=10): ...
    >>> book(None, "BTC/USD", dept=100)
    Traceback (most recent call last):
    kraken_lab.errors.BadCall: lab.book has no argument dept. Did you mean depth? It is called as lab.book(*symbols, \
depth=10).
    """

    def plain(function: CallableT) -> CallableT:
        return _plain(function, f"{owner}.{function.__name__}", done)

    return plain


def plainly_made(kind: type[T]) -> type[T]:
    """Have a class of the front door raise `BadCall` where it is made with arguments that do not fit.

    >>> from dataclasses import dataclass
    >>> @plainly_made
    ... @dataclass
    ... class Limits:
    ...     max_open_orders: int | None = None
    >>> Limits(max_open_order=3)
    Traceback (most recent call last):
    kraken_lab.errors.BadCall: kl.Limits has no argument max_open_order. Did you mean max_open_orders? It is called \
as kl.Limits(max_open_orders=None).
    """
    name = "__init__"
    setattr(kind, name, _plain(getattr(kind, name), f"kl.{kind.__name__}", ""))
    return kind


def _plain(function: CallableT, name: str, done: str) -> CallableT:
    signature = inspect.signature(function)
    known = list(signature.parameters.values())
    bound = known[:1] == [signature.parameters.get("self")]

    @functools.wraps(function)
    def call(*args: Any, **given: Any) -> Any:
        try:
            return function(*args, **given)
        except TypeError as error:
            # One from within has been through a frame of the function itself.
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                raise
            problem = _misfit(name, known[bound:], args[bound:], given)
            if problem is None:
                raise
            argument, said = problem
            wrong = BadCall(argument, said, f"{name}({_usage(known[bound:])})", done)
        raise wrong

    return cast(CallableT, call)


def _misfit(
    name: str, known: Sequence[inspect.Parameter], args: Sequence[object], given: Mapping[str, object]
) -> tuple[str, str] | None:
    """The argument that does not fit and a sentence about it; None where all of them do."""
    named = [each.name for each in known if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    places = [each.name for each in known if each.kind is each.POSITIONAL_OR_KEYWORD]
    rest = next((each.name for each in known if each.kind is each.VAR_POSITIONAL), None)
    stranger = next((word for word in given if word not in named), None)
    if stranger is not None and not any(each.kind is each.VAR_KEYWORD for each in known):
        return stranger, f"{name} has no argument {stranger}.{_meant(stranger, named, rest)}"
    if len(args) > len(places) and rest is None:
        count = f"{len(args)} without" if known else f"{len(args)}"
        return "arguments", f"{name} takes {_most(places, known)}, and was given {count}."
    twice = next((word for word in places[: len(args)] if word in given), None)
    if twice is not None:
        return twice, f"{name} was given {twice} twice."
    missing = [
        each.name
        for each in known
        if each.default is each.empty
        and each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        and each.name not in given
        and each.name not in places[: len(args)]
    ]
    if not missing:
        return None
    # A parameter that any name fits may be a misspelt one of those that are missing.
    close = ((word, difflib.get_close_matches(word, missing, n=1, cutoff=0.8)) for word in given)
    hint = next((f" Is {word} meant to be {meant[0]}?" for word, meant in close if meant), "")
    return missing[0], f"{name} needs {' and '.join(missing)}.{hint}"


def _meant(stranger: str, named: Sequence[str], rest: str | None) -> str:
    meant = difflib.get_close_matches(stranger, [*named, *([rest] if rest else [])], n=1)
    if not meant:
        return ""
    return f" Give {rest} without a name, before all others." if meant[0] == rest else f" Did you mean {meant[0]}?"


def _most(places: Sequence[str], known: Sequence[inspect.Parameter]) -> str:
    if not known:
        return "no arguments"
    if not places:
        return "its arguments by name"
    return f"{len(places)} argument{'' if len(places) == 1 else 's'} without a name"


def _usage(known: Sequence[inspect.Parameter]) -> str:
    shown = [_shown(each) for each in known[:MOST_SHOWN]]
    return ", ".join([*shown, *(["..."] if len(known) > MOST_SHOWN else [])])


def _shown(each: inspect.Parameter) -> str:
    if each.kind is each.VAR_KEYWORD:
        return f"**{each.name}"
    if each.kind is each.VAR_POSITIONAL:
        return f"*{each.name}"
    return each.name if each.default is each.empty else f"{each.name}={each.default!r}"
