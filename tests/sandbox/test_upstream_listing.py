"""The real exchange's reference data, read: the documented messages, and the names of REST that are not in them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from kraken_lab.sandbox import Exchange
from kraken_lab.sandbox.instruments import ASSETS, PAIRS
from kraken_lab.sandbox.upstream_frame import Instruments, read_frame
from kraken_lab.sandbox.upstream_listing import BadEntry, read_asset, read_pair
from tests.fixtures import sample


def instruments(raw: str) -> Instruments:
    """The one message of a frame."""
    (message,) = read_frame(raw)
    assert isinstance(message, Instruments)
    return message


@pytest.mark.parametrize("name", ["snapshot", "snapshot-observed-fields", "update"])
def test_the_documented_messages_are_read(name: str) -> None:
    """All their entries."""
    message = instruments(sample(f"instrument/{name}").decode())
    for entry in message.assets:
        assert read_asset(entry).id == entry["id"]
    for entry in message.pairs:
        pair = read_pair(entry)
        assert (pair.symbol, pair.status, pair.marginable) == (entry["symbol"], entry["status"], entry["marginable"])


@pytest.mark.promise("P-01")
def test_what_this_exchange_lists_is_what_another_reads_of_it() -> None:
    """Every asset and pair, the names of REST included, but for what the channel does not tell."""
    session = Exchange(seed=7, rate=0).open("public")
    session.receive('{"method":"subscribe","params":{"channel":"instrument"}}')
    raw = session.drain()[-1]
    assert isinstance(raw, str)
    message = instruments(raw)
    numbers = {asset.id: (asset.precision, asset.rest_name, asset.altname, asset.status) for asset in ASSETS}
    read = [read_asset(entry) for entry in message.assets]
    assert {asset.id: (asset.precision, asset.rest_name, asset.altname, asset.status) for asset in read} == numbers
    pairs = [replace(read_pair(entry), cost_min="", margin_initial=None) for entry in message.pairs]
    assert pairs == [replace(pair, cost_min="", margin_initial=None, leverages=()) for pair in PAIRS]


def an_entry(**changes: Any) -> dict[str, Any]:
    """A pair's entry, changed."""
    entry: dict[str, Any] = instruments(sample("instrument/snapshot").decode()).pairs[0]
    return {**entry, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": ""},
        {"base": 7},
        {"price_precision": -1},
        {"qty_precision": 1_000_000},
        {"price_precision": True},
        {"price_increment": 0},
        {"price_increment": json.loads("0.01")},
        {"qty_min": "much"},
        {"cost_min": None},
    ],
)
def test_an_entry_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    """With what is wrong about it."""
    with pytest.raises(BadEntry, match="pair"):
        read_pair(an_entry(**changes))


def test_states_that_are_new_promise_nothing() -> None:
    """A pair that nothing can be done with, an asset that is disabled; the least cost may be a text."""
    assert read_pair(an_entry(status="dreaming", cost_min="0.50")).status == "work_in_progress"
    asset = {"id": "NEW", "status": "dreaming", "precision": 8, "precision_display": 4}
    assert read_asset(asset).status == "disabled"
    with pytest.raises(BadEntry, match="asset"):
        read_asset({"id": "NEW"})
