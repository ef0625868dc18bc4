"""Charts of trades, of the top of a book and of profit say what the rows say, and break where nothing is known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from kraken_lab.trading.states import FillRecord
from kraken_lab.views import EquityPhoto, equity, history, theme, trades
from kraken_lab.views.equity_chart import Mids
from kraken_lab.views.history_chart import MOST
from kraken_lab.views.lines import thinned

from .figures import SECOND, START, a_gap, edges, seconds, some_history, some_trades, traces

NO_TRADES = some_trades()


def test_trades_are_told_by_side_and_summed() -> None:
    """A buy adds, a sell takes away, each stands at its own time and price."""
    drawn = traces(trades(some_trades((0, "buy", "100", "2"), (1, "sell", "99.5", "0.5"), (3, "buy", "101", "1"))))
    assert (seconds(drawn["buys"]["x"]), drawn["buys"]["y"]) == ([0, 3], [100.0, 101.0])
    assert (seconds(drawn["sells"]["x"]), drawn["sells"]["customdata"]) == ([1], [0.5])
    assert drawn["bought − sold by takers"]["y"] == [2.0, 1.5, 2.5]
    assert drawn["buys"]["marker"]["symbol"] != drawn["sells"]["marker"]["symbol"]


@pytest.mark.promise("S-05")
def test_the_sum_of_trades_begins_anew_after_a_gap() -> None:
    """What was missed may have been anything, so nothing is carried over it, and the lines break."""
    frame = some_trades((0, "buy", "100", "2"), (10, "buy", "101", "1"), (11, "sell", "101", "3"))
    frame["gap_before"] = [False, True, False]
    figure = trades(frame, symbol="BTC/USD", gaps=[a_gap(2, 9, "disconnected")])
    drawn = traces(figure)
    assert drawn["bought − sold by takers"]["y"] == [2.0, None, 1.0, -2.0]
    assert drawn["price"]["y"] == [100.0, None, 101.0, 101.0]
    band, said = figure.layout.annotations
    assert band.text == "gap 7.0 s: disconnected"
    assert said.text.startswith("from 0 again after each gap")


def test_the_sum_of_trades_goes_on_over_a_gap_that_lacks_nothing() -> None:
    """Filled and so proved complete: the sum and the price go on, and the band alone says that there was one."""
    frame = some_trades((0, "buy", "100", "2"), (10, "buy", "101", "1"), (20, "sell", "101", "3"))
    frame["gap_before"], frame["epoch"] = [False, True, True], [1, 2, 3]
    filled = replace(a_gap(2, 9), filled=True, missed=0)
    figure = trades(frame, symbol="BTC/USD", gaps=[filled, replace(a_gap(12, 19), epoch=3, missed=4)])
    drawn = traces(figure)
    assert drawn["bought − sold by takers"]["y"] == [2.0, 3.0, None, -3.0]
    assert drawn["price"]["y"] == [100.0, 101.0, None, 101.0]
    whole = trades(frame.iloc[:2], symbol="BTC/USD", gaps=[filled])
    assert [note.text for note in whole.layout.annotations] == ["gap 7.0 s: disconnected, filled since"]


def test_a_trade_that_came_late_is_summed_where_it_belongs() -> None:
    """Rows stand in the order in which they came; the figure is of the exchange's times."""
    frame = some_trades((0, "buy", "100", "2"), (10, "buy", "101", "1"), (5, "sell", "99", "1"))
    assert traces(trades(frame))["bought − sold by takers"]["y"] == [2.0, 1.0, 2.0]


@pytest.mark.promise("S-05")
def test_what_is_filled_beneath_a_line_is_not_filled_in_a_gap() -> None:
    """plotly would fill from the last point before a gap straight to the first after it: each stretch goes to zero."""
    frame = some_trades((0, "buy", "100", "2"), (1, "buy", "100", "1"), (10, "buy", "101", "1"))
    frame["gap_before"] = [False, False, True]
    top = some_history((0, "99", "1", "101", "3"), (60, "90", "3", "92", "1"), gap_before=[60])
    fills = (a_fill(0, "buy", "1", "100"),)
    known = mids((0, 101), (20, 130))
    gains = equity(EquityPhoto("USD", fills, {"BTC/USD": Mids(known.times, known.prices, [a_gap(10, 20)])}))
    for figure, areas, (before, after) in (
        (trades(frame), 1, (1, 10)), (history(top), 2, (0, 60)), (gains, 1, (9, 20))
    ):  # fmt: skip
        drawn = figure.to_plotly_json()["data"]
        filled = [trace for trace in drawn if trace.get("fill")]
        assert len(filled) == areas
        for trace in filled:
            at, heights = seconds(trace["x"]), edges(trace["y"])
            between = [height for x, height in zip(at, heights, strict=True) if before < x < after]
            assert between == []
            assert heights[at.index(after)] == 0
            assert heights[at.index(after) - 1] == 0
            assert not np.isnan(heights).any()
            assert trace["line"]["width"] == 0


