"""The balances channel: what there is, then every change of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kraken_lab.sandbox.json_text import read
from tests.fixtures import sample
from tests.sandbox.talk import Trader, a_quiet_exchange, unsubscribe


def trader(**options: Any) -> Trader:
    """Somebody with 500 dollars and 20 DOT who listens to ``balances``."""
    money = {"USD": Decimal(500), "DOT": Decimal(20)}
    return Trader(a_quiet_exchange(balances=money), "balances", **options)


def documented(name: str) -> Any:
    """A documented message."""
    return read(sample(f"balances/{name}"))


def test_the_snapshot_is_what_there_is() -> None:
    """One element an asset, with its one wallet; all decimals of the asset."""
    acknowledged, snapshot = trader().heard
    assert acknowledged["result"] == documented("subscribe-ack")["result"]
    expected = documented("snapshot")
    assert set(snapshot) == set(expected)
    assert [set(each) for each in snapshot["data"]] == [set(each) for each in expected["data"][:2]]
    held = {each["asset"]: each for each in snapshot["data"]}
    assert str(held["USD"]["balance"]) == "500.0000"
    assert held["DOT"]["wallets"] == [{"type": "spot", "id": "main", "balance": Decimal(20)}]


def test_a_trade_is_two_entries_in_two_messages() -> None:
    """Base, then quote, with one reference; the fee is beside the amount, in quote."""
    person = trader()
    person.add(order_type="market")
    messages = [each for each in person.heard if each.get("type") == "update"]
    expected = [documented("update-trade-base"), documented("update-trade-quote")]
    assert [set(each) for each in messages] == [set(each) for each in expected]
    assert [each["sequence"] for each in messages] == [2, 3]
    base, quote = (each["data"][0] for each in messages)
    assert set(base) == set(quote) == set(expected[0]["data"][0])
    assert base["ref_id"] == quote["ref_id"]
    assert (base["asset"], base["amount"], base["fee"], base["balance"]) == ("DOT", 10, 0, 30)
    assert quote["balance"] == 500 + quote["amount"] - quote["fee"]
    assert quote["fee"] > 0


def test_open_orders_do_not_show() -> None:
    """Balances are totals; what is held shows on REST alone."""
    person = trader()
    person.add()
    assert person.entries() == []
    held = person.rest("BalanceEx")["result"]["ZUSD"]
    assert held["balance"] == "500.0000"
    assert Decimal(held["hold_trade"]) >= 10 * person.price(-100)


def test_without_a_snapshot_updates_are_numbered_from_one() -> None:
    """If none was asked for; a subscription ends with its acknowledgement."""
    person = trader(snapshot=False)
    (acknowledged,) = person.heard
    assert acknowledged["result"] == {"channel": "balances", "snapshot": False}
    person.add(order_type="market")
    assert [each["sequence"] for each in person.heard if each.get("type") == "update"] == [1, 2]
    (left,) = unsubscribe(person.session, "balances", token=person.token)
    assert left["result"] == documented("unsubscribe-ack")["result"]
    person.add(order_type="market")
    assert person.entries()[2:] == []
