"""Everything a stranger could send: contained, counted, never partly applied, and no reader ever ends for it."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.streams import StreamState
from tests.virtual import World, in_world

FOREIGN: list[str | bytes] = [
    "not JSON",
    "",
    "null",
    "[]",
    "7",
    '"text"',
    b"\x00\xff\xfe",
    '{"channel":"book"',
    "[" * 5_000 + "]" * 5_000,
    '{"channel":"trade","type":"update","data":' + "[" * 200 + "]" * 200 + "}",
]

NUMBERS = ["NaN", "Infinity", "-Infinity", "1" * 5_000, "1e999", "1e-999", '"1.5"', "null", "{}", "[]", "true"]


def trade(price: str = "1.5", symbol: str = '"BTC/USD"', trade_id: str = "1") -> str:
    """One trade as JSON text."""
    return (
        f'{{"symbol":{symbol},"side":"buy","price":{price},"qty":0.5,"ord_type":"limit","trade_id":{trade_id},'
        '"timestamp":"2026-05-28T20:26:49Z"}'
    )


def message(data: str, channel: str = "trade", kind: str = "update") -> str:
    """One message as JSON text."""
    return f'{{"channel":"{channel}","type":"{kind}","data":{data}}}'


async def said(world: World, *frames: str | bytes, pause: float = 0.0) -> None:
    """Let the venue say these things on the public connection."""
    for frame in frames:
        world.exchange.faults.raw(frame)
        await asyncio.sleep(pause)
    await asyncio.sleep(0.01)


class TestContained:
    """One bad message touches nothing but its own counter."""

    @pytest.mark.promise("S-13")
    @pytest.mark.fault("F-061")
    @pytest.mark.parametrize("frame", FOREIGN, ids=lambda frame: repr(frame[:12]))
    def test_what_is_no_message(self, frame: str | bytes) -> None:
        """Counted, kept with its first bytes, and forgotten."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            await said(world, frame)
            talk = world.desk.routers[0].talk
            assert talk.counters["malformed"] == 1
            [kept] = talk.quarantine.kept
            assert len(kept.frame) <= 4096
            assert (book.state, book.epoch, len(world.attempts)) == (StreamState.LIVE, 1, 1)

        in_world(test, rate=1.0)

    @pytest.mark.promise("S-13")
    @pytest.mark.promise("S-15")
    @pytest.mark.promise("B-02")
    @pytest.mark.fault("F-062")
    @pytest.mark.fault("F-063")
    @pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:8])
    @pytest.mark.parametrize("channel", ["trade", "book", "ticker"])
    def test_numbers_that_are_none(self, channel: str, number: str) -> None:
        """Whatever stands where a price should: no row of it anywhere, and the stream is whole again by itself."""

        async def test(world: World) -> None:
            feed = world.feed(channel)
            await world.live()
            before = feed.epoch
            if channel == "trade":
                frame = message(f"[{trade(number)}]")
            elif channel == "book":
                frame = message(
                    f'[{{"symbol":"BTC/USD","bids":[{{"price":{number},"qty":1.0}}],"asks":[],"checksum":1}}]', "book"
                )
            else:
                names = ["bid_qty", "ask", "ask_qty", "last", "volume", "vwap", "low", "high", "change", "change_pct"]
                others = ",".join(f'"{name}":1.5' for name in names)
                frame = message(f'[{{"symbol":"BTC/USD","bid":{number},{others}}}]', "ticker")
            await said(world, frame)
            await world.live(feed)
            prices = [] if channel == "book" else feed.table.view().pandas()["price" if channel == "trade" else "bid"]
            assert all(price > 0 for price in prices)
            assert feed.epoch in (before, before + 1)
            assert len(world.attempts) == 1

        in_world(test, rate=1.0)

    @pytest.mark.promise("S-13")
    @pytest.mark.fault("F-062")
    def test_a_key_that_comes_twice(self) -> None:
        """The last one counts; it is no bad message."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            assert feed.last_id is not None
            twice = trade("1.5", trade_id=str(feed.last_id + 1)).replace('"price":1.5', '"price":1.5,"price":2.5')
            await said(world, message(f"[{twice}]"))
            assert feed.table.latest is not None
            assert feed.table.latest.price == Decimal("2.5")
            assert world.desk.routers[0].talk.counters["malformed"] == 0

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-13")
    @pytest.mark.promise("W-04")
    @pytest.mark.fault("F-067")
    @pytest.mark.parametrize(
        "symbol", ["<img src=x onerror=alert(1)>", "\x1b[31m\u202e", "A" * 10_000, "../../etc/passwd", "XXX/YYY", ""]
    )
    def test_symbols_nobody_asked_for(self, symbol: str) -> None:
        """They go to nobody."""

        async def test(world: World) -> None:
            feeds = [world.feed(channel) for channel in ("trade", "book", "ticker", "ohlc")]
            await world.live()
            before = [(feed.messages, feed.epoch) for feed in feeds]
            written = json.dumps(symbol)
            book = f'[{{"symbol":{written},"bids":[],"asks":[],"checksum":0}}]'
            await said(world, message(f"[{trade(symbol=written)}]"), message(book, "book", "snapshot"))
            assert [(feed.messages, feed.epoch) for feed in feeds] == before

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-13")
    @pytest.mark.promise("S-15")
    def test_numbers_at_the_bounds_of_what_is_allowed(self) -> None:
        """Thirty digits and thirty places are exact in the exact columns, and end nothing."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            assert feed.last_id is not None
            prices = ["1e30", "1e-30", "123456789012345678901234567890.5", "0.000000000000000000000000000001", "1e-05"]
            for n, price in enumerate(prices, 1):
                await said(world, message(f"[{trade(price, trade_id=str(feed.last_id + 1))}]"))
                assert len(feed.table) == 50 + n
            await asyncio.sleep(1)
            assert (feed.state, feed.epoch, len(world.attempts)) == (StreamState.LIVE, 1, 1)
            assert feed.table.latest is not None
            assert feed.table.latest.price == Decimal("1e-05")

        in_world(test, rate=0.0)


