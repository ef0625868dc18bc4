"""What may be done in a market, as its status and the exchange's say together.

Permits are ordered: each allows what those below it allow. The synthetic participants keep to them.

Source: Status and Instrument pages, Kraken WebSocket API v2 reference.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["Permit", "permit"]


class Permit(IntEnum):
    """The most that is allowed."""

    NOTHING = 0
    CANCELS = 1
    MAKING = 2  # cancels, and orders that come to rest
    LIMITS = 3  # and limit orders that take
    ALL = 4


_OF: Final = {
    "online": Permit.ALL,
    "limit_only": Permit.LIMITS,
    "post_only": Permit.MAKING,
    "cancel_only": Permit.CANCELS,
    "reduce_only": Permit.CANCELS,  # nobody in the synthetic market has a position to reduce
    "maintenance": Permit.NOTHING,
    "delisted": Permit.NOTHING,
    "work_in_progress": Permit.NOTHING,
}


def permit(*statuses: str) -> Permit:
    """What is allowed where all of these statuses hold: the exchange's and the pair's.

    >>> permit("online", "post_only").name, permit("maintenance", "post_only").name
    ('MAKING', 'NOTHING')
    """
    return min((_OF[status] for status in statuses), default=Permit.ALL)
