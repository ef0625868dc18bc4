"""The assets and pairs that the sandbox lists, as the ``instrument`` channel and REST describe them.

The twelve pairs are chosen so that every shape a client must cope with is here: prices with one decimal and with nine,
quantities with eight decimals and with none, a price step coarser than its precision, a thin book, pairs that take only
cancels or only post-only orders, and pairs without margin. The figures are fixed, realistic and nobody's quotation.

Source: Instrument, Kraken WebSocket API v2 reference; Get Tradable Asset Pairs, Kraken REST API reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = ["ASSETS", "PAIRS", "Asset", "AssetStatus", "Pair", "PairStatus"]

AssetStatus: TypeAlias = Literal[
    "enabled", "depositonly", "withdrawalonly", "fundingtemporarilydisabled", "disabled", "workinprogress"
]
PairStatus: TypeAlias = Literal[
    "online", "cancel_only", "delisted", "limit_only", "maintenance", "post_only", "reduce_only", "work_in_progress"
]


@dataclass(frozen=True, slots=True)
class Asset:
    """A currency. ``collateral_value`` (0 to 1) and ``margin_rate`` are the digits to print; no rate, not borrowable.

    ``precision`` is the decimals of a balance. ``rest_name`` (``XXBT``) and ``altname`` (``XBT``) are REST's names.
    """

    id: str
    rest_name: str
    altname: str
    precision: int
    precision_display: int
    collateral_value: str
    margin_rate: str | None = None
    status: AssetStatus = "enabled"
    asset_class: str = "currency"

    @property
    def borrowable(self) -> bool:
        """Whether it can be borrowed, which is when it has a margin rate."""
        return self.margin_rate is not None


@dataclass(frozen=True, slots=True)
class Pair:
    """A market: what is traded for what, in which steps.

    ``price_increment`` is scaled by ``price_precision``; ``qty_increment`` and ``qty_min`` by ``qty_precision``.
    ``cost_min`` (quote), ``margin_initial`` (share of the cost) and the fees (percent of the cost) are the digits to
    print; position limits are in whole units of base. What concerns margin is None where there is none.
    """

    symbol: str
    base: str
    quote: str
    rest_name: str
    altname: str
    wsname: str
    price_precision: int
    qty_precision: int
    cost_precision: int
    price_increment: int
    qty_increment: int
    qty_min: int
    cost_min: str
    margin_initial: str | None = None
    position_limit_long: int | None = None
    position_limit_short: int | None = None
    leverages: tuple[int, ...] = ()
    has_index: bool = True
    status: PairStatus = "online"
    maker_fee: str = "0.16"
    taker_fee: str = "0.26"

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it may be asked for under: ``BTC/USD``, ``XBT/USD``, ``XBTUSD``, ``XXBTZUSD``, ``BTCUSD``."""
        return self.symbol, self.wsname, self.altname, self.rest_name, self.symbol.replace("/", "")

    @property
    def marginable(self) -> bool:
        """Whether it can be traded on margin, which is when it has an initial margin."""
        return self.margin_initial is not None

    @property
    def ws_display_price_precision(self) -> int:
        """Decimals suggested for display: those of ``price_precision``."""
        return self.price_precision


ASSETS: Final[tuple[Asset, ...]] = (
    Asset("USD", "ZUSD", "USD", 4, 2, "1.000", "0.050000"),
    Asset("EUR", "ZEUR", "EUR", 4, 2, "1.000", "0.050000"),
    Asset("GBP", "ZGBP", "GBP", 4, 2, "1.000", "0.050000"),
    Asset("BTC", "XXBT", "XBT", 10, 5, "1.000", "0.010000"),
    Asset("ETH", "XETH", "ETH", 10, 5, "0.990", "0.020000"),
    Asset("SOL", "SOL", "SOL", 10, 5, "0.950", "0.020000"),
    Asset("XRP", "XXRP", "XRP", 8, 5, "0.900", "0.020000"),
    Asset("DOGE", "XXDG", "XDG", 8, 2, "0.850", "0.020000"),
    Asset("DOT", "DOT", "DOT", 10, 8, "0.900", "0.020000"),
    Asset("SHIB", "SHIB", "SHIB", 5, 5, "0.000"),
    Asset("PEPE", "PEPE", "PEPE", 5, 5, "0.000"),
    Asset("ACA", "ACA", "ACA", 10, 5, "0.000"),
    Asset("MATIC", "MATIC", "MATIC", 10, 5, "0.000", status="withdrawalonly"),
    Asset("POL", "POL", "POL", 10, 5, "0.000"),
)


