"""Private REST as the place to look things up: orders, trades and money in its own names and shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.talk import Trader, a_quiet_exchange, wait

DOCUMENTED = json.loads((Path(__file__).parent / "fixtures" / "private-rest.json").read_text())
CANCELS: dict[str, dict[str, object]] = {
    "CancelOrder": {"txid": "x"},
    "CancelAll": {},
    "CancelAllOrdersAfter": {"timeout": 0},
}


def trader(**options: Any) -> Trader:
    """Somebody with a key."""
    return Trader(a_quiet_exchange(**options))


def documented(name: str) -> Any:
    """The result of a documented answer."""
    return DOCUMENTED[name]


def assert_alike(entry: Any, expected: Any, *, also: frozenset[str] = frozenset()) -> None:
    """The keys of a documented entry (and some that it may lack), with values of the same JSON types or null."""
    assert set(entry) - also == set(expected) - also
    for key in set(expected) & set(entry):
        if isinstance(expected[key], dict):
            assert set(entry[key]) == set(expected[key])
        elif entry[key] is not None and expected[key] is not None:
            numbers = (int, float) if isinstance(expected[key], int | float) else type(expected[key])
            assert isinstance(entry[key], numbers), key


def test_open_orders_are_the_documented_ones() -> None:
    """Keyed by their ids; the trades only if they are asked for."""
    person = trader()
    order_id = person.add(limit_price=person.price(1), order_userref=45)
    person.stranger("sell", "4")
    (plain,) = person.rest("OpenOrders")["result"]["open"].values()
    assert "trades" not in plain
    found = person.rest("OpenOrders", trades="true")["result"]["open"]
    first, second = documented("open-orders")["open"].values()
    assert_alike(found[order_id], first)
    assert set(plain) == set(second)
    order = found[order_id]
    assert (order["status"], order["userref"], Decimal(order["vol_exec"])) == ("open", 45, Decimal(4))
    price = person.market.trades("DOT/USD", 1)[0].price
    assert Decimal(order["price"]) == Decimal(price).scaleb(-4)
    assert order["descr"]["order"] == f"buy 10.00000000 DOTUSD @ limit {order['descr']['price']}"
    assert order["trades"] == [fill.exec_id for fill in person.exchange.trading.fills]


def test_closed_orders_say_how_they_ended() -> None:
    """Filled is closed, partly filled and cancelled is cancelled; the last closed comes first, fifty at a time."""
    person = trader()
    canceled = person.add(limit_price=person.price(1))
    person.stranger("sell", "4")
    person.ask("cancel_order", order_id=[canceled])
    wait(person.exchange, 1)
    filled = person.add(order_type="market", cl_ord_id="mine")
    result = person.rest("ClosedOrders")["result"]
    assert list(result["closed"]) == [filled, canceled]
    assert result["count"] == 2
    expected = next(iter(documented("closed-orders")["closed"].values()))
    assert_alike(result["closed"][canceled], expected, also=frozenset({"trigger"}))
    by_name = next(iter(documented("query-orders-cl_ord_id").values()))
    assert_alike(result["closed"][filled], by_name, also=frozenset({"reason", "closetm"}))
    ends = [(order["status"], order["reason"], Decimal(order["vol_exec"])) for order in result["closed"].values()]
    assert ends == [("closed", None, Decimal(10)), ("canceled", "User requested", Decimal(4))]
    assert "count" not in person.rest("ClosedOrders", without_count="true")["result"]
    assert list(person.rest("ClosedOrders", ofs=1)["result"]["closed"]) == [canceled]
    assert list(person.rest("ClosedOrders", cl_ord_id="mine")["result"]["closed"]) == [filled]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"start": 1780000005}, ["second", "first"]),
        ({"start": 1780000005, "closetime": "open"}, ["second"]),
        ({"end": 1780000005}, ["first"]),
        ({"end": 1780000005, "closetime": "close"}, []),
        ({"start": "first", "closetime": "open"}, ["second"]),
    ],
)
def test_closed_orders_are_found_by_time(options: dict[str, Any], found: list[str]) -> None:
    """Of opening, of closing, or either (the default); an order id stands for when it was opened."""
    person = trader()
    ids = {"first": person.add()}
    wait(person.exchange, 10)
    ids["second"] = person.add()
    wait(person.exchange, 10)
    person.ask("cancel_order", order_id=[ids["first"]])
    wait(person.exchange, 1)
    person.ask("cancel_order", order_id=[ids["second"]])
    closed = person.rest("ClosedOrders", **{name: ids.get(value, value) for name, value in options.items()})
    assert list(closed["result"]["closed"]) == [ids[name] for name in found]


def test_orders_are_looked_up_by_id_or_by_the_clients_name() -> None:
    """Open or closed; what is unknown is left out, which proves nothing."""
    person = trader()
    open_id, closed_id = person.add(cl_ord_id="mine"), person.add(order_type="market")
    found = person.rest("QueryOrders", txid=f"{open_id},{closed_id},OAAAAA-BBBBB-CCCCCC")["result"]
    assert {order_id: order["status"] for order_id, order in found.items()} == {open_id: "open", closed_id: "closed"}
    assert list(person.rest("QueryOrders", cl_ord_id="mine")["result"]) == [open_id]
    assert person.rest("QueryOrders", cl_ord_id="nobodys")["result"] == {}
    assert person.rest("QueryOrders") == {"error": ["EGeneral:Invalid arguments:txid"]}
    assert person.rest("QueryOrders", txid=",".join(f"O{n}" for n in range(51)))["error"]


def test_trades_are_the_documented_ones() -> None:
    """The newest first, keyed by execution id; the ledger's ids if they are asked for."""
    person = trader()
    person.add(limit_price=person.price(1))
    person.stranger("sell", "4")
    person.stranger("sell", "6")
    result = person.rest("TradesHistory", ledgers="true")["result"]
    expected = next(iter(documented("trades-history")["trades"].values()))
    assert [Decimal(trade["vol"]) for trade in result["trades"].values()] == [6, 4]
    assert result["count"] == 2
    for trade in result["trades"].values():
        assert_alike(trade, expected, also=frozenset({"ledgers"}))
        assert trade["maker"] is True
        assert len(trade["ledgers"]) == 2
    newest = next(iter(result["trades"]))
    assert list(person.rest("QueryTrades", txid=newest)["result"]) == [newest]
    assert "ledgers" not in person.rest("QueryTrades", txid=newest)["result"][newest]
    assert person.rest("QueryTrades", txid="")["error"]
    assert person.rest("TradesHistory", type="any position")["result"]["count"] == 0
    assert person.rest("TradesHistory", type="every")["error"] == ["EGeneral:Invalid arguments:type"]


