"""Faults of the acting road: requests and answers lost or late, reports twofold, a fill out of the blue."""

from __future__ import annotations

from functools import partial
from typing import Final

from .tricks import Part, Trick, trick

__all__ = ["ORDER_TRICKS"]

_orders = partial(trick, "Orders", account=True)
_REPORT = {"channel": "executions", "type": "update"}
"""The next report of the account's orders."""


def _refused(text: str) -> list[Part]:
    """The next order is refused, in these words."""
    words = {"pattern": '"error":"[^"]*"', "replace": f'"error":"{text}"'}
    return [
        Part(f"The next order is refused: {text}.", {"fault": "rate_limit", "method": "add_order", "n": 1}),
        Part("", {"fault": "edit", "match": {"method": "add_order"}, **words}),
    ]


ORDER_TRICKS: Final[tuple[Trick, ...]] = (
    _orders(
        "sequence",
        "Jump a sequence",
        "With the next report three numbers are missing: executions are fetched anew, with a gap, and the orders end "
        "as the exchange has them.",
        [Part("The next report is numbered as if three were lost.", {"fault": "skip_seq", "n": 3})],
    ),
    _orders(
        "late-answer",
        "Delay the next answer",
        "The next order is placed at once and answered so much later: its report tells that it is OPEN before that.",
        [
            Part(
                "The answer to the next order comes {seconds} s late.",
                {"fault": "delay", "method": "add_order", "seconds": "{seconds}"},
            )
        ],
    ),
    _orders(
        "lost-answer",
        "Lose the next answer",
        "The next order is placed and never answered: its report tells that it is OPEN, and it is not sent again.",
        [Part("The answer to the next order is lost.", {"fault": "lose_reply", "method": "add_order"})],
    ),
    _orders(
        "lost-request",
        "Lose the next order",
        "It never reaches the engine and is never answered: UNKNOWN, which blocks its pair, until it is proved that it "
        "was not placed, which takes up to a minute. It is not sent again.",
        [Part("The next order is lost on its way.", {"fault": "lose_request", "method": "add_order"})],
    ),
    _orders(
        "cut",
        "Cut the line after the next",
        "The engine has the order, and nobody says so: UNKNOWN until the line is back and a snapshot tells the truth.",
        [
            Part(
                "The line is cut when the engine has taken the next order.",
                {"fault": "cut", "method": "add_order", "point": "accepted"},
            )
        ],
    ),
    _orders(
        "held",
        "Hold the next order up",
        "The gateway takes it, and the engine only so much later: nothing is heard of it until then, and after its "
        "deadline it is not placed at all.",
        [
            Part(
                "The engine takes the next order {seconds} s late.",
                {"fault": "hold", "method": "add_order", "seconds": "{seconds}"},
            )
        ],
    ),
    _orders(
        "reports-twice",
        "Say a report twice",
        "It is recognised by its number, and a fill counts once.",
        [Part("The next report is sent twice.", {"fault": "dup", "match": _REPORT})],
    ),
    _orders(
        "reports-swapped",
        "Say reports in wrong order",
        "A number is missing, so everything is fetched anew; the late one is dropped, and the orders are right.",
        [Part("The next two reports change places.", {"fault": "swap", "first": _REPORT, "second": _REPORT})],
    ),
    _orders(
        "fill",
        "Fill my newest open order",
        "A stranger trades with it, whatever the market: the fill is in blotter, balances and positions.",
        [Part("A stranger fills your order {newest}.", {"fault": "fill", "order": "{newest}"})],
    ),
    _orders(
        "rate",
        "Refuse the next for its rate",
        "The engine says EOrder:Rate limit exceeded: the order is REJECTED, and is not tried again.",
        _refused("EOrder:Rate limit exceeded"),
    ),
    _orders(
        "strange",
        "Refuse it in strange words",
        "A refusal that no document knows proves nothing: UNKNOWN, until it is proved that the order was not placed.",
        _refused("EOdd:Come back tomorrow"),
    ),
    _orders(
        "lost-cancel",
        "Lose the next cancel's answer",
        "The cancel works and nobody says so: PENDING_CANCEL, until its report tells.",
        [Part("The answer to the next cancel is lost.", {"fault": "lose_reply", "method": "cancel_order"})],
    ),
    _orders(
        "rights",
        "Take the key's right to trade",
        "Orders are refused by the exchange, REJECTED with its own words; looking and cancelling go on.",
        [Part("The key may not place orders any more.", {"fault": "permissions", "revoke": ["modify-trades"]})],
    ),
    _orders(
        "token",
        "Let the token run out",
        "Its next use is refused, and a fresh one is fetched by itself. An order that met it is REJECTED, and is not "
        "sent again.",
        [Part("The next use of a token is refused.", {"fault": "token", "reject": 1})],
    ),
)
