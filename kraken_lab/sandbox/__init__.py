"""The embedded exchange: an exchange in small that speaks Kraken's WebSocket API v2.

`Exchange` is all of it without I/O: a matching engine and a synthetic market (`Market`) or one that follows another
exchange (`FeedMarket`, paper mode), connections (`Exchange.open`) and REST (`Exchange.rest`). `server` puts it on
loopback, ``python -m kraken_lab.sandbox`` runs that as a program. It imports nothing of the client but its errors: its
own parsing, books, checksums and JSON are the second opinion on the client's.
"""

from kraken_lab.sandbox.exchange import Exchange
from kraken_lab.sandbox.fault_rules import Match
from kraken_lab.sandbox.feed_market import FeedMarket
from kraken_lab.sandbox.market import Market
from kraken_lab.sandbox.rest_answer import RestAnswer
from kraken_lab.sandbox.session import Session

__all__ = ["Exchange", "FeedMarket", "Market", "Match", "RestAnswer", "Session"]
