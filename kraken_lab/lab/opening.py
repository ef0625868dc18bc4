"""Opening a lab, and finding the one that is already open."""

from __future__ import annotations

import atexit
import json
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..errors import BadArgument, BadKey, Unreachable
from ..net import KRAKEN, SandboxProcess, find_credentials
from ..streams import BookStream, InstrumentStream, Level3Stream, OhlcStream, TickerStream, TradeStream
from ..trading import Explanation, Limits, OrderSettings, Proposal, shared_host
from ..trading import explain as explain_without_lab
from ..wire import Settings, flag, number, plainly_called, whole_number
from .lab import Lab, Mode
from .venue import Venue, sandbox_venue, venue_of

__all__ = ["book", "connect", "explain", "instruments", "level3", "ohlc", "ticker", "trades"]

MODES: tuple[Mode, ...] = ("sandbox", "paper", "live")

_plainly = plainly_called("kl")

_labs: dict[tuple[object, ...], Lab] = {}
_pid = os.getpid()
_lock = threading.RLock()
_current: Lab | None = None
"""The lab that `connect` gave last: the one that the functions below mean."""


@_plainly
def connect(
    mode: Mode | None = None,
    *,
    seed: int = 7,
    rate: float | None = None,
    at: str | Mapping[str, Any] | None = None,
    new: bool = False,
    settings: Settings | None = None,
    order_settings: OrderSettings | None = None,
    limits: Limits | None = None,
    timeout: float = 15.0,
) -> Lab:
    """Open a lab, or give the one that is open already for the same arguments; printed, that one says so.

    ============  ==================================  ==============================
    ``mode``      market data                         needs
    ============  ==================================  ==============================
    ``sandbox``   synthetic, from ``seed``            nothing: no network, no key
    ``paper``     Kraken's public data                network
    ``live``      Kraken                              network; a key for level3 and orders
    ============  ==================================  ==============================

    Without ``mode`` the environment's ``KRAKEN_LAB_MODE`` decides, which may say ``sandbox`` or ``paper``; otherwise it
    is the sandbox. Only a call can choose ``live``. In ``sandbox`` and ``paper`` orders are matched on this machine,
    with money that is not money; in ``live`` they go to the real account, and not before `Lab.arm`.

    Args:
        mode: what to connect to.
        seed: of the sandbox's market; the same seed gives the same market.
        rate: how lively the sandbox is, in market actions a second over all pairs.
        at: a sandbox that already runs, as the JSON line it printed; in ``paper`` and ``live`` it plays the exchange.
        new: open another lab even if one is open for these arguments.
        settings: times and limits of market data.
        order_settings: times and tolerances of orders.
        limits: what may be done with the account; `Lab.arm` asks for those that live needs.
        timeout: seconds to wait for the first reference data.

    Raises:
        BadArgument: an impossible mode, or one that the environment must not choose.
        BadKey: for live there is a key, and it is malformed.
        Unreachable: the venue could not be reached.
        SandboxError: the embedded exchange did not start.

    >>> import kraken_lab as kl
    >>> kl.connect() is kl.connect("sandbox")
    True
    """
    global _current
    chosen = _choose(mode)
    facts = _facts(at) if at is not None else None
    seed = whole_number("seed", seed, "any size")
    rate = None if rate is None else number("rate", rate, "market actions a second", least=0)
    timeout, new = number("timeout", timeout, "seconds", above=0), flag("new", new)
    for name, value, kind in (
        ("settings", settings, Settings),
        ("order_settings", order_settings, OrderSettings),
        ("limits", limits, Limits),
    ):
        if value is not None and not isinstance(value, kind):
            raise BadArgument(name, value, f"kl.{kind.__name__}(...)")
    there = None if facts is None else json.dumps(facts, sort_keys=True)
    key = (chosen, seed, rate, there, settings, order_settings, limits)
    with _lock:
        _forget_if_forked()
        lab = _labs.get(key)
        if lab is not None and not lab.closed and not new and (not lab.sandbox or lab.sandbox.alive):
            _current = lab
            return lab.give_again()
        without_key = _look_for_key() if chosen == "live" and facts is None else ""
        lab = _open(chosen, seed, rate, facts, settings or Settings(), order_settings, limits)
        try:
            lab.wait_for_instruments(timeout)
        except BaseException as error:
            # Also when the cell is interrupted: what was half opened is closed.
            lab.close()
            if isinstance(error, Unreachable) and without_key:
                raise Unreachable(error.venue, error.reason, error.attempts, first=without_key) from None
            raise
        _labs[(*key, id(lab)) if new else key] = lab
        _current = lab
        return lab


def _look_for_key() -> str:
    """What is to be said of a key that is not there; one that is wrong is said before anything is opened.

    Whatever is found is read again when an account is needed, and not kept until then.

    Raises:
        BadKey: there is one, and it cannot be right.
    """
    if shared_host(os.environ) is not None:
        return ""  # none is read there, and public data needs none
    try:
        find_credentials()
    except BadKey as error:
        if error.missing:
            return error.reason
        raise BadKey(f"{error.reason} Nothing was opened; without any key, live shows public data.") from None
    return ""


