"""The private REST paths: the account looked at, and orders placed and cancelled.

Orders and trades may be shown as they were a while ago (`Faults.rest_lag`); whatever changes something acts at once.

Assumed, because nobody has published it: ids that are unknown are left out of ``QueryOrders`` and ``QueryTrades``.

Source: Account Data and Trading pages, Kraken REST API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from kraken_lab.sandbox.account_past import AccountPast
from kraken_lab.sandbox.api_key import ApiKey, Permission
from kraken_lab.sandbox.desk import Desk
from kraken_lab.sandbox.json_text import array, members, text
from kraken_lab.sandbox.numbers import NS_PER_SECOND, written
from kraken_lab.sandbox.orders import Fill, Order
from kraken_lab.sandbox.rest_answer import ApiError
from kraken_lab.sandbox.rest_order_terms import Parameters, flag, invalid
from kraken_lab.sandbox.rest_orders import consolidated, order_entry, trade_entry
from kraken_lab.sandbox.rest_trading import RestTrading
from kraken_lab.sandbox.trading import Rejection

__all__ = ["PrivateRest"]

PAGE: Final = 50
MOST_ORDERS: Final = 50
MOST_TRADES: Final = 20
_Item = TypeVar("_Item", Order, Fill)


class _Path(NamedTuple):
    """What answers a path, which permissions let it in (any of them), and what a call costs."""

    answer: Callable[[Parameters, int], str]
    permissions: tuple[Permission, ...] = ()
    cost: int = 1


class PrivateRest:
    """Answers the paths below ``/0/private/`` for the holder of the key."""

    def __init__(self, desk: Desk, past: AccountPast, orders: RestTrading) -> None:
        self._desk = desk
        self._past = past
        self._key: ApiKey = desk.key
        queries: tuple[Permission, ...] = ("query-open-trades", "query-closed-trades")
        entering: tuple[Permission, ...] = ("modify-trades",)
        leaving: tuple[Permission, ...] = ("close-trades", "modify-trades")
        self._paths = {
            "GetWebSocketsToken": _Path(self._token, ("websockets",)),
            "GetApiKeyInfo": _Path(self._key_info),
            "Balance": _Path(self._balance, ("query-funds",)),
            "BalanceEx": _Path(self._balance_ex, ("query-funds",)),
            "OpenOrders": _Path(self._open_orders, ("query-open-trades",)),
            "ClosedOrders": _Path(self._closed_orders, ("query-closed-trades",)),
            "QueryOrders": _Path(self._query_orders, queries),
            "TradesHistory": _Path(self._trades_history, queries, 2),
            "QueryTrades": _Path(self._query_trades, queries),
            "AddOrder": _Path(orders.add, entering, 0),
            "AddOrderBatch": _Path(orders.add_batch, entering, 0),
            "AmendOrder": _Path(orders.amend, entering, 0),
            "EditOrder": _Path(orders.edit, entering, 0),
            "CancelOrder": _Path(orders.cancel, leaving, 0),
            "CancelOrderBatch": _Path(orders.cancel_batch, leaving, 0),
            "CancelAll": _Path(orders.cancel_all, leaving, 0),
            "CancelAllOrdersAfter": _Path(orders.cancel_all_after, leaving, 0),
        }

    def cost(self, name: str) -> int:
        """By how much a call raises the counter of calls."""
        return self._paths[name].cost if name in self._paths else 1

    def result(self, name: str, parameters: Parameters, now_ns: int) -> str:
        """The ``result`` of a path, as JSON text.

        Raises:
            ApiError: the request is refused.
        """
        path = self._paths.get(name)
        if path is None:
            raise ApiError("EGeneral:Unknown method")
        if path.permissions and not self._key.may(*path.permissions):
            raise ApiError("EGeneral:Permission denied")
        try:
            return path.answer(parameters, now_ns)
        except Rejection as rejection:
            raise ApiError(str(rejection)) from None

    # --- the key and the money --------------------------------------------------------------------------------------

    def _token(self, parameters: Parameters, now_ns: int) -> str:
        token = self._desk.tokens.issue(now_ns)
        return members(token=text(token), expires=str(self._desk.tokens.lifetime_s))

    def _key_info(self, parameters: Parameters, now_ns: int) -> str:
        def second(ns: int) -> str:
            return text(str(ns // NS_PER_SECOND))

        key = self._key
        return members(
            apiKeyName=text("kraken_lab sandbox"),
            apiKey=text(key.key),
            nonce=text(str(key.last_nonce)),
            nonceWindow="0",
            permissions=array(map(text, sorted(key.permissions))),
            iban=text(""),
            validUntil=text("0"),
            queryFrom=text("0"),
            queryTo=text("0"),
            createdTime=second(key.created_ns),
            modifiedTime=second(key.modified_ns or key.created_ns),
            ipAllowlist=array([]),
            lastUsed=second(now_ns),
        )

    def _balance(self, parameters: Parameters, now_ns: int) -> str:
        return members(**{name: text(balance) for name, balance, _ in self._holdings()})

    def _balance_ex(self, parameters: Parameters, now_ns: int) -> str:
        return members(
            **{name: members(balance=text(balance), hold_trade=text(hold)) for name, balance, hold in self._holdings()}
        )

    def _holdings(self) -> list[tuple[str, str, str]]:
        """REST's name, balance and hold of each asset."""
        holdings = self._desk.trading.holdings
        return [
            (asset.rest_name, written(held.balance, asset.precision), written(held.hold, asset.precision))
            for asset in self._desk.listing.assets
            if (held := holdings.get(asset.id)) is not None
        ]

    # --- orders -----------------------------------------------------------------------------------------------------

    def _open_orders(self, parameters: Parameters, now_ns: int) -> str:
        orders = [order for order in self._orders(parameters, now_ns) if order.is_open]
        return members(open=self._written(reversed(orders), parameters))

    def _closed_orders(self, parameters: Parameters, now_ns: int) -> str:
        closed = [order for order in self._orders(parameters, now_ns) if not order.is_open]
        closed.sort(key=lambda order: order.closed_ns or 0, reverse=True)
        by = parameters.get("closetime", "both")
        if by not in ("open", "close", "both"):
            raise invalid("closetime")
        begin_ns, end_ns = self._span(parameters)
        found = [
            order
            for order in closed
            if (by != "close" and begin_ns < order.created_ns <= end_ns)
            or (by != "open" and begin_ns < (order.closed_ns or 0) <= end_ns)
        ]
        page = _page(found, parameters)
        return members(closed=self._written(page, parameters), **_count(found, parameters))

    def _query_orders(self, parameters: Parameters, now_ns: int) -> str:
        orders = self._orders(parameters, now_ns)
        if "txid" in parameters:
            wanted = _ids(parameters["txid"], MOST_ORDERS)
            orders = [order for order in orders if order.order_id in wanted]
        elif "cl_ord_id" not in parameters and "userref" not in parameters:
            raise invalid("txid")
        for order in orders:
            if not self._key.may("query-open-trades" if order.is_open else "query-closed-trades"):
                raise ApiError("EGeneral:Permission denied")
        return self._written(orders, parameters)

    def _orders(self, parameters: Parameters, now_ns: int) -> list[Order]:
        """All orders as they are seen, or those of a client's name."""
        orders = self._past.orders(now_ns - self._desk.faults.rest_lag_ns)
        if "userref" in parameters:
            orders = [order for order in orders if str(order.terms.order_userref) == parameters["userref"]]
        if "cl_ord_id" in parameters:
            orders = [order for order in orders if order.terms.cl_ord_id == parameters["cl_ord_id"]]
        return orders

    def _written(self, orders: Iterable[Order], parameters: Parameters) -> str:
        trades = flag(parameters, "trades")
        return members(**{order.order_id: order_entry(order, self._desk.decimals, trades=trades) for order in orders})

    # --- trades -----------------------------------------------------------------------------------------------------

    def _trades_history(self, parameters: Parameters, now_ns: int) -> str:
        begin_ns, end_ns = self._span(parameters)
        fills = self._fills(parameters, now_ns)
        kind = parameters.get("type", "all")
        if kind not in ("all", "any position", "closed position", "closing position", "no position"):
            raise invalid("type")
        found = [fill for fill in fills if begin_ns < fill.ns <= end_ns and kind in ("all", "no position")]
        page = _page(found, parameters)
        return members(trades=self._trades(page, parameters), **_count(found, parameters))

    def _query_trades(self, parameters: Parameters, now_ns: int) -> str:
        wanted = _ids(parameters.get("txid", ""), MOST_TRADES)
        fills = self._past.fills(now_ns - self._desk.faults.rest_lag_ns)
        return self._trades([fill for fill in fills if fill.exec_id in wanted], parameters)

    def _fills(self, parameters: Parameters, now_ns: int) -> list[Fill]:
        fills = self._past.fills(now_ns - self._desk.faults.rest_lag_ns)
        return consolidated(fills) if flag(parameters, "consolidate_taker", True) else fills

    def _trades(self, fills: Iterable[Fill], parameters: Parameters) -> str:
        ledgers = flag(parameters, "ledgers")
        pairs = {pair.symbol: pair for pair in self._desk.listing.pairs}
        return members(
            **{
                fill.exec_id: trade_entry(fill, pairs[fill.symbol], self._desk.decimals, ledgers=ledgers)
                for fill in fills
            }
        )

    def _span(self, parameters: Parameters) -> tuple[int, int]:
        """After which instant and until which; both may be times in seconds, or ids of what happened then."""
        return self._instant(parameters, "start", -1), self._instant(parameters, "end", 2**63)

    def _instant(self, parameters: Parameters, name: str, default: int) -> int:
        given = parameters.get(name, "")
        if not given:
            return default
        order = self._desk.trading.order(given)
        if order is not None:
            return order.created_ns
        for fill in self._desk.trading.fills:
            if fill.exec_id == given:
                return fill.ns
        try:
            return round(float(given) * NS_PER_SECOND)
        except (ValueError, OverflowError):
            raise invalid(name) from None


def _ids(given: str, most: int) -> set[str]:
    ids = {each.strip() for each in given.split(",") if each.strip()}
    if not 1 <= len(ids) <= most:
        raise invalid("txid")
    return ids


def _page(found: list[_Item], parameters: Parameters) -> list[_Item]:
    offset = parameters.get("ofs", "") or "0"
    if not (offset.isascii() and offset.isdigit() and len(offset) < 10):
        raise invalid("ofs")
    return found[int(offset) : int(offset) + PAGE]


def _count(found: Sequence[object], parameters: Parameters) -> dict[str, str]:
    return {} if flag(parameters, "without_count") else {"count": str(len(found))}