class TestOneAmongTen:
    """One bad entry spoils its whole message, and nothing else."""

    @pytest.mark.promise("S-13")
    @pytest.mark.fault("F-064")
    @pytest.mark.parametrize("place", [0, 5, 9])
    @pytest.mark.parametrize("bad", ['"price":"text"', '"symbol":7'])
    def test_of_ten_trades_none_is_applied(self, place: int, bad: str) -> None:
        """A gap opens, the ten are fetched again, and the gap is filled."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            assert feed.last_id is not None
            first = feed.last_id + 1
            world.exchange.market.engine("BTC/USD").next_trade_id += 10
            entries = [trade(trade_id=str(first + n)) for n in range(10)]
            name = bad.split(":")[0]
            entries[place] = ",".join(
                bad if part.startswith(name) else part for part in entries[place][1:-1].split(",")
            )
            entries[place] = "{" + entries[place] + "}"
            before = len(feed.table)
            world.exchange.faults.raw(message(f"[{','.join(entries)}]"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(feed.table) == before
            assert feed.counters["malformed"] == 1
            await world.live(feed)
            [gap] = feed.gaps.gaps
            assert gap.reason.startswith("malformed message")
            assert not gap.is_open

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-13")
    @pytest.mark.fault("F-064")
    @pytest.mark.parametrize("channel", ["book", "level3"])
    def test_a_book_is_resynced(self, channel: str) -> None:
        """At once: it lacks a message, whatever the next checksum would say."""

        async def test(world: World) -> None:
            feed = world.feed(channel)
            await world.live()

            def spoil(text: str) -> str:
                said = json.loads(text)
                said["data"][0]["bids"].append({"price": "x", "qty": None})
                return json.dumps(said)

            world.exchange.faults.edit(Match(channel=channel, type="update"), spoil)
            await world.until(lambda: feed.counters["malformed"], within=30)
            await world.live(feed)
            assert [gap.reason[:17] for gap in feed.gaps.gaps] == ["malformed message"]
            assert feed.counters["checksum mismatches"] == 0

        in_world(test)

    @pytest.mark.promise("S-08")
    @pytest.mark.promise("S-13")
    @pytest.mark.parametrize("channel", ["book", "trade", "ticker"])
    def test_messages_that_are_always_bad_lead_to_no_loop(self, channel: str) -> None:
        """A book fails after the limit; a table goes on, with a gap for each, and is not asked again and again."""

        async def test(world: World) -> None:
            feed = world.feed(channel)
            await world.live()

            def spoil(text: str) -> str:
                name = {"book": "checksum", "trade": "price", "ticker": "bid"}[channel]
                return text.replace(f'"{name}":', f'"{name}":"x","was":')

            world.exchange.faults.edit(Match(channel=channel, type="update", symbol="BTC/USD", times=None), spoil)
            await asyncio.sleep(50)
            subscribes = [text for text in world.sent if '"subscribe"' in text and f'"{channel}"' in text]
            assert len(subscribes) <= 1 + world.settings.resync_limit + (len(world.attempts) - 1)
            assert feed.counters["malformed"] > world.settings.resync_limit
            if channel == "book":
                assert feed.state is StreamState.FAILED
            else:
                assert feed.state is StreamState.LIVE
                assert len(feed.gaps) == feed.counters["malformed"] + (len(world.attempts) - 1)

        in_world(test, rate=20.0)


class TestFlood:
    """Too much of it is a reason to begin anew."""

    @pytest.mark.promise("S-13")
    @pytest.mark.fault("F-065")
    def test_twenty_bad_messages_in_ten_seconds(self) -> None:
        """One reconnect; nineteen lead to none."""

        async def test(world: World) -> None:
            book = world.feed("book")
            await world.live()
            await said(world, *["nonsense"] * 19, pause=0.4)
            await asyncio.sleep(11)
            assert len(world.attempts) == 1
            await said(world, *["nonsense"] * 20, pause=0.4)
            await world.until(lambda: book.epoch == 2)
            await asyncio.sleep(60)
            assert len(world.attempts) == 2
            assert [gap.reason for gap in book.gaps.gaps] == ["20 malformed messages"]

        in_world(test, rate=1.0)

    @pytest.mark.promise("S-14")
    @pytest.mark.fault("F-066")
    def test_the_unknown_is_let_through(self) -> None:
        """Channels, methods, messages, fields and values of tomorrow: counted, and everything stays LIVE."""

        async def test(world: World) -> None:
            feed = world.feed("trade")
            await world.live()
            assert feed.last_id is not None
            new = trade(trade_id=str(feed.last_id + 1)).replace('"buy"', '"swap"')[:-1] + ',"venue":"moon"}'
            await said(
                world,
                '{"channel":"tomorrow","type":"update","data":[]}',
                '{"method":"dance","success":true,"result":{}}',
                '{"event":"hello"}',
                message(f"[{new}]"),
            )
            talk = world.desk.routers[0].talk
            assert talk.counters["unknown message"] + talk.counters["unmatched response"] >= 3
            assert talk.counters["malformed"] == 0
            assert feed.table.latest is not None
            assert feed.table.latest.side == "swap"
            assert (feed.state, feed.epoch) == (StreamState.LIVE, 1)

        in_world(test, rate=0.0)

    @pytest.mark.promise("B-01")
    @pytest.mark.promise("S-14")
    def test_a_stranger_s_names_do_not_fill_the_memory(self) -> None:
        """A hundred thousand unknown keys in one message are counted in a bounded number of counters."""

        async def test(world: World) -> None:
            await world.live()
            keys = ",".join(f'"k{n}{"x" * 50}":1' for n in range(100_000))
            await said(world, f'{{"method":"pong",{keys}}}')
            counters = world.desk.routers[0].talk.counters
            assert len(counters) <= 1_001
            assert max(map(len, counters)) <= 100

        in_world(test, rate=0.0)

    @pytest.mark.promise("S-13")
    @pytest.mark.promise("B-01")
    @pytest.mark.parametrize("seed", range(3))
    def test_a_mixed_flood(self, seed: int) -> None:
        """A thousand random spoilings of real messages: the reader lives, the end is LIVE and true."""

        async def test(world: World) -> None:
            random = Random(seed)
            feeds: list[Any] = [world.feed(channel) for channel in ("book", "trade", "ticker", "ohlc")]
            await world.live()
            spoiled = 0

            def spoil(text: str) -> str | bytes:
                nonlocal spoiled
                spoiled += 1
                at = random.randrange(len(text))
                match random.randrange(4):
                    case 0:
                        return text[:at]
                    case 1:
                        return text[:at] + random.choice('{}[]",:0x\\') + text[at + 1 :]
                    case 2:
                        return text[:at].encode() + bytes([random.randrange(256)]) + text[at:].encode()
                    case _:
                        return text[:at] + text[random.randrange(len(text)) :]

            rule = Match(times=None, where=lambda frame: frame.channel != "status" and random.random() < 0.2)
            world.exchange.faults.edit(rule, spoil)
            while spoiled < 150:
                await asyncio.sleep(5)
            world.exchange.faults.clear()
            await asyncio.sleep(90)
            for n, feed in enumerate(feeds):
                if feed.state is StreamState.FAILED:
                    feeds[n] = world.feed(feed.channel)
            await world.live(*feeds, within=90)
            ids = feeds[1].table.view().pandas()["trade_id"].tolist()
            assert len(ids) == len(set(ids))
            assert len(world.desk.routers[0].talk.quarantine.kept) <= 100

        in_world(test)
