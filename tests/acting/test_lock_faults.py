"""Section E of the faults end to end: what is armed, confirmed, limited and stopped, with the sandbox as the exchange.

Unless a test says otherwise the kernel plays live, and every guard holds as it would.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_lab.errors import ConfirmationVoid, OrderError, OrderRefused
from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.trading import Click, Gesture, Limits, Order, OrderSettings, Proposal, builders
from kraken_lab.trading.checks import CHECKS
from tests.dealing import FEES, LIMITS, Kernel, dealing

Story = Callable[[Kernel], Awaitable[None]]

STRICT = replace(LIMITS, order_rate=None, dup_window_s=None)
"""The four limits; for rate and repetition what holds in live where nothing is set: 5 in 10 s, and 10 s."""


def live(story: Story, folder: Path, **options: Any) -> None:
    """Run a story on an armed kernel; at its end no more frames may have left than were confirmed."""

    async def whole(kernel: Kernel) -> None:
        await story(kernel)
        assert len(kernel.frames) <= len(kernel.confirmed)

    dealing(whole, folder, **{"mode": "live", **options})


def there(kernel: Kernel) -> int:
    """How many orders are open at the exchange."""
    return len(kernel.world.exchange.trading.open_orders)


def confirm_with(kernel: Kernel, proposal: Proposal, gesture: Gesture | None, *, again: bool = False) -> Order:
    """Confirm with this gesture, whatever it is."""

    def told(error: OrderError | None) -> None:
        if error is not None:
            kernel.refusals.append(error)

    (order,) = kernel.dealer.submit(proposal, told, gesture=gesture, again=again)
    kernel.confirmed.append(proposal)
    return order


def click(kernel: Kernel, number: int, *, ago: float, browser: float = 0.0) -> Click:
    """A click made so many seconds ago in a browser whose clock is ahead by ``browser`` seconds."""
    shown_ms = kernel.world.clock.now().wall_ns / 1e6 + browser * 1e3
    return Click(number, clicked_ms=shown_ms - ago * 1e3, offset_ms=browser * 1e3)


async def let_pass(seconds: float) -> None:
    """Let virtual time pass."""
    await asyncio.sleep(seconds)


async def nothing_leaves(kernel: Kernel, order: Order) -> None:
    """Wait for what becomes of it: REFUSED with a reason, no frame of it, nothing at the exchange."""
    await kernel.until(lambda: order.state == "REFUSED")
    await let_pass(1.0)
    assert not [frame for frame in kernel.frames if str(order.cl_ord_id) in frame]
    assert kernel.world.exchange.trading.by_cl_ord_id(str(order.cl_ord_id)) is None
    assert order.record.error or order.record.reason


# --- one confirmation, one frame ------------------------------------------------------------------------------------


@pytest.mark.promise("A-07")
@pytest.mark.fault("F-107")
def test_ten_clicks_in_a_tenth_of_a_second_are_one_order(tmp_path: Path) -> None:
    """Also when two handlers hear each of them: one frame, one order at the exchange."""

    async def story(kernel: Kernel) -> None:
        proposal = kernel.propose()
        number = kernel.dealer.ask(proposal)
        void = 0
        for _ in range(10):
            for _ in ("this handler", "and the same once more"):
                try:
                    confirm_with(kernel, proposal, click(kernel, number, ago=0.01))
                except ConfirmationVoid:
                    void += 1
            await let_pass(0.01)
        assert void == 19
        await let_pass(5.0)
        assert len(kernel.frames) == there(kernel) == 1

    live(story, tmp_path)


@pytest.mark.promise("A-06")
@pytest.mark.promise("A-07")
@pytest.mark.fault("F-107")
@pytest.mark.parametrize("mode", ["sandbox", "paper", "live"])
def test_a_proposal_is_confirmed_once_in_every_mode(tmp_path: Path, mode: str) -> None:
    """Run again, its cell sends nothing, while the first is on its way, when it rests, and when it has ended."""

    async def story(kernel: Kernel) -> None:
        proposal = kernel.propose()
        (order,) = kernel.confirm(proposal)
        for state in ("CONFIRMED", "OPEN", "CANCELED"):
            await kernel.until(lambda state=state: order.state == state)  # type: ignore[misc]
            with pytest.raises(ConfirmationVoid, match="confirmed already"):
                kernel.confirm(proposal)
            if state == "OPEN":
                kernel.cancel(order)
        assert len(kernel.frames) == 1

    live(story, tmp_path, mode=mode)


@pytest.mark.promise("A-06")
@pytest.mark.fault("F-108")
def test_what_was_shown_31_seconds_ago_is_void(tmp_path: Path) -> None:
    """The code that was good for half a minute; one that is shown anew goes."""

    async def story(kernel: Kernel) -> None:
        proposal = kernel.propose()
        code = kernel.code(proposal)
        await let_pass(31.0)
        with pytest.raises(ConfirmationVoid, match=r"31 s old and was good for 30 s"):
            confirm_with(kernel, proposal, code)
        assert kernel.frames == []
        kernel.confirm(proposal)
        await kernel.until(lambda: there(kernel) == 1)

    live(story, tmp_path)


@pytest.mark.promise("A-06")
@pytest.mark.fault("F-108")
def test_a_confirmation_that_waits_31_seconds_for_the_disk_is_void(tmp_path: Path) -> None:
    """What the disk takes later than that leaves no frame behind, and the order is REFUSED."""

    async def story(kernel: Kernel) -> None:
        kernel.disk.delay = 31.5
        (order,) = kernel.confirm(kernel.propose())
        await nothing_leaves(kernel, order)
        assert isinstance(kernel.refusals[0], ConfirmationVoid)

    live(story, tmp_path)


@pytest.mark.promise("A-06")
@pytest.mark.fault("F-109")
def test_a_code_confirms_once_and_nothing_else(tmp_path: Path) -> None:
    """Neither a second time nor another order, though that asks for the same."""

    async def story(kernel: Kernel) -> None:
        one, other = kernel.propose(), kernel.propose()
        code = kernel.code(one)
        with pytest.raises(ConfirmationVoid, match="no confirmation of it is open"):
            confirm_with(kernel, other, code)
        order = confirm_with(kernel, one, code)
        with pytest.raises(ConfirmationVoid):
            confirm_with(kernel, one, code)
        with pytest.raises(ConfirmationVoid):
            confirm_with(kernel, other, code)
        await kernel.until(lambda: order.state == "OPEN")
        assert len(kernel.frames) == 1
        (theirs,) = kernel.world.exchange.trading.open_orders
        assert theirs.order_id == order.order_id

    live(story, tmp_path)


@pytest.mark.promise("A-05")
@pytest.mark.fault("F-110")
def test_a_ticket_that_was_edited_needs_a_code_of_its_own(tmp_path: Path) -> None:
    """The open confirmation sends what it showed, or nothing; the changed order is another proposal."""

    async def story(kernel: Kernel) -> None:
        shown = kernel.propose(order_qty="0.01", limit_price="50000.0")
        code = kernel.code(shown)
        edited = builders.remade(shown, {"order_qty": "0.02"}, kernel.dealer.facts("BTC/USD"))
        with pytest.raises(ConfirmationVoid):
            confirm_with(kernel, edited, code)
        kernel.confirm(edited)
        await kernel.until(lambda: there(kernel) == 1)
        (frame,) = kernel.frames
        assert json.loads(frame, parse_float=Decimal)["params"]["order_qty"] == Decimal("0.02")

    live(story, tmp_path)


@pytest.mark.promise("A-06")
@pytest.mark.fault("F-178")
@pytest.mark.parametrize(
    ("clicked_at", "delivered_at", "browser", "frames"),
    [(5.0, 40.0, 0.0, 0), (5.0, 12.0, 0.0, 0), (5.0, 5.1, 3600.0, 1), (5.0, 5.1, -3600.0, 1)],
    ids=["a cell ran until 40 s", "a cell ran until 12 s", "browser an hour ahead", "browser an hour behind"],
)
def test_a_click_counts_when_it_was_delivered_at_once(
    tmp_path: Path, clicked_at: float, delivered_at: float, browser: float, frames: int
) -> None:
    """By the browser's time stamp and the offset of its clock, whatever that shows."""

    async def story(kernel: Kernel) -> None:
        proposal = kernel.propose()
        number = kernel.dealer.ask(proposal)
        await let_pass(delivered_at)
        pressed = click(kernel, number, ago=delivered_at - clicked_at, browser=browser)
        if frames:
            confirm_with(kernel, proposal, pressed)
        else:
            with pytest.raises(ConfirmationVoid):
                confirm_with(kernel, proposal, pressed)
        await let_pass(5.0)
        assert len(kernel.frames) == there(kernel) == frames

    live(story, tmp_path)


