"""The sandbox is a second opinion on the client; the documentation's vectors are the judge of both."""

from __future__ import annotations

import ast
import zlib
from pathlib import Path

import pytest

import kraken_lab
from kraken_lab.errors import ChecksumMismatch
from kraken_lab.market import Book
from kraken_lab.sandbox import checksum
from kraken_lab.sandbox.exchange import Exchange
from kraken_lab.wire import BookMessage, decode
from tests.fixtures import sample


def agree(messages: int = 200) -> bool:
    """Whether the client's book accepts every checksum of the sandbox's."""
    exchange = Exchange(seed=3, rate=200.0)
    session = exchange.open("public")
    session.receive('{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}')
    book, seen = Book("BTC/USD", 10, 1, 8), 0
    while seen < messages:
        exchange.advance(exchange.now_ns + 100_000_000)
        for text in session.drain():
            message = decode(text)
            if isinstance(message, BookMessage):
                try:
                    book.apply(message)
                except ChecksumMismatch:
                    return False
                seen += 1
    return True


def documented() -> bool:
    """Whether the client's book accepts the checksum guide's own snapshot."""
    message = decode(sample("book/checksum-guide-snapshot-wire"))
    assert isinstance(message, BookMessage)
    try:
        Book("BTC/USD", 10, 1, 8).apply(message)
    except ChecksumMismatch:
        return False
    return True


@pytest.mark.promise("P-01")
@pytest.mark.fault("F-161")
def test_a_wrong_rule_shared_by_both_is_found_by_the_documented_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Client and sandbox would agree with each other, and only the exchange's own example would tell."""
    assert agree()
    assert documented()

    def wrong(data: bytes, start: int = 0) -> int:
        return zlib.crc32(data, start ^ 1)

    monkeypatch.setattr("kraken_lab.market.proved_book.crc32", wrong)
    assert not agree()
    monkeypatch.setattr(checksum, "of", lambda asks, bids: wrong(bids.encode(), wrong(asks.encode())))
    assert agree()
    assert not documented()


@pytest.mark.promise("P-01")
@pytest.mark.fault("F-161")
def test_the_sandbox_imports_nothing_of_the_client_but_its_errors() -> None:
    """Read from every file of the room."""
    root = Path(kraken_lab.__file__).parent
    for path in sorted((root / "sandbox").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                own = module.startswith(("kraken_lab.sandbox", "kraken_lab.errors")) or node.level == 1
                assert own or not module.startswith(("kraken_lab", ".")), f"{path.name}: {module}"
