"""The fields of an order ticket: what a person fills in, and the arguments of `add_order` that it comes to.

Only fields that apply to the chosen order are there. Nothing is judged here: what is typed goes as text to the rules,
which say what is wrong with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import ipywidgets

from ..errors import BadArgument
from ..wire import Conditional, Pair, Triggers
from ..wire.numbers import from_user
from .number_field import LABEL_WIDTH, NumberField, field_layout
from .order_fields import CLOSE_TYPES, ORDER_TYPES, close_fields, forces_of, order_fields, price_types_of

__all__ = ["OrderForm"]

_FORCE_WORDS: Final = {
    "gtc": "good till cancelled",
    "gtd": "good till date",
    "ioc": "immediate or cancel",
    "fok": "fill or kill",
}
_PERCENT_STEP: Final = Decimal("0.1")
_ONE: Final = Decimal(1)
_NUMBERS: Final = ("limit_price", "display_qty", "trigger_price", "close_limit_price", "close_trigger_price")
_DIRECT: Final = ("limit_price", "display_qty", "expire_time", "effective_time", "fee_preference", "stp_type")
"""Fields whose text is the parameter of the same name."""
_FLAGS: Final = ("post_only", "reduce_only", "margin")


class OrderForm:
    """The fields of one pair's order, by name in ``fields``; ``box`` holds them all. `shown` are those that apply.

    ``changed`` is called in any thread when a field changed. ``touch`` gives best bid and best ask, where an empty
    price begins.
    """

    def __init__(
        self,
        pair: Pair,
        *,
        changed: Callable[[], object],
        touch: Callable[[], tuple[Decimal, Decimal] | None] = lambda: None,
    ) -> None:
        self.pair, self._changed, self._touch = pair, changed, touch
        self._arranging = threading.RLock()
        self.side = ipywidgets.ToggleButtons(
            options=["buy", "sell"],
            description="side",
            tooltips=[f"buy {pair.base}", f"sell {pair.base}"],
            style={"description_width": LABEL_WIDTH, "button_width": "80px"},
            layout=ipywidgets.Layout(width="300px"),
        )
        self.side.add_class("kl-side")
        self.order_type = _choice("type", [(kind, kind) for kind in ORDER_TYPES])
        self.unit = _choice("quantity in", [(pair.base, "base")], width="86px")
        self.unit.style.description_width = "0"
        self.unit.tooltip = "whether the quantity is in base or in quote currency"
        self.unit.add_class("kl-unnamed")  # its name is there, for who cannot see where it stands
        self.fields: dict[str, Any] = {"side": self.side, "order_type": self.order_type, **self._make_fields()}
        more = ["effective_time", "fee_preference", "stp_type"]
        # A button and a box, where an accordion would be: that one no key can open.
        self.more = ipywidgets.ToggleButton(
            description="Less common fields", tooltip="Start, fee currency, own orders met", layout={"width": "auto"}
        )
        rare = ipywidgets.VBox([self._widget(name) for name in more], layout={"display": "none"})
        self.more.observe(lambda change: setattr(rare.layout, "display", None if change["new"] else "none"), "value")
        rows = [self._widget(name) for name in self.fields if name not in more]
        self.box = ipywidgets.VBox(
            [*rows, ipywidgets.HBox([self.more], layout={"padding": "2px 0 0 118px"}), rare],
            layout=ipywidgets.Layout(width="348px", flex="0 0 auto"),
        )
        self.box.add_class("kl-form")
        self._arrange()
        for control in self._controls():
            control.observe(self._edited, "value")

    def _make_fields(self) -> dict[str, Any]:
        pair = self.pair
        price, amount = f"{pair.quote} per {pair.base}", pair.base

        def priced(label: str) -> NumberField:
            return NumberField(label, step=pair.price_increment, unit=price, start=self._near)

        quantity = NumberField("quantity", step=pair.qty_min, unit=amount, width="214px")
        quantity.box.children = [*quantity.box.children, self.unit]
        none = ("none", "")
        return {
            "order_qty": quantity,
            "limit_price": priced("limit price"),
            "limit_price_type": _choice("limit is", []),
            "trigger_price": priced("trigger"),
            "trigger_price_type": _choice("trigger is", []),
            "trigger_reference": _choice("trigger follows", [("last trade", "last"), ("index price", "index")]),
            "display_qty": NumberField("visible quantity", step=pair.qty_min, unit=amount),
            "time_in_force": _choice("time in force", []),
            "expire_time": _text("expires (UTC)", "2030-01-01T00:00:00Z"),
            "post_only": _flag("post-only: never take"),
            "margin": _flag("on margin"),
            "reduce_only": _flag("reduce-only"),
            "conditional": _choice("then close with", [none, *((kind, kind) for kind in CLOSE_TYPES)]),
            "close_trigger_price": priced("close trigger"),
            "close_trigger_price_type": _choice("trigger is", []),
            "close_limit_price": priced("close limit"),
            "close_limit_price_type": _choice("limit is", []),
            "effective_time": _text("starts (UTC)", "2030-01-01T00:00:00Z"),
            "fee_preference": _choice("fee in", [("as usual", ""), (pair.base, "base"), (pair.quote, "quote")]),
            "stp_type": _choice("own orders met", [
                ("as usual", ""), ("cancel the newer", "cancel_newest"), ("cancel the older", "cancel_oldest"),
                ("cancel both", "cancel_both"),
            ]),
        }  # fmt: skip

    # --- what is filled in ------------------------------------------------------------------------------------------

    @property
    def shown(self) -> frozenset[str]:
        """The fields that apply to the order as it is filled in, by name."""
        return frozenset(name for name in self.fields if self._widget(name).layout.display != "none")

    def arguments(self) -> dict[str, object]:
        """The parameters of `add_order`, as they were typed. Fields that are not shown or empty are left out."""
        shown, value = self.shown, self._value
        given: dict[str, object] = {
            "symbol": self.pair.symbol,
            "side": value("side"),
            "order_type": value("order_type"),
        }
        given["cash_order_qty" if self.unit.value == "quote" else "order_qty"] = value("order_qty")
        given |= {name: value(name) for name in _DIRECT if name in shown}
        given |= {name: True for name in _FLAGS if name in shown and value(name)}
        if value("time_in_force") != "gtc":  # which the exchange takes for granted
            given["time_in_force"] = value("time_in_force")
        if "limit_price_type" in shown and given["limit_price"] is not None:
            given["limit_price_type"] = value("limit_price_type")
        if "trigger_price" in shown:
            given["triggers"] = {
                "price": value("trigger_price"),
                "price_type": value("trigger_price_type"),
                "reference": value("trigger_reference"),
            }
        if value("conditional") is not None:
            given["conditional"] = {"order_type": value("conditional"), **self._close(shown)}
        return {name: each for name, each in given.items() if each is not None}

    def _close(self, shown: frozenset[str]) -> dict[str, object]:
        close: dict[str, object] = {}
        for name in ("trigger_price", "limit_price"):
            if f"close_{name}" in shown:
                close |= {name: self._value(f"close_{name}"), f"{name}_type": self._value(f"close_{name}_type")}
        return close

    def put(self, parameters: Mapping[str, object]) -> None:
        """Fill fields in by the names of `add_order`'s parameters; the others stay as they are.

        Raises:
            BadArgument: the ticket has no such field, the field not that choice, or it is a number and this is none.
        """
        order = ("order_type", "side", "margin", "time_in_force")
        for name in sorted(parameters, key=lambda name: order.index(name) if name in order else len(order)):
            value = parameters[name]
            if name in ("triggers", "conditional"):
                self._put_nested(name, value)
            elif name in ("order_qty", "cash_order_qty"):
                if value is not None:
                    self._choose(self.unit, name, "quote" if name == "cash_order_qty" else "base")
                    self._put("order_qty", value)
            elif name != "symbol" or value != self.pair.symbol:
                self._put(name, value)

    def _put_nested(self, name: str, value: object) -> None:
        if isinstance(value, Triggers | Conditional):
            value = value.given()
        if not isinstance(value, Mapping):
            raise BadArgument(name, value, "a mapping such as {'price': ...}")
        if name == "conditional":
            self._put("conditional", value.get("order_type"))
        prefix = "trigger_" if name == "triggers" else "close_"
        for inner, each in value.items():
            if inner != "order_type":
                self._put(f"{prefix}{inner}", each)

    def _put(self, name: str, value: object) -> None:
        field = self.fields.get(name)
        if isinstance(field, NumberField):
            if value is not None and value != "":
                from_user(value, name)
            field.put(value)
        elif isinstance(field, ipywidgets.Checkbox):
            field.value = bool(value)
        elif isinstance(field, ipywidgets.Text):
            field.value = "" if value is None else str(value)
        elif field is not None:
            self._choose(field, name, value)
        else:
            raise BadArgument(name, value, f"a field of the ticket: {', '.join(sorted(self.fields))}")

    def _choose(self, field: Any, name: str, value: object) -> None:
        options = [option[1] if isinstance(option, tuple) else option for option in field.options]
        value = "" if value is None else value
        if value not in options:
            raise BadArgument(name, value, f"one of {', '.join(str(option) for option in options)}")
        field.value = value

    # --- inside -----------------------------------------------------------------------------------------------------

    def _controls(self) -> list[Any]:
        return [self.unit, *(f.text if isinstance(f, NumberField) else f for f in self.fields.values())]

    def _widget(self, name: str) -> Any:
        field = self.fields[name]
        return field.box if isinstance(field, NumberField) else field

    def _value(self, name: str) -> Any:
        value = self.fields[name].value
        return (value.strip() or None) if isinstance(value, str) else value

    def _near(self) -> Decimal | None:
        """Where an empty price begins: the best price of the order's own side."""
        touch = self._touch()
        return None if touch is None else touch[0 if self.side.value == "buy" else 1]

    def _edited(self, change: Mapping[str, Any]) -> None:
        self._arrange()
        self._changed()

    def _arrange(self) -> None:
        """Show the fields that apply, with the choices that apply."""
        with self._arranging:
            kind, close = self.order_type.value, self._value("conditional") or ""
            self._offer("time_in_force", [(_FORCE_WORDS[force], force) for force in forces_of(kind)])
            names = order_fields(
                kind, self.side.value, margin=self._value("margin"), time_in_force=self._value("time_in_force")
            )
            if "triggers" in names:
                names |= {"trigger_price", "trigger_price_type", "trigger_reference"}
            for name in close_fields(close):
                names |= {f"close_{name}", f"close_{name}_type"} if self._types(name, close)[1:] else {f"close_{name}"}
            units = [(self.pair.base, "base")] + [(self.pair.quote, "quote")] * ("cash_order_qty" in names)
            if list(self.unit.options) != units:
                quote, self.unit.options = self.unit.value == "quote", units
                if quote:  # it is the number of another thing now
                    self.fields["order_qty"].put(None)
            self._offer("limit_price_type", self._types("limit_price", kind))
            self._offer("trigger_price_type", self._types("triggers", kind))
            self._offer("close_limit_price_type", self._types("limit_price", close))
            self._offer("close_trigger_price_type", self._types("trigger_price", close))
            for name in self.fields:
                there = name in names or name in ("side", "order_type")
                self._widget(name).layout.display = None if there else "none"
            for name in _NUMBERS:
                self._set_step(name)
            self._set_quantity()

    def _types(self, name: str, kind: str) -> list[tuple[str, str]]:
        words = {"static": "a price", "pct": "% away", "quote": f"{self.pair.quote} away"}
        field = "limit_price" if name == "limit_price" else "triggers"
        return [(words[each], each) for each in price_types_of(field, kind)]

    def _offer(self, name: str, options: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if list(field.options) != options:
            values, kept = [value for _, value in options], field.value
            field.options = options
            field.value = kept if kept in values else values[0]
            if name.endswith("_type") and kept is not None and kept not in values:
                # A price that would be read as a distance, or a distance as a price, is nobody's wish.
                self.fields[name.removesuffix("_type")].put(None)

    def _set_step(self, name: str) -> None:
        """A price moves by the tick, a share by a tenth of a percent, and the field says which of them it is."""
        typed, pair = self.fields.get(f"{name}_type"), self.pair
        if typed is not None:
            far = {"pct": (_PERCENT_STEP, "%"), "quote": (pair.price_increment, pair.quote)}
            step, unit = far.get(typed.value, (pair.price_increment, f"{pair.quote} per {pair.base}"))
            self.fields[name].mean(step, unit)

    def _set_quantity(self) -> None:
        """A quantity moves by the smallest order, a sum of money by one."""
        quote = self.unit.value == "quote"
        step, unit = (_ONE, self.pair.quote) if quote else (self.pair.qty_min, self.pair.base)
        self.fields["order_qty"].mean(step, unit)


def _choice(label: str, options: Sequence[tuple[str, Any]], width: str = "300px") -> Any:
    return ipywidgets.Dropdown(options=list(options), description=label, **field_layout(width))


def _text(label: str, placeholder: str) -> Any:
    return ipywidgets.Text(description=label, placeholder=placeholder, continuous_update=True, **field_layout())


def _flag(label: str) -> Any:
    return ipywidgets.Checkbox(description=label, **field_layout())
