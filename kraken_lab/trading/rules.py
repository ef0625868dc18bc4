"""How careful the acting road is: every time and limit of orders in two frozen values.

`OrderSettings` are times and tolerances with defaults. `Limits` are what one person allows this kernel to do with an
account: four of them have no default, and live cannot be armed without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from ..errors import BadArgument
from ..wire import number, plainly_made
from .amounts import Amounts, capitals, positive, quote_of

__all__ = ["Limits", "OrderSettings"]


@plainly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettings:
    """Times in seconds, tolerances in percent.

    Raises:
        BadArgument: a value that is not positive, or a deadline that the exchange does not take.

    >>> OrderSettings(confirm_ttl=10).confirm_ttl
    10
    """

    order_deadline: float = 5.0
    """Sent with every order: the engine must not match it later than so long after it was sent (0.5 to 60)."""
    settle_margin: float = 2.0
    """No order is concluded not to exist earlier than ``order_deadline`` plus this plus the clocks' uncertainty."""
    rest_lag: float = 75.0
    """REST is known to lag: that it does not show an order counts only when it was asked this long after the send."""
    confirm_ttl: float = 30.0
    """How long a proposal that is being confirmed stays good, on the kernel's clock."""
    click_lag: float = 2.0
    """A click delivered later than this after it was made is void."""
    arm_idle: float = 900.0
    """Arming lapses after so long without an order."""
    arm_max: float = 28_800.0
    """Arming lapses after so long in any case."""
    collar_pct: float = 5.0
    """How far through the opposite best price a limit price may reach."""
    max_slippage_pct: float = 2.0
    """How much worse than the best price a market order's estimated average may be."""
    book_max_age: float = 2.0
    """A price reference needs a verified book on a connection that delivered anything within this time."""
    dms_timeout: float = 60.0
    """Until the dead man's switch fires, after its last refresh."""
    dms_refresh: float = 15.0
    """Between two refreshes of the dead man's switch."""
    dms_alarm: float = 20.0
    """A refresh that is not acknowledged within this is said aloud."""
    cancel_attempts: int = 3
    """How often a cancel is sent at most."""
    audit_group: float = 1.0
    """The latest that an audit record nothing waits for is flushed."""

    def __post_init__(self) -> None:
        for field in fields(self):
            unit = "percent" if field.name.endswith("_pct") else "seconds" if isinstance(field.default, float) else ""
            number(field.name, getattr(self, field.name), unit, above=0)
        if not 0.5 <= self.order_deadline <= 60:
            raise BadArgument("order_deadline", self.order_deadline, "0.5 to 60 seconds, which the exchange takes")


