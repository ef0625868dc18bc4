"""The person at this kernel: whether there is one, and what is typed when something is asked."""

from __future__ import annotations

import secrets
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from ..errors import OrderRefused
from ..trading import no_front_end, phrase

__all__ = ["Person", "new_code", "nobody_here"]

_CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters of a one-time code: none that can be taken for another."""


def nobody_here() -> str | None:
    """Why nobody can be asked here, in words; None if somebody can."""
    ipython: Any = sys.modules.get("IPython")
    return no_front_end(None if ipython is None else ipython.get_ipython(), sys.stdin)


def new_code() -> str:
    """A one-time code that nobody can know before it is shown."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(5))


class Person:
    """Asked one thing at a time, whatever number of threads want to."""

    def __init__(self) -> None:
        self._asking = threading.Lock()

    def tell(self, line: str) -> None:
        """Print a line below the cell that is running; nothing from another thread, which belongs to no cell."""
        if threading.current_thread() is threading.main_thread():
            sys.stdout.write(f"{line}\n")

    def type_phrase(self, account: str, limits: Iterable[str], elsewhere: str = "") -> str:
        """What is typed to arm an account, below the limits that will hold, line by line.

        ``elsewhere`` is the address of what plays the exchange, where that is not Kraken's own.
        """
        money = f"Treated as real money, though {elsewhere} is not Kraken's address" if elsewhere else "Real money"
        with self._asking:
            sys.stdout.write(
                "".join(f"{line}\n" for line in ("What will be allowed:", *(f"  {one}" for one in limits)))
            )
            return input(f"{money}. To arm this kernel, type {phrase(account)!r}: ")

    def type_code(self, what: str, show: Callable[[], str]) -> str:
        """What is typed after ``show`` has opened a confirmation of ``what`` and given the words with its code.

        Raises:
            OrderRefused: nobody can be asked here.
        """
        with self._asking:
            sys.stdout.write(f"{show()}\n")
            nobody = nobody_here()
            if nobody is not None:
                raise OrderRefused(what, [nobody], "A live order needs a person who types the code shown.")
            return input("Type the code to send it: ")
