"""A disk that does not let the audit log be read: a cell hears of it in words, and can still stop everything."""

from __future__ import annotations

from pathlib import Path

import pytest

import kraken_lab as kl


@pytest.mark.promise("A-15")
@pytest.mark.promise("A-12")
def test_a_log_that_cannot_be_opened_stops_orders_and_no_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is refused with the reason, status says it, and the kill ends what another kernel placed."""
    monkeypatch.setenv("KRAKEN_LAB_HOME", str(tmp_path))
    with kl.connect(new=True) as first:
        order = first.buy("BTC/USD", "0.01", "50000").confirm().wait("open")
        assert first.sandbox is not None
        path = first.audit.path
        path.rename(path.with_name("elsewhere"))
        path.mkdir()
        with kl.connect("sandbox", at=first.sandbox.facts, new=True) as second:
            wish = second.buy("BTC/USD", "0.02", "50000")
            with pytest.raises(kl.OrderError, match=r"cannot be read \(Is a directory\).*cancels and kill still work"):
                wish.confirm()
            assert "cannot be read" in second.status().facts["audit log"]
            report = second.kill()
            assert [killed.order for killed in report.cancelled] == [order.order_id]
        order.wait("done")
        assert order.state == "CANCELED"