def test_what_one_order_took_at_once_is_one_trade_unless_asked() -> None:
    """By default fills of a taker are merged, so ids differ from the socket's; maker's fills never are."""
    person = trader()
    person.add(order_type="market", order_qty=2000)
    fills = person.exchange.trading.fills
    assert len(fills) > 1
    apart = person.rest("TradesHistory", consolidate_taker="false")["result"]["trades"]
    assert list(apart) == [fill.exec_id for fill in fills]
    (merged,) = person.rest("TradesHistory")["result"]["trades"].values()
    for part in ("vol", "cost", "fee"):
        assert Decimal(merged[part]) == sum(Decimal(trade[part]) for trade in apart.values())


def test_balances_go_by_rests_names() -> None:
    """As text with the asset's decimals; what open orders hold is told by the longer form."""
    person = trader(balances={"USD": Decimal("500"), "DOT": Decimal("20")})
    assert person.rest("Balance")["result"] == {"ZUSD": "500.0000", "DOT": "20.0000000000"}
    person.add(side="sell", limit_price=person.price(100))
    extended = person.rest("BalanceEx")["result"]
    assert [set(each) for each in extended.values()] == [set(each) for each in documented("balance-ex").values()]
    assert Decimal(extended["DOT"]["hold_trade"]) == 10


def test_the_key_tells_what_it_may() -> None:
    """So that one which can withdraw is recognised."""
    person = trader()
    info = person.rest("GetApiKeyInfo")["result"]
    assert_alike(info, documented("api-key-info"))
    assert info["apiKey"] == person.exchange.api_key
    assert "withdraw-funds" not in info["permissions"]
    assert {"query-funds", "query-open-trades", "modify-trades"} <= set(info["permissions"])
    person.exchange.faults.permissions(grant=["withdraw-funds"])
    assert "withdraw-funds" in person.rest("GetApiKeyInfo")["result"]["permissions"]


