"""What a confirmation must show, as names and values: the same rows in the card and in the plain text.

Where it would go, what it is, what it would do now, and what it would cost. Values are texts for people, not yet
escaped for any reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..wire import rounded
from .figures import money, to_decimals, trimmed
from .legs import TRAILING_TYPES, Leg, limit_is_offset
from .preview import Preview

if TYPE_CHECKING:
    from .proposal import Proposal

__all__ = [
    "FIRST_TIER",
    "counted",
    "or_dash",
    "preview_rows",
    "quantity_words",
    "sum_rows",
    "terms_rows",
    "where_words",
]

_WHERE: Final = {
    "sandbox": "the sandbox on this machine: no real money",
    "replay": "a replayed recording: no real money",
    "paper": "the sandbox, fed with real prices: no real money",
    "live": "Kraken, with real money",
}
"""What each mode means."""
_ELSEWHERE: Final = {
    "paper": "the sandbox, fed by what plays the exchange at {} and is not Kraken: no real money",
    "live": "what plays the exchange at {}, which is not Kraken's address: treated as real money all the same",
}
"""The same where ``at=`` said who plays the exchange. No guard looks at it."""
_NONE: Final = "–"
FIRST_TIER: Final = "of the first tier of the pair's schedule; yours may be lower"
"""What is said once of all figures with a fee: which tier an account is in nobody is asked here."""


def where_words(proposal: Proposal) -> str:
    """What is at the other end, as far as it is known."""
    played = _ELSEWHERE.get(proposal.mode) if proposal.elsewhere else None
    return _WHERE[proposal.mode] if played is None else played.format(proposal.elsewhere)


def terms_rows(leg: Leg, proposal: Proposal) -> Iterator[tuple[str, str]]:
    """What the order is."""
    quote = leg.symbol.partition("/")[2]
    yield "symbol", leg.symbol
    yield "side", leg.side
    yield "type", leg.order_type
    yield "quantity", quantity_words(leg)
    if leg.display_qty is not None:
        yield "visible quantity", f"{leg.display_qty:f} {leg.symbol.partition('/')[0]}"
    if leg.limit_price is not None:
        yield "limit price", _limit(leg.limit_price, leg.limit_price_type, leg.order_type, quote)
    if leg.triggers is not None:
        trigger = _trigger(leg.triggers.price, leg.triggers.price_type, leg.order_type, leg.side, quote)
        yield "trigger", f"{trigger} ({leg.triggers.reference or 'last'})"
    yield "time in force", leg.time_in_force + (f" until {leg.expire_time}" if leg.expire_time else "")
    if leg.effective_time is not None:
        yield "starts", leg.effective_time
    flags = [name.replace("_", "-") for name in ("post_only", "reduce_only", "margin") if getattr(leg, name)]
    flags += [
        f"{name} {value}" for name, value in (("self-trade", leg.stp_type), ("fee in", leg.fee_preference)) if value
    ]
    yield "flags", ", ".join(flags) or "none"
    if leg.conditional is not None:
        close, side = leg.conditional, "sell" if leg.side == "buy" else "buy"
        prices = []
        if close.trigger_price is not None:
            kind = close.trigger_price_type
            prices.append(f"trigger {_trigger(close.trigger_price, kind, close.order_type, side, quote)}")
        if close.limit_price is not None:
            limit = _limit(close.limit_price, close.limit_price_type, close.order_type, quote)
            prices.append(f"limit {limit}")
        yield "close of each fill", f"{close.order_type}, {', '.join(prices)}"
    yield "deadline", f"{proposal.settings.order_deadline:g} s after it is sent"


def preview_rows(leg: Leg, seen: Preview, proposal: Proposal) -> Iterator[tuple[str, str]]:
    """What it would do if the book stood still. What was rounded is marked; `Preview` has every digit."""
    base, _, quote = leg.symbol.partition("/")
    price_digits = None if proposal.pair is None else proposal.pair.price_precision
    if seen.best_price is not None:
        yield f"best {'ask' if leg.side == 'buy' else 'bid'}", f"{seen.best_price:f} {quote}"
        if seen.distance_pct is not None:
            yield "distance from it", _distance(seen.distance_pct)
    if seen.average_price is not None:
        yield "average price", f"{to_decimals(seen.average_price, price_digits)} {quote}"
        yield "worst price", f"{seen.worst_price:f} {quote}"
        yield "slippage", f"{seen.slippage_pct:.3f} %"
        yield "value", money(seen.value, quote, proposal.decimals)
    if seen.resting_qty:
        yield "rests", f"{trimmed(seen.resting_qty)} {base} at {seen.resting_price:f} {quote}"
        yield "queue ahead", _queue(seen, base)
    yield from _fees(seen, proposal)
    if seen.proceeds is not None:
        yield "proceeds, net of fee", money(seen.proceeds, quote, proposal.decimals)


def _queue(seen: Preview, base: str) -> str:
    """What would be served before the rest, as far as anybody sees it."""
    better = or_dash(seen.better_ahead)
    if seen.beyond_levels is not None:
        levels = counted(seen.beyond_levels, "level")
        known = f"the {levels} that {'is' if seen.beyond_levels == 1 else 'are'} known"
        return f"not visible: beyond {known}; at least {better} {base} at better prices"
    return f"{or_dash(seen.queue_ahead)} {base} there, {better} at better prices"


def _fees(seen: Preview, proposal: Proposal) -> Iterator[tuple[str, str]]:
    """What is charged now, and for the rest if it fills where it rests."""
    if proposal.fee_rates is None:
        yield "fee", "not known"
        return
    maker, taker = (trimmed(rate * 100) for rate in proposal.fee_rates)
    if seen.fills and seen.fee is not None:
        yield f"fee now (taker {taker} %)", money(seen.fee, seen.fee_asset, proposal.decimals)
    if seen.resting_fee is not None:
        yield f"fee of the rest (maker {maker} %)", money(seen.resting_fee, seen.fee_asset, proposal.decimals)
    if not seen.fills and seen.resting_fee is None:
        yield "fee", f"maker {maker} %, taker {taker} %"


def sum_rows(proposal: Proposal) -> Iterator[tuple[str, str]]:
    """What the whole request is worth and would leave."""
    quote = proposal.symbol.partition("/")[2]
    adds = "" if proposal.target is None else " added"
    notional = _NONE if proposal.notional is None else money(proposal.notional, quote, proposal.decimals)
    if all(leg.side == "sell" for leg in proposal.legs):
        yield f"counts for limits{adds}", f"{notional}, fee on top"
    else:
        yield f"notional{adds}, fee included", notional
    if proposal.fee_rates is not None:
        yield "fees are", FIRST_TIER
    if proposal.previews:
        last = proposal.previews[-1]
        for asset, amount in last.balances_after.items():
            yield f"{asset} after what fills now", _left(amount, asset, proposal)
        left = "" if last.rate_left is None else f" ({last.rate_left:.1f} left)"
        yield "rate counter", f"{trimmed(last.rate_cost)}{left}"


def _left(amount: Decimal, asset: str, proposal: Proposal) -> str:
    """A balance: of the base currency to the pair's lots, which is finer than what is usually shown of it."""
    if proposal.pair is None or asset != proposal.pair.base:
        return money(amount, asset, proposal.decimals)
    told = rounded(amount, proposal.pair.qty_precision)
    return f"{told.rstrip('0').rstrip('.') if '.' in told else told} {asset}"


