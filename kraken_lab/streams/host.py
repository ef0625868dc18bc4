"""What a stream needs of the lab it belongs to, declared here so that no stream imports a lab, a socket or a widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from ..market import BookSnapshot
from ..tables import TableView
from ..wire import Instant, Settings
from .listeners import Dispatcher

if TYPE_CHECKING:
    import pandas
    from plotly.graph_objects import Figure

__all__ = ["Host", "Plain", "Shown", "Views"]

T = TypeVar("T")
Plain = Mapping[str, Any]
"""A figure as the mapping that plotly makes one of: what is drawn many times a second stays that."""


class Shown(Protocol):
    """Something live to look at, as a cell shows it; see `kraken_lab.views.Shown`."""

    title: str

    @property
    def widget(self) -> Any:
        """Its widget, for a box or a dashboard."""

    def snapshot(self, *, theme: Literal["dark", "light"] = "dark") -> Figure:
        """A plotly figure of this moment."""

    def pause(self) -> None:
        """Hold it still."""

    def resume(self) -> None:
        """Let it go on."""

    def close(self) -> None:
        """End it."""

    def save(self, path: str | Path) -> Path:
        """Write the picture of this moment as one HTML file."""


class Views(Protocol):
    """How things look: the one hook through which streams reach the room that draws."""

    def show(self, table: Any, title: str) -> bool:
        """Show a live table, in the cell that runs, as one that keeps itself fresh; False where that cannot be."""

    def widget(self, table: Any, title: str) -> Any:
        """A live table's bare widget, which keeps itself fresh."""

    def table(self, view: TableView, title: str, facts: Mapping[str, str]) -> str:
        """A table with a line of facts above it, as HTML."""

    def ladder(self, snapshot: BookSnapshot, title: str, facts: Mapping[str, str]) -> str:
        """A book as HTML."""

    def live_ladder(self, book: Any, title: str, levels: int, group: int | None) -> Shown:
        """A book as a ladder that keeps itself fresh: the best ``levels`` a side, a row for every ``group`` ticks."""

    def facts(self, title: str, facts: Mapping[str, str]) -> str:
        """Names and values as HTML."""

    def live_heatmap(self, past: Any, title: str, look: Mapping[str, Any], engine: str) -> Shown:
        """The book over time. ``past`` is a `BookPast`; ``look`` says how it is to look at first."""

    def figure(self, title: str, draw: Callable[[], Plain], source: Any) -> Shown:
        """A figure that keeps itself fresh by drawing anew whenever the live table ``source`` changed."""

    def candles(self, frame: pandas.DataFrame, gaps: pandas.DataFrame, symbol: str, interval: int, title: str) -> Plain:
        """Candles and volume."""

    def trades(self, frame: pandas.DataFrame, gaps: pandas.DataFrame, symbol: str, title: str) -> Plain:
        """Prices and sides of trades, and what they add up to."""

    def history(self, frame: pandas.DataFrame, gaps: pandas.DataFrame, symbol: str, title: str) -> Plain:
        """The top of a book over time."""

    def depth(self, snapshot: BookSnapshot | None, symbol: str, levels: int | None, title: str) -> Plain:
        """Cumulative quantity by price; of no verified book, that there is none."""


class Host(Protocol):
    """The lab, as far as its streams know it."""

    @property
    def settings(self) -> Settings:
        """Its times and limits."""

    @property
    def dispatcher(self) -> Dispatcher:
        """Its thread for callbacks."""

    @property
    def views(self) -> Views:
        """How things look."""

    @property
    def label(self) -> str:
        """What it is connected to, for titles: ``sandbox``, ``paper`` or ``live``."""

    @property
    def closed(self) -> bool:
        """Whether it is closed, and nothing of it will change again."""

    @property
    def over(self) -> str:
        """Why nothing will come any more, in a sentence, and what to do; empty while that is not so."""

    def now(self) -> Instant:
        """This moment."""

    def call(self, function: Callable[[], T]) -> T:
        """Run a function on the I/O thread and give its result."""

    def trades(self, *symbols: str, wait: bool = True) -> Any:
        """The trades of some symbols as a stream, subscribed if they are not yet."""

    def release(self, stream: Any) -> None:
        """Let go of a stream's subscriptions."""
