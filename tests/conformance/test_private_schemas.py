"""Every message of a long trading session, with orders of all kinds at random, held to documented shapes."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from kraken_lab.sandbox import Exchange
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.orders import Order
from tests.sandbox.talk import Trader, written

from .checks import read
from .documented_private import Digits, PrivateJudge

SECOND = 1_000_000_000
ROUNDS = 400
SYMBOLS = ("BTC/USD", "SHIB/USD", "PEPE/USD", "ETH/BTC", "ACA/EUR")
KINDS = (
    *["limit"] * 5, "market", "market", "iceberg", "stop-loss", "take-profit-limit", "trailing-stop",
    "trailing-stop-limit", "stop-loss-limit",
)  # fmt: skip


class Gambler:
    """Somebody who asks for everything there is, sensible or not, and keeps what was said."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.exchange = Exchange(seed=seed, rate=60.0, tier="pro")
        assert isinstance(self.exchange.market, Market)
        self.market = self.exchange.market
        trader = Trader(self.exchange)
        self.session, self.token = trader.session, trader.token
        self.said: list[Any] = []
        for channel in ("executions", "balances"):
            self.ask("subscribe", channel=channel, **({"ratecounter": True} if channel == "executions" else {}))

    def ask(self, method: str, **params: Any) -> Any:
        """Send a request and keep all that was said; its first answer, if there was one."""
        self.session.receive(written({"method": method, "params": {**params, "token": self.token}, "req_id": 1}))
        return next((message for message in self.listen() if "method" in message), None)

    def listen(self) -> list[Any]:
        """Take what was said."""
        said = [read(text) for text in self.session.drain()]
        self.said += said
        return said

    def play(self) -> None:
        """One move, then a little time."""
        move = self.random.choice(["add"] * 6 + ["amend", "amend", "cancel", "edit", "batch", "many", "fill"])
        getattr(self, f"_{move}")()
        if self.random.random() < 0.05:
            self.ask("cancel_all")
        if self.random.random() < 0.05:
            self.ask("cancel_all_orders_after", timeout=self.random.choice([0, 2, 60]))
        self.exchange.advance(self.exchange.now_ns + self.random.randrange(2 * SECOND))
        self.listen()

    # --- moves --------------------------------------------------------------------------------------------------------

    def _order(self, symbol: str) -> dict[str, Any]:
        """The parameters of some order, near the market."""
        draw, pair = self.random, self.market.pairs[symbol]
        side = draw.choice(["buy", "sell"])
        kind = draw.choice(KINDS)
        qty = Decimal(pair.qty_min * draw.randrange(1, 40)).scaleb(-pair.qty_precision)
        order: dict[str, Any] = {"order_type": kind, "side": side, "order_qty": qty}
        if kind in ("limit", "iceberg") or kind in ("stop-loss-limit", "take-profit-limit"):
            order["limit_price"] = self._price(symbol, draw.randrange(-30, 31))
        if kind == "iceberg":
            order["display_qty"] = max(qty / 10, Decimal(pair.qty_increment).scaleb(-pair.qty_precision))
            order["display_qty"] = round(order["display_qty"], pair.qty_precision)
        if kind == "trailing-stop-limit":
            order |= {"limit_price": Decimal(0), "limit_price_type": "quote"}
        if kind.startswith("trailing"):
            order["triggers"] = {"price": Decimal("0.05"), "price_type": "pct"}
        elif kind.startswith(("stop", "take")):
            order["triggers"] = {"price": self._price(symbol, draw.randrange(-20, 21)), "price_type": "static"}
        if kind == "limit":
            order |= draw.choice([
                {}, {"time_in_force": "ioc"}, {"time_in_force": "fok"}, {"post_only": True}, {"fee_preference": "base"},
                {"conditional": {"order_type": "limit", "limit_price": self._price(symbol, draw.randrange(-30, 31))}},
                {"stp_type": "cancel_both"}, {"sender_sub_id": "desk 7"},
            ])  # fmt: skip
        return order | draw.choice(
            [{}, {"cl_ord_id": f"g-{draw.randrange(10**9)}"}, {"order_userref": draw.randrange(5)}]
        )

    def _price(self, symbol: str, steps: int) -> Decimal:
        pair = self.market.pairs[symbol]
        price = self.market.ticker(symbol).last
        price += steps * max(price // 20_000, 1)
        price -= price % pair.price_increment
        return Decimal(price).scaleb(-pair.price_precision)

    def _add(self) -> None:
        symbol = self.random.choice(SYMBOLS)
        self.ask("add_order", symbol=symbol, **self._order(symbol))

    def _batch(self) -> None:
        symbol = self.random.choice(SYMBOLS)
        self.ask("batch_add", symbol=symbol, orders=[self._order(symbol) for _ in range(3)])

    def _amend(self) -> None:
        for order in self._some():
            qty = Decimal(order.order_qty * 2).scaleb(-order.pair.qty_precision)
            self.ask("amend_order", order_id=order.order_id, order_qty=qty)

    def _edit(self) -> None:
        for order in self._some():
            self.ask("edit_order", order_id=order.order_id, symbol=order.symbol)

    def _cancel(self) -> None:
        for order in self._some():
            self.ask("cancel_order", order_id=[order.order_id, "OAAAAA-BBBBB-CCCCCC"])

    def _many(self) -> None:
        orders = self.exchange.trading.open_orders[:3]
        self.ask("batch_cancel", orders=[order.order_id for order in orders])

    def _fill(self) -> None:
        for order in self.exchange.trading.open_orders[:2]:
            if order.order_type in ("limit", "iceberg") and order.status in ("new", "partially_filled"):
                shown = order.order_qty if order.display_remain is None else order.display_remain
                qty = Decimal(min(shown, order.left)).scaleb(-order.pair.qty_precision)
                self.exchange.faults.fill(order.order_id, qty)

    def _some(self) -> list[Order]:
        orders = self.exchange.trading.open_orders
        return [self.random.choice(orders)] if orders else []


@pytest.fixture(scope="module")
def gambler() -> Gambler:
    """After all his moves, with everything cancelled at the end."""
    gambler = Gambler(seed=3)
    for _ in range(ROUNDS):
        gambler.play()
    gambler.ask("cancel_all")
    return gambler


@pytest.fixture
def judge(gambler: Gambler) -> PrivateJudge:
    """One who knows pairs and assets."""
    pairs = {
        symbol: Digits(pair.price_precision, pair.qty_precision, pair.cost_precision)
        for symbol, pair in gambler.market.pairs.items()
    }
    return PrivateJudge(pairs, {name: asset.precision for name, asset in gambler.market.assets.items()})


def test_every_message_has_its_documented_shape_and_follows_from_those_before(
    gambler: Gambler, judge: PrivateJudge
) -> None:
    """Keys, types, digits; numbers without a hole, quantities and balances that add up, nothing after an end."""
    wrong = [(said, json.dumps(message)) for message in gambler.said for said in judge.complaints(message)]
    assert not wrong, f"{len(wrong)} complaints, first: {wrong[0]}"
    assert judge.open_orders == frozenset()
    held = gambler.exchange.trading.holdings
    assets = gambler.market.assets
    assert judge.balances == {
        name: Decimal(holding.balance).scaleb(-assets[name].precision) for name, holding in held.items()
    }


def test_the_session_was_worth_judging(gambler: Gambler, judge: PrivateJudge) -> None:
    """Every kind of report that a market makes, every method, and refusals of several kinds."""
    for message in gambler.said:
        assert list(judge.complaints(message)) == []
    assert set(judge.kinds) >= {
        "pending_new", "new", "trade", "filled", "canceled", "amended", "status", "iceberg_refill",
    }  # fmt: skip
    assert judge.kinds["trade"] > 100
    granted = {message["method"] for message in gambler.said if message.get("success") is True}
    assert granted == {
        "subscribe", "add_order", "amend_order", "edit_order", "cancel_order", "cancel_all", "cancel_all_orders_after",
        "batch_add", "batch_cancel",
    }  # fmt: skip
    errors = {message["error"] for message in gambler.said if "error" in message}
    assert len(errors) >= 3, errors