def quantity_words(leg: Leg) -> str:
    """Its quantity with its currency."""
    base, _, quote = leg.symbol.partition("/")
    if leg.cash_order_qty is not None:
        return f"for {leg.cash_order_qty:f} {quote}"
    return f"{or_dash(leg.order_qty)} {base}"


def _limit(price: Decimal, kind: str | None, order_type: str, quote: str) -> str:
    if not limit_is_offset(order_type, kind):
        return f"{price:f} {quote}"
    return f"{price:+f} {'%' if kind == 'pct' else quote} from its trigger"


def _trigger(price: Decimal, kind: str | None, order_type: str, side: str, quote: str) -> str:
    if kind in (None, "static"):
        return f"{price:f} {quote}"
    unit = "%" if kind == "pct" else quote
    if order_type not in TRAILING_TYPES:
        return f"{price:+f} {unit} from the price when it is placed"
    return f"{price:f} {unit} {'below the highest' if side == 'sell' else 'above the lowest'} price from then on"


def _distance(pct: Decimal) -> str:
    if not pct:
        return "at it"
    return f"{abs(pct):.3f} % {'above' if pct > 0 else 'below'}"


def or_dash(number: Decimal | None) -> str:
    """A number, or a dash for none."""
    return _NONE if number is None else trimmed(number)


def counted(count: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "check"), counted(2, "check")
    ('1 check', '2 checks')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