def test_an_order_is_placed_and_cancelled_over_rest() -> None:
    """And is an order like any other: the socket tells of it."""
    person = Trader(a_quiet_exchange(), "executions")
    answer = person.rest("AddOrder", pair="DOTUSD", type="buy", ordertype="limit", volume="10", price="3.5",
                         oflags="post", timeinforce="GTC", cl_ord_id="mine")["result"]  # fmt: skip
    assert set(answer) == set(documented("add-order-response"))
    assert answer["descr"]["order"] == "buy 10.00000000 DOTUSD @ limit 3.5000"
    pending, _ = person.reports()
    assert answer["txid"] == [pending["order_id"]]
    assert (pending["cl_ord_id"], pending["post_only"]) == ("mine", True)
    assert person.rest("CancelOrder", cl_ord_id="mine")["result"] == documented("cancel-order-response")
    assert person.rest("CancelOrder", txid=pending["order_id"])["error"] == ["EOrder:Unknown order"]
    person.add(order_userref=-7)
    person.add()
    assert person.rest("CancelOrder", txid="-7")["result"] == {"count": 1}
    assert person.rest("CancelAll")["result"] == {"count": 1}


@pytest.mark.parametrize(
    ("parameters", "terms"),
    [
        ({"ordertype": "market", "volume": "50", "oflags": "viqc"}, {"cash_order_qty": Decimal(50)}),
        ({"ordertype": "stop-loss", "price": "3.9"}, {"order_type": "stop-loss", "limit_price": None}),
        ({"ordertype": "stop-loss-limit", "price": "3.9", "price2": "3.8"}, {"limit_price": Decimal("3.8")}),
        ({"ordertype": "trailing-stop", "price": "+2%"}, {"order_type": "trailing-stop"}),
        ({"ordertype": "trailing-stop-limit", "price": "+2%", "price2": "-0.01"}, {"limit_price_type": "quote"}),
        ({"ordertype": "limit", "price": "3.5", "expiretm": "+60", "timeinforce": "GTD"},
         {"time_in_force": "gtd", "expire_ns": 1_780_000_060_000_000_000}),
        ({"ordertype": "limit", "price": "3.5", "starttm": "1780000060"}, {"effective_ns": 1_780_000_060 * 10**9}),
        ({"ordertype": "limit", "price": "3.5", "userref": "-7", "stptype": "cancel-both"},
         {"order_userref": -7, "stp_type": "cancel_both"}),
        ({"ordertype": "limit", "price": "3.5", "oflags": "fcib,post"}, {"fee_preference": "base", "post_only": True}),
        ({"ordertype": "iceberg", "price": "3.5", "displayvol": "2"}, {"display_qty": Decimal(2)}),
    ],
)  # fmt: skip
def test_rests_words_mean_the_sockets(parameters: dict[str, Any], terms: dict[str, Any]) -> None:
    """Each option in its older spelling."""
    person = trader()
    person.stranger("buy", "0.1")
    side = "buy" if parameters["ordertype"] in ("market", "limit", "iceberg") else "sell"
    answer = person.rest("AddOrder", **{"pair": "DOT/USD", "type": side, "volume": "10", **parameters})
    assert answer["error"] == []
    order = person.exchange.trading.order(answer["result"]["txid"][0])
    assert order is not None
    assert {name: getattr(order.terms, name) for name in terms} == terms