PAIRS: Final[tuple[Pair, ...]] = (
    Pair(
        "BTC/USD", "BTC", "USD", "XXBTZUSD", "XBTUSD", "XBT/USD",
        price_precision=1, qty_precision=8, cost_precision=5,
        price_increment=1, qty_increment=1, qty_min=5_000, cost_min="0.50",
        margin_initial="0.20", position_limit_long=250, position_limit_short=200, leverages=(2, 3, 4, 5),
    ),
    Pair(
        "ETH/USD", "ETH", "USD", "XETHZUSD", "ETHUSD", "ETH/USD",
        price_precision=2, qty_precision=8, cost_precision=5,
        price_increment=1, qty_increment=1, qty_min=200_000, cost_min="0.50",
        margin_initial="0.20", position_limit_long=5_000, position_limit_short=3_000, leverages=(2, 3, 4, 5),
    ),
    Pair(
        "SOL/USD", "SOL", "USD", "SOLUSD", "SOLUSD", "SOL/USD",
        price_precision=2, qty_precision=8, cost_precision=5,
        price_increment=1, qty_increment=1, qty_min=2_000_000, cost_min="0.50",
        margin_initial="0.25", position_limit_long=20_000, position_limit_short=15_000, leverages=(2, 3, 4),
    ),
    Pair(
        "XRP/USD", "XRP", "USD", "XXRPZUSD", "XRPUSD", "XRP/USD",
        price_precision=5, qty_precision=8, cost_precision=6,
        price_increment=1, qty_increment=1, qty_min=200_000_000, cost_min="0.50",
        margin_initial="0.20", position_limit_long=2_000_000, position_limit_short=1_500_000, leverages=(2, 3, 4, 5),
    ),
    Pair(
        "DOGE/USD", "DOGE", "USD", "XDGUSD", "XDGUSD", "XDG/USD",
        price_precision=7, qty_precision=8, cost_precision=7,
        price_increment=1, qty_increment=1, qty_min=1_300_000_000, cost_min="0.50",
        margin_initial="0.33", position_limit_long=5_000_000, position_limit_short=4_000_000, leverages=(2, 3),
    ),
    Pair(
        "SHIB/USD", "SHIB", "USD", "SHIBUSD", "SHIBUSD", "SHIB/USD",
        price_precision=8, qty_precision=5, cost_precision=8,
        price_increment=1, qty_increment=1, qty_min=16_000_000_000, cost_min="0.50",
    ),
    Pair(
        "ETH/BTC", "ETH", "BTC", "XETHXXBT", "ETHXBT", "ETH/XBT",
        price_precision=5, qty_precision=8, cost_precision=10,
        price_increment=1, qty_increment=1, qty_min=200_000, cost_min="0.00002",
        margin_initial="0.20", position_limit_long=3_000, position_limit_short=2_000, leverages=(2, 3, 4, 5),
    ),
    Pair(  # price steps of 0.0005 at four decimals
        "DOT/USD", "DOT", "USD", "DOTUSD", "DOTUSD", "DOT/USD",
        price_precision=4, qty_precision=8, cost_precision=6,
        price_increment=5, qty_increment=1, qty_min=100_000_000, cost_min="0.50",
        margin_initial="0.33", position_limit_long=80_000, position_limit_short=60_000, leverages=(2, 3),
    ),
    Pair(  # whole coins only
        "PEPE/USD", "PEPE", "USD", "PEPEUSD", "PEPEUSD", "PEPE/USD",
        price_precision=9, qty_precision=0, cost_precision=9,
        price_increment=1, qty_increment=1, qty_min=250_000, cost_min="0.50", has_index=False,
    ),
    Pair(  # thin: a handful of levels a side, now and then none
        "ACA/EUR", "ACA", "EUR", "ACAEUR", "ACAEUR", "ACA/EUR",
        price_precision=5, qty_precision=8, cost_precision=6,
        price_increment=1, qty_increment=1, qty_min=5_000_000_000, cost_min="0.45", has_index=False,
    ),
    Pair(
        "MATIC/GBP", "MATIC", "GBP", "MATICGBP", "MATICGBP", "MATIC/GBP",
        price_precision=4, qty_precision=8, cost_precision=6,
        price_increment=1, qty_increment=1, qty_min=1_000_000_000, cost_min="0.43", status="cancel_only",
    ),
    Pair(
        "POL/EUR", "POL", "EUR", "POLEUR", "POLEUR", "POL/EUR",
        price_precision=4, qty_precision=8, cost_precision=6,
        price_increment=1, qty_increment=1, qty_min=1_000_000_000, cost_min="0.45", status="post_only",
    ),
)  # fmt: skip