def test_the_top_of_a_book_has_mid_spread_and_imbalance() -> None:
    """Of both sides; a side that is empty has no price, and neither has what is made of both."""
    figure = history(some_history((0, "99", "1", "101", "3"), (1, "99.5", "2", None, None)), symbol="BTC/USD")
    drawn = traces(figure)
    assert drawn["mid"]["y"] == [100.0, 100.0, None]
    assert drawn["spread"]["y"] == [2.0, 2.0, None]
    assert drawn["imbalance at the touch (1 is all bids)"]["y"] == [-0.5, -0.5, None]
    assert drawn["best bid"]["y"] == [99.0, 99.0, 99.5]


def test_a_price_is_drawn_until_its_side_is_empty() -> None:
    """A line needs two points to be seen: in a quiet book the only one would be the one before the side was gone."""
    drawn = traces(history(some_history((0, "99", "1", "101", "3"), (60, None, None, "101", "3")), symbol="BTC/USD"))
    assert seconds(drawn["best bid"]["x"]) == [0, 60, 60]
    assert drawn["best bid"]["y"] == [99.0, 99.0, None]


def test_a_price_is_not_drawn_into_a_gap_after_which_its_side_is_empty() -> None:
    """Nobody knows for how long it held."""
    rows = (0, "99", "1", "101", "3"), (60, None, None, "101", "3")
    drawn = traces(history(some_history(*rows, gap_before=[60]), symbol="BTC/USD"))
    assert seconds(drawn["best bid"]["x"]) == [0, 30, 60]
    assert drawn["best bid"]["y"] == [99.0, None, None]


def test_titles_of_axes_above_one_another_stand_apart() -> None:
    """Each is as long as its letters, turned; run together they would be read as one."""
    layout = history(some_history((0, "99", "1", "101", "3")), symbol="BTC/USD").layout
    tall = layout.height - layout.margin.t - layout.margin.b
    spans = []
    for axis in (layout.yaxis, layout.yaxis2, layout.yaxis3):
        half = len(axis.title.text) * 0.6 * axis.title.font.size / 2 / tall
        middle = sum(axis.domain) / 2
        spans.append((middle - half, middle + half))
    assert all((above[0] - below[1]) * tall > 12 for above, below in pairwise(spans))


@pytest.mark.promise("S-05")
def test_the_lines_of_a_book_break_at_gaps() -> None:
    """Between the last row before a gap and the first after it there is a point without value."""
    drawn = traces(history(some_history((0, "99", "1", "101", "1"), (60, "90", "1", "92", "1"), gap_before=[60])))
    for name in ("best bid", "best ask", "mid", "spread"):
        assert drawn[name]["y"][1] is None
        assert drawn[name]["connectgaps"] is False
    assert seconds(drawn["mid"]["x"]) == [0, 30, 60]


def test_more_rows_than_a_screen_shows_are_thinned_and_that_is_said() -> None:
    """The axis says of how long a stretch each point is the last; the newest row is always there."""
    rows = [(at / 10, "99", "1", f"{101 + at % 7}", "1") for at in range(3 * MOST)]
    figure = history(some_history(*rows))
    drawn = traces(figure)["best ask"]
    assert MOST / 2 < len(drawn["x"]) <= MOST
    assert drawn["y"][-1] == 101 + (3 * MOST - 1) % 7
    assert "each point the last of 0.512 s" in figure.layout.xaxis.title.text


def test_a_window_that_slides_keeps_its_points() -> None:
    """Which points are drawn does not depend on where the window begins."""
    times = np.arange(0, 100_000, 10, dtype=float)
    keep = np.zeros(len(times), dtype=bool)
    before, _ = thinned(times[:8_000], 1_000, keep[:8_000])
    after, _ = thinned(times[1_000:9_000], 1_000, keep[1_000:9_000])
    common = set(before.tolist()) & set((after + 1_000).tolist())
    assert len(common) > 0.85 * len(before)


# --- profit ---------------------------------------------------------------------------------------------------------


def a_fill(at: float, side: str, qty: str, price: str, *, fee: str | None = None, asset: str = "USD") -> FillRecord:
    """A fill some seconds after START."""
    return FillRecord(
        exec_id=f"E{at}", order_id="O", cl_ord_id=None, symbol="BTC/USD", side=side, price=Decimal(price),
        qty=Decimal(qty), cost=Decimal(qty) * Decimal(price), fee=None if fee is None else Decimal(fee),
        fee_asset=asset, liquidity="taker", trade_id=None, timestamp_ns=START + round(at * SECOND), received_at_ns=0,
    )  # fmt: skip


