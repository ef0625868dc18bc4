r"""The control pipe of paper mode: frames and gaps beside the control orders, one a line.

``>SOURCE FRAME``
    A frame of the real exchange, exactly as it was received but on one line, and the number of the connection it came
    over: ``>0 {"channel":"heartbeat"}``. Nothing is answered: thousands of them come in a second.
``!SOURCE REASON``
    Something of that connection was lost here, or it has ended: ``!0 the connection was closed``. Nothing is answered.
``{"feed":"facts"}``
    Answered with `FeedMarket.facts`: ``{"ok":true,"feed":{"frames":12,...}}``.
anything else
    A control order, answered as always.

What the market has to say by itself is a line with ``notice``: ``paused`` with ``symbol`` and ``reason``, ``resumed``
with ``symbol``, or ``misread`` with ``line`` for a line of the feed that is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from kraken_lab.sandbox.control import Control
from kraken_lab.sandbox.feed_market import FeedMarket, Notice

__all__ = ["FeedLines"]

_FEED: Final = re.compile(r"([>!])(\d{1,6}) (.*)", re.ASCII | re.DOTALL)


class FeedLines:
    """Takes the lines of the pipe, and says what is to be printed by calling ``say`` with each line.

    >>> from kraken_lab.sandbox import Exchange
    >>> market = FeedMarket(seed=7, start_ns=0)
    >>> lines = FeedLines(market, Control(Exchange().faults), print)
    >>> lines.handle('>0 {"channel":"heartbeat"}'); market.frames
    1
    """

    def __init__(self, market: FeedMarket, control: Control, say: Callable[[str], None]) -> None:
        self._market = market
        self._control = control
        self._say = say
        market.notices.append(self._tell)

    def handle(self, line: str) -> None:
        """Do what a line says."""
        line = line.rstrip("\r\n")
        if line[:1] in (">", "!"):
            self._feed(line)
        elif "feed" in line and _asks_for_facts(line):
            self._say(json.dumps({"ok": True, "feed": self._market.facts()}))
        else:
            self._say(self._control.handle(line))

    def _feed(self, line: str) -> None:
        form = _FEED.fullmatch(line)
        if form is None:
            self._say(json.dumps({"notice": "misread", "line": line[:100]}))
        elif form[1] == ">":
            self._market.hear(form[3], int(form[2]))
        else:
            self._market.gap(form[3], int(form[2]))

    def _tell(self, notice: Notice) -> None:
        said = {"notice": "paused" if notice.reason else "resumed", "symbol": notice.symbol}
        self._say(json.dumps(said | ({"reason": notice.reason} if notice.reason else {})))


def _asks_for_facts(line: str) -> bool:
    try:
        return bool(json.loads(line) == {"feed": "facts"})
    except (ValueError, RecursionError):
        return False
