"""Faults on demand: what an exchange and the road to it can do wrong, one control each.

They are reached in-process (`Exchange.faults`) or over the control pipe, never over a socket. Controls that act on
messages and requests work inside the sessions. Those that act on the transport are state which whatever carries the
sessions obeys, a server as well as a test that joins a client in memory: ``frozen`` (neither read nor write),
``take_refusal()``, ``take_hang()`` and ``take_upgrade()`` (for each new connection), ``slice_bytes``,
``throttle_bytes_per_s`` and ``drops_pongs``; a session's ``reset_request`` and ``close_request`` say how it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from decimal import Decimal, InvalidOperation
from typing import Final, get_args

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.account_feeds import AccountFeeds
from kraken_lab.sandbox.api_key import ApiKey, Permission
from kraken_lab.sandbox.events import Side
from kraken_lab.sandbox.fault_rules import Drop, Dup, Edit, Match, Rule, Swap
from kraken_lab.sandbox.frames import Frame
from kraken_lab.sandbox.instruments import PairStatus
from kraken_lab.sandbox.listing import SystemStatus
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.request_faults import CutPoint, RequestFaults
from kraken_lab.sandbox.rest_answer import RestAnswer
from kraken_lab.sandbox.rest_faults import RestFailure, RestFaults
from kraken_lab.sandbox.stamps import Stamps
from kraken_lab.sandbox.steered import Steered, SteeredConnection
from kraken_lab.sandbox.tokens import Tokens

__all__ = ["Faults"]

_CLOSE_CODES: Final = frozenset({*range(1000, 1004), *range(1007, 1015)})


class Faults:
    """The fault controls of one exchange. Each is one call; `clear` takes them all back."""

    def __init__(self, exchange: Steered, stamps: Stamps, tokens: Tokens, key: ApiKey, account: AccountFeeds) -> None:
        self._exchange = exchange
        self._stamps = stamps
        self._tokens = tokens
        self._key = key
        self._account = account
        self.requests = RequestFaults()
        self._rest = RestFaults()
        self.rules: list[Rule] = []
        self.denied: dict[str, str] = {}
        self.frozen = False
        self.drops_pongs = False
        self.slice_bytes = 0
        self.throttle_bytes_per_s = 0
        self.rest_lag_ns = 0
        self._refusals = 0
        self._hangs = 0
        self._upgrades: list[tuple[int, str]] = []

    # --- the transport ----------------------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Keep every connection open and neither read from nor write to any."""
        self.frozen = True

    def thaw(self) -> None:
        """Go on: what was received meanwhile is handled, what was due goes out."""
        self.frozen = False
        self._exchange.resume()

    def reset(self, endpoint: str = "") -> None:
        """Reset all connections (of one endpoint: ``public``, ``private`` or ``level3``)."""
        for session in self._to(endpoint):
            session.reset()

    def close(self, code: int = 1001, reason: str = "going away", endpoint: str = "") -> None:
        """Close all connections (of one endpoint) with a close frame.

        Raises:
            SandboxError: no close frame may carry that code.
        """
        if code not in _CLOSE_CODES and not 3000 <= code < 5000:
            raise SandboxError(f"code={code} is not possible: use 1000 to 1003, 1007 to 1014 or 3000 to 4999.")
        for session in self._to(endpoint):
            session.end(code, reason)

    def refuse(self, n: int) -> None:
        """Refuse the next ``n`` connections before they say anything."""
        self._refusals = n

    def hang(self, n: int) -> None:
        """Accept the next ``n`` connections and never answer them."""
        self._hangs = n

    def upgrade(self, status: int, body: str = "", times: int = 1) -> None:
        """Answer the next ``times`` upgrades with an HTTP status instead of 101."""
        self._upgrades += [(status, body)] * times

    def drop_pongs(self, on: bool = True) -> None:
        """Leave protocol-level pings unanswered while data flows on."""
        self.drops_pongs = on

    def slice(self, n: int) -> None:
        """Write at most ``n`` bytes at a time; 0 ends it."""
        self.slice_bytes = n

    def throttle(self, bytes_per_s: int) -> None:
        """Write no faster than that on each connection; 0 ends it."""
        self.throttle_bytes_per_s = bytes_per_s

    def take_refusal(self) -> bool:
        """Whether the connection that is being opened is refused."""
        if self._refusals:
            self._refusals -= 1
            return True
        return False

    def take_hang(self) -> bool:
        """Whether the connection that is being opened is never answered."""
        if self._hangs:
            self._hangs -= 1
            return True
        return False

    def take_upgrade(self) -> tuple[int, str] | None:
        """With which HTTP status and body the upgrade is answered; None: as it should be."""
        return self._upgrades.pop(0) if self._upgrades else None

    # --- requests ---------------------------------------------------------------------------------------------------

    def lose_request(self, method: str, times: int = 1) -> None:
        """Do not process the next ``times`` requests of that method."""
        self.requests.lose_request(method, times)

    def lose_reply(self, method: str, times: int = 1) -> None:
        """Process the next ``times`` requests of that method and never answer them."""
        self.requests.lose_reply(method, times)

    def delay(self, method: str, seconds: float, times: int = 1) -> None:
        """Answer the next ``times`` requests of that method so much later."""
        self.requests.delay(method, seconds, times)

    def hold(self, method: str, seconds: float, times: int = 1) -> None:
        """Let the engine take the next ``times`` requests of that method so much later than the gateway did."""
        self.requests.hold(method, seconds, times)

    def cut(self, method: str, point: CutPoint) -> None:
        """Reset the connection when the next request of that method is ``received``, ``accepted`` or ``acked``."""
        self.requests.cut(method, point)

    def rate_limit(self, method: str, n: int, per_s: float | None = None) -> None:
        """Refuse the ``n``-th request of that method from now; with ``per_s``, all beyond ``n`` in so many seconds."""
        self.requests.rate_limit(method, n, per_s)

    # --- messages ---------------------------------------------------------------------------------------------------

    def raw(self, data: str | bytes, endpoint: str = "public") -> None:
        """Send exactly this on every connection of an endpoint ("" for all): bytes go out as a binary frame."""
        for session in self._to(endpoint):
            session.send_as_is(data)

    def edit(self, match: Match, change: Callable[[str], str | bytes]) -> None:
        """Send something else instead of the messages that match."""
        self.rules.append(Edit(match, change))

    def drop(self, match: Match) -> None:
        """Do not send the messages that match."""
        self.rules.append(Drop(match))

    def dup(self, match: Match) -> None:
        """Send the messages that match twice."""
        self.rules.append(Dup(match))

    def swap(self, first: Match, second: Match) -> None:
        """Hold the next message that fits ``first`` until one that fits ``second`` went out on that connection."""
        self.rules.append(Swap(first, second))

    def outgoing(self, session: int, frame: Frame) -> list[Frame]:
        """What goes out on the connection of that number instead of ``frame``."""
        frames = [frame]
        for rule in self.rules:
            frames = [result for each in frames for result in rule.apply(session, each)]
        return frames

    # --- the exchange -----------------------------------------------------------------------------------------------

    def status(self, status: SystemStatus) -> None:
        """Change the state of the engine and tell every connection."""
        self._exchange.set_status(status)

    def pair_status(self, symbol: str, status: PairStatus) -> None:
        """Change the state of a pair and tell the instrument channel."""
        self._exchange.set_pair_status(symbol, status)

    def announce(self, starts_in_s: float, lasts_s: float = 3600, title: str = "Trading engine maintenance") -> None:
        """Announce a maintenance to every connection; the status changes only when `status` says so."""
        self._exchange.announce_maintenance(starts_in_s, lasts_s, title)

    def deny(self, symbol: str, text: str = "") -> None:
        """Refuse new subscriptions to a symbol, in these words or as if it were not listed."""
        self.denied[symbol] = text or f"Currency pair not supported {symbol}"

    def allow(self, symbol: str) -> None:
        """Take `deny` back."""
        self.denied.pop(symbol, None)

    def token(self, lifetime_s: int | None = None, reject: int = 0) -> None:
        """Give new tokens another lifetime; refuse the next ``reject`` uses of any token."""
        if lifetime_s is not None:
            self._tokens.lifetime_s = lifetime_s
        self._tokens.rejecting = reject

    def sweep(self, symbol: str, side: Side = "sell", share: float = 0.5) -> None:
        """Let a stranger send one market order for ``share`` (above 0, at most 1) of all that is offered to ``side``.

        Several of them, one after the other, are a flash crash, or with ``buy`` its opposite.

        Raises:
            SandboxError: there is no such pair, side or share, or market orders are not taken now.
        """
        self._exchange.sweep(symbol, side, share)

    def clock(self, offset_s: float) -> None:
        """Let every time the exchange tells be off by so much."""
        self._stamps.offset_ns = round(offset_s * NS_PER_SECOND)

    def restart(self, keep_state: bool = False) -> None:
        """Reset every connection; unless ``keep_state``, tokens and nonces are lost too."""
        self.reset()
        if not keep_state:
            self._exchange.forget()

    # --- the account ------------------------------------------------------------------------------------------------

    def fill(
        self,
        order: str,
        qty: str | int | Decimal | None = None,
        price: str | int | Decimal | None = None,
        silent: bool = False,
    ) -> None:
        """Let a stranger trade with the open order of that id, whatever the market; ``silent``: nobody is told.

        None means all that is left, at the order's own price.

        Raises:
            SandboxError: it is not open, or these are no such numbers.
        """
        with self._account.unheard() if silent else nullcontext():
            self._exchange.fill(order, _exact("qty", qty), _exact("price", price))

    def skip_seq(self, n: int, channel: str = "") -> None:
        """Let the next message of each private subscription (to one channel) be numbered as if ``n`` were lost.

        Raises:
            SandboxError: ``n`` is not positive.
        """
        if n < 1:
            raise SandboxError(f"n={n} is not possible: numbers jump forward.")
        self._account.skip(n, channel)

    def permissions(self, grant: Sequence[str] = (), revoke: Sequence[str] = ()) -> None:
        """Change what the API key may do; the words are those of `api_key.Permission`.

        Raises:
            SandboxError: there are no such permissions.
        """
        unknown = {str(word) for word in (*grant, *revoke)}.difference(get_args(Permission))
        if unknown:
            raise SandboxError(f"{', '.join(sorted(unknown))} are no permissions; there are {get_args(Permission)}.")
        self._key.permissions |= set(grant)
        self._key.permissions -= set(revoke)

    # --- REST -------------------------------------------------------------------------------------------------------

    def rest_lag(self, seconds: float) -> None:
        """Let REST's trades, candles and orders be so old; 0 ends it."""
        self.rest_lag_ns = round(seconds * NS_PER_SECOND)

    def rest_fail(
        self,
        path: str,
        how: RestFailure,
        times: int = 1,
    ) -> None:
        """Answer the next ``times`` requests whose path ends in ``path`` wrongly.

        ``how`` is an HTTP status, one of the kinds above, or an error text of the exchange (``EAPI:Invalid nonce``).

        Raises:
            SandboxError: it is none of them.
        """
        self._rest.fail(path, how, times)

    def take_rest_failure(self, path: str) -> RestAnswer | None:
        """How the REST request to ``path`` goes wrong; None: it does not."""
        return self._rest.take(path)

    # --- ending -----------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Take back every fault but statuses, permissions and the clock; what was frozen goes on."""
        self.requests.clear()
        self.rules.clear()
        self.denied.clear()
        self._upgrades.clear()
        self._rest.clear()
        self._refusals = self._hangs = 0
        self.slice_bytes = self.throttle_bytes_per_s = self.rest_lag_ns = 0
        self.drops_pongs = False
        self._tokens.rejecting = 0
        if self.frozen:
            self.thaw()

    def _to(self, endpoint: str) -> list[SteeredConnection]:
        return [session for session in self._exchange.sessions if not endpoint or session.endpoint == endpoint]


def _exact(name: str, value: str | int | Decimal | None) -> Decimal | None:
    try:
        return None if value is None else Decimal(value)
    except InvalidOperation:
        raise SandboxError(f"{name}={value!r} is no number.") from None
