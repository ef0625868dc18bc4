"""Executions over the whole road: every report a row, every fill once, and no number of the sequence passed over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.streams import StreamState
from kraken_lab.streams.executions_feed import ExecutionsFeed
from kraken_lab.wire import Settings
from tests.streams.account import Program, Scribe
from tests.virtual import World, in_world


def rows(feed: ExecutionsFeed, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of every row."""
    frame = feed.table.view().polars(exact=True)
    return frame.select(names).rows()


def gaps(feed: ExecutionsFeed) -> list[dict[str, Any]]:
    """The gaps, as rows."""
    return feed.gaps.view().polars().to_dicts()


def filled(feed: ExecutionsFeed, order_id: str) -> Decimal:
    """The sum of an order's fills."""
    found = rows(feed, "order_id", "exec_type", "last_qty")
    return sum((qty for order, kind, qty in found if (order, kind) == (order_id, "trade")), Decimal(0))


def alter(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    """A fault that changes a message as an object."""

    def edit(text: str) -> str:
        message = json.loads(text)
        change(message)
        return json.dumps(message)

    return edit


def update(**options: Any) -> Match:
    """The frames that bring executions after the snapshot."""
    return Match(channel="executions", type="update", **options)


class TestRows:
    """What a report becomes."""

    def test_an_order_s_life_is_a_row_for_every_report(self) -> None:
        """Completed with the symbol, side and type of the order, which only its first report has; money exact."""

        async def test(world: World) -> None:
            feed = world.executions()
            await world.live(feed)
            order = await Program(world).buy(0.01)
            await asyncio.sleep(0.1)
            found = rows(feed, "exec_type", "symbol", "side", "order_type", "order_id", "source", "epoch")
            kinds = [row[0] for row in found]
            assert kinds[:2] == ["pending_new", "new"]
            assert kinds[-1] == "filled"
            assert set(kinds[2:-1]) == {"trade"}
            assert {row[1:] for row in found} == {("BTC/USD", "buy", "market", order, "live", 1)}
            assert filled(feed, order) == Decimal("0.01")
            [fee] = {row for row in rows(feed, "fee_asset") if row[0] is not None}
            assert fee == ("USD",)

        in_world(test, rate=2.0)

    def test_the_snapshot_holds_open_orders_and_past_fills(self) -> None:
        """Marked as such; one without anything is ready too."""

        async def test(world: World) -> None:
            program = Program(world)
            bought = await program.buy(0.01)
            resting = await program.buy(0.01, price=1000.0)
            feed = world.executions()
            await world.live(feed)
            found = {(order, kind, source) for order, kind, source in rows(feed, "order_id", "exec_type", "source")}
            assert found == {(bought, "trade", "snapshot"), (resting, "status", "snapshot")}
            assert feed.epoch == 1
            assert not len(feed.gaps)

        in_world(test, rate=2.0)

    def test_an_offset_is_no_price(self) -> None:
        """A trailing-stop-limit's limit, 10 from its trigger, is in no row's limit price; the trigger is a price."""

        async def test(world: World) -> None:
            feed = world.executions()
            await world.live(feed)
            trailing = {"order_type": "trailing-stop-limit", "limit_price": 10.0, "limit_price_type": "quote"}
            trigger = {"price": 500.0, "price_type": "quote"}
            order = {"symbol": "BTC/USD", "side": "buy", "order_qty": 0.01, "triggers": trigger, **trailing}
            [answer] = await Program(world).ask("add_order", **order)
            assert answer["success"], answer
            await asyncio.sleep(0.1)
            found = rows(feed, "order_type", "limit_price", "trigger_price")
            assert {row[:2] for row in found} == {("trailing-stop-limit", None)}
            assert all(price is None or price > 1000 for _, _, price in found)

        in_world(test, rate=2.0)

    def test_the_channel_is_asked_for_with_all_it_has(self) -> None:
        """Open orders, fills and the rate counter; without the parameter that is deprecated there."""

        async def test(world: World) -> None:
            await world.live(world.executions())
            [asked] = [json.loads(text)["params"] for text in world.sent if '"executions"' in text]
            assert {name: value for name, value in asked.items() if name != "token"} == {
                "channel": "executions",
                "snap_orders": True,
                "snap_trades": True,
                "ratecounter": True,
            }

        in_world(test, rate=2.0)


class TestSequence:
    """Numbers that were skipped, came twice, or went back."""

    @pytest.mark.promise("S-10")
    @pytest.mark.fault("F-090")
    def test_a_jump_is_a_gap_and_a_fresh_snapshot(self) -> None:
        """The channel alone is subscribed again; what happened meanwhile is all there; balances never notice."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed, balances = world.executions(), world.balances()
            await world.live()
            program = Program(world)
            world.exchange.faults.skip_seq(3, "executions")
            order = await program.buy(0.02)
            await world.until(lambda: feed.counters["resyncs"] == 1)
            await world.live(feed)
            assert filled(feed, order) == Decimal("0.02")
            [gap] = gaps(feed)
            assert gap["reason"] == "sequence went from 1 to 5"
            assert (gap["channel"], gap["missed"], gap["filled"], gap["epoch"]) == ("executions", None, False, 2)
            assert feed.counters["sequence jumps"] == feed.counters["resyncs"] == 1
            first = next(row for row in rows(feed, "epoch", "gap_before", "source") if row[0] == 2)
            assert first == (2, True, "backfill")
            assert "doubted executions: sequence went from 1 to 5" in scribe.story
            assert scribe.story.count("executions snapshot 1") == 2
            assert "executions update 5" not in scribe.story
            assert (balances.epoch, balances.state) == (1, StreamState.LIVE)
            assert world.private.connection.connects == 1

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-10")
    @pytest.mark.promise("S-11")
    @pytest.mark.fault("F-091")
    def test_what_comes_twice_is_dropped_and_counted(self) -> None:
        """No row twice, nobody told twice, no resync."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed = world.executions()
            await world.live()
            world.exchange.faults.dup(update(times=3))
            program = Program(world)
            orders = [await program.buy(0.01) for _ in range(3)]
            await asyncio.sleep(0.5)
            assert [filled(feed, order) for order in orders] == [Decimal("0.01")] * 3
            assert feed.counters["repeated messages"] == 3
            assert feed.epoch == 1
            told = [message.sequence for message in scribe.executions]
            assert told == sorted(set(told)) == list(range(1, len(told) + 1))

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-10")
    @pytest.mark.promise("S-12")
    @pytest.mark.fault("F-091")
    def test_what_comes_out_of_order_ends_in_the_same(self) -> None:
        """The later one is a jump, the earlier one too late; the fresh snapshot has both."""

        async def test(world: World) -> None:
            feed = world.executions()
            await world.live()
            world.exchange.faults.swap(update(), update())
            program = Program(world)
            orders = [await program.buy(0.01), await program.buy(0.03)]
            await world.until(lambda: feed.counters["resyncs"] == 1)
            await world.live(feed)
            assert [filled(feed, order) for order in orders] == [Decimal("0.01"), Decimal("0.03")]

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-10")
    def test_a_snapshot_that_nobody_asked_for_is_not_believed(self) -> None:
        """Nobody knows what lies between: a fresh one is asked for. A repeated one is only dropped."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed = world.executions()
            await world.live()
            said = '{"channel":"executions","type":"snapshot","sequence":%d,"data":[]}'
            world.exchange.faults.raw(said % 1, "private")
            await asyncio.sleep(0.1)
            assert (feed.counters["repeated messages"], feed.epoch) == (1, 1)
            world.exchange.faults.raw(said % 9, "private")
            await world.until(lambda: feed.epoch == 2)
            await world.live(feed)
            assert [gap["reason"] for gap in gaps(feed)] == ["a snapshot came unasked"]
            assert scribe.story.count("executions snapshot 1") == 2
            assert "executions snapshot 9" not in scribe.story

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-10")
    @pytest.mark.promise("S-13")
    @pytest.mark.fault("F-064")
    @pytest.mark.parametrize("reports", [1, 9], ids=["one report, with its symbol", "several"])
    def test_a_message_that_cannot_be_used_is_a_gap(self, reports: int) -> None:
        """None of its reports is applied, whatever symbols they name; the snapshot makes up for it."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed = world.executions()
            await world.live()

            def spoil(message: dict[str, Any]) -> None:
                message["data"] = message["data"][:reports]
                message["data"][-1]["order_id"] = 7

            world.exchange.faults.edit(update(), alter(spoil))
            order = await Program(world).buy(0.01)
            await world.until(lambda: feed.epoch == 2)
            assert filled(feed, order) == Decimal("0.01")
            assert any(line.startswith("doubted executions: malformed message") for line in scribe.story)
            assert not any(line.startswith("executions update") for line in scribe.story)

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-10")
    @pytest.mark.promise("S-03")
    def test_a_channel_that_never_gets_in_step_costs_its_connection(self) -> None:
        """Not an endless loop of subscriptions: after three in a minute the line is replaced, with its backoff."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed = world.executions()
            await world.live()
            program = Program(world)
            for times in range(1, 5):
                world.exchange.faults.skip_seq(1, "executions")
                await program.buy(0.01)
                await world.until(lambda times=times: feed.counters["resyncs"] == times)  # type: ignore[misc]
                await world.live(feed)
            assert world.private.connection.connects == 2
            assert "closed: executions does not get in step: sequence went from 1 to 3" in scribe.story
            assert len([text for text in world.sent if '"subscribe"' in text and '"executions"' in text]) == 5
            assert len(gaps(feed)) == 4

        in_world(test, rate=2.0)


class TestFills:
    """One fill, one row."""

    @pytest.mark.promise("S-11")
    @pytest.mark.fault("F-092")
    def test_the_same_fill_with_another_quantity(self) -> None:
        """The first is kept, and the conflict is said aloud."""

        async def test(world: World) -> None:
            feed = world.executions()
            await world.live()
            order = await Program(world).buy(0.01)
            await asyncio.sleep(0.1)

            def double(message: dict[str, Any]) -> None:
                for report in message["data"]:
                    if report["exec_type"] == "trade":
                        report["last_qty"] = 0.5

            world.exchange.faults.edit(Match(channel="executions", type="snapshot"), alter(double))
            world.exchange.faults.reset("private")
            await world.until(lambda: feed.epoch == 2)
            await world.live(feed)
            assert filled(feed, order) == Decimal("0.01")
            assert feed.counters["conflicting fills"] >= 1
            assert feed.reason.endswith("came twice with different contents; the first is kept")

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-05")
    @pytest.mark.promise("S-11")
    def test_after_a_reconnect_only_new_fills_are_rows(self) -> None:
        """What happened meanwhile is marked as backfill; what was known is not written again."""

        async def test(world: World) -> None:
            feed = world.executions()
            await world.live()
            program = Program(world)
            known = await program.buy(0.01)
            await asyncio.sleep(0.1)
            world.exchange.faults.reset("private")
            meanwhile = await program.buy(0.02)
            await world.until(lambda: feed.epoch == 2)
            assert filled(feed, known) == Decimal("0.01")
            assert filled(feed, meanwhile) == Decimal("0.02")
            assert {row[1] for row in rows(feed, "order_id", "source") if row[0] == meanwhile} == {"backfill"}
            assert feed.counters["duplicate fills"] == len([r for r in rows(feed, "order_id") if r[0] == known]) - 3

        in_world(test, rate=2.0)


class TestSparseReports:
    """Reports that say no more than what changed."""

    @pytest.mark.promise("O-16")
    @pytest.mark.fault("F-093")
    def test_a_report_of_an_order_nobody_described(self) -> None:
        """Is shown and handed on, and a fresh snapshot is fetched; once."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed = world.executions()
            await world.live()
            report = {"order_id": "OUNKNO-WNNNN-NNNNNN", "exec_type": "new", "order_status": "new"}
            stranger = {**report, "timestamp": "2026-05-28T20:26:41.000000Z"}
            for _ in range(2):
                message = {
                    "channel": "executions",
                    "type": "update",
                    "sequence": (feed.sequence or 0) + 1,
                    "data": [stranger],
                }
                world.exchange.faults.raw(json.dumps(message), "private")
                await asyncio.sleep(0.5)
                await world.live(feed)
            assert feed.counters["reports of unknown orders"] == feed.counters["resyncs"] == 1
            assert [row[0] for row in rows(feed, "order_id")] == ["OUNKNO-WNNNN-NNNNNN"] * 2
            assert [row[0] for row in rows(feed, "symbol")] == [None, None]
            handed = scribe.story.index("executions update 2")
            assert scribe.story[handed + 1].startswith("doubted executions: a report of order OUNKNO-WNNNN-NNNNNN")

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-14")
    @pytest.mark.fault("F-094")
    def test_words_nobody_knows(self) -> None:
        """Are shown as they came, and stop nothing."""

        async def test(world: World) -> None:
            feed = world.executions()
            await world.live()

            def rename(message: dict[str, Any]) -> None:
                message["data"][0] |= {"exec_type": "restrung", "order_status": "pondered", "mood": "good"}
                message["data"][0] |= {"symbol": "BTC/USD", "side": "buy"}

            world.exchange.faults.edit(update(contains='"amended"'), alter(rename))
            program = Program(world)
            order = await program.buy(0.01, price=1000.0)
            [answer] = await program.ask("amend_order", order_id=order, limit_price=1001.0)
            assert answer["success"]
            await asyncio.sleep(0.1)
            assert rows(feed, "exec_type", "order_status")[-1] == ("restrung", "pondered")
            assert (feed.state, feed.epoch) == (StreamState.LIVE, 1)

        in_world(test, rate=2.0)


class TestStatus:
    """What the exchange's state means for what is known of orders."""

    @pytest.mark.promise("S-18")
    @pytest.mark.fault("F-026")
    def test_after_maintenance_it_is_fetched_anew(self) -> None:
        """Before it is relied on; the companion hears every state, and that what it knows is in doubt."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed, balances = world.executions(), world.balances()
            await world.live()
            for status in ("maintenance", "cancel_only", "online"):
                world.exchange.faults.status(status)
                await asyncio.sleep(0.5)
            await world.live()
            assert (feed.epoch, balances.epoch) == (2, 2)
            assert [gap["reason"] for gap in gaps(feed)] == ["maintenance"]
            states = [line for line in scribe.story if line in ("maintenance", "cancel_only", "online")]
            assert states == ["online", "maintenance", "cancel_only", "online"]
            assert {"doubted executions: maintenance", "doubted balances: maintenance"} <= set(scribe.story)
            assert world.private.connection.connects == 1

        in_world(test, rate=2.0)


class TestTokens:
    """The token of the account's channels."""

    @pytest.mark.promise("S-20")
    @pytest.mark.fault("F-036")
    def test_a_token_refused_once(self) -> None:
        """One fetch more, for both channels together."""

        async def test(world: World) -> None:
            world.exchange.faults.token(reject=2)
            world.executions()
            world.balances()
            await world.live()
            assert world.fetches == 2
            assert world.private.connection.connects == 1

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-20")
    @pytest.mark.fault("F-037")
    def test_a_token_always_refused(self) -> None:
        """Given up after five refetches, with the reason; market data go on; asked again, it gets new attempts."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            world.exchange.faults.token(reject=10**6)
            book = world.feed("book")
            feed, balances = world.executions(), world.balances()
            await world.until(lambda: feed.state is balances.state is StreamState.FAILED, within=100)
            assert feed.reason.startswith("refused: ESession")
            assert world.fetches <= 7
            assert any(line.startswith("doubted executions: refused: ESession") for line in scribe.story)
            assert (book.state, book.epoch) == (StreamState.LIVE, 1)
            world.exchange.faults.token(reject=1)
            world.companion = scribe
            await world.live(world.executions(), world.balances())
            assert "executions snapshot 1" in scribe.story

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-20")
    @pytest.mark.promise("K-02")
    @pytest.mark.fault("F-038")
    @pytest.mark.parametrize("how", [500, "html", "empty", "wrong_type"])
    def test_an_endpoint_that_answers_nonsense(self, how: Any) -> None:
        """Asked again for as long as it takes; the exchange may close the idle line meanwhile."""

        async def test(world: World) -> None:
            world.exchange.faults.rest_fail("GetWebSocketsToken", how, times=8)
            feed = world.executions()
            await asyncio.sleep(60)
            assert feed.state in (StreamState.SYNCING, StreamState.CONNECTING)
            await world.live(feed, within=300)
            assert world.fetches >= 9

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-20")
    def test_every_connection_has_a_token_of_its_own(self) -> None:
        """Both channels, and whatever is said about orders, use the one of their connection."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed = world.executions()
            for _ in range(3):
                await world.live()
                scribe.texts = ['{"method":"cancel_all","params":{"token":"TOKEN"},"req_id":0000}']
                world.poke()
                await asyncio.sleep(0.1)
                world.exchange.faults.reset("private")
                await world.until(lambda: feed.state is not StreamState.LIVE)
            await world.live()
            subscribed = [json.loads(text)["params"]["token"] for text in world.sent if '"token"' in text]
            assert len(set(scribe.tokens)) == 3
            assert len(set(subscribed)) == world.fetches == 4
            assert all(answer.success for answer in scribe.responses)

        in_world(test, rate=2.0)


@pytest.mark.promise("S-20")
@pytest.mark.promise("S-03")
@pytest.mark.fault("F-009")
@pytest.mark.parametrize("status", [401, 404])
@pytest.mark.parametrize("which", ["executions", "level3"])
def test_an_endpoint_that_denies_the_upgrade(status: int, which: str) -> None:
    """FAILED with the reason after five attempts, market data untouched; asked again, it comes back."""

    async def test(world: World) -> None:
        book = world.feed("book")
        await world.live()
        world.exchange.faults.upgrade(status, times=5)
        ask = world.executions if which == "executions" else lambda: world.feed("level3")
        feed = ask()
        await world.until(lambda: feed.state is StreamState.FAILED, within=200)
        assert f"HTTP {status}, 5 times" in feed.reason
        attempts = len(world.attempts)
        await asyncio.sleep(300)
        assert len(world.attempts) == attempts == 6
        again = ask()
        await world.live(again)
        assert (book.state, book.epoch) == (StreamState.LIVE, 1)

    in_world(test, rate=2.0, settings=Settings())
