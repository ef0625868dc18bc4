"""A notebook with live orders in it, run from top to bottom by a program: nothing is armed and nothing leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from kraken_lab.lab.opening import connect
from kraken_lab.net import SandboxProcess
from tests.lab.test_canary import leaks
from tests.test_notebooks import kernel  # noqa: F401

CELLS = (
    """
import os
import kraken_lab as kl
lab = kl.connect("live", at=open(os.environ["EXCHANGE"]).read())
lab
""",
    """
ticket = lab.add_order(symbol="BTC/USD", side="buy", order_type="limit", order_qty="0.01",
                       limit_price=int(lab.book("BTC/USD").mid * 4 / 5))
ticket
""",
    """
lab.arm(max_order_notional="1000", max_day_notional="5000", max_open_orders=3, allowed_symbols=["BTC/USD"])
""",
    "order = ticket.confirm()",
    """ticket.confirm("AAAAA")""",
    "lab.buy('BTC/USD', '0.001').confirm()",
    "lab.cancel_all(scope='account').confirm()",
    "lab.dead_man(True).confirm()",
    "print(lab.status()); print(lab.orders.df()); lab.status()",
    "lab.level3('BTC/USD').df().head(2)",
    "print(lab.audit.records()); print(vars(lab))",
    "lab.rest.private('OpenOrders').close(); lab.run(lab.rest.private('AddOrder', {}))",
    "lab.close()",
)
"""What somebody left in a notebook: live tickets, and a look at everything."""


@pytest.fixture
def exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxProcess]:
    """A sandbox over TLS that plays the real exchange, told to the notebook's kernel by a file."""
    process = SandboxProcess(seed=17, rate=0.0, tls=True)
    (tmp_path / "exchange.json").write_text(json.dumps(dict(process.facts)))
    monkeypatch.setenv("EXCHANGE", str(tmp_path / "exchange.json"))
    monkeypatch.setenv("KRAKEN_LAB_HOME", str(tmp_path / "home"))
    yield process
    process.close()


@pytest.mark.promise("A-04")
@pytest.mark.promise("K-02")
@pytest.mark.promise("K-03")
@pytest.mark.fault("F-106")
@pytest.mark.fault("F-142")
def test_restart_and_run_all_sends_nothing_and_keeps_no_secret(
    exchange: SandboxProcess,
    kernel: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Nobody can be asked, so nothing is armed; each confirmation fails; the saved file holds nothing of the key."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS])  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook,
        kernel_name=kernel,
        timeout=60,
        allow_errors=True,
        store_widget_state=True,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    saved = tmp_path / "saved.ipynb"
    nbformat.write(notebook, saved)  # type: ignore[no-untyped-call]
    failed = {at: error(cell) for at, cell in enumerate(notebook.cells) if error(cell)}
    assert "run by a program" in failed.pop(2)
    for at in (3, 5):
        assert failed.pop(at).startswith("OrderRefused"), at
    assert failed.pop(4).startswith(("OrderRefused", "ConfirmationVoid"))
    for at in (6, 7):
        assert "run by a program" in failed.pop(at)
    assert failed.pop(11).startswith("BadArgument")
    assert failed == {}

    with connect("sandbox", at=exchange.facts, new=True) as lab:
        assert lab.run(lab.rest.private("OpenOrders"))["open"] == {}
        assert lab.run(lab.rest.private("ClosedOrders"))["closed"] == {}
    (log,) = (tmp_path / "home").glob("live-like_*/audit.jsonl")
    kinds = [json.loads(line)["kind"] for line in log.read_text().splitlines()]
    assert not {"intent", "armed", "sent"} & set(kinds)

    secrets = {name: str(exchange.facts[name]) for name in ("api_key", "api_secret")}
    assert leaks(saved.read_text("utf-8"), secrets) == []
    assert leaks(log.read_text(), secrets) == []


def error(cell: Any) -> str:
    """What a cell failed with, if it did."""
    return next(
        (f"{output['ename']}: {output['evalue']}" for output in cell.outputs if output["output_type"] == "error"), ""
    )
