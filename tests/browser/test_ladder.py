"""The price ladder as it is seen: each number is the kernel's, a pick is a ticket, and one's own orders are on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from .by_hand import CELLS_NOW
from .conftest import Opener
from .notebook import Notebook, until

pytestmark = pytest.mark.browser

CELLS = [
    "import kraken_lab as kl\n"
    "lab, calm = kl.connect(new=True), kl.connect(new=True, rate=0.0)\n"
    "book, quiet = lab.book('BTC/USD', depth=100), calm.book('BTC/USD', depth=25)\n"
    "lab.trades('BTC/USD'), calm.level3('BTC/USD', depth=100), calm.trades('BTC/USD')",
    "lively = book.ladder()\nlively",
    "still = quiet.ladder(group=10)\nstill",
]
LIVELY, CALM = 1, 2

ROWS_OF = """
from kraken_lab.market.ladder import decimal

def rows_of(book, step):
    'What a ladder with rows of so many ticks has to show of a book: price -> [bids, asks], as text.'
    photo, found = book.snapshot(), {}
    digits, behind = photo.bid_ladder.price_precision, photo.bid_ladder.qty_precision
    for at, ladder in enumerate((photo.bid_ladder, photo.ask_ladder)):
        for price, qty in zip(ladder.prices, ladder.quantities):
            row = price // step * step if at == 0 else -(-price // step) * step
            found.setdefault(row, [0, 0])[at] += qty
    text = lambda units, scale: format(decimal(units, scale), 'f') if units else ''
    return {text(row, digits): [text(qty, behind) for qty in both] for row, both in found.items()}
