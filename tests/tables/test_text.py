"""Rows as text in a terminal."""

from __future__ import annotations

from decimal import Decimal

from kraken_lab.tables import schema, text_table, view_of

from .builders import a_table, a_trade


def test_numbers_keep_their_digits_and_are_aligned() -> None:
    """Under their names, to the right."""
    view = view_of(
        schema("book"),
        [("BTC/USD", "bid", 0, "61234.10", "0.5", "0.5"), ("BTC/USD", "bid", 1, "1.00", "0.00000001", "0.50000001")],
    )
    assert text_table(view).splitlines() == [
        "symbol   side  level     price         qty     cum_qty",
        "BTC/USD  bid       0  61234.10         0.5         0.5",
        "BTC/USD  bid       1      1.00  0.00000001  0.50000001",
    ]


def test_what_does_not_fit_is_left_out_and_named() -> None:
    """The least telling columns first."""
    lines = text_table(a_table([a_trade(7)]).view(), width=80).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "61234.10" in lines[1]
    assert lines[-1] == "(and received_at, epoch, gap_before)"


def test_prices_and_quantities_are_the_last_to_go() -> None:
    """Of an order in eighty characters: what, its state, how much, at which price; what is empty went before."""
    order = dict.fromkeys(schema("orders").names)
    order |= {
        "created": 1, "updated": 2, "symbol": "BTC/USD", "state": "FILLED", "side": "buy", "order_type": "market",
        "order_qty": Decimal("1.1"), "filled_qty": Decimal("1.10000000"), "remaining_qty": Decimal(0),
        "avg_price": Decimal(190_000) / 3, "order_id": "OUMGK5-E7LAP-VHRCSL", "cost": Decimal("70031.7"),
    }  # fmt: skip
    lines = text_table(view_of(schema("orders"), [tuple(order.values())]), width=80).splitlines()
    assert lines[0].split() == ["symbol", "state", "side", "order_qty", "filled_qty", "remaining_qty", "avg_price"]
    assert lines[1].split() == ["BTC/USD", "FILLED", "buy", "1.1", "1.10000000", "0", "≈63333.33333"]
    assert len(lines[0]) <= 80
    assert "cost, " in lines[2]


def test_no_line_is_wider_than_allowed_however_narrow() -> None:
    """At least the first column stays."""
    lines = text_table(a_table([a_trade(7)]).view(), width=20).splitlines()
    assert len(lines[0]) <= 20
    assert len(lines) == 3


def test_only_the_newest_rows_are_shown_and_control_characters_as_escapes() -> None:
    """A hostile symbol cannot steer the terminal."""
    table = a_table([a_trade(n, symbol="\x1b[31mBTC") for n in range(30)])
    said = text_table(table.view(), rows=3, width=300)
    assert len(said.splitlines()) == 4
    assert "\x1b" not in said


def test_an_empty_table_is_its_names() -> None:
    """One line."""
    assert text_table(view_of(schema("assets"), [])).splitlines()[0].split()[:2] == ["id", "status"]


def test_dollar_signs_in_html_are_not_typeset() -> None:
    """JupyterLab would read what stands between two of them as a formula."""
    view = a_table([a_trade(7, symbol="$x^2$")]).view()
    for html in (view._repr_html_(), next(view.rows())._repr_html_(), schema("trade")._repr_html_()):
        assert html.startswith('<table class="tex2jax_ignore mathjax_ignore">')


def test_the_date_stands_where_the_time_of_day_does_not_tell() -> None:
    """Daily candles, or rows of two days; a whole second needs no fraction."""
    day = 86_400 * 10**9

    def candle(begin: int) -> tuple[object, ...]:
        return (begin, begin, "BTC/USD", *("1",) * 5, 3, "1", 1440, begin + day, True, False, 1, False)

    midnight = 1_777_852_800 * 10**9
    daily = text_table(view_of(schema("ohlc"), [candle(midnight)]), width=300)
    assert "2026-05-04 00:00:00  " in daily
    one_day = text_table(view_of(schema("ohlc"), [candle(midnight + 3600 * 10**9)]), width=300)
    assert one_day.splitlines()[1].startswith("01:00:00 ")