def mids(*prices: tuple[float, float]) -> Mids:
    """Mid prices from some seconds after START on."""
    times = np.array([START + round(at * SECOND) for at, _ in prices], dtype=np.int64)
    return Mids(times, np.array([price for _, price in prices]))


def lines(photo: EquityPhoto) -> dict[str, dict[float, float | None]]:
    """Each line of the figure, by seconds after START."""
    drawn = traces(equity(photo))
    return {name: dict(zip(seconds(trace["x"]), trace["y"], strict=True)) for name, trace in drawn.items()}


def test_profit_is_what_was_realised_and_what_is_open_after_fees() -> None:
    """By the average-cost method: bought at 100, the mid rises to 110, half of it sold at 120."""
    fills = (a_fill(0, "buy", "2", "100", fee="1"), a_fill(10, "sell", "1", "120", fee="0.5"))
    drawn = lines(EquityPhoto("USD", fills, {"BTC/USD": mids((-5, 100), (4, 110), (20, 90))}))
    total, realised = drawn["profit, realised and open"], drawn["realised, after fees"]
    assert (realised[0], realised[9], realised[10]) == (-1.0, -1.0, 18.5)
    assert (total[0], total[5], total[10], total[20]) == (-1.0, 19.0, 28.5, 8.5)
    assert drawn["buy fills"] == {0: -1.0}
    assert drawn["sell fills"] == {10: 28.5}


def test_a_fee_in_base_is_worth_what_was_just_paid_for_it() -> None:
    """One thousandth of a coin at 100 is a tenth."""
    photo = EquityPhoto("USD", (a_fill(0, "buy", "1", "100", fee="0.001", asset="BTC"),), {"BTC/USD": mids((0, 100))})
    assert lines(photo)["realised, after fees"][0] == -0.1


@pytest.mark.promise("S-05")
def test_a_position_without_a_known_price_has_no_value() -> None:
    """Before the first book and in a gap the profit has none; what is realised is known all the same."""
    known = mids((5, 100), (20, 130))
    gap = a_gap(10, 20)
    photo = EquityPhoto("USD", (a_fill(0, "buy", "1", "100"),), {"BTC/USD": Mids(known.times, known.prices, [gap])})
    drawn = lines(photo)
    total = drawn["profit, realised and open"]
    assert [total[at] for at in (0, 4, 5, 9, 12, 20)] == [None, None, 0.0, 0.0, None, 30.0]
    assert drawn["realised, after fees"][12] == 0.0
    assert drawn["buy fills"] == {0: 0.0}


def test_profit_says_which_prices_it_is_valued_at_and_since_when() -> None:
    """A pair without a book is said to have none."""
    fills = (a_fill(0, "buy", "1", "100"),)
    priced = equity(EquityPhoto("USD", fills, {"BTC/USD": mids((5, 100))}))
    assert (
        priced.layout.annotations[-1].text == "valued at the mid prices of verified books: BTC/USD since 10:10:05 UTC"
    )
    assert equity(EquityPhoto("USD", fills)).layout.annotations[-1].text.endswith("BTC/USD no price")


def test_only_pairs_against_the_currency_are_counted() -> None:
    """Gains in another one cannot be added; what is left out is said, also of what was filled earlier."""
    fills = (a_fill(0, "buy", "1", "100"),)
    words = equity(EquityPhoto("EUR", fills)).layout.annotations[0].text
    assert words == "nothing was traded yet against EUR<br>1 fill is left out, against USD"
    others = [replace(fills[0], symbol=symbol) for symbol in ("BTC/EUR", "ETH/BTC", "ETH/EUR")]
    some = equity(EquityPhoto("USD", (*fills, *others), uncounted=17))
    valued, left_out = some.layout.annotations[-1].text.split("<br>")
    assert valued.startswith("valued at")
    assert left_out == "3 fills are left out, against BTC, EUR; 17 earlier fills are not counted"
    assert some.layout.margin.t > equity(EquityPhoto("USD", fills)).layout.margin.t


# --- paper ----------------------------------------------------------------------------------------------------------


def test_every_colour_of_a_figure_has_its_counterpart_on_light_paper() -> None:
    """What is drawn on dark paper is nowhere in the light figure."""
    figure = history(some_history((0, "99", "1", "101", "3")), gaps=[a_gap(0, 1)])
    light = theme.on_light(figure).to_json().lower()
    for dark in (theme.PAPER, theme.PLOT, theme.INK, theme.MUTED, theme.BUY, theme.SELL, theme.NEUTRAL, theme.GAP_INK):
        assert dark not in light