"""

READ = """ladder => ({
  seq: Number(ladder.dataset.seq), paints: Number(ladder.dataset.paints), picked: ladder.dataset.picked ?? "",
  state: ladder.querySelector(".kl-state").textContent, said: ladder.querySelector(".kl-said").textContent,
  step: ladder.querySelector(".kl-step").textContent, foot: ladder.querySelector(".kl-foot").textContent,
  cover: ladder.querySelector(".kl-cover").hidden ? "" : ladder.querySelector(".kl-cover").textContent,
  beyond: [...ladder.querySelectorAll(".kl-beyond")].map(line => line.textContent),
  rows: [...ladder.querySelectorAll(".kl-row")].map(row => ({
    price: row.querySelector(".price .words").textContent, last: row.querySelector(".last").textContent,
    bid: row.querySelector(".size.buy .words").textContent, ask: row.querySelector(".size.sell .words").textContent,
    mine: [...row.querySelectorAll(".chip:not([hidden])")].map(chip => chip.textContent),
    kind: row.className, chosen: row.querySelector(".size.chosen")?.className ?? "",
  })),
})"""

BOXES = """ladder => {
  const box = element => { const b = element.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
  return {
    page: [0, 0, innerWidth, innerHeight], frame: box(ladder.querySelector(".kl-rows")),
    rows: [...ladder.querySelectorAll(".kl-row")].map(row => [...row.children].map(box)),
    bars: [...ladder.querySelectorAll(".kl-row .size")].filter(cell => cell.textContent).map(cell => ({
      cell: box(cell), bar: box(cell.querySelector(".bar")), qty: Number(cell.querySelector(".words").textContent),
      cut: cell.querySelector(".bar").classList.contains("cut"), title: cell.title,
    })),
    names: [...ladder.querySelectorAll(".kl-names > span")].map(name => [name.textContent, ...box(name)]),
  };
}"""

FITS = """ladder => {
  const rows = ladder.querySelector(".kl-rows"), cells = [...rows.querySelectorAll(".kl-row > :is(.size, .price)")];
  const cut = cells.filter(cell => cell.scrollWidth > cell.clientWidth + 1);
  return { room: rows.clientWidth, rows: rows.scrollWidth, cut: cut.map(cell => cell.textContent) };
}"""

PAINTS = """async ([ladder, seconds]) => {
  const begun = performance.now(), before = [Number(ladder.dataset.paints), Number(ladder.dataset.seq)];
  await new Promise(done => setTimeout(done, 1000 * seconds));
  const took = (performance.now() - begun) / 1000;
  return { paints: (ladder.dataset.paints - before[0]) / took, news: (ladder.dataset.seq - before[1]) / took };
}"""

SIGN_ROOM = """ladder => ["buy", "sell"].map(side => {
  const cell = ladder.querySelector(`.kl-row .size.${side}`);
  cell.classList.add("rose");
  const sign = getComputedStyle(cell, "::after"), inset = getComputedStyle(cell);
  const edge = side === "buy" ? "right" : "left";
  const beside = parseFloat(edge === "right" ? inset.paddingRight : inset.paddingLeft);
  const room = beside - parseFloat(sign[edge]) - parseFloat(sign.fontSize);
  cell.classList.remove("rose");
  return room;
})"""
"""Pixels between the sign of a change, which may be as wide as it is high, and the digits beside it."""


class Ladder:
    """One ladder on the page."""

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.cell = notebook.page.locator(".jp-Notebook .jp-Cell").nth(cell)
        self.element = self.cell.locator(".kl-ladder")
        self.element.locator(".kl-row").first.wait_for(timeout=30_000)
        self.grid = self.element.locator(".kl-rows")

    def look_at(self) -> None:
        """Have it in front, with no pointer on it."""
        self.notebook.page.bring_to_front()
        self.element.evaluate("element => element.scrollIntoView({ block: 'center' })")
        self.notebook.page.mouse.move(2, 2)

    def read(self) -> dict[str, Any]:
        """What is painted."""
        read: dict[str, Any] = self.element.evaluate(READ)
        return read

    def row(self, price: str) -> int:
        """The number of the row of a price."""
        return [row["price"] for row in self.read()["rows"]].index(price)

    def size(self, price: str, side: str) -> Any:
        """The cell of a price and a side."""
        return self.element.locator(".kl-row").nth(self.row(price)).locator(f".size.{side}")

    def best(self, side: str) -> str:
        """The price of the row in which the best of a side is."""
        kind = "touch-bid" if side == "buy" else "touch-ask"
        return next(str(row["price"]) for row in self.read()["rows"] if kind in row["kind"].split())

    def chosen(self) -> list[str]:
        """Side and price that are chosen."""
        return [
            ("buy " if "buy" in row["chosen"].split() else "sell ") + row["price"]
            for row in self.read()["rows"]
            if row["chosen"]
        ]


@pytest.fixture(scope="module")
def notebook(open_notebook: Opener) -> Notebook:
    """A notebook with a lively market and one that stands still, and a ladder of each."""
    notebook = open_notebook("ladder", CELLS)
    notebook.run(0)
    notebook.ask(ROWS_OF)
    notebook.run(LIVELY, CALM)
    return notebook


@pytest.fixture
def lively(notebook: Notebook) -> Ladder:
    """The ladder of the lively market, in front and centred."""
    return _ladder(notebook, LIVELY)


@pytest.fixture
def calm(notebook: Notebook) -> Ladder:
    """The ladder of the market that stands still, in front and centred."""
    return _ladder(notebook, CALM)


def _ladder(notebook: Notebook, cell: int) -> Ladder:
    ladder = Ladder(notebook, cell)
    ladder.look_at()
    ladder.grid.focus()
    notebook.page.keyboard.press("c")
    notebook.page.keyboard.press("Escape")
    return ladder


@pytest.fixture(autouse=True)
def _nothing_foreign(notebook: Notebook) -> Iterator[None]:
    """After every test: no address but this machine's was asked for, and no script failed."""
    yield
    assert notebook.strangers == []
    assert notebook.errors == []


# --- what is painted ------------------------------------------------------------------------------------------------


@pytest.mark.both_kernels
def test_each_painted_number_is_the_kernels(notebook: Notebook, lively: Ladder) -> None:
    """After a while of a lively market, held still to be compared: prices and sums of sizes, digit by digit."""
    time.sleep(2)
    # A market that has just been swept has a spread of more rows than there are.
    until(lambda: (rows := lively.read()["rows"]) and all(any(row[side] for row in rows) for side in ("bid", "ask")))
    notebook.ask("_ = lab.sandbox.control(fault='freeze')")
    try:
        time.sleep(1)
        read = lively.read()
        ticks = int(read["step"].split("(")[1].split()[0])
        exact = notebook.value(f"rows_of(book, {ticks})")
        assert len(read["rows"]) == 29
        for row in read["rows"]:
            assert [row["bid"], row["ask"]] == exact.get(row["price"], ["", ""]), row
        # A market that has just moved has few levels near the touch.
        assert any(row["bid"] for row in read["rows"])
        assert any(row["ask"] for row in read["rows"])
        notebook.screenshot("ladder")
    finally:
        notebook.ask("_ = lab.sandbox.control(fault='thaw')")


def test_rows_are_a_step_apart_and_stand_where_they_can_be_seen(calm: Ladder) -> None:
    """Asks above bids, columns side by side, bars inside their cells and as long as the sizes are large."""
    prices = [Decimal(row["price"]) for row in calm.read()["rows"]]
    assert {above - below for above, below in pairwise(prices)} == {Decimal("1.0")}
    boxes = calm.element.evaluate(BOXES)
    page, frame = boxes["page"], boxes["frame"]
    assert page[0] <= frame[0] < frame[2] <= page[2]
    assert page[1] <= frame[1] < frame[3] <= page[3]
    assert [name[0] for name in boxes["names"]] == [
        "my buys", "bids (BTC)", "price (USD)", "asks (BTC)", "my sells",
    ]  # fmt: skip
    for row in boxes["rows"]:
        assert all(left[2] == pytest.approx(right[0], abs=1) for left, right in pairwise(row))
        assert frame[1] < row[0][1] < row[0][3] < frame[3]
        assert row[2][0] == pytest.approx(boxes["names"][2][1], abs=1)
    assert all(above[2][3] == pytest.approx(below[2][1], abs=1) for above, below in pairwise(boxes["rows"]))
    lengths = sorted((bar["qty"], bar["bar"][2] - bar["bar"][0]) for bar in boxes["bars"])
    assert len(lengths) >= 6
    assert all(shorter[1] <= longer[1] + 1 for shorter, longer in pairwise(lengths))
    for bar in boxes["bars"]:
        assert bar["cell"][0] - 1 <= bar["bar"][0] < bar["bar"][2] <= bar["cell"][2] + 1


def test_a_few_walls_leave_the_other_bars_to_be_seen(calm: Ladder) -> None:
    """A bar is cut, and marked and said to be, where it is over twice as long as those of four levels in five."""
    bars = [
        (
            bar["qty"],
            bar["cut"],
            round((bar["bar"][2] - bar["bar"][0]) / (bar["cell"][2] - bar["cell"][0]), 2),
            bar["title"],
        )
        for bar in calm.element.evaluate(BOXES)["bars"]
    ]
    sizes = sorted(qty for qty, *_ in bars)
    full = min(sizes[-1], 2 * sizes[int(len(sizes) * 0.8)])
    for qty, cut, share, title in bars:
        assert cut is (qty > full)
        assert share == pytest.approx(min(max(qty / full, 0.008), 1.0), abs=0.02)
        assert (f"{qty / full:.1f} times" in title) is cut


@pytest.mark.parametrize("width", [340, 420, 560])
def test_in_a_narrow_column_no_digit_is_cut_off(notebook: Notebook, calm: Ladder, width: int) -> None:
    """Down to the width of a telephone all columns can be seen without scrolling."""
    calm.element.evaluate("(ladder, width) => { ladder.style.width = `${width}px`; }", width)
    try:
        told = until(lambda: calm.element.evaluate(FITS))
        assert told["rows"] <= told["room"] + 1  # the width of a digit is a fraction of a pixel
        assert min(calm.element.evaluate(SIGN_ROOM)) > 0, "the sign of a change stands on the digits"
        assert told["cut"] == []
        notebook.screenshot(f"ladder-{width}")
    finally:
        calm.element.evaluate("ladder => { ladder.style.width = ''; }")


def test_the_touch_is_in_the_middle_and_the_header_says_how_it_is(notebook: Notebook, calm: Ladder) -> None:
    """The rows of best bid and best ask are around the row in the middle; checksums are counted."""
    bid, ask = calm.row(calm.best("buy")), calm.row(calm.best("sell"))
    assert abs((bid + ask) / 2 - 14) <= 1
    until(lambda: "messages/s" in calm.read()["said"])  # counted over a second or more
    read = calm.read()
    assert read["state"] == "LIVE"
    for words in ("last message", "messages/s", "epoch", "gap", "agreed"):
        assert words in read["said"]
    assert read["step"] == "row = 1.0 USD (10 ticks)"


def test_rows_beyond_what_is_subscribed_are_not_shown_as_empty(notebook: Notebook, calm: Ladder) -> None:
    """Coarser rows until the deepest level is in sight: what lies behind it is hatched."""
    calm.grid.focus()
    for _ in range(4):
        notebook.page.keyboard.press("+")
    kinds = until(lambda: [row["kind"] for row in calm.read()["rows"] if "unknown" in row["kind"]])
    assert any("unknown-sell" in kind for kind in kinds)
    assert any("unknown-buy" in kind for kind in kinds)
    for _ in range(4):
        notebook.page.keyboard.press("-")
    until(lambda: calm.read()["step"] == "row = 1.0 USD (10 ticks)")


def test_it_is_painted_as_often_as_promised(notebook: Notebook, lively: Ladder) -> None:
    """Whenever there is something new, and not much less than ten times a second in a lively market."""
    rate = notebook.page.evaluate(PAINTS, [lively.element.element_handle(), 4])
    assert rate["news"] >= 4, rate


# --- what a person does ---------------------------------------------------------------------------------------------


def test_hovering_says_how_much_there_is_up_to_a_price(notebook: Notebook, calm: Ladder) -> None:
    """Of the row, and from the best price to it, as exact as the book."""
    price = next(row["price"] for row in calm.read()["rows"] if row["ask"])
    calm.size(price, "sell").hover()
    book = notebook.value("[[str(p), str(q)] for p, q in quiet.asks]")
    total = sum((Decimal(qty) for at, qty in book if Decimal(at) <= Decimal(price)), Decimal(0))
    foot = until(lambda: (found := calm.read()["foot"]).startswith(f"ask at {price}") and found)
    assert f"from the best ask to here {total:f} BTC" in foot
    assert "worth" in foot
    notebook.screenshot("ladder-hover")


def test_the_keyboard_is_enough(notebook: Notebook, calm: Ladder) -> None:
    """Arrows choose price and side, pages go further, Enter asks for the ticket, Escape leaves."""
    orders = notebook.value("len(calm.orders.view())")
    keys = notebook.page.keyboard
    before = notebook.page.evaluate(CELLS_NOW)
    for key in ("x", "m", "ControlOrMeta+Enter"):  # none of which is the ladder's, nor meant for its cell
        calm.grid.focus()
        keys.press(key)
    assert notebook.page.evaluate(CELLS_NOW) == before
    best = Decimal(calm.best("buy"))
    keys.press("ArrowDown")
    until(lambda: calm.chosen() == [f"buy {best}"])
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    until(lambda: calm.chosen() == [f"buy {best - 1}"])
    active = calm.grid.get_attribute("aria-activedescendant")
    label = calm.element.locator(f"#{active}").get_attribute("aria-label")
    assert label.startswith(f"bid at {best - 1}")
    keys.press("ArrowRight")
    until(lambda: calm.chosen() == [f"sell {best - 1}"])
    keys.press("ArrowLeft")
    keys.press("PageDown")
    keys.press("PageDown")
    until(lambda: calm.chosen() == [f"buy {best - 21}"])
    keys.press("Enter")
    until(lambda: calm.read()["picked"] == f"buy {best - 21}")
    ticket = calm.cell.locator(".kl-ticket")
    ticket.wait_for(timeout=20_000)
    until(lambda: best - 21 == Decimal(ticket.get_by_label("limit price").first.input_value()))
    keys.press("c")
    until(lambda: "touch-bid" in " ".join(row["kind"] for row in calm.read()["rows"]))
    keys.press("Escape")
    until(lambda: calm.chosen() == [])
    assert not calm.grid.evaluate("grid => grid === document.activeElement")
    assert notebook.value("len(calm.orders.view())") == orders


@pytest.mark.both_kernels
def test_a_click_is_a_ticket_and_its_confirmation_an_order_on_the_ladder(notebook: Notebook, calm: Ladder) -> None:
    """Bids buy, asks sell; only the ticket's review and confirmation send; then it stands there, in its queue."""
    ask, bid = calm.best("sell"), str(Decimal(calm.best("buy")) - 3)
    calm.size(ask, "sell").click()
    ticket = calm.cell.locator(".kl-ticket")
    ticket.wait_for(timeout=20_000)
    until(lambda: ticket.get_by_label("limit price").first.input_value() == ask)
    assert ticket.locator(".kl-side button.mod-active").inner_text() == "sell"
    calm.size(bid, "buy").click()
    until(lambda: ticket.get_by_label("limit price").first.input_value() == bid)
    assert ticket.locator(".kl-side button.mod-active").inner_text() == "buy"
    assert notebook.value("len(calm.orders.view())") == 0
    ticket.get_by_label("quantity").first.fill("0.01")
    ticket.get_by_role("button", name="Review").click()
    confirm = ticket.get_by_role("button", name=f"Confirm, SANDBOX: buy 0.01 BTC/USD, limit at {bid}")
    confirm.wait_for(timeout=20_000)
    confirm.scroll_into_view_if_needed()
    confirm.click()
    until(lambda: notebook.value("[str(row.state) for row in calm.orders.view().rows()]") == ["OPEN"])
    calm.look_at()
    until(lambda: calm.read()["rows"][calm.row(bid)]["mine"], what=f"{calm.read()}")
    (chip,) = calm.read()["rows"][calm.row(bid)]["mine"]
    place = notebook.value(
        "[(p := calm.level3('BTC/USD', depth=100).snapshot().position(next(calm.orders.view().rows()).order_id))"
        ".orders_ahead + 1, p.orders_ahead + p.orders_behind + 1]"
    )
    assert chip == f"0.01 OPEN · {place[0]} of {place[1]}"
    assert Decimal(calm.read()["rows"][calm.row(bid)]["bid"]) >= Decimal("0.01")
    notebook.screenshot("ladder-mine")
    calm.element.locator(".chip:not([hidden])").click()
    assert f"my buy 0.01 at {Decimal(bid)}, OPEN" in until(lambda: calm.read()["foot"])
    assert len(calm.cell.locator(".kl-ticket").all()) == 1


def test_rows_do_not_move_under_the_pointer(notebook: Notebook, lively: Ladder) -> None:
    """However far the price goes: the middle comes back once the pointer has left, or with a key."""
    box = lively.grid.bounding_box()
    notebook.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 300)
    before = [row["price"] for row in lively.read()["rows"]]
    notebook.ask("_ = lab.sandbox.control(fault='sweep', symbol='BTC/USD', side='sell', share=0.6)")
    until(lambda: "best bid" in lively.read()["beyond"][1], what=f"{lively.read()['beyond']}")
    assert [row["price"] for row in lively.read()["rows"]] == before
    notebook.screenshot("ladder-moved-away")
    notebook.page.mouse.move(2, 2)
    until(lambda: [row["price"] for row in lively.read()["rows"]] != before)


