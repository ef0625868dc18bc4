"""Every message the exchange can send, by type.

A channel's message has ``channel``, ``type`` (``snapshot`` or ``update``) and ``data``; an answer is a `Response` or a
`Pong`; what is none of these is an `UnknownMessage`. Each keeps the frame it came in (``raw``), from which unknown
fields can be read (``extra``, ``extras``).
"""

from __future__ import annotations

from typing import TypeAlias

from .frame import Channel, Digits, Frame, Kind
from .private import (
    BalancesMessage,
    BalanceSnapshot,
    Contingent,
    ExecutionReport,
    ExecutionsMessage,
    ExecutionTriggers,
    Fee,
    LedgerEntry,
    Wallet,
)
from .public import (
    Asset,
    BookChange,
    BookMessage,
    Candle,
    Heartbeat,
    InstrumentData,
    InstrumentMessage,
    Level,
    Level3Change,
    Level3Message,
    Level3Order,
    OhlcMessage,
    Pair,
    StatusMessage,
    SystemStatus,
    Ticker,
    TickerMessage,
    Trade,
    TradeMessage,
)
from .responses import (
    AddOrderResult,
    AmendOrderResult,
    BatchAddResult,
    BatchCancelResult,
    CancelAllOrdersAfterResult,
    CancelAllResult,
    CancelOrderResult,
    EditOrderResult,
    Pong,
    Response,
    Result,
    SubscribeResult,
    UnknownMessage,
)

__all__ = [
    "AddOrderResult",
    "AmendOrderResult",
    "Asset",
    "BalanceSnapshot",
    "BalancesMessage",
    "BatchAddResult",
    "BatchCancelResult",
    "BookChange",
    "BookMessage",
    "CancelAllOrdersAfterResult",
    "CancelAllResult",
    "CancelOrderResult",
    "Candle",
    "Channel",
    "ChannelMessage",
    "Contingent",
    "Digits",
    "EditOrderResult",
    "ExecutionReport",
    "ExecutionTriggers",
    "ExecutionsMessage",
    "Fee",
    "Frame",
    "Heartbeat",
    "InstrumentData",
    "InstrumentMessage",
    "Kind",
    "LedgerEntry",
    "Level",
    "Level3Change",
    "Level3Message",
    "Level3Order",
    "Message",
    "OhlcMessage",
    "Pair",
    "Pong",
    "Response",
    "Result",
    "StatusMessage",
    "SubscribeResult",
    "SystemStatus",
    "Ticker",
    "TickerMessage",
    "Trade",
    "TradeMessage",
    "UnknownMessage",
    "Wallet",
]

ChannelMessage: TypeAlias = (
    StatusMessage
    | Heartbeat
    | TickerMessage
    | BookMessage
    | Level3Message
    | OhlcMessage
    | TradeMessage
    | InstrumentMessage
    | ExecutionsMessage
    | BalancesMessage
)
"""What a channel sends."""

Message: TypeAlias = ChannelMessage | Response | Pong | UnknownMessage
"""What `decode` gives."""
