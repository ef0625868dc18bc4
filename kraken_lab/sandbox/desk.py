"""What all connections of one exchange share: what is listed, published, let in and refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from kraken_lab.sandbox.faults import Faults
from kraken_lab.sandbox.limits import Window
from kraken_lab.sandbox.listing import Listing
from kraken_lab.sandbox.publisher import Publisher
from kraken_lab.sandbox.stamps import Stamps
from kraken_lab.sandbox.tokens import Tokens

__all__ = ["LEVEL3_BUDGETS", "Desk"]

LEVEL3_BUDGETS: Final = {"standard": 200, "pro": 500}
"""What an account may spend on level3 subscriptions in any second."""


@dataclass(slots=True)
class Desk:
    """The shared parts, and the account's budget for level3 subscriptions."""

    listing: Listing
    publisher: Publisher
    tokens: Tokens
    stamps: Stamps
    faults: Faults
    level3_budget: Window = field(default_factory=lambda: Window(LEVEL3_BUDGETS["standard"]))