def test_paused_it_stands_still(notebook: Notebook, lively: Ladder) -> None:
    """At once, and goes on from what is newest."""
    lively.element.get_by_role("button", name="Pause").click()
    before = until(lambda: (found := lively.read())["state"] == "PAUSED" and found)
    time.sleep(1)
    assert [row["bid"] for row in lively.read()["rows"]] == [row["bid"] for row in before["rows"]]
    lively.element.get_by_role("button", name="Resume").click()
    until(lambda: lively.read()["seq"] > before["seq"])


def test_a_book_that_is_not_verified_is_not_painted(notebook: Notebook, lively: Ladder) -> None:
    """After a failed checksum, until there is a new one: no size, the state in words; then all of it is back."""
    notebook.ask(
        "_ = lab.sandbox.control(fault='delay', method='unsubscribe', seconds=2)\n"
        "_ = lab.sandbox.control(fault='edit', match=dict(channel='book', type='update', symbol='BTC/USD', times=1),\n"
        "    pattern='\"checksum\":\\\\d+', replace='\"checksum\":1')"
    )
    read = until(lambda: (found := lively.read())["cover"].startswith("no verified book") and found)
    assert {row["bid"] + row["ask"] for row in read["rows"]} == {""}
    assert all(row["price"] for row in read["rows"])
    notebook.screenshot("ladder-resyncing")
    until(lambda: (found := lively.read())["cover"] == "" and any(row["bid"] for row in found["rows"]), 60)
    assert "gap" in lively.read()["said"]


