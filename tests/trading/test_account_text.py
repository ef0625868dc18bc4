"""The account printed: a page that a person can read, without anything that could be more than text."""

from __future__ import annotations

from .line import Line, report


def test_the_account_prints_as_a_page() -> None:
    """What is open, what was filled and what there is, each in its place; of what there is nothing it says so."""
    line = Line().open()
    empty = repr(line.now)
    for words in ("open orders          none", "fills, newest first  none", "positions            none"):
        assert words in empty
    line.placed("O1")
    line.placed("O2")
    line.hear(line.fill("O1", "T1", "1", "1"), report("O1", "filled", cum_qty="1"))
    text = str(line.now)
    assert "FILLED" not in text
    assert "known for sure" in text.splitlines()[0]
    (opened,) = (row for row in text.splitlines() if row.startswith("  open orders"))
    assert "OPEN" in opened
    assert opened.endswith("O2")
    assert "buy 1 BTC/USD at 100" in text
    assert "OrderRecord(" not in text


def test_fills_of_orders_from_before_are_said_not_to_count() -> None:
    """They are among the fills and in no position; the page says so."""
    told = report(
        "O9", "filled", "trade", symbol="BTC/USD", side="buy", exec_id="T9", last_qty="1", last_price="100", cum_qty="1"
    )
    line = Line().open(told)
    assert (len(line.now.fills), line.now.positions, line.now.uncounted) == (1, (), 1)
    assert "1 earlier fill is not counted" in repr(line.now)


def test_what_comes_from_elsewhere_prints_as_letters() -> None:
    """An id with control characters in it moves no cursor."""
    line = Line().open()
    line.hear(report("O\x1b[31m", "new"))
    assert "\x1b" not in repr(line.now)
