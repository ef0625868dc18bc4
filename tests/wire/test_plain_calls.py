"""Functions that say in words which of their arguments do not fit."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from kraken_lab.errors import BadArgument, BadCall
from kraken_lab.wire import Settings, flag, plainly_called


@plainly_called("lab", done="Nothing was sent.")
def add(*pairs: str, qty: int, side: str = "buy") -> tuple[tuple[str, ...], int, str]:
    """Give what was given."""
    if qty < 0:
        raise TypeError("less than nothing")
    return pairs, qty, side


def test_a_call_that_fits_is_only_passed_on() -> None:
    """Arguments and result are the function's own."""
    assert add("A", "B", qty=2) == (("A", "B"), 2, "buy")


def test_what_the_function_itself_raises_comes_through() -> None:
    """A TypeError from within is no misfit of the arguments."""
    with pytest.raises(TypeError, match="less than nothing") as caught:
        add(qty=-1)
    assert not isinstance(caught.value, BadCall)


def test_a_call_that_does_not_fit_is_a_type_error_and_a_bad_argument() -> None:
    """With its sentence, its usage and what came of it as attributes."""
    with pytest.raises(BadCall) as caught:
        add("A", qyt=2)  # type: ignore[call-arg]
    error = caught.value
    assert isinstance(error, TypeError)
    assert isinstance(error, BadArgument)
    assert error.name == "qyt"
    assert error.usage == "lab.add(*pairs, qty, side='buy')"
    assert str(error).startswith("lab.add has no argument qyt. Did you mean qty? It is called as ")
    assert str(error).endswith("Nothing was sent.")


def test_what_is_missing_is_named() -> None:
    """All of it."""
    with pytest.raises(BadCall, match=r"^lab\.add needs qty\. It is called as"):
        add("A")  # type: ignore[call-arg]


def test_a_value_class_keeps_everything_but_its_bare_error() -> None:
    """It is frozen, is copied and pickled, and shows its signature; thirty settings are not all listed."""
    settings = Settings(ack_timeout=2.0)
    assert pickle.loads(pickle.dumps(settings)) == copy.copy(settings) == replace(Settings(), ack_timeout=2.0)
    assert "silence_timeout" in inspect.signature(Settings).parameters
    with pytest.raises(FrozenInstanceError):
        settings.ack_timeout = 3.0  # type: ignore[misc]
    with pytest.raises(BadCall, match=r"kl\.Settings has no argument ack\. .*, \.\.\.\)\."):
        replace(settings, ack=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("value", [None, 0, 1, "no", [], [1]], ids=repr)
def test_a_flag_is_true_or_false(value: object) -> None:
    """Whatever only counts as one of them may have been meant as the other."""
    assert flag("wait", True) is True
    with pytest.raises(BadArgument, match="use True or False"):
        flag("wait", value)
