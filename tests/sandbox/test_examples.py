"""The examples in the sandbox's docstrings are run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import kraken_lab.sandbox

MODULES = [module.name for module in pkgutil.iter_modules(kraken_lab.sandbox.__path__) if module.name != "__main__"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_true(name: str) -> None:
    """What a docstring shows is what comes out."""
    result = doctest.testmod(importlib.import_module(f"kraken_lab.sandbox.{name}"))
    assert result.failed == 0
