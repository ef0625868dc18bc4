"""The real exchange's ``instrument`` entries as assets and pairs of this one.

The channel knows nothing of REST's older names (``XXBTZUSD``). They are made after the rule by which the exchange names
its oldest assets; a few pairs are named otherwise there, so here every pair can also be asked for by its symbol.

Source: Instruments page, Kraken WebSocket API v2 reference; Get Tradable Asset Pairs, Kraken REST API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, get_args

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.instruments import Asset, AssetStatus, Pair, PairStatus
from kraken_lab.sandbox.numbers import scaled, written

__all__ = ["BadEntry", "read_asset", "read_pair"]

_OLD_NAMES: Final = {"BTC": "XBT", "DOGE": "XDG"}
_CLASSIC: Final = frozenset(["BTC", "DOGE", "ETC", "ETH", "LTC", "MLN", "REP", "XLM", "XMR", "XRP", "ZEC"])
_FIAT: Final = frozenset(["AUD", "CAD", "EUR", "GBP", "JPY", "USD"])
_MOST_DECIMALS: Final = 20
_ASSET_STATUSES: Final = get_args(AssetStatus)
_PAIR_STATUSES: Final = get_args(PairStatus)


class BadEntry(ValueError):
    """An entry that cannot be read; the others of its message can."""


def read_asset(entry: object) -> Asset:
    """An asset, as listed.

    >>> read_asset({"id": "BTC", "status": "enabled", "precision": 10, "precision_display": 5}).rest_name
    'XXBT'

    Raises:
        BadEntry: something is missing or of the wrong type.
    """
    try:
        fields = _object(entry)
        name = _text(fields["id"])
        rate = fields.get("margin_rate")
        return Asset(
            name,
            _rest_name(name),
            _OLD_NAMES.get(name, name),
            _decimals(fields["precision"]),
            _decimals(fields["precision_display"]),
            _digits(fields.get("collateral_value", 0)),
            None if rate is None else _digits(rate),
            # A state that is new to us is one in which nothing is promised.
            fields["status"] if fields["status"] in _ASSET_STATUSES else "disabled",
            _text(fields.get("class", "currency")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadEntry(f"asset: {type(error).__name__} {error}") from None


def read_pair(entry: object) -> Pair:
    """A pair, as listed.

    Raises:
        BadEntry: something is missing, of the wrong type or not on its own precision.
    """
    try:
        fields = _object(entry)
        base, quote = _text(fields["base"]), _text(fields["quote"])
        altname = _OLD_NAMES.get(base, base) + _OLD_NAMES.get(quote, quote)
        both_classic = base in _CLASSIC and base != "DOGE" and quote in _CLASSIC | _FIAT and quote != "DOGE"
        at, of = _decimals(fields["price_precision"]), _decimals(fields["qty_precision"])
        margin = fields.get("margin_initial")
        pair = Pair(
            _text(fields["symbol"]),
            base,
            quote,
            _rest_name(base) + _rest_name(quote) if both_classic else altname,
            altname,
            f"{_OLD_NAMES.get(base, base)}/{_OLD_NAMES.get(quote, quote)}",
            price_precision=at,
            qty_precision=of,
            cost_precision=_decimals(fields["cost_precision"]),
            price_increment=scaled(_digits(fields["price_increment"]), at),
            qty_increment=scaled(_digits(fields["qty_increment"]), of),
            qty_min=scaled(_digits(fields["qty_min"]), of),
            cost_min=_digits(fields["cost_min"]),
            margin_initial=None if margin is None else _digits(margin),
            position_limit_long=_limit(fields.get("position_limit_long"), margin),
            position_limit_short=_limit(fields.get("position_limit_short"), margin),
            has_index=fields.get("has_index") is True,
            status=fields["status"] if fields["status"] in _PAIR_STATUSES else "work_in_progress",
        )
    except (KeyError, TypeError, ValueError, SandboxError) as error:
        raise BadEntry(f"pair: {type(error).__name__} {error}") from None
    if pair.price_increment <= 0 or pair.qty_increment <= 0:
        raise BadEntry(f"pair: {pair.symbol} has an increment of 0")
    return pair


def _rest_name(asset: str) -> str:
    old = _OLD_NAMES.get(asset, asset)
    return f"X{old}" if asset in _CLASSIC else f"Z{old}" if asset in _FIAT else old


def _limit(value: object, margin: object) -> int | None:
    """A position limit: whole units where the pair can be traded on margin, else none."""
    if margin is None:
        return None
    return int(Decimal(_digits(0 if value is None else value)))


def _object(entry: object) -> Mapping[str, Any]:
    if isinstance(entry, dict):
        return entry
    raise TypeError(f"{entry!r} is no object")


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise TypeError(f"{value!r} is no text")


def _decimals(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_DECIMALS:
        return value
    raise TypeError(f"{value!r} is no number of decimals")


def _digits(value: object) -> str:
    """A number as digits without an exponent; an older page has the least cost as text."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise TypeError(f"{value!r} is no number")
    return written(scaled(value, _MOST_DECIMALS), _MOST_DECIMALS).rstrip("0").rstrip(".")
