"""An order as a card: its state, what is filled at which price, its fills, and what happened to it when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from ..trading.figures import average, money, trimmed
from ..trading.states import FillRecord, OrderEvent, OrderRecord, OrderState
from ..trading.words import in_words, limit_offset_words
from . import cells, escape
from .card import Tone, card, facts_grid, marked_lines, table

__all__ = ["order_card"]

_SHOWN: Final = 12
_MEANT: Final = {
    OrderState.REFUSED: "stopped here: nothing was sent",
    OrderState.REJECTED: "the exchange said no: nothing was placed",
    OrderState.UNKNOWN: "it may or may not exist: it is being looked for, do not place it again",
    OrderState.NOT_PLACED: "proved to be absent",
    OrderState.IN_FLIGHT: "sent, no answer yet",
    OrderState.PENDING_CANCEL: "a cancel was sent; a fill may still win",
    OrderState.CONFIRMED: "its intent is being written; nothing was sent yet",
}


_TONES: Final = {
    OrderState.OPEN: "up", OrderState.PARTIAL: "up", OrderState.FILLED: "up", OrderState.UNKNOWN: "warn",
    OrderState.PENDING_CANCEL: "warn", OrderState.REFUSED: "down", OrderState.REJECTED: "down",
}  # fmt: skip


def order_card(
    record: OrderRecord,
    fills: tuple[FillRecord, ...] = (),
    timeline: tuple[OrderEvent, ...] = (),
    *,
    mode: str = "",
    decimals: Mapping[str, int] = MappingProxyType({}),
) -> str:
    """An order as HTML. ``mode`` is where it lives, in words, such as ``SANDBOX``.

    ``decimals`` are those that people are usually shown of an asset; where they are not known all digits are.

    >>> from decimal import Decimal
    >>> lost = OrderRecord(state=OrderState.UNKNOWN, order_id=None, cl_ord_id="a1", symbol="BTC/USD", side="buy",
    ...     order_type="market", order_qty=Decimal(1), created_ns=0, updated_ns=0)
    >>> "do not place it again" in order_card(lost)
    True
    """
    tone = "up" if record.side == "buy" else "down"
    where = f'<span class="mode">{escape.html(mode)}</span>' if mode else ""
    meant = _MEANT.get(record.state, "nothing more is expected" if record.is_terminal else "")
    state = f'<span class="state {_TONES.get(record.state, "")}">{escape.html(record.state)}</span>'
    state += f"<span>{escape.html(meant)}</span>"
    whose = "<span>placed elsewhere</span>" if record.external else ""
    parts = [
        f'<div class="banner">{where}{state}{whose}</div><div class="body">',
        f'<div class="head {tone}">{escape.html(escape.clip(in_words(record), 200))}</div>',
        marked_lines(_alerts(record)),
        facts_grid(_facts(record, fills, decimals)),
    ]
    if fills:
        base, _, quote = record.symbol.partition("/")
        names = ["time (UTC)", "as", f"price ({quote})", f"quantity ({base})", "cost", "fee"]
        rows = [_fill(fill, quote, decimals) for fill in fills[-_SHOWN:]]
        more = f" (the last {_SHOWN} of {len(fills)})" if len(fills) > _SHOWN else ""
        parts.append(f"<h4>fills{more}</h4>")
        parts.append(table(names, rows, texts=2))
    if timeline:
        events = [(cells.utc(event.received_at_ns), _since(event, timeline[0]), event.what) for event in timeline]
        told = table(["seen at (UTC)", "after", "what"], events[-_SHOWN:], texts=3)
        parts.append(f'<h4>timeline</h4><div class="timeline">{told}</div>')
    return card(*parts, "</div>", label=f"Order {record.state}: {in_words(record)}")


def _alerts(record: OrderRecord) -> Iterator[tuple[Tone, str, str]]:
    """What must not be overlooked, first."""
    if record.overfilled:
        yield "down", "OVERFILLED", "More was filled than was ordered."
    if record.unverified:
        yield "warn", "UNVERIFIED", "Something was lost since it was seen; it is being looked up."
    if record.amend:
        asked = ", ".join(f"{name} {value:f}" for name, value in record.amending)
        yield (
            "warn",
            f"AMEND {record.amend}",
            f"A change has no answer yet: {asked or 'not known'}. The old values are below.",
        )
    if record.error:
        yield "down", "ERROR", record.error
    if record.reason:
        yield "", "reason", record.reason


def _facts(
    record: OrderRecord, fills: tuple[FillRecord, ...], decimals: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    base, _, quote = record.symbol.partition("/")
    whole = f" of {trimmed(record.order_qty)}" if record.order_qty else ""
    yield "filled", f"{trimmed(record.filled_qty)}{whole} {base}"
    yield "average price", cells.MISSING if record.avg_price is None else f"{_average(record, fills)} {quote}"
    yield "cost", money(record.cost, quote, decimals)
    yield "fees", ", ".join(money(amount, asset, decimals) for asset, amount in record.fees) or "none"
    if record.limit_price is not None:
        yield "limit price", f"{record.limit_price:f} {quote}"
    elif offset := limit_offset_words(record):
        yield "limit price", offset
    if record.trigger_price is not None:
        yield "trigger", f"{record.trigger_price:f} {quote}"
    if record.display_qty is not None:
        yield "visible quantity", f"{trimmed(record.display_qty)} {base}"
    flags = [name.replace("_", "-") for name in ("post_only", "reduce_only", "margin") if getattr(record, name)]
    yield "time in force", ", ".join([(record.time_in_force or cells.MISSING).lower(), *flags])
    yield "order_id", record.order_id or "not known"
    yield "cl_ord_id", record.cl_ord_id or "none"
    yield "the exchange says", record.exchange_status or cells.MISSING
    yield "as of", f"{cells.utc(record.updated_ns)} UTC"


def _average(record: OrderRecord, fills: tuple[FillRecord, ...]) -> str:
    assert record.avg_price is not None
    return average(record.avg_price, [record.limit_price, *(fill.price for fill in fills)])


def _fill(fill: FillRecord, quote: str, decimals: Mapping[str, int]) -> tuple[str, ...]:
    fee = cells.MISSING if fill.fee is None else money(fill.fee, fill.fee_asset or "", decimals)
    cost = money(fill.cost, quote, decimals)
    return (
        cells.utc(fill.timestamp_ns),
        fill.liquidity or cells.MISSING,
        f"{fill.price:f}",
        trimmed(fill.qty),
        cost,
        fee,
    )


def _since(event: OrderEvent, first: OrderEvent) -> str:
    return f"{max(0, event.received_at_ns - first.received_at_ns) / 1e9:.3f} s"