# --- repetition, rate and limits ------------------------------------------------------------------------------------


@pytest.mark.promise("A-07")
@pytest.mark.fault("F-111")
@pytest.mark.parametrize("mode", ["live", "paper", "sandbox"])
def test_the_same_order_again_within_ten_seconds(tmp_path: Path, mode: str) -> None:
    """Live wants the word and takes it, paper warns, the sandbox only says it; after ten seconds it is another."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        await let_pass(5.0)
        same = kernel.propose()
        assert [check.verdict for check in same.checks if check.name == "repetition"] == (
            ["pass"] if mode == "sandbox" else ["warn"]
        )
        (second,) = kernel.confirm(same)
        if mode == "live":
            await nothing_leaves(kernel, second)
            assert "confirm(again=True)" in str(kernel.refusals[0])
            (second,) = kernel.confirm(kernel.propose(), again=True)
        await kernel.until(lambda: second.state == "OPEN")
        assert len(kernel.frames) == 2
        await let_pass(10.0)
        await kernel.open()
        assert there(kernel) == 3

    live(story, tmp_path, mode=mode, limits=STRICT if mode == "live" else Limits())


@pytest.mark.promise("A-08")
@pytest.mark.fault("F-112")
@pytest.mark.parametrize("mode", ["live", "paper", "sandbox"])
def test_a_loop_that_places_a_hundred_orders(tmp_path: Path, mode: str) -> None:
    """Though each has its gesture, live stops at the rate, and later at the number of open orders; the others run."""

    # Where all of them go, thirty say as much here as a hundred do at the gate's own tests.
    count = 100 if mode == "live" else 30

    async def story(kernel: Kernel) -> None:
        warned = 0
        for at in range(count):
            proposal = kernel.propose(order_qty="0.001", limit_price=str(50_000 - at))
            warned += any(check.name == "order rate" for check in proposal.warnings)
            if mode == "live" and not proposal.ok:
                with pytest.raises(OrderRefused, match="of at most 5"):
                    kernel.confirm(proposal)
            else:
                kernel.confirm(proposal)
            await let_pass(0.05)
        assert len(kernel.frames) == (5 if mode == "live" else count)
        assert warned == (count - 5 if mode == "paper" else 0)
        if mode == "live":
            for at in range(20):
                await let_pass(2.5)
                proposal = kernel.propose(order_qty="0.001", limit_price=str(40_000 - at))
                if proposal.ok:
                    kernel.confirm(proposal)
            await let_pass(1.0)
            assert there(kernel) == len(kernel.frames) == 8
            assert "8 open and 1 more, of at most 8" in repr(proposal)

    live(story, tmp_path, mode=mode, limits=replace(STRICT, max_open_orders=8) if mode == "live" else Limits())


@pytest.mark.promise("A-08")
@pytest.mark.fault("F-114")
def test_the_day_goes_on_after_a_restart(tmp_path: Path) -> None:
    """What the killed kernel used counts for the next one, which finds it in the audit log, to the last digit."""
    limits = replace(LIMITS, max_day_notional=Decimal(1000))

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        used = kernel.dealer.used_today()
        assert used == {"USD": Decimal(500) * (1 + FEES[1])}
        await kernel.killed()
        frames = len(kernel.frames)
        another = Kernel(kernel.world, tmp_path, mode="live", limits=limits, pid=2)
        await another.ready()
        await another.arm()
        assert another.dealer.used_today() == used
        refused = another.propose(limit_price="49999")
        assert "used today" in " ".join(check.said for check in refused.refusals)
        with pytest.raises(OrderRefused, match="used today"):
            another.confirm(refused)
        assert len(another.frames) == frames
        await another.open(order_qty="0.009")
        kernel.confirmed += another.confirmed

    live(story, tmp_path, limits=limits)


@pytest.mark.promise("O-05")
@pytest.mark.promise("A-08")
@pytest.mark.fault("F-115")
def test_an_unknown_order_counts_as_filled_until_it_is_proved_absent(tmp_path: Path) -> None:
    """For the day's notional and for the open orders, on other pairs too; it blocks its own pair altogether."""
    limits = replace(LIMITS, max_day_notional=Decimal(1000), max_open_orders=1)

    async def story(kernel: Kernel) -> None:
        await kernel.ready("ETH/USD")
        kernel.world.exchange.faults.lose_request("add_order")
        order = kernel.place()
        await kernel.until(lambda: order.state == "UNKNOWN")
        elsewhere = kernel.propose(symbol="ETH/USD", order_qty="0.3", limit_price="2000")
        said = " ".join(check.said for check in elsewhere.refusals)
        assert "501.3" in said
        assert "1 open and 1 more, of at most 1" in said
        assert "UNKNOWN" in " ".join(check.said for check in kernel.propose(order_qty="0.001").refusals)
        assert len(kernel.frames) == 1
        await kernel.until(lambda: order.state == "NOT_PLACED", within=120.0)
        kernel.confirm(kernel.propose(symbol="ETH/USD", order_qty="0.3", limit_price="2000"))
        await kernel.until(lambda: there(kernel) == 1)

    live(story, tmp_path, limits=limits)