def _choose(mode: Mode | None) -> Mode:
    if mode is None:
        mode = os.environ.get("KRAKEN_LAB_MODE") or "sandbox"  # type: ignore[assignment]
        if mode not in ("sandbox", "paper"):
            raise BadArgument(
                "KRAKEN_LAB_MODE",
                mode,
                "'sandbox' or 'paper'",
                "Only kl.connect('live') in this kernel can choose live.",
            )
    if mode not in MODES:
        raise BadArgument("mode", mode, ", ".join(map(repr, MODES)))
    return mode


def _facts(at: str | Mapping[str, Any]) -> Mapping[str, Any]:
    facts: object = at
    if isinstance(at, str):
        try:
            facts = json.loads(at)
        except ValueError:
            facts = None
    if not isinstance(facts, Mapping) or not facts:
        raise BadArgument("at", at, "the JSON line that `kraken-lab sandbox --json` printed")
    return dict(facts)


def _open(
    mode: Mode,
    seed: int,
    rate: float | None,
    facts: Mapping[str, Any] | None,
    settings: Settings,
    order_settings: OrderSettings | None,
    limits: Limits | None,
) -> Lab:
    process = None
    if facts is not None:
        venue = sandbox_venue("a sandbox that was running", facts)
        if mode == "paper":
            # Paper holds no key of the venue whose data it reads, whoever that is.
            venue = Venue(venue.name, venue.endpoints, None, venue.ssl_context)
    elif mode == "sandbox":
        process = SandboxProcess(seed=seed, rate=rate)
        venue = venue_of(process, f"sandbox, seed {seed}, process {{pid}}")
    else:
        venue = Venue("Kraken", KRAKEN)
    return Lab(mode, venue, settings=settings, order_settings=order_settings, limits=limits, process=process)


def _forget_if_forked() -> None:
    """A forked child has its parent's labs but not its threads: it begins with none."""
    global _pid, _current
    if os.getpid() != _pid:
        _pid = os.getpid()
        _labs.clear()
        _current = None


@atexit.register
def _close_all() -> None:
    if os.getpid() == _pid:
        for lab in list(_labs.values()):
            lab.end(meant=False)


# --- looking, on the default lab ------------------------------------------------------------------------------------

Symbols = str | Sequence[str]


def _default() -> Lab:
    """The lab that was opened last, while it is open: whoever looks at one market is not shown another."""
    lab = _current
    return connect() if lab is None or lab.closed or os.getpid() != _pid else lab


@_plainly
def ticker(*symbols: Symbols, event_trigger: Literal["trades", "bbo"] = "trades") -> TickerStream:
    """`Lab.ticker` on the lab that `connect` gave last, or on a sandbox if none is open.

    >>> import kraken_lab as kl
    >>> kl.ticker("BTC/USD").latest.symbol
    'BTC/USD'
    """
    return _default().ticker(*symbols, event_trigger=event_trigger)


@_plainly
def trades(*symbols: Symbols, snapshot: bool = True) -> TradeStream:
    """`Lab.trades` on the lab that `connect` gave last, or on a sandbox if none is open.

    >>> import kraken_lab as kl
    >>> len(kl.trades("BTC/USD").df()) >= 50
    True
    """
    return _default().trades(*symbols, snapshot=snapshot)


@_plainly
def ohlc(*symbols: Symbols, interval: int = 1) -> OhlcStream:
    """`Lab.ohlc` on the lab that `connect` gave last, or on a sandbox if none is open.

    >>> import kraken_lab as kl
    >>> kl.ohlc("BTC/USD", interval=60).interval
    60
    """
    return _default().ohlc(*symbols, interval=interval)


@_plainly
def book(*symbols: Symbols, depth: int = 10) -> BookStream:
    """`Lab.book` on the lab that `connect` gave last, or on a sandbox if none is open.

    >>> import kraken_lab as kl
    >>> kl.book("BTC/USD").mid > 0
    True
    """
    return _default().book(*symbols, depth=depth)


@_plainly
def level3(*symbols: Symbols, depth: int = 10) -> Level3Stream:
    """`Lab.level3` on the lab that `connect` gave last, or on a sandbox if none is open.

    >>> import kraken_lab as kl
    >>> kl.level3("BTC/USD").pl().columns[4]
    'order_id'
    """
    return _default().level3(*symbols, depth=depth)


@_plainly
def instruments() -> InstrumentStream:
    """`Lab.instruments` on the lab that `connect` gave last, or on a sandbox if none is open.

    >>> import kraken_lab as kl
    >>> kl.instruments().search("doge").pl()["symbol"].to_list()
    ['DOGE/USD']
    """
    return _default().instruments()


# --- what an error means --------------------------------------------------------------------------------------------


@_plainly
def explain(subject: object, proposal: Proposal | None = None) -> Explanation:
    """What an error of this package, a text of the exchange, an order or a proposal means, in sentences.

    With the lab that `connect` gave last the sentences have its pair's own numbers and, where there is one, the
    proposal that would pass; ``proposal`` is the one that the error came from. Of anything else, such as another
    package's error, it says what that is and what can be explained; it raises nothing.

    >>> import kraken_lab as kl
    >>> kl.explain("EOrder:Tick size check failed").said[0]
    "The price is not a multiple of the pair's increment."
    """
    lab = _current
    if lab is None or lab.closed or os.getpid() != _pid or lab.trader is None:
        return explain_without_lab(subject, proposal=proposal)
    return lab.explain(subject, proposal)
