"""Order methods that take an order's parameters by name show those names: to completion, ``help()`` and signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

from ..wire import AddOrder, AmendOrder, EditOrder

__all__ = ["named"]

CallableT = TypeVar("CallableT", bound=Callable[..., Any])

_AS_GIVEN: Final = {"Decimal": "Number", "Triggers": "Mapping[str, Any]", "Conditional": "Mapping[str, Any]"}
"""What a person gives where the request has a type of its own."""


def named(names: Sequence[str]) -> Callable[[CallableT], CallableT]:
    """Have a method show these names, which its reader accepts, in place of its ``**parameters``.

    Only what is shown changes: a name that is none of them still reaches the reader, which says what was meant.

    >>> @named(["side", "post_only"])
    ... def add(**parameters): ...
    >>> list(inspect.signature(add).parameters)
    ['side', 'post_only']
    """
    kinds = {field.name: str(field.type) for kind in (EditOrder, AmendOrder, AddOrder) for field in fields(kind)}
    for ours, given in _AS_GIVEN.items():
        kinds = {name: kind.replace(ours, given) for name, kind in kinds.items()}

    def show(function: CallableT) -> CallableT:
        signature = inspect.signature(function)
        kept = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        there = {each.name for each in kept}
        kept += [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kinds[name])
            for name in names
            if name not in there
        ]
        function.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return function

    return show
