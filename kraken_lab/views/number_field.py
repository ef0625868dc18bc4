"""A price or quantity that is typed or moved step by step. What stands in it is text, taken as it is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import ipywidgets

from ..trading.figures import trimmed
from .order_fields import stepped

__all__ = ["NumberField", "field_layout"]

LABEL_WIDTH = "112px"


def field_layout(width: str = "300px") -> dict[str, object]:
    """The common width of a field and of its label."""
    return {"layout": ipywidgets.Layout(width=width), "style": {"description_width": LABEL_WIDTH}}


class NumberField:
    """A text with a button a direction. ``step`` is one step, ``start`` where an empty field begins."""

    def __init__(
        self,
        label: str,
        *,
        step: Decimal,
        unit: str = "",
        start: Callable[[], Decimal | None] = lambda: None,
        width: str = "252px",
    ) -> None:
        self.step, self._start = step, start
        self.text = ipywidgets.Text(
            description=label,
            placeholder=unit,
            tooltip=f"{label}, {unit}",
            continuous_update=True,
            **field_layout(width),
        )
        small = ipywidgets.Layout(width="34px", padding="0")
        self.down = ipywidgets.Button(description="−", layout=small)
        self.up = ipywidgets.Button(description="+", layout=small)
        self.down.on_click(lambda _: self._move(up=False))
        self.up.on_click(lambda _: self._move(up=True))
        self.box = ipywidgets.HBox([self.text, self.down, self.up])
        self.name_steps()

    def mean(self, step: Decimal, unit: str) -> None:
        """Let it be stepped by another step, and say in which unit it is."""
        if (self.step, self.text.placeholder) != (step, unit):
            self.step, self.text.placeholder, self.text.tooltip = step, unit, f"{self.text.description}, {unit}"
            self.name_steps()

    def name_steps(self) -> None:
        """Say on the buttons how far they go."""
        self.down.tooltip = f"{self.text.description}: one step of {trimmed(self.step)} down"
        self.up.tooltip = f"{self.text.description}: one step of {trimmed(self.step)} up"

    @property
    def value(self) -> str | None:
        """What stands there, without blanks around it; None for nothing."""
        return str(self.text.value).strip() or None

    def put(self, value: object) -> None:
        """Put a number there, written in full, or nothing."""
        self.text.value = "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)

    def _move(self, *, up: bool) -> None:
        self.text.value = stepped(self.text.value, self.step, up=up, start=self._start())