def test_a_template_over_rest_is_described() -> None:
    """What each fill will become."""
    person = trader()
    order = {"pair": "DOTUSD", "type": "buy", "ordertype": "limit", "volume": "10", "price": "3.5"}
    close = {"close[ordertype]": "stop-loss-limit", "close[price]": "3.2", "close[price2]": "3.1"}
    person.rest("AddOrder", **order, **close)
    (placed,) = person.rest("OpenOrders")["result"]["open"].values()
    assert placed["descr"]["close"] == "close position @ stop loss 3.2 -> limit 3.1"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"pair": "NOPE"}, "EQuery:Unknown asset pair"),
        ({"ordertype": "stop"}, "EGeneral:Invalid arguments:ordertype"),
        ({"type": ""}, "EGeneral:Invalid arguments:type"),
        ({"volume": "much"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "nan"}, "EGeneral:Invalid arguments:volume"),
        ({"price": "+5"}, "EGeneral:Invalid arguments:limit_price_type"),
        ({"oflags": "post,fast"}, "EGeneral:Invalid arguments:oflags"),
        ({"userref": "x"}, "EGeneral:Invalid arguments:userref"),
        ({"cl_ord_id": "x" * 19}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"deadline": "soon"}, "EGeneral:Invalid arguments:deadline"),
        ({"expiretm": "-5"}, "EGeneral:Invalid arguments:expiretm"),
        ({"volume": "1000000"}, "EOrder:Insufficient funds"),
        ({"leverage": "5:1"}, "EAccount:Invalid permissions"),
    ],
)
def test_what_rest_cannot_place_is_refused(parameters: dict[str, Any], error: str) -> None:
    """In an array with one text; nothing is placed."""
    person = trader()
    order = {"pair": "DOTUSD", "type": "buy", "ordertype": "limit", "volume": "10", "price": "3.5"}
    assert person.rest("AddOrder", **{**order, **parameters}) == {"error": [error]}
    assert person.exchange.trading.open_orders == ()


def test_a_check_over_rest_describes_and_places_nothing() -> None:
    """No id."""
    person = trader()
    order = {"pair": "DOTUSD", "type": "buy", "ordertype": "limit", "volume": "10", "price": "3.5"}
    answer = person.rest("AddOrder", **order, validate="true")
    assert answer["result"] == {"descr": {"order": "buy 10 DOTUSD @ limit 3.5"}}
    assert person.exchange.trading.open_orders == ()


def test_the_dead_mans_switch_is_the_same_one() -> None:
    """Set by REST, it cancels what the socket placed."""
    person = trader()
    person.add()
    answer = person.rest("CancelAllOrdersAfter", timeout=60)["result"]
    assert set(answer) == set(documented("cancel-all-orders-after-response"))
    assert answer["triggerTime"] == "2026-05-28T20:27:40Z"
    assert person.rest("CancelAllOrdersAfter", timeout=0)["result"]["triggerTime"] == "0"
    person.rest("CancelAllOrdersAfter", timeout=60)
    wait(person.exchange, 60)
    assert person.exchange.trading.open_orders == ()
    assert person.rest("CancelAllOrdersAfter", timeout=86400)["error"] == ["EGeneral:Invalid arguments:timeout"]


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("Balance", "query-funds"),
        ("BalanceEx", "query-funds"),
        ("OpenOrders", "query-open-trades"),
        ("ClosedOrders", "query-closed-trades"),
        ("AddOrder", "modify-trades"),
    ],
)
def test_each_path_needs_its_permission(path: str, permission: str) -> None:
    """And is served with it."""
    person = trader()
    person.exchange.faults.permissions(revoke=[permission])
    assert person.rest(path) == {"error": ["EGeneral:Permission denied"]}
    person.exchange.faults.permissions(grant=[permission])
    assert person.rest(path)["error"] != ["EGeneral:Permission denied"]


@pytest.mark.parametrize(("path", "parameters"), CANCELS.items(), ids=list(CANCELS))
def test_cancelling_takes_one_of_two_permissions(path: str, parameters: Mapping[str, object]) -> None:
    """To change orders, or only to close them."""
    person = trader()
    person.exchange.faults.permissions(revoke=["modify-trades"])
    assert person.rest(path, **parameters)["error"] in ([], ["EOrder:Unknown order"])
    person.exchange.faults.permissions(revoke=["close-trades"])
    assert person.rest(path, **parameters) == {"error": ["EGeneral:Permission denied"]}


def test_a_looked_up_order_needs_the_permission_of_its_state() -> None:
    """A key that sees open orders only is not shown closed ones."""
    person = trader()
    open_id, closed_id = person.add(), person.add(order_type="market")
    person.exchange.faults.permissions(revoke=["query-closed-trades"])
    assert list(person.rest("QueryOrders", txid=open_id)["result"]) == [open_id]
    assert person.rest("QueryOrders", txid=closed_id) == {"error": ["EGeneral:Permission denied"]}


