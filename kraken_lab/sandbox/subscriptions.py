"""What one connection is subscribed to, and how subscribing and unsubscribing are answered: symbol by symbol.

Assumed, because nobody has published it: the texts for a level3 budget that is used up (``EAPI:Rate limit exceeded``)
and for more than 200 level3 symbols on a connection (``Subscription limit exceeded``).

Source: Subscribe and channel pages, Kraken WebSocket API v2 reference; error texts as observed on the live service.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kraken_lab.sandbox.api_key import Permission
from kraken_lab.sandbox.desk import Desk
from kraken_lab.sandbox.feeds import Receiver
from kraken_lab.sandbox.json_text import array, boolean, text
from kraken_lab.sandbox.publisher import FeedKey
from kraken_lab.sandbox.request import PRIVATE_CHANNELS, AccountSubscription, Subscription

__all__ = ["LEVEL3_SYMBOLS", "Refusal", "Subscriptions"]

LEVEL3_SYMBOLS: Final = 200
_LEVEL3_COSTS: Final = {10: 5, 100: 25, 1000: 100}
_WARNINGS: Final = {
    "ohlc": "timestamp is deprecated, use interval_begin",
    "instrument": "tick_size is deprecated, use price_increment",
}
_PERMISSIONS: Final[dict[str, Permission]] = {"executions": "query-open-trades", "balances": "query-funds"}


class Refusal(Exception):
    """One symbol is refused, in these words."""


class _Held(NamedTuple):
    key: FeedKey
    snapshot: bool
    token: str


class Subscriptions:
    """The subscriptions of one connection, by channel and symbol."""

    def __init__(self, desk: Desk, receiver: Receiver) -> None:
        self._desk = desk
        self._receiver = receiver
        self._held: dict[tuple[str, str], _Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, request: Subscription, symbol: str, now_ns: int) -> dict[str, str]:
        """Subscribe one symbol ("" for channels without); the ``result`` of its acknowledgement, as JSON text.

        Nothing is delivered before `begin`, so that the acknowledgement can go out first.

        Raises:
            Refusal: it is refused.
        """
        channel = request.channel
        if channel != "instrument":  # the only one without symbols; elsewhere an empty one is a wrong one
            self._check_listed(symbol)
            self._check_published(channel)
        held = self._held.get((channel, symbol))
        key = _key(request, symbol)
        if held is not None:
            another = channel == "ohlc" and held.key != key
            raise Refusal("Already subscribed to one ohlc interval on this symbol" if another else "Already subscribed")
        if channel == "level3":
            self._check_level3(request, now_ns)
            self._desk.tokens.keep(request.token)
        self._held[channel, symbol] = _Held(key, request.snapshot, request.token)
        result = {"channel": text(channel), **_options(key), "snapshot": boolean(request.snapshot)}
        if symbol:
            result["symbol"] = text(symbol)
        if channel in _WARNINGS:
            result["warnings"] = array([text(_WARNINGS[channel])])
        return result

    def begin(self, channel: str, symbol: str, now_ns: int) -> None:
        """Send the snapshot, if it was asked for, and from now on the updates."""
        held = self._held[channel, symbol]
        self._desk.publisher.join(self._receiver, held.key)
        if held.snapshot:
            self._receiver.send(self._desk.publisher.snapshot(held.key, now_ns))

    def remove(self, request: Subscription, symbol: str) -> dict[str, str]:
        """Unsubscribe one symbol; the ``result`` of its acknowledgement, as JSON text.

        Raises:
            Refusal: there is no such subscription, or not with that depth or interval.
        """
        channel = request.channel
        held = self._held.get((channel, symbol))
        if held is None or (_must_name_option(request) and held.key != _key(request, symbol)):
            raise Refusal("Subscription Not Found")
        self._end(channel, symbol)
        result = {"channel": text(channel)}
        if channel != "level3":
            result |= _options(held.key)
        if channel == "book":
            result["snapshot"] = boolean(held.snapshot)
        if symbol:
            result["symbol"] = text(symbol)
        return result

    def add_account(self, request: AccountSubscription) -> dict[str, str]:
        """Subscribe to a channel of the account; the ``result`` of its acknowledgement. Nothing is delivered yet.

        Raises:
            Refusal: it is refused.
        """
        channel = request.channel
        if (channel, "") in self._held:
            raise Refusal("Already subscribed")
        may = self._desk.key.may(_PERMISSIONS[channel])
        if not may or (request.snap_trades and not self._desk.key.may("query-closed-trades")):
            raise Refusal("EGeneral:Permission denied")
        self._desk.tokens.keep(request.token)
        self._held[channel, ""] = _Held(FeedKey(channel, "", ""), request.snapshot, request.token)
        return self._desk.account.acknowledgement(request)

    def remove_account(self, request: AccountSubscription) -> dict[str, str]:
        """Unsubscribe from a channel of the account; the ``result`` of its acknowledgement.

        Raises:
            Refusal: there is no such subscription.
        """
        if (request.channel, "") not in self._held:
            raise Refusal("Subscription Not Found")
        self._end(request.channel, "")
        return {"channel": text(request.channel)}

    def clear(self) -> None:
        """The connection is gone, and with it all of them."""
        for channel, symbol in tuple(self._held):
            self._end(channel, symbol)

    def _end(self, channel: str, symbol: str) -> None:
        held = self._held.pop((channel, symbol))
        if channel in PRIVATE_CHANNELS:
            self._desk.account.leave(self._receiver, channel)
        else:
            self._desk.publisher.leave(self._receiver, held.key)
        if held.token:
            self._desk.tokens.release(held.token)

    def _check_listed(self, symbol: str) -> None:
        if "/" not in symbol:
            raise Refusal(f"Currency pair not in ISO 4217-A3 format {symbol}")
        denied = self._desk.faults.denied.get(symbol)
        if denied is not None:
            raise Refusal(denied)
        pair = self._desk.listing.pair(symbol)
        if pair is None or pair.status == "delisted":
            raise Refusal(f"Currency pair not supported {symbol}")

    def _check_published(self, channel: str) -> None:
        if self._desk.unpublished:
            also = "; and level3 needs a real API key there" if channel == "level3" else ""
            raise Refusal(f"{self._desk.unpublished}{also}")

    def _check_level3(self, request: Subscription, now_ns: int) -> None:
        if sum(channel == "level3" for channel, _ in self._held) >= LEVEL3_SYMBOLS:
            raise Refusal("Subscription limit exceeded")
        if not self._desk.level3_budget.take(_LEVEL3_COSTS[request.depth], now_ns):
            raise Refusal("EAPI:Rate limit exceeded")


def _key(request: Subscription, symbol: str) -> FeedKey:
    options: dict[str, int | str] = {
        "book": request.depth,
        "level3": request.depth,
        "ohlc": request.interval,
        "ticker": request.event_trigger,
        "instrument": request.execution_venue,
    }
    return FeedKey(request.channel, symbol, options.get(request.channel, ""))


def _options(key: FeedKey) -> dict[str, str]:
    """The effective option, as acknowledgements name it."""
    if key.channel in ("book", "level3"):
        return {"depth": str(key.option)}
    if key.channel == "ohlc":
        return {"interval": str(key.option)}
    if key.channel == "ticker":
        return {"event_trigger": text(str(key.option))}
    return {}


def _must_name_option(request: Subscription) -> bool:
    """Whether an unsubscription must name the right option (its default counts): book and ohlc, else only if given."""
    given = request.named & {"depth", "interval", "event_trigger", "execution_venue"}
    return request.channel in ("book", "ohlc") or bool(given)
