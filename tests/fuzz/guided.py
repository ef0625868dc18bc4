"""One target under atheris, in a process of its own because libFuzzer ends the one it runs in.

Started by `tests.fuzz.run`: ``python -m tests.fuzz.guided <target> <options and folders of libFuzzer>``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from random import Random

from .mutations import mutated

__all__ = ["main"]


def main(name: str, options: list[str]) -> None:
    """Fuzz until libFuzzer has enough; it prints to stderr and exits by itself."""
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=["kraken_lab"]):
        module = import_module(f"tests.fuzz.fuzz_{name}")

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        """Half the time the bytes are changed as libFuzzer likes it, half the time the meaning of the JSON."""
        random = Random(seed)
        if random.random() < 0.5:
            return bytes(atheris.Mutate(data, longest))
        for _ in range(random.randrange(1, 4)):
            data = mutated(data, random)
        return data[:longest]

    atheris.Setup([sys.argv[0], *options], module.target, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
