"""What all connections of one exchange share: what is listed, published, let in and refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from kraken_lab.sandbox.account_feeds import AccountFeeds
from kraken_lab.sandbox.api_key import ApiKey
from kraken_lab.sandbox.faults import Faults
from kraken_lab.sandbox.limits import Window
from kraken_lab.sandbox.listing import Listing
from kraken_lab.sandbox.order_entry import OrderEntry
from kraken_lab.sandbox.publisher import Publisher
from kraken_lab.sandbox.stamps import Stamps
from kraken_lab.sandbox.tokens import Tokens
from kraken_lab.sandbox.trading import Trading

__all__ = ["LEVEL3_BUDGETS", "Desk"]

LEVEL3_BUDGETS: Final = {"standard": 200, "pro": 500}
"""What an account may spend on level3 subscriptions in any second."""


@dataclass(slots=True)
class Desk:
    """The shared parts: of the market, of the one account, and the account's budget for level3 subscriptions."""

    listing: Listing
    publisher: Publisher
    tokens: Tokens
    stamps: Stamps
    faults: Faults
    key: ApiKey
    trading: Trading
    account: AccountFeeds
    order_entry: OrderEntry
    decimals: dict[str, int]
    """With how many decimals amounts of each asset are written."""
    unpublished: str = ""
    """Why no market data can be had here, for those who ask; "" if they can."""
    level3_budget: Window = field(default_factory=lambda: Window(LEVEL3_BUDGETS["standard"]))
