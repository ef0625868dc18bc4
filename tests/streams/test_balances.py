"""Balances over the whole road: what the account holds, and every movement since it is watched."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.streams import StreamState
from kraken_lab.streams.balances_feed import BALANCES, BalancesFeed
from kraken_lab.wire import BalancesMessage, Instant, Settings, decode
from tests.streams.account import Program, Scribe
from tests.streams.fake_host import AnUpstream
from tests.virtual import World, in_world

NOW = Instant(1.0, 1_780_000_000_000_000_000)


def held(feed: BalancesFeed) -> dict[str, Decimal]:
    """The balance of every asset, as the table shows it."""
    return dict(feed.table.view().polars(exact=True).select("asset", "balance").rows())


def ledger(feed: BalancesFeed, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of every ledger entry."""
    return feed.ledger.view().polars(exact=True).select(names).rows()


class TestOnTheRoad:
    """With the exchange on the other end."""

    def test_a_trade_moves_two_assets(self) -> None:
        """Two ledger entries, and the balances after them are the exchange's own."""

        async def test(world: World) -> None:
            feed = world.balances()
            await world.live(feed)
            before = dict(feed.totals)
            await Program(world).buy(0.01)
            await asyncio.sleep(0.1)
            entries = ledger(feed, "asset", "type", "amount", "fee", "balance")
            assert {entry[:2] for entry in entries} == {("BTC", "trade"), ("USD", "trade")}
            for asset in ("BTC", "USD"):
                moved = sum(amount - fee for name, _, amount, fee, _ in entries if name == asset)
                assert feed.totals[asset] == before[asset] + moved == entries[-1 if asset == "USD" else -2][4]
            assert held(feed) == dict(feed.totals)
            answer = await world.private_call("Balance")
            assert Decimal(answer["XXBT"]) == feed.totals["BTC"]
            assert Decimal(answer["ZUSD"]) == feed.totals["USD"]

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-10")
    @pytest.mark.fault("F-090")
    def test_a_jump_is_a_gap_and_a_fresh_snapshot(self) -> None:
        """The balances are right at once again; the ledger says where it has a hole; executions never notice."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed, executions = world.balances(), world.executions()
            await world.live()
            program = Program(world)
            world.exchange.faults.skip_seq(2, "balances")
            await program.buy(0.02)
            await world.until(lambda: feed.counters["resyncs"] == 1)
            await world.live(feed)
            assert feed.totals["BTC"] == Decimal("2.02")
            assert [gap["reason"] for gap in feed.gaps.view().polars().to_dicts()] == ["sequence went from 1 to 4"]
            await program.buy(0.01)
            await asyncio.sleep(0.1)
            assert ledger(feed, "epoch", "gap_before")[0] == (2, True)
            assert feed.totals["BTC"] == Decimal("2.03")
            assert "doubted balances: sequence went from 1 to 4" in scribe.story
            assert executions.epoch == 1

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-10")
    @pytest.mark.promise("S-11")
    @pytest.mark.fault("F-091")
    def test_what_comes_twice_moves_nothing(self) -> None:
        """It is dropped and counted."""

        async def test(world: World) -> None:
            scribe = world.companion = Scribe()
            feed = world.balances()
            await world.live()
            world.exchange.faults.dup(Match(channel="balances", type="update", times=4))
            await Program(world).buy(0.01)
            await asyncio.sleep(0.1)
            assert feed.totals["BTC"] == Decimal("2.01")
            assert feed.counters["repeated messages"] >= 2
            sequences = [message.sequence for message in scribe.balances]
            assert sequences == list(range(1, len(sequences) + 1))
            assert feed.epoch == 1

        in_world(test, rate=2.0)

    @pytest.mark.promise("S-04")
    def test_after_a_reconnect_the_balances_are_the_snapshot_s(self) -> None:
        """An asset that is not in it is not held any more."""

        async def test(world: World) -> None:
            feed = world.balances()
            await world.live(feed)

            def lose(text: str) -> str:
                message = json.loads(text)
                message["data"] = [row for row in message["data"] if row["asset"] != "DOGE"]
                return json.dumps(message)

            assert "DOGE" in held(feed)
            world.exchange.faults.edit(Match(channel="balances", type="snapshot"), lose)
            world.exchange.faults.reset("private")
            await world.until(lambda: feed.epoch == 2)
            assert "DOGE" not in held(feed)
            assert "DOGE" not in feed.totals

        in_world(test, rate=2.0)


class TestByHand:
    """What no sandbox account does: earning, several wallets, the same entry twice."""

    @staticmethod
    def a_feed(*wallets: tuple[str, str, str]) -> BalancesFeed:
        """A feed that heard a snapshot of USD in these wallets: type, name, balance."""
        feed = BalancesFeed(BALANCES, Settings(), AnUpstream())
        feed.connected(NOW)
        rows = ",".join(f'{{"type":"{kind}","id":"{name}","balance":{held}}}' for kind, name, held in wallets)
        total = sum(Decimal(held) for _, _, held in wallets)
        TestByHand.hear(feed, f'{{"asset":"USD","balance":{total},"wallets":[{rows}]}}', 1, kind="snapshot")
        return feed

    @staticmethod
    def hear(feed: BalancesFeed, row: str, sequence: int, *, kind: str = "update") -> None:
        """One message with one row."""
        text = f'{{"channel":"balances","type":"{kind}","sequence":{sequence},"data":[{row}]}}'
        message = decode(text)
        assert isinstance(message, BalancesMessage)
        feed.take(message, NOW)

    @staticmethod
    def an_entry(amount: str, balance: str, *, fee: str = "0", wallet: str = "main", ledger_id: str = "L1") -> str:
        """A ledger entry of USD."""
        kind = "spot" if wallet == "main" else "earn"
        return (
            f'{{"ledger_id":"{ledger_id}","ref_id":"R","timestamp":"2026-05-04T00:00:05.000001Z","type":"transfer",'
            f'"asset":"USD","amount":{amount},"fee":{fee},"balance":{balance},'
            f'"wallet_type":"{kind}","wallet_id":"{wallet}"}}'
        )

    @pytest.mark.promise("S-15")
    @pytest.mark.parametrize("after", ["299.7500", "499.7500"], ids=["the wallet's", "the asset's"])
    def test_a_balance_may_be_the_wallet_s_or_the_asset_s(self, after: str) -> None:
        """The reference does not say which; the figures do."""
        feed = self.a_feed(("spot", "main", "200.0000"), ("earn", "flex", "200.0000"))
        self.hear(feed, self.an_entry("100.0000", after, fee="0.2500"), 2)
        row = feed.table.get("USD")
        assert row is not None
        assert (row.balance, row.spot, row.earn) == (Decimal("499.75"), Decimal("299.75"), Decimal(200))

    def test_with_one_wallet_the_last_word_is_the_balance(self) -> None:
        """Also where the sum would say otherwise: the exchange knows better."""
        feed = self.a_feed(("spot", "main", "200"))
        self.hear(feed, self.an_entry("1", "250"), 2)
        assert feed.totals["USD"] == 250

    def test_a_new_asset_and_a_new_wallet(self) -> None:
        """Are there from their first entry on."""
        feed = self.a_feed(("spot", "main", "200"))
        self.hear(feed, self.an_entry("5", "5", wallet="flex"), 2)
        self.hear(feed, self.an_entry("7", "7", ledger_id="L2").replace('"USD"', '"DOT"'), 3)
        assert dict(feed.totals) == {"USD": Decimal(205), "DOT": Decimal(7)}
        row = feed.table.get("USD")
        assert row is not None
        assert (row.spot, row.earn) == (200, 5)

    @pytest.mark.promise("S-11")
    def test_an_entry_that_comes_twice_under_two_numbers(self) -> None:
        """Moves nothing the second time; with other contents it is said aloud."""
        feed = self.a_feed(("spot", "main", "200"))
        for sequence, row in enumerate([self.an_entry("1", "201")] * 2 + [self.an_entry("9", "209")], 2):
            self.hear(feed, row, sequence)
        assert feed.totals["USD"] == 201
        assert (feed.counters["duplicate entries"], feed.counters["conflicting entries"]) == (1, 1)
        assert feed.reason == "entry L1 came twice with different contents; the first is kept"
        assert feed.ledger.rows == 1
        assert feed.state is StreamState.LIVE
