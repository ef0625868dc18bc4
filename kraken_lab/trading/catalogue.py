"""The exchange's error texts, what each means for an order, and what can be done about it.

``here`` is said with the figures of the pair and the account, and only where all of them are known. Texts are matched
by pattern, and the first that fits counts.

Source: error pages and rate limits guide, Kraken WebSocket API v2 reference (docs.kraken.com).
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias

__all__ = ["CATALOGUE", "UNLISTED", "Entry", "Fix", "entry_for"]

Fix: TypeAlias = Literal["none", "steps", "cost", "funds", "post_only", "same"]
"""What would put an order right: its steps and minimums, its worth, its size, a flag, or nothing but trying anew."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of text.

    ``placed`` is False where it proves that nothing was placed, True where it is why an order ended, None where nobody
    knows.
    """

    pattern: str
    said: str
    here: str = ""
    todo: str = ""
    fix: Fix = "none"
    placed: bool | None = False


_SIZE = "{symbol} takes orders of at least {qty_min} {base} and {cost_min} {quote}, in steps of {qty_increment} {base}."
_STATE = "The exchange says {system}, the pair {status}."
_RATE = "The counter of {symbol} is estimated at {rate_count} of {rate_maximum} and falls by {rate_decay} a second."
_FUNDS = "The account has {balance_base} {base} and {balance_quote} {quote}, part of which open orders may hold."

CATALOGUE: Final = (
    Entry(
        "EGeneral:Invalid arguments:volume minimum not met",
        "The quantity is below the pair's minimum.", _SIZE, fix="steps",
    ),
    Entry("EGeneral:Invalid arguments:Index unavailable", "The pair has no index to trigger by.", "",
          "Use triggers={'reference': 'last'}."),
    Entry("EGeneral:Invalid arguments:cl_ord_id", "An open order carries this cl_ord_id already.",
          todo="Look for it in lab.orders before placing anything: it may be the very order."),
    Entry("EGeneral:Invalid arguments:deadline", "The deadline was not between 0.5 and 60 seconds ahead.",
          todo="Look at the clock offset in lab.status().", fix="same"),
    Entry("EGeneral:Invalid arguments*", "An argument is missing or impossible.",
          todo="The detail after the last colon names it.", fix="steps"),
    Entry("EGeneral:Temporary lockout", "Too many refusals: the account is locked for a while.",
          todo="Wait a few minutes.", placed=None),
    Entry("EGeneral:Permission denied", "The API key may not do this.",
          todo="Give the key the permission to create and modify orders, or use another."),
    Entry("EGeneral:Internal error*", "Something failed inside the exchange; what became of the order is not known.",
          todo="Do not place it again: it is being looked for.", placed=None),
    Entry("EService:Unavailable", "The matching engine is offline; what became of the order is not known.", _STATE,
          "Do not place it again: it is being looked for.", placed=None),
    Entry("EService:Busy", "The exchange is overloaded; what became of the order is not known.", _STATE,
          "Do not place it again: it is being looked for.", placed=None),
    Entry("EService:Timeout", "The exchange did not finish in time; what became of the order is not known.",
          todo="Do not place it again: it is being looked for.", placed=None),
    Entry("EService:Deadline elapsed", "The order reached the engine after its deadline and was dropped.",
          todo="It counts as UNKNOWN until that is proved; then it can be proposed again.", placed=None),
    Entry("EService:Market in post_only mode", "Only post-only limit orders are taken at present.", _STATE,
          fix="post_only"),
    Entry("EService:Market in limit_only mode", "Only limit orders are taken at present.", _STATE),
    Entry("EService:Market in * mode", "No new orders are taken at present; cancels are.", _STATE,
          "lab.status() shows when that changes."),
    Entry("EAPI:Invalid key", "The exchange does not know this API key.", todo="Check the key; nothing else helps."),
    Entry("EAPI:Invalid signature", "The API secret does not fit the key.", todo="Check the secret."),
    Entry("EAPI:Invalid nonce", "The nonce was not larger than the last one: another program may use the same key.",
          todo="Give every program a key of its own."),
    Entry("EAPI:Rate limit exceeded", "Too many REST calls.", todo="Wait; the counter falls by itself.", fix="same"),
    Entry("EOrder:Insufficient funds", "There is not enough to pay for it.", _FUNDS, fix="funds"),
    Entry("EOrder:Insufficient margin", "The exchange has no funds left to lend for this pair."),
    Entry("EOrder:Margin*", "Margin does not allow it: allowance, level or size is exceeded.",
          todo="Make it smaller, or place it without margin."),
    Entry("EOrder:Order minimum not met", "The quantity is below the pair's minimum.", _SIZE, fix="steps"),
    Entry("EOrder:Cost minimum not met", "The order is worth less than the pair's minimum.", _SIZE, fix="cost"),
    Entry("EOrder:Tick size check failed", "The price is not a multiple of the pair's increment.",
          "Prices of {symbol} are multiples of {price_increment} {quote}.", fix="steps"),
    Entry("EOrder:Invalid price", "The exchange does not take this price.",
          "Prices of {symbol} are multiples of {price_increment} {quote}; the best bid is {bid}, the best ask {ask}.",
          fix="steps"),
    Entry("EOrder:Orders limit exceeded", "Too many orders are open on this pair.",
          "{open_here} orders of {symbol} are open or may be.", "Cancel some first."),
    Entry("EOrder:Rate limit exceeded", "The trading engine's rate counter of this pair is full.", _RATE,
          "Wait for it to fall; young orders are dear to change.", fix="same"),
    Entry("EOrder:Domain rate limit exceeded", "The rate counter that master and subaccounts share is full.",
          todo="Wait for it to fall."),
    Entry("EOrder:Positions limit exceeded", "Too many margin positions are open.", todo="Close some first."),
    Entry("EOrder:Scheduled orders limit exceeded", "Too many orders wait for their start.", todo="Cancel some first."),
    Entry("EOrder:Cannot open*", "The account may not open this margin position."),
    Entry("EOrder:Unknown position", "There is no such margin position."),
    Entry("EOrder:Reduce only*", "There is no position that a reduce-only order could reduce."),
    Entry("EOrder:Unknown order", "No such order is open: it was filled, cancelled, or never placed.",
          todo="lab.orders shows what became of it."),
    Entry("EOrder:*", "The exchange refused the order.", _SIZE),
    Entry("EAccount:Invalid permissions", "The account may not trade this pair or product."),
    Entry("EAuth:*", "The account cannot be used at present."),
    Entry("ESession:*", "The token of the connection is not valid any more.",
          todo="A new one is fetched by itself.", fix="same"),
    Entry("Token(s) not found", "The request went out without a good token.", fix="same"),
    Entry("Post only order", "It would have taken liquidity, so it was cancelled at once: it is post-only.",
          "The best bid is {bid}, the best ask {ask}.", "Give it a price further from the other side.", placed=True),
    Entry("Immediate or cancel", "What could not be filled at once was cancelled: it is immediate-or-cancel.",
          "The best bid is {bid}, the best ask {ask}.", placed=True),
    Entry("Order would trigger immediately", "The market is beyond its trigger already.",
          "The best bid is {bid}, the best ask {ask}.", "A stop waits on the far side of the market.", placed=True),
    Entry("CancelAllOrdersAfter Timeout", "The dead man's switch fired and cancelled it.", placed=True),
    Entry("User requested", "It was cancelled on request.", placed=True),
    Entry("*field must be*", "A parameter has the wrong type."),
    Entry("Unsupported field*", "A parameter is not known to the exchange."),
)  # fmt: skip
"""Every text of the reference's error catalogue, and the reasons with which orders end."""

UNLISTED: Final = Entry(
    "*",
    "This text is not in the exchange's catalogue, so it proves nothing: an order it answers counts as UNKNOWN.",
    todo="Do not place it again before lab.orders shows what became of it.",
    placed=None,
)


def entry_for(text: str) -> Entry:
    """What is known about a text; `UNLISTED` where that is nothing.

    >>> entry_for("EOrder:Tick size check failed").fix, entry_for("EMoon:Too far").placed
    ('steps', None)
    """
    return next((entry for entry in CATALOGUE if fnmatchcase(text, entry.pattern)), UNLISTED)