def test_the_wheel_moves_the_rows_of_a_ladder_that_has_the_keyboard(notebook: Notebook, calm: Ladder) -> None:
    """And the page otherwise; the middle comes back with its button."""
    box = calm.grid.bounding_box()
    notebook.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 300)
    before = [row["price"] for row in calm.read()["rows"]]
    notebook.page.mouse.wheel(0, -20)
    notebook.page.wait_for_timeout(300)
    assert [row["price"] for row in calm.read()["rows"]] == before
    calm.grid.focus()
    notebook.page.mouse.wheel(0, -100)
    until(lambda: calm.read()["rows"][2]["price"] == before[0])
    calm.element.get_by_role("button", name="Bring the touch back to the middle").click()
    until(lambda: [row["price"] for row in calm.read()["rows"]] == before)


def test_a_saved_notebook_has_the_ladder_in_it(notebook: Notebook, calm: Ladder) -> None:
    """As a table, for whoever reads it without a kernel; out of sight while the live one is there."""
    outputs = notebook.saved()["cells"][CALM]["outputs"]
    (still,) = ["".join(output["data"]["text/html"]) for output in outputs if "text/html" in output.get("data", {})]
    assert "order book" in still
    assert notebook.value("str(quiet.bids[0][1])") in still
    hidden = calm.cell.locator(".kl-still")
    assert hidden.count() == 0 or not hidden.first.is_visible()


def test_in_the_dark(notebook: Notebook, calm: Ladder) -> None:
    """The same in JupyterLab's dark theme: light words on dark paper."""
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    ink = "element => getComputedStyle(element).color.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0)"
    until(lambda: calm.element.evaluate(ink) > 380)
    calm.look_at()
    notebook.screenshot("ladder-dark")
    notebook.command("apputils:change-theme", theme="JupyterLab Light")
    until(lambda: calm.element.evaluate(ink) < 380)
