"""Candles, trades and 24-hour figures before and after birth fit together."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from itertools import pairwise

import pytest

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.events import Trade
from kraken_lab.sandbox.history import INTERVALS, Candle
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.numbers import NS_PER_MINUTE, NS_PER_SECOND, decimal, divided
from kraken_lab.sandbox.past import Past
from kraken_lab.sandbox.profiles import profile

BIRTH = 1_767_225_600 * NS_PER_SECOND + 10_037 * NS_PER_SECOND + 123  # neither on a minute nor on a second
BTC = PAIRS[:1]
DAY_NS = 1_440 * NS_PER_MINUTE


@cache
def lived() -> tuple[Market, list[Trade]]:
    """BTC/USD after four minutes, with nothing asked meanwhile, and all its live trades."""
    market, live = Market(seed=11, start_ns=BIRTH, rate=32.0, pairs=BTC), list[Trade]()
    market.listeners.append(lambda batch: live.extend(batch.trades))
    market.advance(BIRTH + 4 * NS_PER_MINUTE)
    return market, live


def summed(candles: Sequence[Candle], minutes: int) -> dict[int, tuple[int, int, int, int, int, int]]:
    """Open, high, low, close, volume and trades by the wider interval that the candles fall in."""
    wide: dict[int, list[Candle]] = {}
    for candle in candles:
        wide.setdefault(candle.begin_ns - candle.begin_ns % (minutes * NS_PER_MINUTE), []).append(candle)
    return {
        begin: (
            parts[0].open,
            max(part.high for part in parts),
            min(part.low for part in parts),
            parts[-1].close,
            sum(part.volume for part in parts),
            sum(part.trades for part in parts),
        )
        for begin, parts in wide.items()
    }


# --- candles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", INTERVALS)
def test_every_interval_has_720_candles_that_follow_one_another(minutes: int) -> None:
    """Aligned, without holes or jumps, the last one in progress, and each a possible candle."""
    market, _ = lived()
    candles = market.candles("BTC/USD", minutes)
    step = minutes * NS_PER_MINUTE
    assert len(candles) == 720
    assert candles[-1].begin_ns == market.now_ns - market.now_ns % step
    for older, newer in pairwise(candles):
        assert newer.begin_ns - older.begin_ns == step
        assert abs(newer.open - older.close) < 0.002 * older.close
    for candle in candles:
        assert candle.begin_ns % step == 0
        assert 0 < candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high
        assert decimal(candle.low, 1) <= candle.vwap <= decimal(candle.high, 1)
        assert candle.volume > 0
        assert candle.trades > 0


@pytest.mark.parametrize(("fine", "coarse"), [(1, 5), (1, 15), (1, 30), (1, 60), (5, 60), (60, 240), (240, 1_440)])
def test_fine_candles_add_up_to_the_coarse_ones_they_cover(fine: int, coarse: int) -> None:
    """Exactly, across birth too; only the oldest coarse candle may be covered in part."""
    market, _ = lived()
    from_fine = summed(market.candles("BTC/USD", fine), coarse)
    oldest = min(from_fine)
    compared = 0
    for candle in market.candles("BTC/USD", coarse):
        if candle.begin_ns in from_fine and candle.begin_ns != oldest:
            compared += 1
            got = (candle.open, candle.high, candle.low, candle.close, candle.volume, candle.trades)
            assert got == from_fine[candle.begin_ns]
    assert compared > 5


def test_live_candles_are_the_live_trades() -> None:
    """The minutes after birth hold exactly what traded in them."""
    market, live = lived()
    begin = BIRTH - BIRTH % NS_PER_MINUTE + NS_PER_MINUTE
    for candle in market.candles("BTC/USD", 1)[-4:]:
        if candle.begin_ns < begin:
            continue
        inside = [trade for trade in live if 0 <= trade.ns - candle.begin_ns < NS_PER_MINUTE]
        volume = sum(trade.qty for trade in inside)
        cost = sum(trade.price * trade.qty for trade in inside)
        assert (candle.open, candle.close) == (inside[0].price, inside[-1].price)
        assert (candle.volume, candle.trades) == (volume, len(inside))
        assert candle.vwap == decimal(divided(cost, volume), 1)


def test_the_newest_candles_can_be_had_alone() -> None:
    """A limit gives the tail of the whole."""
    market, _ = lived()
    assert market.candles("BTC/USD", 5, 2) == market.candles("BTC/USD", 5)[-2:]


def test_an_interval_without_trades_has_no_candle() -> None:
    """The pair that trades least has far fewer minutes than there were, and none twice."""
    thin = Market(seed=11, start_ns=BIRTH, rate=0.0, pairs=[pair for pair in PAIRS if pair.symbol == "POL/EUR"])
    begins = [candle.begin_ns for candle in thin.candles("POL/EUR", 1)]
    assert 20 < len(begins) < 400
    assert begins == sorted(set(begins))


def test_an_unknown_interval_is_refused() -> None:
    """Two minutes are not an interval of the exchange."""
    with pytest.raises(SandboxError, match="no candles of 2 minutes"):
        lived()[0].candles("BTC/USD", 2)


def test_history_does_not_depend_on_when_it_is_asked_for() -> None:
    """Asked first or last, before or after living, coarse or fine first: the same past."""
    first, last = (Market(seed=11, start_ns=BIRTH, rate=32.0, pairs=BTC) for _ in range(2))
    early = {minutes: first.candles("BTC/USD", minutes) for minutes in reversed(INTERVALS)}
    first_trades = first.trades("BTC/USD")
    end = BIRTH + 90 * NS_PER_SECOND
    first.advance(end)
    last.advance(end)
    for minutes in INTERVALS:
        late = last.candles("BTC/USD", minutes)
        assert late == first.candles("BTC/USD", minutes)
        spanning = BIRTH - BIRTH % (minutes * NS_PER_MINUTE)
        assert {candle for candle in late if candle.begin_ns < spanning} <= set(early[minutes])
    assert last.trades("BTC/USD", 2_000) == first.trades("BTC/USD", 2_000)
    assert first_trades[-1] in last.trades("BTC/USD", 2_000)


# --- trades ---------------------------------------------------------------------------------------------------------


def test_the_past_is_drawn_anew_the_same_after_it_was_forgotten() -> None:
    """Whoever has taken over all of it lets it go; asked again it gives the same trades and bars."""
    pair, character = PAIRS[0], profile("BTC/USD")
    past = Past(pair, character, seed="7", birth_ns=BIRTH, price=642_000.0)
    trades, bars = past.trades(), [past.bars(minutes) for minutes in INTERVALS]
    past.forget()
    assert [past.bars(minutes) for minutes in INTERVALS] == bars
    assert past.trades() == trades
    assert past.trades() is not trades


def test_seeded_trades_lead_into_the_live_ones() -> None:
    """Consecutive ids, times that never go back, no jump in price, all before birth."""
    market, live = lived()
    trades = market.trades("BTC/USD", 2_000)
    seeded = trades[: -len(live)]
    assert trades[-len(live) :] == live
    assert len(seeded) >= 50
    assert seeded[-1].ns < BIRTH < live[0].ns
    for older, newer in pairwise(trades):
        assert newer.trade_id == older.trade_id + 1
        assert newer.ns >= older.ns
        assert abs(newer.price - older.price) < 0.002 * older.price


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.symbol)
def test_a_trade_snapshot_is_full_at_birth(pair: object) -> None:
    """Every pair has fifty trades before the first live one, on its increments."""
    symbol = str(getattr(pair, "symbol", ""))
    market = newborn()
    trades = market.trades(symbol)
    assert len(trades) == 50
    assert all(trade.price % market.pairs[symbol].price_increment == 0 for trade in trades)
    assert all(trade.qty >= market.pairs[symbol].qty_min for trade in trades)


@cache
def newborn() -> Market:
    """All pairs, just born."""
    return Market(seed=11, start_ns=BIRTH)


def test_trades_since_pages_without_gaps() -> None:
    """Feeding the last time back walks through everything once."""
    market, _ = lived()
    everything = market.trades("BTC/USD", 2_000)
    walked: list[Trade] = []
    since = 0
    while page := market.trades_since("BTC/USD", since, 100):
        last = page[-1].ns
        walked += [trade for trade in everything if since < trade.ns <= last]
        assert page == [trade for trade in everything if trade.ns > since][:100]
        since = last
    assert walked == everything


# --- the last 24 hours ----------------------------------------------------------------------------------------------


def test_the_ticker_is_the_last_24_hours() -> None:
    """Best prices of the engine, the rest from the minutes of the day and the price before them."""
    market, live = lived()
    ticker = market.ticker("BTC/USD")
    engine = market.engine("BTC/USD")
    minute = market.now_ns - market.now_ns % NS_PER_MINUTE
    minutes = market.candles("BTC/USD", 1, 1_441)
    before, day = minutes[0], minutes[1:]
    assert before.begin_ns == minute - DAY_NS
    assert ((ticker.bid, ticker.bid_qty), (ticker.ask, ticker.ask_qty)) == (engine.best("buy"), engine.best("sell"))
    assert ticker.last == live[-1].price
    assert ticker.volume == sum(candle.volume for candle in day)
    assert ticker.trades == sum(candle.trades for candle in day)
    assert (ticker.low, ticker.high) == (min(candle.low for candle in day), max(candle.high for candle in day))
    assert ticker.change == ticker.last - before.close
    assert ticker.change_pct == (Decimal(100 * ticker.change) / before.close).quantize(Decimal("0.01"))
    mean = sum((candle.vwap * candle.volume for candle in day), Decimal(0)) / ticker.volume
    assert abs(ticker.vwap - mean) <= Decimal("0.1")
    assert ticker.ns == market.now_ns


def test_the_day_rolls() -> None:
    """On a market where nothing trades the volume shrinks minute by minute, to nothing after a day."""
    market = Market(seed=11, start_ns=BIRTH, rate=0.0, pairs=BTC)
    volumes = [market.ticker("BTC/USD").volume]
    for hours in (1, 12, 23, 25):
        market.advance(BIRTH + hours * 60 * NS_PER_MINUTE)
        volumes.append(market.ticker("BTC/USD").volume)
    assert volumes == sorted(volumes, reverse=True)
    assert volumes[0] > volumes[1] > 0
    ticker = market.ticker("BTC/USD")
    assert (ticker.volume, ticker.trades, ticker.change) == (0, 0, 0)
    assert ticker.low == ticker.high == ticker.last
    assert ticker.vwap == decimal(ticker.last, 1)


def test_an_empty_side_shows_as_zero() -> None:
    """A pair whose asks were all bought has no best ask."""
    market = Market(seed=11, start_ns=BIRTH, rate=0.0, pairs=BTC)
    engine = market.engine("BTC/USD")
    market.act(engine.market("buy", sum(qty for _, qty in engine.levels("sell", 9_999)), BIRTH))
    ticker = market.ticker("BTC/USD")
    assert (ticker.ask, ticker.ask_qty) == (0, 0)
    assert ticker.bid > 0
