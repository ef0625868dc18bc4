"""Every order of the account that is known here, found by any of its names.

An order has one key for good: the client id it was confirmed with, a local name for the replacement of an edited one,
or the exchange's id for an order of somebody else. Client ids are remembered for ever: none may be used twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .order_machine import OrderMachine

__all__ = ["Orders"]

KEPT: Final = 10_000
"""Orders that ended and are still shown; the oldest go first."""
_SPARE: Final = 500
"""How many more there may be until the oldest go, all at once: looking for them takes time."""


class Orders:
    """The machines of all orders, in the order they became known."""

    def __init__(self) -> None:
        self._by_key: dict[str, OrderMachine] = {}
        self._keys: dict[str, str] = {}
        """Every name of an order to its key."""
        self._used: set[str] = set()

    def add(self, machine: OrderMachine) -> OrderMachine:
        """A new order."""
        self._by_key[machine.key] = machine
        self.name(machine)
        if len(self._by_key) > KEPT + _SPARE:
            self._forget()
        return machine

    def name(self, machine: OrderMachine) -> None:
        """Find it by the names that it has by now."""
        for name in (machine.key, machine.record.cl_ord_id, machine.record.order_id):
            if name is not None:
                self._keys.setdefault(name, machine.key)
        if machine.record.cl_ord_id is not None:
            self._used.add(machine.record.cl_ord_id)

    def find(self, *names: str | None) -> OrderMachine | None:
        """The order with the first of these names that any has."""
        for name in names:
            if name is not None and (key := self._keys.get(name)) is not None:
                return self._by_key.get(key)
        return None

    def used(self, cl_ord_id: str) -> bool:
        """Whether a client id belongs, or ever belonged, to an order."""
        return cl_ord_id in self._used or cl_ord_id in self._keys

    def merge(self, machine: OrderMachine, into: OrderMachine) -> None:
        """An order that was taken for somebody else's turned out to be ``into``."""
        del self._by_key[machine.key]
        for name, key in list(self._keys.items()):
            if key == machine.key:
                self._keys[name] = into.key

    def possibly_open(self) -> list[OrderMachine]:
        """Those that the exchange has open, or may have."""
        return [machine for machine in self if machine.record.possibly_open]

    def _forget(self) -> None:
        ended = [machine.key for machine in self if machine.record.is_terminal and not machine.fills_missing]
        gone = set(ended[: len(self._by_key) - KEPT])
        self._by_key = {key: machine for key, machine in self._by_key.items() if key not in gone}
        self._keys = {name: key for name, key in self._keys.items() if key not in gone}

    def __iter__(self) -> Iterator[OrderMachine]:
        return iter(list(self._by_key.values()))

    def __len__(self) -> int:
        return len(self._by_key)
