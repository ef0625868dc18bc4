"""The bound on what is ahead of a paper order, against queues whose truth is known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.sandbox.queue_place import SKEW_NS, Place

LATER = 2 * SKEW_NS


class TrueQueue:
    """One price's queue in the real market, and where an order that joined at its end would stand."""

    def __init__(self, ahead: int) -> None:
        self.ahead, self.behind = ahead, 0

    @property
    def visible(self) -> int:
        """What the book shows."""
        return self.ahead + self.behind

    def trade(self, qty: int) -> int:
        """Use up from the front; how much of it an order of any size there would have got."""
        past = max(0, qty - self.ahead)
        self.ahead = max(0, self.ahead - qty)
        self.behind = max(0, self.behind - past)
        return past


events = st.lists(
    st.tuples(
        st.sampled_from(["join", "withdraw ahead", "withdraw behind", "trade", "trade, told late", "out of sight"]),
        st.integers(1, 12),
        st.integers(0, 3),
    ),
    max_size=40,
)


@pytest.mark.promise("P-04")
@given(start=st.integers(0, 20), script=events)
@settings(max_examples=150)
def test_nothing_is_filled_that_the_true_queue_would_not_have_let_through(
    start: int, script: list[tuple[str, int, int]]
) -> None:
    """The bound is never below the truth, and what gets past it is never more, whichever message comes first."""
    queue, place, ns = TrueQueue(start), Place(start), 0
    got = deserved = 0
    for kind, qty, wait in script:
        ns += wait * SKEW_NS
        if kind == "join":
            queue.behind += qty
        elif kind == "withdraw ahead":
            queue.ahead -= min(qty, queue.ahead)
        elif kind == "withdraw behind":
            queue.behind -= min(qty, queue.behind)
        elif kind == "out of sight":
            place.shown(None, ns)
        elif queue.visible:
            traded = min(qty, queue.visible)
            deserved += queue.trade(traded)
            if kind == "trade":
                got += place.traded(traded, ns)
            else:
                place.shown(queue.visible, ns)
                ns += SKEW_NS // 2
                got += place.traded(traded, ns)
        place.shown(queue.visible, ns)
        ahead = place.ahead(ns)
        assert ahead is not None
        assert ahead >= queue.ahead
        assert got <= deserved


def test_a_trade_is_not_counted_again_as_the_level_that_it_made_smaller() -> None:
    """Whether the level or the trade is told first, ten less three is seven."""
    for first_the_level in (True, False):
        place = Place(10)
        if first_the_level:
            place.shown(7, 0)
        place.traded(3, 1)
        place.shown(7, 2)
        assert place.ahead(LATER) == 7


def test_a_withdrawal_counts_when_it_must_have_been_in_front_and_not_at_once() -> None:
    """Ten behind which five join: of a level of four no more than four can be ahead, once no trade explains it."""
    place = Place(10)
    place.shown(15, 0)
    place.shown(11, 1)
    assert place.ahead(LATER) == 10
    place.shown(4, LATER)
    assert place.ahead(LATER) == 10
    assert place.ahead(LATER + SKEW_NS) == 4


def test_what_is_left_of_a_trade_after_the_queue_gets_past() -> None:
    """Six are ahead, so of eight two get past."""
    place = Place(6)
    assert place.traded(8, 0) == 2
    assert place.traded(5, 0) == 5


def test_out_of_sight_nothing_is_known_until_the_price_comes_into_view() -> None:
    """Then all that is visible is taken to be ahead."""
    place = Place(None)
    assert (place.ahead(0), place.traded(5, 0)) == (None, 0)
    place.shown(None, 1)
    assert place.ahead(1) is None
    place.shown(8, 2)
    assert place.ahead(2) == 8


def test_a_trade_beyond_the_price_proves_that_nothing_was_left_there() -> None:
    """The order is next."""
    place = Place(8)
    place.passed()
    assert place.ahead(0) == 0


def test_after_an_interruption_the_old_bound_still_holds() -> None:
    """Nobody can have joined in front; more than what is visible now cannot be left."""
    smaller, larger, unseen = Place(8), Place(8), Place(8)
    smaller.found_again(3)
    larger.found_again(30)
    unseen.found_again(None)
    assert [place.ahead(0) for place in (smaller, larger, unseen)] == [3, 8, 8]
