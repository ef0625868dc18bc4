"""Level3: tokens that are refused, late, wrong or outdated, and a budget that is the account's."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, Literal

import pytest

from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.streams import StreamState
from kraken_lab.wire import Settings
from tests.virtual import World, in_world


def tokens(world: World) -> list[str]:
    """Every token the client sent, in order."""
    return [found[1] for text in world.sent if (found := re.search(r'"token":"([^"]+)"', text))]


class TestTokens:
    """A token is fetched anew when it must be, and given up at last."""

    @pytest.mark.promise("S-20")
    @pytest.mark.fault("F-036")
    def test_a_token_refused_once(self) -> None:
        """One fetch more, and nobody has to do anything."""

        async def test(world: World) -> None:
            world.exchange.faults.token(reject=1)
            feed = world.feed("level3")
            await world.live(feed)
            assert len(tokens(world)) == len(set(tokens(world))) == world.fetches == 2

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-20")
    @pytest.mark.fault("F-037")
    def test_a_token_always_refused(self) -> None:
        """Five fetches more, then FAILED with the reason; the others run; asked again, it gets new attempts."""

        async def test(world: World) -> None:
            book = world.feed("book")
            world.exchange.faults.token(reject=10**6)
            feeds = [world.feed("level3", symbol) for symbol in ("BTC/USD", "ETH/USD")]
            await world.until(lambda: all(feed.state is StreamState.FAILED for feed in feeds), within=100)
            assert all(feed.reason.startswith("refused: ESession") for feed in feeds)
            assert world.fetches == 6
            assert (book.state, book.epoch) == (StreamState.LIVE, 1)
            await asyncio.sleep(300)
            assert world.fetches == 6
            world.exchange.faults.token(reject=1)
            again = world.feed("level3")
            await world.live(again)

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-20")
    @pytest.mark.promise("K-02")
    @pytest.mark.fault("F-038")
    @pytest.mark.parametrize("how", [500, "html", "empty", "wrong_type", "not_json"])
    def test_an_endpoint_that_answers_nonsense(self, how: Any) -> None:
        """Asked again with backoff for as long as it takes; the line is kept alive meanwhile."""

        async def test(world: World) -> None:
            world.exchange.faults.rest_fail("GetWebSocketsToken", how, times=8)
            feed = world.feed("level3")
            await asyncio.sleep(90)
            assert feed.state is StreamState.SYNCING
            assert 6 <= world.fetches <= 8
            await world.live(feed, within=200)
            assert len(world.attempts) == 2

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-20")
    def test_a_key_that_may_not(self) -> None:
        """Refused by the endpoint itself five times: FAILED, with its words."""

        async def test(world: World) -> None:
            world.exchange.permissions.discard("websockets")
            feed = world.feed("level3")
            await world.until(lambda: feed.state is StreamState.FAILED, within=100)
            assert "Permission denied" in feed.reason
            assert world.fetches == 5

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-20")
    def test_every_connection_has_a_token_of_its_own(self) -> None:
        """Fetched after it stood, whatever was on its way before."""

        async def test(world: World) -> None:
            world.answer_delay = 3.0
            feed = world.feed("level3")
            await asyncio.sleep(1.0)
            world.exchange.faults.reset("level3")
            await world.live(feed)
            world.exchange.faults.reset("level3")
            await world.until(lambda: feed.state is not StreamState.LIVE)
            await world.live(feed)
            used = tokens(world)
            assert len(used) == len(set(used)) == 2
            opened = [at for at in world.attempts if at > 0][-2:]
            assert all(asked >= at for asked, at in zip(world.asked_at[-2:], opened, strict=True))

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-20")
    def test_a_token_refused_while_another_symbol_leaves(self) -> None:
        """The one that leaves waits for the new token without turning in circles, and is gone in the end."""

        async def test(world: World) -> None:
            stays, goes = world.feed("level3", "BTC/USD"), world.feed("level3", "ETH/USD")
            await world.live()
            world.exchange.faults.token(reject=2)
            world.desk.release(goes)
            late = world.feed("level3", "DOGE/USD")
            await world.live(late, stays)
            await asyncio.sleep(30)
            [session] = [session for session in world.exchange.sessions if session.endpoint == "level3"]
            assert sorted(symbol for _, symbol in session._subscriptions._held) == ["BTC/USD", "DOGE/USD"]
            assert stays.epoch == 1

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-20")
    def test_a_token_refused_to_the_only_one_that_wants_one_and_leaves(self) -> None:
        """It fetches another, just to be gone at the venue too."""

        async def test(world: World) -> None:
            stays, goes = world.feed("level3", "BTC/USD"), world.feed("level3", "ETH/USD")
            await world.live()
            world.exchange.faults.token(reject=1)
            world.desk.release(goes)
            await asyncio.sleep(30)
            [session] = [session for session in world.exchange.sessions if session.endpoint == "level3"]
            assert [symbol for _, symbol in session._subscriptions._held] == ["BTC/USD"]
            assert world.fetches == 2
            assert (stays.state, stays.epoch) == (StreamState.LIVE, 1)

        in_world(test, rate=2.0)

    @pytest.mark.promise("K-02")
    def test_a_refusal_that_repeats_the_token(self) -> None:
        """Is shown without it."""

        async def test(world: World) -> None:
            feed = world.feed("level3")

            def echo(text: str) -> str:
                return json.dumps({**json.loads(text), "error": f"EGeneral:Bad token {tokens(world)[-1]}"})

            world.exchange.faults.deny("BTC/USD")
            world.exchange.faults.edit(Match(method="subscribe", symbol="BTC/USD", times=None), echo)
            await world.until(lambda: feed.state is StreamState.FAILED)
            assert feed.reason == "refused: EGeneral:Bad token <secret>"

        in_world(test, rate=2.0)


class TestBudget:
    """What level3 costs is paid in time."""

    @pytest.mark.promise("S-04")
    @pytest.mark.fault("F-175")
    @pytest.mark.parametrize(("account", "budget"), [("standard", 200), ("pro", 500)])
    @pytest.mark.parametrize("depths", [(10,), (10, 100, 1000)])
    def test_two_hundred_symbols(
        self, account: Literal["standard", "pro"], budget: int, depths: tuple[int, ...], two_hundred: Any
    ) -> None:
        """The venue never refuses for the rate, before a reset and after it; those that wait are named."""
        symbols = [pair.symbol for pair in two_hundred][: 200 if depths == (10,) else 60]

        async def test(world: World) -> None:
            feeds = [world.feed("level3", s, depth=depths[n % len(depths)]) for n, s in enumerate(symbols)]
            await world.live(*feeds, within=200)
            [router] = [router for router in world.desk.routers if router.name.startswith("level3")]
            for feed in feeds:
                assert feed.state is StreamState.LIVE
            world.exchange.faults.reset()
            await world.until(lambda: not any(feed.state is StreamState.LIVE for feed in feeds))
            await world.until(lambda: router.talk.connected)
            await asyncio.sleep(0.5)
            waiting = {f"level3 {feed.symbol}" for feed in feeds if feed.state is not StreamState.LIVE}
            assert waiting
            assert set(router.talk.waiting_for) == waiting
            await world.live(*feeds, within=200)
            assert router.talk.counters["slowed down"] == 0
            assert len([text for text in world.sent if '"level3"' in text]) >= 2 * len(symbols) * 5 // budget

        in_world(test, pairs=two_hundred, rate=1.0, account=account, settings=Settings(level3_budget=budget))