# --- prices to go by ------------------------------------------------------------------------------------------------


def withhold(kernel: Kernel) -> None:
    """Nobody gets a snapshot of this pair's book any more."""
    kernel.world.exchange.faults.drop(Match(channel="book", type="snapshot", symbol="ETH/USD", times=None))


async def watched(kernel: Kernel) -> None:
    """Somebody watches it, and it is LIVE."""
    await kernel.ready("ETH/USD")


async def resyncing(kernel: Kernel) -> None:
    """It was found wrong, and the fresh snapshot does not come."""
    await watched(kernel)
    withhold(kernel)
    kernel.dealer.gatherer.references.need("ETH/USD", 1e9).resync("checksum", kernel.world.clock.now())
    kernel.world.poke()


async def unverified(kernel: Kernel) -> None:
    """Every snapshot of it has a checksum that is not its own."""
    match = Match(channel="book", type="snapshot", symbol="ETH/USD", times=None)
    kernel.world.exchange.faults.edit(match, lambda text: text.replace('"checksum":', '"checksum":1'))
    kernel.dealer.gatherer.references.need("ETH/USD", 1e9)


async def unseen(kernel: Kernel) -> None:
    """Nobody watches it, and the snapshot that is asked for does not come."""
    withhold(kernel)
    kernel.dealer.gatherer.references.need("ETH/USD", 1e9)


