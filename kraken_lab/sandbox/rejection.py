"""A request that the exchange refuses, in the exchange's own words."""

from __future__ import annotations

__all__ = ["Rejection"]


class Rejection(Exception):
    """Refuses a trading request; its text is what the answer says under ``error``.

    >>> str(Rejection("EOrder:Insufficient funds"))
    'EOrder:Insufficient funds'
    """