@plainly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What this kernel may do with an account. Notionals are in quote currency, fees included.

    A notional is an amount for each quote currency, ``{"USD": "1000", "BTC": "0.05"}``, and an order in another is
    refused; or a plain number, which is in the quote currency of the order's pair. Where ``allowed_symbols`` has pairs
    of several quote currencies, a plain number would mean as many bitcoin as dollars, so it is not taken.

    ``max_order_notional``, ``max_day_notional`` (UTC day), ``max_open_orders`` and ``allowed_symbols`` have no default;
    live needs all four. ``order_rate`` is orders in ``order_rate_s`` seconds, ``dup_window_s`` how long the same order
    again needs a confirmation that says so. None means: not set, which in the sandbox is no limit.

    Raises:
        BadArgument: not a positive number, a symbol that cannot be one, or a quote currency of ``allowed_symbols`` for
            which no amount is given.

    >>> Limits(max_order_notional="500", allowed_symbols=["BTC/USD"]).missing
    ('max_day_notional', 'max_open_orders')
    """

    max_order_notional: Decimal | Mapping[str, Decimal] | None = None
    max_day_notional: Decimal | Mapping[str, Decimal] | None = None
    max_open_orders: int | None = None
    allowed_symbols: frozenset[str] | None = None
    order_rate: int | None = None
    order_rate_s: float = 10.0
    dup_window_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("max_order_notional", "max_day_notional"):
            value = getattr(self, name)
            if value is not None:
                exact = Amounts(name, value) if isinstance(value, Mapping) else positive(name, value)
                object.__setattr__(self, name, exact)
        for name in ("max_open_orders", "order_rate"):
            count = getattr(self, name)
            if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
                raise BadArgument(name, count, "a whole number, 1 or more")
        for name in ("order_rate_s", "dup_window_s"):
            if getattr(self, name) is not None:
                number(name, getattr(self, name), "seconds", above=0)
        if self.allowed_symbols is not None:
            object.__setattr__(self, "allowed_symbols", _symbols(self.allowed_symbols))
            for name in ("max_order_notional", "max_day_notional"):
                _check_currencies(name, getattr(self, name), {quote_of(symbol) for symbol in self.allowed_symbols})

    def order_notional(self, quote: str) -> Decimal | None:
        """What an order may be worth in one quote currency; None where no amount is set in it.

        >>> Limits(max_order_notional={"USD": "500"}).order_notional("BTC") is None
        True
        """
        return _of(self.max_order_notional, quote)

    def day_notional(self, quote: str) -> Decimal | None:
        """What all orders of a UTC day may be worth in one quote currency; None where no amount is set in it."""
        return _of(self.max_day_notional, quote)

    def words(self) -> Iterator[str]:
        """What holds, a line for each allowed pair in its own currency, then a line for all of them.

        >>> most = {"USD": "500", "BTC": "0.01"}
        >>> tight = Limits(max_order_notional=most, allowed_symbols=["ETH/BTC", "BTC/USD"], max_open_orders=3)
        >>> for line in tight.words():
        ...     print(line)
        BTC/USD: at most 500 USD an order, fees included
        ETH/BTC: at most 0.01 BTC an order, fees included
        all pairs together: at most 3 open orders
        """
        for symbol in sorted(self.allowed_symbols or ()):
            quote = quote_of(symbol)
            most = (
                (self.order_notional(quote), "an order"),
                (self.day_notional(quote), f"a UTC day over all {quote} pairs"),
            )
            told = [f"{amount:f} {quote} {each}" for amount, each in most if amount is not None]
            yield f"{symbol}: " + (f"at most {' and '.join(told)}, fees included" if told else "no limit in money")
        counts = [] if self.max_open_orders is None else [f"{self.max_open_orders} open orders"]
        counts += [] if self.order_rate is None else [f"{self.order_rate} orders in {self.order_rate_s:g} s"]
        if counts:
            yield f"all pairs together: at most {' and '.join(counts)}"

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the four that live needs and that are not given."""
        needed = ("max_order_notional", "max_day_notional", "max_open_orders", "allowed_symbols")
        return tuple(name for name in needed if getattr(self, name) is None)


def _of(limit: Decimal | Mapping[str, Decimal] | None, quote: str) -> Decimal | None:
    return limit.get(quote) if isinstance(limit, Mapping) else limit


def _check_currencies(name: str, limit: Decimal | Mapping[str, Decimal] | None, quotes: set[str]) -> None:
    """An amount means one thing: it is not taken where it would be of several currencies, or is missing in one."""
    each = f"an amount for each of {', '.join(sorted(quotes))}, the quote currencies of allowed_symbols"
    if isinstance(limit, Mapping):
        if missing := sorted(quotes - limit.keys()):
            raise BadArgument(name, limit, each, f"There is none in {' and '.join(missing)}.")
    elif limit is not None and len(quotes) > 1:
        shown = ", ".join(f"{quote!r}: ..." for quote in sorted(quotes))
        alike = " as well as ".join(f"{limit:f} {quote}" for quote in sorted(quotes))
        raise BadArgument(name, f"{limit:f}", f"{each}, as in {{{shown}}}", f"A plain number would mean {alike}.")


def _symbols(given: object) -> frozenset[str]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise BadArgument("allowed_symbols", given, "a list of symbols such as ['BTC/USD']")
    symbols = frozenset(given)
    if not symbols or not all(isinstance(symbol, str) and "/" in symbol for symbol in symbols):
        raise BadArgument("allowed_symbols", given, "a list of symbols such as ['BTC/USD']")
    return frozenset(map(capitals, symbols))
