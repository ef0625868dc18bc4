"""The room with the sockets, the HTTP, the keys, the I/O thread and the clock. No other room has any of them."""

from .backoff import Backoff
from .clock import Clock, SystemClock
from .connection import AnswerQuery, Connection
from .disk import DiskWorker
from .endpoints import KRAKEN, Endpoint, Endpoints
from .io_thread import IOThread
from .market_pipe import LineSink, MarketPipe
from .quiet_process import run_quietly
from .rest import RestClient
from .sandbox_process import SandboxProcess, describe_sandbox
from .secrets import Credentials, Redactor, Secret, find_credentials
from .sign import Nonce, api_sign
from .transport import Link, Transport, TransportFailed, WebSocketTransport

__all__ = [
    "KRAKEN",
    "AnswerQuery",
    "Backoff",
    "Clock",
    "Connection",
    "Credentials",
    "DiskWorker",
    "Endpoint",
    "Endpoints",
    "IOThread",
    "LineSink",
    "Link",
    "MarketPipe",
    "Nonce",
    "Redactor",
    "RestClient",
    "SandboxProcess",
    "Secret",
    "SystemClock",
    "Transport",
    "TransportFailed",
    "WebSocketTransport",
    "api_sign",
    "describe_sandbox",
    "find_credentials",
    "run_quietly",
]
