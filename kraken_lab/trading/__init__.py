"""What we mean to do: proposals, checks, limits, the gate, orders and what became of them. No sockets.

The only files written here are the audit log and the halt. Everything else is values and decisions; the room with the
sockets carries what the gate lets out, and nothing else that could place an order.
"""

from . import builders
from .account import Account, AccountSnapshot, Alarm
from .arming import Arming, Readiness, limits_fields, phrase
from .audit import Audit
from .chain import Chain, ChainReport
from .explain import Explanation, explain
from .facts import Facts, TradingMode
from .files import OsFiles
from .front_end import no_front_end
from .gate import Clearance, Gate, OrderFrame
from .gestures import Click, Code, Confirmations, Gesture
from .halt import Halt
from .judgement import Check
from .kill import KillReport
from .order import Order
from .permit import Permit
from .positions import Position
from .proposal import Proposal
from .reconcile import Clocks
from .rules import Limits, OrderSettings
from .shared_host import shared_host
from .state_folder import StateFolder, StateKey, fingerprint, home, remove_dead, run_name
from .states import FillRecord, OrderEvent, OrderRecord, OrderState
from .usage import Usage

__all__ = [
    "Account",
    "AccountSnapshot",
    "Alarm",
    "Arming",
    "Audit",
    "Chain",
    "ChainReport",
    "Check",
    "Clearance",
    "Click",
    "Clocks",
    "Code",
    "Confirmations",
    "Explanation",
    "Facts",
    "FillRecord",
    "Gate",
    "Gesture",
    "Halt",
    "KillReport",
    "Limits",
    "Order",
    "OrderEvent",
    "OrderFrame",
    "OrderRecord",
    "OrderSettings",
    "OrderState",
    "OsFiles",
    "Permit",
    "Position",
    "Proposal",
    "Readiness",
    "StateFolder",
    "StateKey",
    "TradingMode",
    "Usage",
    "builders",
    "explain",
    "fingerprint",
    "home",
    "limits_fields",
    "no_front_end",
    "phrase",
    "remove_dead",
    "run_name",
    "shared_host",
]