def test_history_costs_two_and_orders_nothing() -> None:
    """Twenty calls are allowed at once, one of which was for the token; orders count elsewhere."""
    person = trader()
    for _ in range(30):
        assert person.rest("CancelAll")["error"] == []
    assert [person.rest("TradesHistory")["error"] for _ in range(10)] == [[]] * 9 + [["EAPI:Rate limit exceeded"]]
    assert person.rest("Balance")["error"] == []


def test_an_order_is_changed_over_rest() -> None:
    """Amended in place, or edited into another; the socket tells of both."""
    person = Trader(a_quiet_exchange(), "executions")
    order_id = person.add(cl_ord_id="mine")
    person.reports()
    answer = person.rest("AmendOrder", cl_ord_id="mine", order_qty="12", limit_price="3.5")["result"]
    assert answer["amend_id"].startswith("T")
    (amended,) = person.reports()
    assert (amended["order_id"], amended["order_qty"], amended["limit_price"]) == (order_id, 12, Decimal("3.5"))
    assert person.rest("AmendOrder", order_qty="12")["error"] == ["EGeneral:Invalid arguments:txid"]
    assert person.rest("AmendOrder", txid="O", order_qty="12")["error"] == ["EOrder:Unknown order"]
    old = person.add()
    person.reports()
    edited = person.rest("EditOrder", txid=old, pair="DOTUSD", volume="11", price="3.4")["result"]
    assert (edited["status"], edited["originaltxid"], edited["orders_cancelled"]) == ("ok", old, 1)
    assert edited["descr"]["order"] == "buy 11.00000000 DOTUSD @ limit 3.4000"
    canceled, pending, _ = person.reports()
    assert (canceled["order_id"], pending["order_id"]) == (old, edited["txid"])
    new = {"txid": edited["txid"], "pair": "DOTUSD"}
    assert person.rest("EditOrder", **new, price="+1")["error"] == ["EGeneral:Invalid arguments:price"]
    checked = person.rest("EditOrder", **new, volume="12", validate="true")["result"]
    assert ("txid" in checked, checked["orders_cancelled"]) == (False, 0)
    assert person.rest("EditOrder", txid=old, pair="DOTUSD")["error"] == ["EOrder:Unknown order"]


def test_batches_go_over_rest_as_json() -> None:
    """Each order has its words and its id, or the reason why it has none; cancelling tells how many."""
    person = trader()
    order = {"ordertype": "limit", "type": "buy", "volume": 10, "price": "3.5"}
    orders = [order, {**order, "volume": "1000000"}, {**order, "cl_ord_id": "mine"}]
    placed = person.rest_json("AddOrderBatch", {"pair": "DOTUSD", "orders": orders})["result"]["orders"]
    assert [set(each) for each in placed] == [{"descr", "txid"}, {"error"}, {"descr", "txid"}]
    assert placed[1]["error"] == "EOrder:Insufficient funds"
    checked = person.rest_json("AddOrderBatch", {"pair": "DOTUSD", "orders": orders[:1] * 2, "validate": True})
    assert [set(each) for each in checked["result"]["orders"]] == [{"descr"}] * 2
    one = person.rest_json("AddOrderBatch", {"pair": "DOTUSD", "orders": orders[:1]})
    assert one["error"] == person.rest("AddOrderBatch", pair="DOTUSD")["error"] == ["EGeneral:Invalid arguments:orders"]
    gone = person.rest_json("CancelOrderBatch", {"orders": [placed[0]["txid"]], "cl_ord_ids": ["mine"]})
    assert gone["result"] == {"count": 2}
    assert person.rest("CancelOrderBatch", orders="O")["error"] == ["EGeneral:Invalid arguments:orders"]


def test_a_json_body_says_the_same() -> None:
    """Numbers, booleans and lists as JSON has them."""
    exchange = a_quiet_exchange()
    person = Trader(exchange)
    order_id = person.add()
    body = {"txid": [order_id], "trades": True}
    found = person.rest_json("QueryOrders", body)["result"]
    assert list(found) == [order_id]