async def silent(kernel: Kernel) -> None:
    """The line it came on has been silent for three seconds."""
    await watched(kernel)
    kernel.world.exchange.faults.freeze()


@pytest.mark.promise("A-09")
@pytest.mark.fault("F-117")
@pytest.mark.parametrize(
    ("spoil", "said"),
    [(unseen, "book: SYNCING"), (resyncing, "book: RESYNCING"), (unverified, "book: "), (silent, "silent")],
    ids=["withheld", "RESYNCING", "unverified", "silent"],
)
def test_without_a_verified_book_nothing_goes(tmp_path: Path, spoil: Story, said: str) -> None:
    """Whatever the state is called, the proposal is refused with it, and so is one that was sound before."""

    async def story(kernel: Kernel) -> None:
        kernel.dealer.gatherer.fee_rates["ETH/USD"] = FEES
        order = {"symbol": "ETH/USD", "order_qty": "0.1", "limit_price": "2000"}
        await spoil(kernel)
        await let_pass(3.0)
        proposal = kernel.propose(**order)
        assert said in " ".join(check.said for check in proposal.refusals if check.name == "price reference")
        with pytest.raises(OrderRefused):
            kernel.confirm(proposal)
        await let_pass(1.0)
        assert kernel.frames == []

    live(story, tmp_path)


@pytest.mark.promise("A-09")
@pytest.mark.fault("F-117")
def test_a_book_that_is_lost_after_the_proposal_stops_the_order(tmp_path: Path) -> None:
    """It was there when the code was shown, and is not when the order is to be written."""

    async def story(kernel: Kernel) -> None:
        await watched(kernel)
        proposal = kernel.propose(symbol="ETH/USD", order_qty="0.1", limit_price="2000")
        code = kernel.code(proposal)
        await resyncing(kernel)
        await nothing_leaves(kernel, confirm_with(kernel, proposal, code))

    live(story, tmp_path)


