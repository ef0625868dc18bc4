"""The exchange as one object without I/O: connections, REST, account and market on a clock that only `advance` moves.

Nothing in here waits, reads a clock or opens anything. Same seed, same calls: same bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Final, Literal

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.account_feeds import AccountFeeds
from kraken_lab.sandbox.account_past import AccountPast
from kraken_lab.sandbox.api_key import ApiKey
from kraken_lab.sandbox.desk import LEVEL3_BUDGETS, Desk
from kraken_lab.sandbox.events import Side
from kraken_lab.sandbox.faults import Faults
from kraken_lab.sandbox.feed_market import FeedMarket
from kraken_lab.sandbox.fees import DEFAULT_FEES, FeeSchedule
from kraken_lab.sandbox.instruments import PAIRS, Asset, Pair, PairStatus
from kraken_lab.sandbox.limits import Window
from kraken_lab.sandbox.listing import Listing, SystemStatus
from kraken_lab.sandbox.maintenance import Maintenance
from kraken_lab.sandbox.market import DEFAULT_RATE, Market
from kraken_lab.sandbox.numbers import NS_PER_SECOND
from kraken_lab.sandbox.order_entry import OrderEntry
from kraken_lab.sandbox.permits import Permit, permit
from kraken_lab.sandbox.publisher import Publisher
from kraken_lab.sandbox.rate_counter import Tier
from kraken_lab.sandbox.request import Endpoint
from kraken_lab.sandbox.rest import Rest
from kraken_lab.sandbox.rest_answer import RestAnswer
from kraken_lab.sandbox.session import Session
from kraken_lab.sandbox.stamps import Stamps
from kraken_lab.sandbox.tokens import Tokens
from kraken_lab.sandbox.trading import Rejection, Trading

__all__ = ["START_NS", "Exchange"]

START_NS: Final = 1_780_000_000_000_000_000
"""Where a virtual clock starts unless told otherwise: 2026-05-28T20:26:40Z."""
UNPUBLISHED: Final = "Market data are not published in paper mode: they are the real exchange's, at ws.kraken.com"
_NEVER: Final = 2**63 - 1


def _nobody(session: Session) -> None:
    """The callback of an exchange that nobody listens to."""


class Exchange:
    """An exchange in small.

    ``rate`` is synthetic actions a second over all pairs; ``account`` decides the budget for level3 subscriptions,
    ``tier`` the limits on orders, ``balances`` (by asset; None: paper money in plenty) what the one account starts with
    and ``fees`` what it pays; ``idle_s`` is after how many seconds without activity a connection is closed.
    ``on_output`` is called with a session whenever it has something to send or wants to end.

    With ``market`` orders are matched against what another exchange is heard to do (paper mode), from the time that the
    market has reached; ``start_ns``, ``rate`` and ``pairs`` mean nothing then. The data of that market are the other
    exchange's, and are not published here: of the public channels there is ``instrument`` only.

    >>> exchange = Exchange(seed=7)
    >>> session = exchange.open("public")
    >>> len(session.drain())
    1
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        start_ns: int = START_NS,
        rate: float = DEFAULT_RATE,
        pairs: Sequence[Pair] | None = None,
        market: FeedMarket | None = None,
        api_key: str | None = None,
        api_secret: str | None = None,
        account: Literal["standard", "pro"] = "standard",
        tier: Tier = "intermediate",
        balances: Mapping[str, Decimal] | None = None,
        fees: FeeSchedule = DEFAULT_FEES,
        idle_s: float = 60.0,
    ) -> None:
        self.seed = seed
        self.now_ns = start_ns if market is None else market.now_ns
        self.on_output: Callable[[Session], None] = _nobody
        published = Market(
            seed=seed,
            start_ns=self.now_ns,
            rate=rate,
            pairs=() if market is not None else PAIRS if pairs is None else pairs,
        )
        self._simulated = published
        self._matched: Market | FeedMarket = published if market is None else market
        self._matched.listeners.append(lambda batch: self._tick(batch.ns))
        self._idle_ns = round(idle_s * NS_PER_SECOND)
        self._opened = 0
        self._sessions: dict[int, Session] = {}
        random = Random(f"kraken_lab account {seed}")
        self.api_key = api_key or base64.b64encode(random.randbytes(42)).decode("ascii")
        self.api_secret = api_secret or base64.b64encode(random.randbytes(64)).decode("ascii")
        stamps = Stamps()
        listing = market.listing if market else Listing(published.pairs.values(), published.assets.values())
        publisher = Publisher(published, listing, stamps)
        # After the publisher, so that a trade is published before an order of ours answers it.
        self.trading = Trading(
            self._matched, listing, random=Random(f"kraken_lab trading {seed}"), tier=tier, balances=balances, fees=fees
        )
        key = ApiKey(self.api_key, self.api_secret, self.now_ns)
        tokens = Tokens(Random(f"kraken_lab tokens {seed}"))
        decimals = {asset.id: asset.precision for asset in listing.assets}
        feeds = AccountFeeds(self.trading, stamps, decimals)
        self.faults = Faults(self, stamps, tokens, key, feeds)
        self._desk = Desk(
            listing=listing,
            publisher=publisher,
            tokens=tokens,
            stamps=stamps,
            faults=self.faults,
            key=key,
            trading=self.trading,
            account=feeds,
            order_entry=OrderEntry(self.trading, key, stamps),
            decimals=decimals,
            unpublished=UNPUBLISHED if market else "",
            level3_budget=Window(LEVEL3_BUDGETS[account]),
        )
        self._rest = Rest(published, self._desk, AccountPast(self.trading), tier)
        if market is not None:
            market.asset_listeners.append(self._listed)
            market.pair_listeners.append(publisher.pair_changed)
            market.status_listeners.append(self.set_status)

    def _listed(self, asset: Asset) -> None:
        """The other exchange lists an asset: the account may have some of it."""
        self._desk.decimals[asset.id] = asset.precision
        self.trading.listed(asset.id)

    @property
    def market(self) -> Market:
        """The simulated market.

        Raises:
            SandboxError: this exchange follows another one's market instead.
        """
        if self._matched is not self._simulated:
            raise SandboxError("This exchange follows another one's market; it simulates none.")
        return self._simulated

    # --- time -------------------------------------------------------------------------------------------------------

    def next_due_ns(self) -> int:
        """When something happens by itself: in the market, to an order, or on a connection."""
        return min(self._matched.next_due_ns(), self._next_own_due_ns())

    def advance(self, to_ns: int) -> None:
        """Let time pass until ``to_ns``; all that is due happens at its own time, in order. Time never goes back."""
        if to_ns < self.now_ns:
            return
        while (due_ns := self._next_own_due_ns()) <= to_ns:
            # Market and orders may give a session something to say, and so put off its heartbeat.
            self._matched.advance(due_ns)
            self._tick(due_ns)
            self.trading.advance(due_ns)
            for session in tuple(self._sessions.values()):
                session.let_time_pass(self.now_ns)
        self._matched.advance(to_ns)
        self._tick(to_ns)

    def _tick(self, ns: int) -> None:
        self.now_ns = max(self.now_ns, ns)

    def _next_own_due_ns(self) -> int:
        return min(self.trading.next_due_ns(), *(session.next_due_ns() for session in self._sessions.values()), _NEVER)

    # --- connections ------------------------------------------------------------------------------------------------

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The open connections, oldest first."""
        return tuple(self._sessions.values())

    def open(self, endpoint: Endpoint) -> Session:
        """Take a new connection; its ``status`` is waiting already."""
        self._opened += 1
        number = self._opened
        session = self._sessions[number] = Session(
            endpoint,
            number,
            desk=self._desk,
            random=Random(f"kraken_lab session {self.seed} {number}"),
            clock=lambda: self.now_ns,
            on_output=lambda session: self.on_output(session),
            on_closed=self._let_go,
            idle_ns=self._idle_ns,
        )
        return session

    def _let_go(self, session: Session) -> None:
        del self._sessions[session.number]

    def resume(self) -> None:
        """After a freeze: let every session go on."""
        for session in self.sessions:
            session.resume()

    # --- state ------------------------------------------------------------------------------------------------------

    @property
    def permissions(self) -> set[str]:
        """What the API key may do; a test takes ``websockets`` away to see it refused."""
        return self._desk.key.permissions

    def set_status(self, status: SystemStatus) -> None:
        """Change the state of the engine and tell every connection; the market keeps to it.

        Raises:
            SandboxError: no such status.
        """
        self._desk.listing.set_system(status)
        for pair in self._desk.listing.pairs:
            self._permit(pair)
        for session in self.sessions:
            session.say_status()

    def set_pair_status(self, symbol: str, status: PairStatus) -> None:
        """Change the state of a pair and tell the subscribers of ``instrument``; its market keeps to it.

        Raises:
            SandboxError: no such pair or status.
        """
        pair = self._desk.listing.set_pair(symbol, status)
        self._permit(pair)
        self._desk.publisher.pair_changed(pair)

    def _permit(self, pair: Pair) -> None:
        self._matched.permit(pair.symbol, permit(self._desk.listing.system, pair.status))

    def announce_maintenance(self, starts_in_s: float, lasts_s: float, title: str) -> None:
        """Announce a maintenance to every connection; nothing else changes, also not when its time comes."""
        start_ns = self.now_ns + round(starts_in_s * NS_PER_SECOND)
        end_ns = start_ns + round(lasts_s * NS_PER_SECOND)
        self._desk.listing.maintenance = Maintenance(start_ns, end_ns, title)
        for session in self.sessions:
            session.say_status()

    def fill(self, order_id: str, qty: Decimal | None, price: Decimal | None) -> None:
        """Let a stranger trade with an open order of the account, whatever the market: a fault control.

        Raises:
            SandboxError: it is not open, or cannot be filled like that.
        """
        try:
            self.trading.force_fill(order_id, qty, price, self.now_ns)
        except Rejection as rejection:
            raise SandboxError(f"The order {order_id} cannot be filled: {rejection}.") from None

    def sweep(self, symbol: str, side: Side, share: float) -> None:
        """Let a stranger send one market order for ``share`` of all that is offered to ``side``: a fault control.

        It is matched as every order is, with the account's own as well, and printed as trades; what the others think of
        it is up to them.

        Raises:
            SandboxError: no such pair, side or share, nothing is offered, or market orders are not taken now.
        """
        market = self.market
        if side not in ("buy", "sell") or not 0 < share <= 1:
            raise SandboxError(f"side={side!r}, share={share!r} is not possible: use buy or sell, and 0 to 1.")
        engine = market.engine(symbol)
        pair = next(pair for pair in self._desk.listing.pairs if pair.symbol == symbol)
        if permit(self._desk.listing.system, pair.status) < Permit.ALL:
            raise SandboxError(f"{symbol} takes no market orders now: {self._desk.listing.system}, {pair.status}.")
        offered = engine.takeable(side, _NEVER)[0]
        if not offered:
            raise SandboxError(f"Nothing is offered to who would {side} {symbol} now.")
        wanted = round(offered * share)
        market.act(engine.market(side, max(wanted - wanted % pair.qty_increment, pair.qty_increment), market.now_ns))

    def forget(self) -> None:
        """Lose tokens and nonces, as a restart does."""
        self._desk.tokens.forget_all()
        self._rest.forget_nonces()

    # --- REST -------------------------------------------------------------------------------------------------------

    def rest(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> RestAnswer:
        """Answer a REST request. ``path`` is like ``/0/public/Time``; header names are taken in any case.

        >>> Exchange().rest("GET", "/0/public/Time").status
        200
        """
        failure = self.faults.take_rest_failure(path)
        if failure is not None:
            return failure
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        return self._rest.answer(method, path, query, lowered, body, self.now_ns)
