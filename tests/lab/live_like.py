"""Live played on this machine: a sandbox over TLS is the exchange, and a person at the keyboard is scripted."""

from __future__ import annotations

import builtins
import io
import re
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

import kraken_lab as kl
from kraken_lab.net import SandboxProcess

__all__ = ["LIMITS", "Person", "at_rest", "open_at", "opened"]

LIMITS: Mapping[str, Any] = {
    "max_order_notional": "50000",
    "max_day_notional": "5000000",
    "max_open_orders": 20,
    "allowed_symbols": ["BTC/USD"],
    "order_rate": 1000,
    "dup_window_s": 0.001,
}
"""What `lab.arm` is given: limits that stand in nobody's way."""


class Keyboard(io.StringIO):
    """A terminal's input."""

    def isatty(self) -> bool:
        """Somebody types there."""
        return True


class Person:
    """Sits at the terminal, reads what is on the screen, and types what is asked for. ``asked`` is what was asked.

    ``shown`` is what stood above each. ``typo`` makes the next answer a wrong one.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, screen: pytest.CaptureFixture[str]) -> None:
        self.asked: list[str] = []
        self.shown: list[str] = []
        self.typo = False
        self._screen = screen
        monkeypatch.setattr(builtins, "input", self._type)
        monkeypatch.setattr(sys, "stdin", Keyboard())

    def _type(self, prompt: str = "") -> str:
        self.asked.append(prompt)
        self.shown.append(self._screen.readouterr().out)
        shown = prompt + self.shown[-1]
        wanted = re.search(r"type '(LIVE [0-9a-f-]+)'", shown) or re.search(r"\.confirm\('(\w+)'\)", shown)
        assert wanted is not None, shown
        typo, self.typo = self.typo, False
        return "LIVE" if typo else wanted[1]

    def arm(self, lab: kl.Lab, **limits: Any) -> None:
        """Arm a lab, typing the phrase."""
        lab.arm(**{**LIMITS, **limits})


def opened(process: SandboxProcess, mode: Any = "live", **options: Any) -> kl.Lab:
    """Another lab on that exchange."""
    return kl.connect(mode, at=process.facts, new=True, **options)


def at_rest(lab: kl.Lab, *, qty: str = "0.01", part: str = "0.8") -> dict[str, Any]:
    """A bid far below the market, in whole dollars."""
    price = int(lab.book("BTC/USD").mid * Decimal(part))
    return {"symbol": "BTC/USD", "side": "buy", "order_type": "limit", "order_qty": qty, "limit_price": price}


def open_at(lab: kl.Lab) -> set[str]:
    """The ids of the orders that are open at the exchange, by its own word."""
    found = lab.run(lab.rest.private("OpenOrders"))
    return set(found["open"])