@pytest.mark.promise("A-09")
@pytest.mark.fault("F-117")
def test_a_quiet_market_is_a_market_and_an_unwatched_one_is_fetched(tmp_path: Path) -> None:
    """Heartbeats are enough; a book of a hundred levels is there while an order of it is open, and then given back."""

    async def story(kernel: Kernel) -> None:
        references = kernel.dealer.gatherer.references
        kernel.dealer.gatherer.fee_rates["ETH/USD"] = FEES
        feed = references.need("ETH/USD", kernel.world.clock.now().mono + 30.0)
        await kernel.until(lambda: str(feed.state) == "LIVE")
        await let_pass(20.0)
        assert feed.messages == 1  # nothing has moved since the snapshot
        assert feed.depth >= 100
        order = await kernel.open(symbol="ETH/USD", order_qty="0.1", limit_price="2000")
        await let_pass(60.0)
        assert references.get("ETH/USD") is feed
        kernel.cancel(order)
        await kernel.until(lambda: references.get("ETH/USD") is None)

    live(story, tmp_path)


@pytest.mark.promise("A-09")
@pytest.mark.fault("F-118")
def test_a_market_order_that_eats_a_thin_book_is_refused(tmp_path: Path) -> None:
    """For what it would cost, with the figure; what fits the first level goes."""

    async def story(kernel: Kernel) -> None:
        await kernel.ready("ACA/EUR")
        book = kernel.dealer.facts("ACA/EUR").book
        assert book is not None
        assert len(book.asks) < 10
        visible = sum((qty for _, qty in book.asks), Decimal(0))
        for qty, said in ((visible, "% worse than the best price"), (visible + 1, "The visible book ends after")):
            proposal = kernel.propose(symbol="ACA/EUR", order_type="market", order_qty=qty)
            (refusal,) = proposal.refusals
            assert (refusal.name, said in refusal.said) == ("slippage", True)
            with pytest.raises(OrderRefused, match=said):
                kernel.confirm(proposal)
        assert kernel.frames == []
        order = kernel.place(symbol="ACA/EUR", order_type="market", order_qty=book.asks[0][1])
        await kernel.until(lambda: order.state == "FILLED")

    limits = replace(LIMITS, allowed_symbols=frozenset({"ACA/EUR"}))
    live(story, tmp_path, limits=limits, settings=OrderSettings(max_slippage_pct=0.3))


# --- being armed ----------------------------------------------------------------------------------------------------


async def idle(kernel: Kernel) -> None:
    """No order for longer than ``arm_idle``."""
    await let_pass(31.0)


async def long_armed(kernel: Kernel) -> None:
    """An order now and then, but armed for longer than ``arm_max``."""
    for at in range(6):
        await let_pass(20.0)
        if kernel.propose().ok:
            await kernel.open(order_qty=f"0.00{at + 1}")


async def limits_edited(kernel: Kernel) -> None:
    """Somebody sets other limits, though higher ones."""
    kernel.dealer.set_limits(replace(LIMITS, max_open_orders=21))


async def clock_stepped(kernel: Kernel) -> None:
    """The machine's clock is set, as after sleep."""
    kernel.world.clock.step = 60.0


async def killed(kernel: Kernel) -> None:
    """A kill that was ended again."""
    kernel.dealer.kill("enough")
    await kernel.until(lambda: kernel.known.kill.complete)
    ended: list[object] = []
    kernel.dealer.halt.resume("it was a test", kernel.world.clock.now(), lambda error, at: ended.append(error))
    await kernel.until(lambda: ended == [None])


