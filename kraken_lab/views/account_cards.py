"""The account as small tables and gauges: fills, balances, positions, the rate counter, the dead man's switch.

Every function takes values and gives escaped HTML. Nothing is computed here that is not on the screen only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from ..trading import AccountSnapshot, FillRecord, OrderRecord, Position
from ..trading.dead_man import DeadManState, DeadManStatus
from ..trading.facts import RateCount
from ..trading.figures import money, trimmed
from ..trading.kill import KillReport
from ..trading.words import in_words
from ..wire import shortened
from . import cells, escape
from .card import Tone, banner, marked_lines, table

__all__ = [
    "account_head",
    "balances_html",
    "dead_man_words",
    "fills_html",
    "kill_words",
    "order_line",
    "positions_html",
    "rates_html",
]

SHOWN: Final = 12
_UNKNOWN: Final[Mapping[str, int]] = MappingProxyType({})
_ALARMS: Final = 3


def account_head(mode_words: str, account: str, known: AccountSnapshot) -> str:
    """Where orders go, whether the account is known for sure, and what a person should look at."""
    mode, _, why = mode_words.partition(", ")
    lines: list[tuple[Tone, str, str]] = (
        [("down", "HALTED", f"{why.removeprefix('HALTED ')}. lab.resume('why') ends it.")] if why else []
    )
    if not known.reconciled:
        lines.append(("warn", "NOT SURE", known.reconciling))
    if known.unknown:
        lines.append(("warn", "UNKNOWN", f"{len(known.unknown)} may or may not exist: do not place them again."))
    lines += [("warn", cells.utc(alarm.at_ns, 0), alarm.what) for alarm in known.alarms[-_ALARMS:]]
    said = f"exchange {known.system or 'not heard of'}, {len(known.open)} open"
    words = f"{mode} HALTED" if why else mode
    body = f'<div class="body">{marked_lines(lines)}</div>' if lines else ""
    return banner(words, said, account) + body


def order_line(record: OrderRecord) -> str:
    """An order in one line of a list; printable, and not escaped for HTML.

    >>> from kraken_lab.trading import OrderState
    >>> print(order_line(OrderRecord(state=OrderState.OPEN, order_id="O1", cl_ord_id=None, symbol="BTC/USD", side="buy",
    ...     order_type="limit", order_qty=Decimal("0.01"), limit_price=Decimal(9), created_ns=0, updated_ns=0)))
    OPEN · buy 0.01 BTC/USD limit at 9 · 0 filled · O1
    """
    parts = [str(record.state), in_words(record), f"{record.filled_qty:f} filled"]
    parts += ["placed elsewhere"] * record.external + [record.order_id or record.cl_ord_id or "no id yet"]
    return escape.visible(escape.clip(" · ".join(parts), 200))


def fills_html(fills: Sequence[FillRecord], decimals: Mapping[str, int] = _UNKNOWN) -> str:
    """The newest fills, newest first. ``decimals`` are those that people are usually shown of an asset."""
    if not fills:
        return "<h4>fills</h4><div>Nothing was filled yet.</div>"
    rows = [
        (
            cells.utc(fill.timestamp_ns),
            fill.symbol,
            fill.side,
            fill.liquidity or cells.MISSING,
            f"{fill.price:f}",
            f"{trimmed(fill.qty)} {fill.symbol.partition('/')[0]}",
            money(fill.cost, fill.symbol.partition("/")[2], decimals),
            cells.MISSING if fill.fee is None else money(fill.fee, fill.fee_asset or "", decimals),
        )
        for fill in reversed(fills[-SHOWN:])
    ]
    more = f" (the last {SHOWN} of {len(fills)})" if len(fills) > SHOWN else ""
    names = ["time (UTC)", "symbol", "side", "as", "price", "quantity", "cost", "fee"]
    return f"<h4>fills{more}</h4>" + table(names, rows, texts=4)


def balances_html(balances: Mapping[str, Decimal] | None) -> str:
    """What the account holds, by asset."""
    if balances is None:
        return "<h4>balances</h4><div>Not known for sure now.</div>"
    rows = [(asset, trimmed(amount)) for asset, amount in sorted(balances.items()) if amount]
    return "<h4>balances</h4>" + (table(["asset", "total"], rows, texts=1) if rows else "<div>Nothing.</div>")


def positions_html(
    positions: Iterable[Position], prices: Mapping[str, Decimal], decimals: Mapping[str, int] = _UNKNOWN
) -> str:
    """What the fills add up to, valued at the mid price where there is one; fees aside."""
    rows = []
    for held in positions:
        price, (base, _, quote) = prices.get(held.symbol), held.symbol.partition("/")
        rows.append(
            (
                held.symbol,
                f"{trimmed(held.net_qty)} {base}",
                cells.MISSING if held.avg_cost is None else f"{_price(held.avg_cost)} {quote}",
                money(held.realised, quote, decimals),
                cells.MISSING if price is None else money(held.unrealised(price), quote, decimals),
                ", ".join(money(amount, asset, decimals) for asset, amount in held.fees) or "none",
            )
        )
    if not rows:
        return "<h4>positions</h4><div>None: nothing was traded since this account is watched.</div>"
    names = ["symbol", "net", "average cost", "realised", "unrealised", "fees"]
    return "<h4>positions</h4>" + table(names, rows, texts=1)


def rates_html(rates: Mapping[str, RateCount]) -> str:
    """The trading engine's rate counters, as estimated: a gauge a pair, in words too.

    >>> "4 of 125" in rates_html({"BTC/USD": RateCount(count=4.0, maximum=125, decay_per_s=2.34)})
    True
    """
    if not rates:
        return "<h4>rate counter</h4><div>At rest: nothing was sent lately.</div>"
    lines = []
    for symbol, rate in sorted(rates.items()):
        part = min(max(rate.count / rate.maximum, 0.0), 1.0)
        tone = "down" if part > 0.8 else "warn" if part > 0.5 else "up"
        words = f"{rate.count:.3g} of {rate.maximum}, falls by {rate.decay_per_s:g} a second"
        lines.append(
            f'<div class="rate {tone}"><span>{escape.html(escape.clip(symbol))}</span><span class="gauge" role="meter" '
            f'aria-label="rate counter of {escape.attribute(escape.clip(symbol))}" aria-valuemin="0" '
            f'aria-valuemax="{rate.maximum}" aria-valuenow="{rate.count:.1f}">'
            f'<i style="width:{part:.1%}"></i></span><span>{escape.html(words)}</span></div>'
        )
    return "<h4>rate counter</h4>" + "".join(lines)


def dead_man_words(status: DeadManStatus, exchange_ns: int) -> str:
    """The switch in words, counting down to when the exchange would cancel everything.

    >>> on = DeadManStatus(state=DeadManState.ON, timeout_s=60, refreshes=True, refreshed_ns=0,
    ...     trigger_ns=60_000_000_000, why="")
    >>> dead_man_words(on, 15_500_000_000)
    "Dead man's switch ON: in 44 s the exchange cancels everything, unless it is refreshed, which this kernel does."
    """
    words = f"Dead man's switch {status.state}"
    if status.trigger_ns is not None and status.state in (DeadManState.ON, DeadManState.STARTING):
        left = max(0, (status.trigger_ns - exchange_ns) // 10**9)
        kept = "unless it is refreshed, which this kernel does" if status.refreshes else "unless it is set anew"
        words += f": in {left} s the exchange cancels everything, {kept}"
    elif status.state is DeadManState.FIRED:
        words += ": its time has passed, it may have cancelled everything"
    return escape.visible(f"{words} ({status.why})." if status.why else f"{words}.")


def kill_words(report: KillReport) -> str:
    """How far a kill has come, and which orders are not confirmed yet."""
    return escape.visible(escape.clip(report, 600))


def _price(number: Decimal) -> str:
    """A quotient in eight significant digits: as fine as any pair's prices, and no finer."""
    return shortened(number, 8)
