"""The last look before the socket: nothing that could place or change an order passes, unless it is the gate's."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest

import kraken_lab
from kraken_lab.errors import ConfirmationVoid, OrderRefused
from kraken_lab.net.writer import pass_through
from kraken_lab.trading import gate
from kraken_lab.trading.gate import OrderFrame
from kraken_lab.wire import ORDER_AFFECTING
from tests.net.test_connection import _Line, good
from tests.virtual import run

PACKAGE = Path(kraken_lab.__file__).parent

ADD = '{"method":"add_order","params":{"symbol":"BTC/USD","token":"CANARY"},"req_id":1}'


def a_frame(text: str = ADD) -> OrderFrame:
    """A frame as the gate makes it; its seal is the gate's own, and nobody else's."""
    return OrderFrame(text, gate._SEAL)


@pytest.mark.promise("O-01")
@pytest.mark.fault("F-172")
@pytest.mark.parametrize("method", sorted(ORDER_AFFECTING))
def test_an_order_that_is_not_the_gates_does_not_pass(method: str) -> None:
    """Whoever wrote it; and the error shows no token."""
    with pytest.raises(OrderRefused, match="did not come from the gate") as caught:
        pass_through(json.dumps({"method": method, "params": {"token": "CANARY"}}))
    assert "CANARY" not in str(caught.value)


@pytest.mark.promise("O-01")
@pytest.mark.parametrize(
    "text",
    [
        '{"params":{},"method" : "add_order"}',
        '{"method":"\\u0061dd_order"}',
        '{"\\u006dethod":"add_order"}',
        '{"method":"add_order","method":"ping"}',
        '{"method":"ping","method":"add_order"}',
        '{"method":" Add_Order "}',
        '[{"method":"add_order"}]',
        '{"method":"add_order"',
        "add_order",
        "[" * 100_000,
        "",
        "null",
    ],
)
def test_no_way_of_writing_an_order_passes(text: str) -> None:
    """Escapes, spaces, doubled keys; and what cannot be read is not written at all."""
    with pytest.raises(OrderRefused):
        pass_through(text)


@pytest.mark.promise("A-17")
@pytest.mark.parametrize(
    "text",
    [
        '{"method":"cancel_order","params":{"cl_ord_id":["add_order"],"token":"t"}}',
        '{"method":"cancel_all","params":{"token":"t"}}',
        '{"method":"cancel_all_orders_after","params":{"timeout":60,"token":"t"}}',
        '{"method":"batch_cancel","params":{"orders":["edit_order"],"token":"t"}}',
        '{"method":"subscribe","params":{"channel":"executions","method":"add_order"}}',
        '{"method":"ping"}',
    ],
)
def test_cancels_always_pass(text: str) -> None:
    """Whatever ids they name: only the method itself decides."""
    assert pass_through(text) == text


@pytest.mark.promise("O-01")
def test_a_frame_of_the_gates_passes_once() -> None:
    """The same frame a second time does not, and neither does its text."""
    frame = a_frame()
    assert pass_through(frame) == ADD
    with pytest.raises(ConfirmationVoid):
        pass_through(frame)
    with pytest.raises(OrderRefused):
        pass_through(str(frame))


@pytest.mark.promise("O-01")
@pytest.mark.fault("F-172")
def test_one_place_writes_and_one_place_seals() -> None:
    """Read from the source: a link is written to by the connection alone, and frames are sealed by the gate alone."""
    sources = {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    client = {name: text for name, text in sources.items() if not name.startswith("sandbox/")}
    assert {name for name, text in client.items() if "link.send(" in text} == {"net/connection.py"}
    assert {name for name, text in client.items() if "_SEAL" in text} == {"trading/gate.py"}
    assert {name for name, text in client.items() if 'AddOrder"' in text} <= {"wire/requests.py", "wire/__init__.py"}
    written = client["net/connection.py"]
    assert written.count(".send(") == written.count("link.send(passed)") == 1


@pytest.mark.promise("O-01")
@pytest.mark.promise("K-02")
def test_what_is_withheld_keeps_nothing_else_back(caplog: pytest.LogCaptureFixture) -> None:
    """The line goes on with the next text, says what it did, and logs no token."""

    async def test() -> None:
        a = _Line(good)
        cancel = '{"method":"cancel_all","params":{"token":"CANARY"}}'
        a.peer.texts = [ADD, a_frame(), cancel]
        await asyncio.sleep(0.5)
        assert a.transport.links[0].sent == [ADD, cancel]
        assert a.line.withheld == 1
        assert a.line.state == "open"

    with caplog.at_level(logging.ERROR, logger="kraken_lab"):
        run(test)
    assert "add_order" in caplog.text
    assert "CANARY" not in caplog.text
