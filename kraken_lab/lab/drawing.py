"""The one hook by which streams reach the room that draws; no stream imports a plotting library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .. import views
from ..errors import BadArgument
from ..market import BookSnapshot
from ..tables import TableView
from ..trading import Explanation, FillRecord, OrderEvent, OrderRecord, Proposal
from ..views.own import NOTHING, Own

if TYPE_CHECKING:
    import pandas

    from ..views.heat_view import BookPast
    from ..views.live_figure import Subject
    from ..views.live_ladder import Beside, BookSource
    from ..views.offer import MakeTicket, TicketPlace

__all__ = ["Drawing"]


class Drawing:
    """How things look, by the functions of `kraken_lab.views`; ``mode`` is where orders go, for their cards.

    ``beside`` knows what there is besides a book, ``ticket`` makes an order ticket; without it there is none.
    ``decimals`` tells those that people are usually shown of an asset.
    """

    def __init__(
        self,
        mode: str = "",
        *,
        beside: Beside | None = None,
        ticket: MakeTicket | None = None,
        decimals: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._mode = mode.upper()
        self._beside, self._ticket, self._decimals = beside, ticket, decimals

    def own(self, symbol: str) -> Own:
        """The user's own orders and fills of a symbol. Asked again with nothing changed it costs nothing; any thread.

        Empty while the lab has no acting half: looking at a picture never makes one.
        """
        return NOTHING if self._beside is None else self._beside.own(symbol)

    def ticket_place(self, symbol: str) -> TicketPlace | None:
        """Where a picture offers a ticket with a picked price; None where no ticket can be made."""
        from ..views.offer import TicketPlace

        if self._ticket is None:
            return None
        beside = self._beside
        return TicketPlace(self._ticket, symbol, increment=lambda: None if beside is None else beside.increment(symbol))

    def show(self, table: views.Source, title: str) -> bool:
        """Show a live table in the cell that runs as one that keeps itself fresh; False where that cannot be."""
        return views.show_live(table, title)

    def widget(self, table: views.Source, title: str) -> Any:
        """A live table's bare widget, which keeps itself fresh."""
        return views.live_widget(table, title)

    def table(self, view: TableView, title: str, facts: Mapping[str, str]) -> str:
        """All rows of a table with its badge above it, as HTML."""
        caption = ", ".join(_rest(facts))
        return views.table_html(view, title=title, badge=_badge(facts), caption=caption, head=len(view), tail=0)

    def ladder(self, snapshot: BookSnapshot, title: str, facts: Mapping[str, str]) -> str:
        """A book as HTML."""
        return views.ladder_html(snapshot, badge=_badge(facts), caption=", ".join([title, *_rest(facts)]))

    def facts(self, title: str, facts: Mapping[str, str]) -> str:
        """Names and values as HTML."""
        return views.facts_html(title, facts)

    def live_heatmap(self, past: BookPast, title: str, look: Mapping[str, Any], engine: str) -> views.Shown:
        """A book over time, with what is the user's own, and tickets for prices that are picked."""
        from ..views.live_heatmap import HeatLook, LiveHeatmap, plotly_heatmap

        seen = HeatLook(**look)
        if engine == "plotly":
            return plotly_heatmap(past, title, seen, lambda: self.own(past.symbol))
        if engine != "canvas":
            raise BadArgument("engine", engine, "'canvas' or 'plotly'")
        return LiveHeatmap(
            past, title, seen, own=lambda: self.own(past.symbol), place=lambda: self.ticket_place(past.symbol)
        )

    def live_ladder(self, book: BookSource, title: str, levels: int, group: int | None) -> views.Shown:
        """A book as a ladder that keeps itself fresh and offers tickets."""
        from ..views.live_ladder import LiveLadder

        if self._beside is None:
            raise TypeError("a ladder needs a lab, which knows the ticks")
        symbol = book.symbols[0]
        return LiveLadder(
            book, self._beside, title, levels=levels, group=group, place=lambda: self.ticket_place(symbol)
        )

    def candles(
        self, frame: pandas.DataFrame, gaps: pandas.DataFrame, symbol: str, interval: int, title: str
    ) -> views.Plain:
        """Candles and volume."""
        return views.draw_candles(frame, symbol=symbol, interval=interval, gaps=gaps, title=title)

    def trades(self, frame: pandas.DataFrame, gaps: pandas.DataFrame, symbol: str, title: str) -> views.Plain:
        """Prices and sides of trades, and what they add up to."""
        return views.draw_trades(frame, symbol=symbol, gaps=gaps, title=title)

    def history(self, frame: pandas.DataFrame, gaps: pandas.DataFrame, symbol: str, title: str) -> views.Plain:
        """The top of a book over time."""
        return views.draw_history(frame, symbol=symbol, gaps=gaps, title=title)

    def depth(self, snapshot: BookSnapshot | None, symbol: str, levels: int | None, title: str) -> views.Plain:
        """Cumulative quantity by price; of no verified book, that there is none."""
        return views.draw_depth(snapshot, symbol=symbol, levels=levels, title=title)

    def equity(self, photo: views.EquityPhoto, title: str) -> views.Plain:
        """What trades have gained over time."""
        return views.draw_equity(photo, title=title)

    def figure(self, title: str, draw: Callable[[], views.Plain], source: Subject) -> views.Shown:
        """A figure that keeps itself fresh by drawing anew whenever ``source`` changed."""
        return views.LiveFigure(title, draw, pulse=source.pulse, vitals=source.vitals, ended=lambda: source.ended)

    # --- the acting road --------------------------------------------------------------------------------------------

    def proposal(self, proposal: Proposal) -> str:
        """The confirmation card, as HTML."""
        return views.proposal_card(proposal)

    def order(self, record: OrderRecord, fills: tuple[FillRecord, ...], timeline: tuple[OrderEvent, ...]) -> str:
        """An order, its fills and its timeline, as HTML."""
        return views.order_card(record, fills, timeline, mode=self._mode, decimals=self._decimals())

    def explanation(self, explanation: Explanation) -> str:
        """What an error means, as HTML."""
        return views.explanation_card(explanation)


_BADGE = ("state", "because", "rows", "epoch", "gaps")


def _badge(facts: Mapping[str, str]) -> views.Badge | None:
    if "state" not in facts:
        return None
    return views.Badge(
        facts["state"],
        epoch=_whole(facts.get("epoch")),
        rows=_whole(facts.get("rows")),
        gaps=_whole(facts.get("gaps")),
        note=facts.get("because", ""),
    )


def _whole(text: str | None) -> int | None:
    return None if text is None else int(text.replace(",", ""))


def _rest(facts: Mapping[str, str]) -> list[str]:
    """What the badge has no place for."""
    return [f"{name} {value}" for name, value in facts.items() if name not in _BADGE]
