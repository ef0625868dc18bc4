"""The live objects a user holds: a table that keeps itself fresh, and everything one may want to know of it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from ..errors import BadArgument, NotReady, Refused, StreamStopped
from ..tables import EventTable, KeyedTable, Row, Schema, TableView, merge
from ..wire import number, plainly_called, whole_number
from .feed import Feed, StreamState
from .health import Health, SymbolHealth, state_of
from .host import Host
from .listeners import AsyncInbox, Callbacks
from .live_table import LiveTable
from .vitals import Vitals, vitals_of

if TYPE_CHECKING:
    import pandas

__all__ = ["Stream"]

FeedT = TypeVar("FeedT", bound=Feed)
ItemT = TypeVar("ItemT")

_plainly = plainly_called("stream")

_registering = threading.RLock()
"""Feeds are shared by streams, so their tuples of listeners are replaced by one thread at a time.

Reentrant, because an ``async for`` that was abandoned takes its listener out when it is collected, and that can happen
at any allocation: also in the middle of another replacement in the same thread.
"""


class Stream(LiveTable, Generic[FeedT, ItemT]):
    """One channel and one or more symbols. `df`, `pl` and `latest` read it; it goes on until `stop`."""

    def __init__(
        self,
        host: Host,
        title: str,
        schema: Schema,
        feeds: Mapping[str, FeedT],
        tables: Callable[[], Sequence[EventTable | KeyedTable]],
    ) -> None:
        super().__init__(host, title, schema, tables)
        self._feeds = dict(feeds)
        self._stopped = False
        self._borrowed = False
        """Whether the feeds are another stream's, which alone lets go of them."""
        self._callbacks: dict[Callbacks, Callable[[], None]] = {}
        """Each with the function that ends it."""
        self._inboxes: list[AsyncInbox[ItemT]] = []
        self._undelivered = 0

    # --- what it is and how it is -----------------------------------------------------------------------------------

    @property
    def symbols(self) -> tuple[str, ...]:
        """The pairs, in the order asked for."""
        return tuple(symbol for symbol in self._feeds if symbol)

    @property
    def state(self) -> StreamState:
        """``LIVE`` when every symbol is; otherwise the state that most needs to be known."""
        if self._stopped:
            return StreamState.STOPPED
        return state_of([feed.state for feed in self._feeds.values()])

    @property
    def epoch(self) -> int:
        """Goes up whenever continuity may have been broken; the highest of all symbols."""
        return max((feed.epoch for feed in self._feeds.values()), default=0)

    @property
    def rejected(self) -> dict[str, str]:
        """Symbols the exchange refused, or the channel where it has none, with the exchange's own words."""
        return {symbol or feed.channel: feed.rejection for symbol, feed in self._feeds.items() if feed.rejection}

    @property
    def gap_table(self) -> TableView:
        """One row for every stretch in which something may have been missed; see `kl.schema("gaps")`."""
        views = [feed.gaps.view() for feed in self._feeds.values()]
        return views[0] if len(views) == 1 else merge(views)

    @property
    def gaps(self) -> pandas.DataFrame:
        """`gap_table` as a pandas DataFrame. ``end`` is missing while a gap is open."""
        return self.gap_table.pandas()

    @property
    def health(self) -> Health:
        """State, ages, counters and memory, now."""
        now = self._host.now()
        return Health(
            title=f"{self._title} [{self._host.label}]",
            state=self.state,
            rows=len(self),
            evicted=self.evicted,
            nbytes=self.held,
            symbols=tuple(SymbolHealth.of(feed, now) for feed in self._feeds.values()),
            callbacks=tuple(map(repr, list(self._callbacks))),
            undelivered=self._undelivered + sum(inbox.dropped for inbox in self._inboxes),
            _views=self._host.views,
        )

    @property
    def ended(self) -> bool:
        """Whether it was stopped, so that it will never change again."""
        return self._stopped

    def pulse(self) -> object:
        """Something that is equal as long as nothing was heard and no state changed."""
        feeds = self._feeds.values()
        return self._stopped, [(feed.messages, feed.state, feed.epoch, len(feed.gaps)) for feed in feeds]

    def vitals(self) -> Vitals:
        """State, age, counters and the rest, in numbers."""
        return self._with_trouble(vitals_of(str(self.state), self.feeds, self._host.now(), rows=len(self)))

    def _with_trouble(self, vitals: Vitals) -> Vitals:
        """With what failed of the user's own, which no thread prints."""
        note = "; ".join(filter(None, (vitals.note, *self._troubles())))
        return replace(vitals, note=note) if note != vitals.note else vitals

    def _troubles(self) -> list[str]:
        return [callback.trouble for callback in list(self._callbacks) if callback.errors]

    # --- waiting ----------------------------------------------------------------------------------------------------

    @_plainly
    def wait(
        self,
        rows: int | None = None,
        *,
        until: Callable[[Self], object] | None = None,
        timeout: float = 10.0,
        what: str = "",
    ) -> Self:
        """Wait, and give the stream itself.

        Without arguments for the first data of every symbol; with ``rows`` for that many more rows than now; with
        ``until`` for a condition on the stream, looked at whenever something changed; ``what`` says it in words.

        Raises:
            BadArgument: ``rows``, ``until`` or ``timeout`` cannot be meant.
            NotReady: ``timeout`` seconds passed; the text says what was waited for.
            Refused: the exchange refused every symbol.
            StreamStopped: it was stopped.
        """
        timeout = number("timeout", timeout, "seconds", least=0)
        condition, meant = self._condition(rows, until)
        what = what or meant
        changed = threading.Event()
        deadline = time.monotonic() + timeout
        remove = self._watch(changed.set)
        try:
            while not self._settled(condition):
                if not changed.wait(max(deadline - time.monotonic(), 0.0)):
                    raise NotReady(what, timeout, self._waiting_for(), over=self._host.over)
                changed.clear()
        finally:
            remove()
        return self

    @_plainly
    async def ready(self, timeout: float = 10.0) -> Self:
        """`wait` for async code: until every symbol's first data is in."""
        condition, what = self._condition(None, None)
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()

        def tell() -> None:
            # A loop that was closed under the waiting coroutine has nobody to be told; the feed must not suffer for it.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(changed.set)

        remove = self._watch(tell)
        try:
            async with asyncio.timeout(timeout):
                while not self._settled(condition):
                    await changed.wait()
                    changed.clear()
        except TimeoutError:
            raise NotReady(what, timeout, self._waiting_for(), over=self._host.over) from None
        finally:
            remove()
        return self

    def _condition(self, rows: int | None, until: Callable[[Self], object] | None) -> tuple[Callable[[], object], str]:
        if until is not None:
            _check_callable("until", until, "a function of the stream")
            return lambda: until(self), f"a condition on {self._title}"
        if rows is not None:
            goal = self._written() + whole_number("rows", rows, "rows")
            return lambda: self._written() >= goal, f"{rows:,} more {'row' if rows == 1 else 'rows'} of {self._title}"
        return lambda: all(
            feed.ready or feed.rejection for feed in self._feeds.values()
        ), f"first data of {self._title}"

    def _written(self) -> int:
        return len(self) + self.evicted

    def _settled(self, condition: Callable[[], object]) -> bool:
        if self._stopped:
            raise StreamStopped(self._title)
        rejected = self.rejected
        if rejected and len(rejected) == len(self._feeds):
            raise Refused(next(iter(self._feeds.values())).channel, rejected)
        return bool(condition())

    def _waiting_for(self) -> str:
        late = [
            f"{symbol or self._title} {feed.state}" + (f": {feed.reason}" if feed.reason else "")
            for symbol, feed in self._feeds.items()
            if not feed.ready
        ]
        return "; ".join(late) or str(self.state)

    def _watch(self, watcher: Callable[[], object]) -> Callable[[], None]:
        for feed in self._feeds.values():
            _replace(feed, "watchers", lambda those: (*those, watcher))

        def remove() -> None:
            for feed in self._feeds.values():
                _replace(feed, "watchers", lambda those: tuple(other for other in those if other is not watcher))

        return remove

    # --- hearing of every row ---------------------------------------------------------------------------------------

    @_plainly
    def on(self, callback: Callable[[ItemT], object]) -> Callable[[], None]:
        """Have ``callback`` called with everything new, on a thread of the lab's. Gives a function that ends it.

        An exception in it stops nothing and is not printed: the printed stream, the line above a live table and
        ``lab.status()`` name it from then on, and `health` counts.

        Raises:
            StreamStopped: it was stopped.
            BadArgument: ``callback`` cannot be called, or is a coroutine function (``async for`` is for those).
        """
        if self._stopped:
            raise StreamStopped(self._title)
        _check_callable("callback", callback, "a plain function of one row (async code uses `async for`)")
        registered = Callbacks(callback)
        dispatcher = self._host.dispatcher
        remove_listener = self._listen(lambda item: dispatcher.post(registered, item))

        def silence() -> None:
            remove_listener()
            dispatcher.end(registered)

        self._callbacks[registered] = silence

        def remove() -> None:
            if (ending := self._callbacks.pop(registered, None)) is not None:
                ending()

        return remove

    async def __aiter__(self) -> AsyncIterator[ItemT]:
        """Everything new from now on, in the caller's own event loop; ends when the stream is stopped."""
        if self._stopped:
            raise StreamStopped(self._title)
        inbox: AsyncInbox[ItemT] = AsyncInbox(asyncio.get_running_loop())
        remove = self._listen(inbox.put)
        self._inboxes.append(inbox)
        try:
            while (item := await inbox.get()) is not None:
                yield item
        finally:
            remove()
            self._inboxes.remove(inbox)
            self._undelivered += inbox.dropped

    def _listen(self, hear: Callable[[ItemT], object]) -> Callable[[], None]:
        """Have ``hear`` called on the I/O thread with everything new; gives the function that ends it."""
        removers = [self._listen_to(feed, hear) for feed in self._feeds.values()]

        def remove() -> None:
            for remover in removers:
                remover()

        return remove

    def _listen_to(self, feed: FeedT, hear: Callable[[ItemT], object]) -> Callable[[], None]:
        raise TypeError(f"{type(self).__name__} does not say what it hands out")

    # --- the end ----------------------------------------------------------------------------------------------------

    @_plainly
    def stop(self) -> None:
        """End it. What it holds can still be read; the subscription ends unless another stream uses it. Idempotent."""
        if self._stopped:
            return
        self._stopped = True
        for inbox in list(self._inboxes):
            inbox.end()
        for remove_listener in list(self._callbacks.values()):
            # The feeds may go on for another stream; this one's callbacks do not.
            remove_listener()
        if not self._borrowed:
            self._host.release(self)
        for feed in self._feeds.values():
            for watcher in feed.watchers:
                watcher()

    @property
    def held(self) -> int:
        """Bytes of everything it keeps: tables, and a book's past."""
        return sum(feed.nbytes for feed in self._feeds.values())

    @property
    def feeds(self) -> tuple[FeedT, ...]:
        """What it is made of: one feed for each symbol."""
        return tuple(self._feeds.values())

    def _facts(self) -> Mapping[str, str]:
        facts = {"state": str(self.state)}
        reasons = {feed.reason for feed in self._feeds.values() if feed.reason}
        if reasons:
            facts["because"] = "; ".join(sorted(reasons))
        facts["rows"] = f"{len(self):,}"
        facts["epoch"] = str(self.epoch)
        gaps = sum(len(feed.gaps) for feed in self._feeds.values())
        if gaps:
            facts["gaps"] = str(gaps)
        if self.evicted:
            facts["evicted"] = f"{self.evicted:,}"
        if troubles := self._troubles():
            facts["trouble"] = "; ".join(troubles)
        return facts


def _check_callable(name: str, value: object, wanted: str) -> None:
    if not callable(value) or inspect.iscoroutinefunction(value):
        raise BadArgument(name, value, wanted)


def listen_to_rows(feed: Any, schema: Schema, hear: Callable[[Row], object]) -> Callable[[], None]:
    """Have ``hear`` called with every row a feed writes, as an exact `Row`."""

    def listener(values: tuple[Any, ...]) -> None:
        hear(Row(schema, values))

    return add_listener(feed, listener)


def add_listener(feed: Any, listener: Callable[..., object]) -> Callable[[], None]:
    """Add to a feed's listeners; gives the function that takes it out again."""
    _replace(feed, "listeners", lambda those: (*those, listener))

    def remove() -> None:
        _replace(feed, "listeners", lambda those: tuple(other for other in those if other is not listener))

    return remove


def _replace(feed: Any, name: str, change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
    """Put another tuple in a feed's place ``name``, made anew if a collection changed the old one meanwhile."""
    with _registering:
        while True:
            before = getattr(feed, name)
            after = change(before)
            if getattr(feed, name) is before:
                setattr(feed, name, after)
                return
