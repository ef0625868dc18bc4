"""What the streams' tests share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kraken_lab.market import ENGINE
from kraken_lab.sandbox import market
from kraken_lab.sandbox.instruments import PAIRS, Pair
from kraken_lab.sandbox.profiles import profile
from tests.market.engines import compiled_engine

THIN = next(pair for pair in PAIRS if pair.symbol == "ACA/EUR")


@pytest.fixture(scope="module", params=["python", "compiled"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Has tests run twice: with either engine of the books."""
    ENGINE.quicken = compiled_engine() if request.param == "compiled" else None
    yield request.param
    ENGINE.quicken = None


@pytest.fixture
def two_hundred(monkeypatch: pytest.MonkeyPatch) -> list[Pair]:
    """As many thin pairs, alike but for their names; the sandbox, which can play twelve, plays one of them for each."""
    monkeypatch.setattr(market, "profile", lambda symbol: profile(THIN.symbol))
    return [replace(THIN, symbol=f"A{n}/EUR", rest_name=f"A{n}EUR", altname=f"A{n}EUR") for n in range(200)]