@pytest.mark.promise("A-02")
@pytest.mark.fault("F-120")
@pytest.mark.parametrize(
    ("lapse", "said"),
    [
        (idle, "no order for 30 s"),
        (long_armed, "armed for 100 s"),
        (limits_edited, "the limits were edited"),
        (clock_stepped, "the clock stepped"),
        (killed, "killed"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_arming_lapses_and_says_so(tmp_path: Path, lapse: Story, said: str) -> None:
    """The mode is another one in words, what was shown before is void, and not one frame leaves any more."""

    async def story(kernel: Kernel) -> None:
        assert kernel.dealer.mode_words() == "LIVE ARMED"
        before = kernel.propose(order_qty="0.02")
        await lapse(kernel)
        code = kernel.code(before)
        frames = len(kernel.frames)
        assert kernel.dealer.mode_words() == "LIVE DISARMED"
        assert said in kernel.dealer.arming.lapsed  # type: ignore[union-attr]
        after = kernel.propose(order_qty="0.03")
        assert after.mode_words == "LIVE DISARMED"
        with pytest.raises(OrderRefused, match="LIVE DISARMED"):
            kernel.confirm(after)
        await nothing_leaves(kernel, confirm_with(kernel, before, code))
        assert len(kernel.frames) == frames

    live(story, tmp_path, settings=OrderSettings(arm_idle=30.0, arm_max=100.0))


@pytest.mark.promise("A-02")
@pytest.mark.fault("F-120")
def test_the_next_kernel_of_an_armed_one_is_not_armed(tmp_path: Path) -> None:
    """Nothing that the first one wrote down arms it, and it sends nothing."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        await kernel.killed()
        another = Kernel(kernel.world, tmp_path, mode="live", pid=2)
        await another.ready()
        assert another.dealer.mode_words() == "LIVE DISARMED"
        with pytest.raises(OrderRefused, match="LIVE DISARMED"):
            another.confirm(another.propose())
        assert len(another.frames) == 1

    live(story, tmp_path)


# --- the dead man's switch ------------------------------------------------------------------------------------------


def settings_sent(kernel: Kernel) -> list[int]:
    """The timeouts that were asked of the exchange's switch, oldest first."""
    said = [json.loads(text) for text in kernel.world.sent if '"cancel_all_orders_after"' in text]
    return [message["params"]["timeout"] for message in said]


async def switch_on(kernel: Kernel, *, refreshed: bool = True, timeout: int = 60) -> None:
    """Turn the switch on by its proposal, confirmed once."""
    proposal = builders.propose_dead_man(timeout, kernel.dealer.facts(""), refreshed=refreshed)
    kernel.dealer.reduce(proposal, gesture=kernel.code(proposal))
    await kernel.until(lambda: str(kernel.known.dead_man.state) == "ON")
    with pytest.raises(ConfirmationVoid):
        kernel.dealer.reduce(proposal, gesture=None)


@pytest.mark.promise("A-14")
@pytest.mark.fault("F-127")
def test_one_confirmation_keeps_the_switch_on_and_a_clean_disarm_turns_it_off(tmp_path: Path) -> None:
    """Refreshed every fifteen seconds; set to 0 and acknowledged; then nothing is cancelled when its time is over."""

    async def story(kernel: Kernel) -> None:
        await kernel.open()
        with pytest.raises(OrderRefused):
            kernel.dealer.reduce(builders.propose_dead_man(60, kernel.dealer.facts("")), gesture=None)
        assert settings_sent(kernel) == []
        await switch_on(kernel)
        await let_pass(50.0)
        assert settings_sent(kernel) == [60, 60, 60, 60]
        kernel.dealer.disarm("by the user")
        await kernel.until(lambda: str(kernel.known.dead_man.state) == "OFF")
        assert settings_sent(kernel)[4:] == [0]
        await let_pass(70.0)
        assert there(kernel) == 1
        assert kernel.known.alarms == ()

    live(story, tmp_path)


@pytest.mark.promise("A-14")
@pytest.mark.fault("F-127")
def test_a_switch_that_does_not_answer_when_it_is_turned_off_is_said_aloud(tmp_path: Path) -> None:
    """Within twenty seconds, because it may still fire."""

    async def story(kernel: Kernel) -> None:
        await switch_on(kernel)
        kernel.world.exchange.faults.lose_request("cancel_all_orders_after", times=100)
        kernel.dealer.disarm("by the user")
        await kernel.until(lambda: kernel.known.alarms, within=21.0)
        assert "asked to be off and did not answer" in kernel.known.alarms[-1].what
        assert "STOPPING" in kernel.dealer.dead_man_words()

    live(story, tmp_path)


@pytest.mark.promise("A-14")
@pytest.mark.promise("A-05")
def test_a_switch_that_is_set_once_is_what_was_confirmed(tmp_path: Path) -> None:
    """For as long as was said, not refreshed: then everything ends, and that is known from evidence."""

    async def story(kernel: Kernel) -> None:
        order = await kernel.open()
        await switch_on(kernel, refreshed=False, timeout=25)
        await let_pass(23.0)
        assert settings_sent(kernel) == [25]
        assert order.state == "OPEN"
        await kernel.until(lambda: order.state == "CANCELED", within=10.0)
        assert there(kernel) == 0

    live(story, tmp_path)


# --- whatever goes wrong --------------------------------------------------------------------------------------------


@pytest.mark.promise("A-17")
@pytest.mark.fault("F-128")
@pytest.mark.parametrize("moment", ["proposed", "confirmed", "written"])
def test_an_exception_in_a_check_stops_the_order(tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is proposed, before it is confirmed, and while its intent is on the way to the disk."""

    def fails(question: object) -> Any:
        raise ZeroDivisionError("collar")

    def sabotage() -> None:
        broken = tuple((name, fails if name == "collar" else judge) for name, judge in CHECKS)
        monkeypatch.setattr("kraken_lab.trading.checks.CHECKS", broken)

    async def story(kernel: Kernel) -> None:
        kernel.disk.delay = 1.0
        if moment == "proposed":
            sabotage()
            with pytest.raises(OrderRefused, match="collar cannot be checked: ZeroDivisionError"):
                kernel.confirm(kernel.propose())
            assert kernel.frames == []
            return
        proposal = kernel.propose()
        if moment == "confirmed":
            sabotage()
        (order,) = kernel.confirm(proposal)
        if moment == "written":
            sabotage()
        await nothing_leaves(kernel, order)
        assert "collar cannot be checked" in order.record.error + order.record.reason
        monkeypatch.undo()
        await kernel.open()

    live(story, tmp_path)


async def disarmed(kernel: Kernel) -> None:
    """Somebody disarms."""
    kernel.dealer.disarm("by the user")


async def halted(kernel: Kernel) -> None:
    """A terminal says kill: another process writes the halt file."""
    record = {"reason": "kill", "since_ns": 1, "pid": 99, "unfinished": False, "resumed": ""}
    kernel.dealer.halt.path.write_text(json.dumps(record))


async def lower_limits(kernel: Kernel) -> None:
    """Limits that it would break."""
    kernel.dealer.set_limits(replace(LIMITS, max_order_notional=Decimal(10)))


async def cancel_only(kernel: Kernel) -> None:
    """The exchange takes cancels only."""
    kernel.world.exchange.faults.status("cancel_only")
    await let_pass(0.5)


async def pair_reduce_only(kernel: Kernel) -> None:
    """The pair is in a state of its own."""
    kernel.world.exchange.faults.pair_status("BTC/USD", "reduce_only")
    await let_pass(0.5)


async def reconnected(kernel: Kernel) -> None:
    """The private connection is another one, and everything is known again."""
    kernel.world.exchange.faults.reset("private")
    await let_pass(20.0)
    assert kernel.account.reconciled


async def disconnected(kernel: Kernel) -> None:
    """The private connection is gone."""
    kernel.world.exchange.faults.refuse(50)
    kernel.world.exchange.faults.reset("private")
    await let_pass(0.5)


async def doubtful(kernel: Kernel) -> None:
    """Another order of the pair is UNKNOWN."""
    kernel.world.exchange.faults.lose_request("add_order")
    other = kernel.place(order_qty="0.011")
    await kernel.until(lambda: other.state == "UNKNOWN")


async def repeated(kernel: Kernel) -> None:
    """The same was placed from another cell."""
    await kernel.open(order_qty="0.01")


async def spent(kernel: Kernel) -> None:
    """Other orders have used up how many there may be in ten seconds."""
    for at in range(5):
        await kernel.open(order_qty=f"0.00{at + 1}")


async def no_disk(kernel: Kernel) -> None:
    """The disk is full."""
    kernel.files.failing["append"] = OSError(28, "No space left on device")


GUARDS: dict[str, Story] = {
    "disarmed": disarmed,
    "halted by another process": halted,
    "limits edited": lower_limits,
    "cancel_only": cancel_only,
    "pair reduce_only": pair_reduce_only,
    "reconnected": reconnected,
    "disconnected": disconnected,
    "another order UNKNOWN": doubtful,
    "repeated": repeated,
    "order rate": spent,
    "clock stepped": clock_stepped,
    "disk full": no_disk,
}


AT_THE_LAST_LOOK = sorted(GUARDS.keys() - {"another order UNKNOWN", "repeated", "order rate", "disk full"})
"""What can still happen to an order that was confirmed: what is confirmed after it is held against it, not it against
that, and the disk has taken it."""


@pytest.mark.promise("P-05")
@pytest.mark.promise("A-06")
@pytest.mark.fault("F-167")
@pytest.mark.parametrize("guard", GUARDS)
def test_what_happens_before_the_code_is_typed_stops_the_order(tmp_path: Path, guard: str) -> None:
    """The proposal was sound. In the live-like profile each guard refuses it or makes the code void: no frame."""

    async def story(kernel: Kernel) -> None:
        proposal = kernel.propose()
        code = kernel.code(proposal)
        await GUARDS[guard](kernel)
        try:
            order = confirm_with(kernel, proposal, code)
        except ConfirmationVoid:
            await let_pass(1.0)
        else:
            await nothing_leaves(kernel, order)
        assert len([frame for frame in kernel.frames if '"order_qty":0.01,' in frame]) == (guard == "repeated")

    live(story, tmp_path, limits=STRICT)


@pytest.mark.promise("P-05")
@pytest.mark.promise("A-06")
@pytest.mark.fault("F-167")
@pytest.mark.parametrize("guard", AT_THE_LAST_LOOK)
def test_what_happens_while_the_disk_writes_stops_the_order(tmp_path: Path, guard: str) -> None:
    """It was confirmed with its code; when its intent is down, the last look refuses it, and it says why."""

    async def story(kernel: Kernel) -> None:
        kernel.disk.delay = 25.0
        (order,) = kernel.confirm(kernel.propose())
        await GUARDS[guard](kernel)
        await nothing_leaves(kernel, order)

    live(story, tmp_path, limits=STRICT)


# --- a slow disk ----------------------------------------------------------------------------------------------------


@pytest.mark.promise("O-02")
@pytest.mark.promise("A-15")
@pytest.mark.fault("F-181")
def test_a_slow_disk_delays_orders_and_nothing_else(tmp_path: Path) -> None:
    """Each flush takes three seconds: no frame before its intent is down; books, heartbeats and cancels are on time."""

    async def story(kernel: Kernel) -> None:
        resting = await kernel.open(order_qty="0.02")
        feed = kernel.dealer.gatherer.references.need("BTC/USD", 1e9)
        kernel.disk.delay = 3.0
        begun, books = kernel.world.clock.now().mono, feed.messages
        frames = len(kernel.frames)
        order = kernel.place(limit_price="45000")
        kernel.cancel(resting)
        await kernel.until(lambda: resting.state == "CANCELED", within=0.5)
        assert order.state == "CONFIRMED"
        await let_pass(2.0)
        assert len(kernel.frames) == frames
        assert feed.messages > books
        assert kernel.dealer.facts("BTC/USD").book_age < 1.5  # type: ignore[operator]
        await kernel.until(lambda: order.state == "OPEN", within=30.0)
        assert kernel.world.clock.now().mono - begun >= 2.99
        (mine,) = [
            record for record in kernel.audit.records() if str(order.cl_ord_id) in json.dumps(record.get("legs"))
        ]
        assert mine["kind"] == "intent"

    live(story, tmp_path, rate=20.0)


@pytest.mark.promise("A-15")
@pytest.mark.fault("F-181")
def test_on_a_slow_disk_arming_waits_and_a_halt_does_not(tmp_path: Path) -> None:
    """It is armed when that is down and not before; a kill stops this kernel and cancels at once, written or not."""

    async def story(kernel: Kernel) -> None:
        kernel.dealer.disarm("to arm again")
        kernel.disk.delay = 3.0
        begun = kernel.world.clock.now().mono
        await kernel.arm()
        assert kernel.world.clock.now().mono - begun >= 2.99
        order = kernel.place()
        await kernel.until(lambda: order.state == "OPEN")
        waiting = kernel.place(limit_price="45000")
        kernel.dealer.kill("enough")
        assert "HALTED" in kernel.dealer.mode_words()
        await kernel.until(lambda: order.state == "CANCELED", within=1.0)
        await nothing_leaves(kernel, waiting)
        assert there(kernel) == 0

    live(story, tmp_path)
