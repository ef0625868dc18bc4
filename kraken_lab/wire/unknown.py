"""What the exchange sends that its reference does not list: new fields, and new values of known fields.

Nothing unknown is refused or mapped to something known. These functions let the reader count it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from .messages import BalancesMessage, Channel, Message, Response, UnknownMessage
from .private import balances_type
from .shape import shape_of
from .strict import parse

__all__ = ["KNOWN", "unknown_keys", "unknown_values"]

_TYPES = frozenset({
    "limit", "market", "iceberg", "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit", "trailing-stop",
    "trailing-stop-limit", "settle-position",
})  # fmt: skip
_SIDES = frozenset({"buy", "sell"})
_PRICE_TYPES = frozenset({"static", "pct", "quote"})
_EVENTS = frozenset({"", "add", "modify", "delete"})

KNOWN: Mapping[tuple[str, str], frozenset[str]] = {
    ("status", "system"): frozenset({"online", "maintenance", "cancel_only", "post_only", "limit_only"}),
    ("level3", "bids.event"): _EVENTS,
    ("level3", "asks.event"): _EVENTS,
    ("trade", "side"): _SIDES,
    ("trade", "ord_type"): frozenset({"limit", "market"}),
    ("instrument", "assets.status"): frozenset(
        {"enabled", "depositonly", "withdrawalonly", "fundingtemporarilydisabled", "disabled", "workinprogress"}
    ),
    ("instrument", "pairs.status"): frozenset({
        "online", "cancel_only", "delisted", "limit_only", "maintenance", "post_only", "reduce_only",
        "work_in_progress",
    }),
    ("executions", "exec_type"): frozenset({
        "pending_new", "new", "trade", "filled", "iceberg_refill", "canceled", "expired", "amended", "restated",
        "status",
    }),
    ("executions", "order_status"): frozenset(
        {"pending_new", "new", "partially_filled", "filled", "canceled", "expired"}
    ),
    ("executions", "side"): _SIDES,
    ("executions", "order_type"): _TYPES,
    ("executions", "limit_price_type"): _PRICE_TYPES,
    ("executions", "time_in_force"): frozenset({"GTC", "GTD", "IOC", "FOK"}),
    ("executions", "liquidity_ind"): frozenset({"m", "t"}),
    ("executions", "position_status"): frozenset({"opening", "closing", "closed"}),
    ("executions", "fee_ccy_pref"): frozenset({"fciq", "fcib"}),
    ("executions", "triggers.reference"): frozenset({"last", "index"}),
    ("executions", "triggers.price_type"): _PRICE_TYPES,
    ("executions", "triggers.status"): frozenset({"untriggered", "triggered"}),
    ("balances", "wallets.type"): frozenset({"spot", "earn"}),
    ("balances", "wallets.id"): frozenset({"main", "flex", "bonded", "flexible", "liquid", "locked", "closed"}),
    ("balances", "type"): frozenset({
        "deposit", "withdrawal", "trade", "margin", "adjustment", "rollover", "credit", "transfer", "settled",
        "staking", "sale", "reserve", "conversion", "dividend", "reward", "creator_fee",
    }),
    ("balances", "subtype"): frozenset({
        "spotfromfutures", "spottofutures", "stakingfromspot", "spotfromstaking", "stakingtospot", "spottostaking",
    }),
    ("balances", "category"): frozenset({
        "deposit", "withdrawal", "trade", "margin-trade", "margin-settle", "margin-conversion", "conversion", "credit",
        "marginrollover", "staking-rewards", "instant", "equity-trade", "airdrop", "equity-dividend", "reward-bonus",
        "nft", "block-trade",
    }),
    ("balances", "wallet_type"): frozenset({"spot", "earn"}),
    ("balances", "wallet_id"): frozenset({"main", "bonded", "flexible", "liquid", "locked"}),
}  # fmt: skip
"""The documented values of fields that have a list of them, by channel and by field (dotted within ``data``)."""

_FIELDS: dict[str, list[tuple[list[str], str, frozenset[str]]]] = {}
for (_channel, _field), _values in KNOWN.items():
    _FIELDS.setdefault(_channel, []).append((_field.split("."), _field, _values))


def unknown_keys(message: Message) -> tuple[str, ...]:
    """Keys in a message's frame that its type does not read, each once: ``("data.colour", "note")``.

    >>> from .codec import decode
    >>> unknown_keys(decode('{"channel":"heartbeat","mood":"calm"}'))
    ('mood',)
    """
    if isinstance(message, UnknownMessage) or not message.raw:
        return ()
    fields = parse(message.raw)
    if not isinstance(fields, dict):
        return ()
    struct = balances_type(message.type) if isinstance(message, BalancesMessage) else type(message)
    found = set(shape_of(struct).unknown_keys(fields))
    if isinstance(message, Response):
        results = message.result if isinstance(message.result, list) else [message.result]
        written = fields.get("result")
        for result, inner in zip(results, written if isinstance(written, list) else [written], strict=False):
            if isinstance(result, msgspec.Struct) and isinstance(inner, dict):
                found.update(shape_of(type(result)).unknown_keys(inner, "result."))
    return tuple(sorted(found))


def unknown_values(message: Message) -> tuple[tuple[str, str], ...]:
    """Values that are not among the documented ones, as (field, value), each once.

    >>> from .codec import decode
    >>> unknown_values(decode('{"channel":"status","type":"update","data":[{"system":"asleep"}]}'))
    (('system', 'asleep'),)
    """
    if not isinstance(message, Channel):
        return ()
    data = getattr(message, "data", None)
    found = {
        (name, value)
        for path, name, known in _FIELDS.get(message.channel, ())
        for value in _reach(data, path)
        if value not in known
    }
    return tuple(sorted(found))


def _reach(value: object, path: list[str]) -> Iterator[str]:
    """The texts at a path, through any lists on the way."""
    if isinstance(value, list | tuple):
        for row in value:
            yield from _reach(row, path)
    elif isinstance(value, msgspec.Struct) and path:
        yield from _reach(getattr(value, path[0], None), path[1:])
    elif isinstance(value, str) and not path:
        yield value
