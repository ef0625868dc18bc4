"""Faults of market data and of the market: what comes is wrong, lost or twofold; prices fall; trading is restricted."""

from __future__ import annotations

from functools import partial
from typing import Final

from .tricks import Part, Trick, trick

__all__ = ["DATA_TRICKS", "MARKET_TRICKS", "STATES"]

STATES: Final = ("maintenance", "cancel_only", "post_only", "limit_only", "online")
"""The states that both the exchange and a pair can be in."""

_data = partial(trick, "Market data", synthetic=True)
_market = partial(trick, "Market and state", synthetic=True)

_BOOK = {"channel": "book", "type": "update", "symbol": "{pair}"}
_TRADES = {"channel": "trade", "type": "update", "symbol": "{pair}"}
"""The next update of the pair's book, and its next trades."""
_CHECKSUM = {"fault": "edit", "match": _BOOK, "pattern": '"checksum":\\d+', "replace": '"checksum":1'}

DATA_TRICKS: Final[tuple[Trick, ...]] = (
    _data(
        "checksum",
        "Corrupt a checksum",
        "With the next update the book does not prove right: it is withdrawn, RESYNCING, and fetched anew, with a gap. "
        "Nobody is shown a wrong book. The exchange is made to take two seconds over it, so that it can be seen.",
        [
            Part("The checksum of the next update of the book {pair} is wrong.", _CHECKSUM),
            Part("", {"fault": "delay", "method": "unsubscribe", "seconds": 2.2}),
        ],
    ),
    _data(
        "lost-update",
        "Lose an update of the book",
        "It never comes, so a later one does not prove right: withdrawn and fetched anew, as with a wrong checksum. If "
        "what it told is overtaken before that, nothing is wrong and nothing is seen.",
        [Part("The next update of the book {pair} is not sent.", {"fault": "drop", "match": _BOOK})],
    ),
    _data(
        "torn",
        "Tear a message",
        "Half a message cannot be read: it is put aside and counted as malformed, and its book is fetched anew.",
        [
            Part(
                "The next update of the book {pair} comes without its end.",
                {"fault": "edit", "match": _BOOK, "pattern": ".{12}$", "replace": ""},
            )
        ],
    ),
    _data(
        "lost-trade",
        "Lose a trade",
        "With the one after it a number is missing: a gap is written down, with how many trades it lacks.",
        [Part("The next trades of {pair} are not sent.", {"fault": "drop", "match": _TRADES})],
    ),
    _data(
        "twice",
        "Say trades twice",
        "They are recognised by their numbers: counted as duplicates, and no row stands twice.",
        [Part("The next trades of {pair} are sent twice.", {"fault": "dup", "match": _TRADES})],
    ),
    _data(
        "swapped",
        "Say trades in wrong order",
        "A number is missing, and then comes late: the gap is written down, and marked as filled a moment later.",
        [
            Part(
                "The next two messages of trades of {pair} change places.",
                {"fault": "swap", "first": _TRADES, "second": _TRADES},
            )
        ],
    ),
    _data(
        "deny",
        "Refuse new subscriptions",
        "A stream of this pair that is asked for now is refused, in the exchange's own words. Those that run go on.",
        [Part("New subscriptions of {pair} are refused.", {"fault": "deny", "symbol": "{pair}", "text": "Not today"})],
    ),
)


def _sweeps(side: str, words: str) -> list[Part]:
    """Ten market orders in two seconds, each for a good part of what is left."""
    order = {"fault": "sweep", "symbol": "{pair}", "side": side, "share": 0.35}
    return [Part("" if n else words, order, 0.2 * n) for n in range(10)]


MARKET_TRICKS: Final[tuple[Trick, ...]] = (
    _market(
        "crash",
        "Flash crash",
        "Strangers sell faster than the book fills up: trades fall through the levels, your bids among them are "
        "filled, the spread opens, and makers come back. Charts, ladder and blotter show it.",
        _sweeps("sell", "{pair}: ten times in two seconds strangers sell a third of what is bid."),
    ),
    _market(
        "spike",
        "Flash spike",
        "The same upwards: your asks on the way are filled.",
        _sweeps("buy", "{pair}: ten times in two seconds strangers buy a third of what is asked."),
    ),
    _market(
        "status",
        "Set the exchange's state",
        "Status, health, tickets and proposals say it at once; orders that it does not take are refused here, before "
        "they are sent. After maintenance every book is fetched anew.",
        [Part("The exchange's state is {state} now.", {"fault": "status", "status": "{state}"})],
    ),
    _market(
        "pair-status",
        "Set the pair's state",
        "The same for one pair: lab.instruments() and every ticket of that pair show it.",
        [Part("{pair} is in state {state} now.", {"fault": "pair_status", "symbol": "{pair}", "status": "{state}"})],
    ),
    _market(
        "clock",
        "Put its clock wrong",
        "It is three seconds ahead: status and health say so, and latencies allow for it once clocks were compared.",
        [Part("The exchange's clock is three seconds ahead.", {"fault": "clock", "offset_s": 3})],
    ),
)
