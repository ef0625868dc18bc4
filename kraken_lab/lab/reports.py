"""What a kill and a look at the audit log found, as they are shown in a cell."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from .. import views
from ..trading import ChainReport, KillReport

__all__ = ["AuditReport", "KillOutcome", "Resumed"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KillOutcome(KillReport):
    """A `KillReport` that shows itself: what was cancelled, what was filled meanwhile, and what is not confirmed."""

    @classmethod
    def of(cls, report: KillReport) -> KillOutcome:
        """The same report, with a face."""
        return cls(**_values(report))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        lists = {"cancelled": self.cancelled, "filled meanwhile": self.filled, "not confirmed": self.unconfirmed}
        rows = {
            name: ", ".join(f"{one.order} {one.words or one.symbol}" for one in orders) or "none"
            for name, orders in lists.items()
        }
        rows["how"] = "; ".join(self.answers) or "no answer yet"
        state = "complete" if self.complete else "NOT complete, it goes on trying"
        return views.facts_html(f"HALTED: kill after {self.seconds:.1f} s, {state}", rows)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Resumed:
    """What holds after ``lab.resume``: the ``mode``, and the halt that ``ended``, in words, empty if there was none.

    ``reason`` is why it was ended, ``open`` how many orders the exchange has open, or may have.

    >>> Resumed(mode="SANDBOX", ended="", reason="to be sure", open=0)
    <SANDBOX: nothing was halted, so nothing changed; 0 orders are open>
    """

    mode: str
    ended: str
    reason: str
    open: int

    def __repr__(self) -> str:
        return f"<{views.escape.terminal(self._said())}>"

    def _said(self) -> str:
        count = f"{self.open} order{' is' if self.open == 1 else 's are'} open"
        if not self.ended:
            return f"{self.mode}: nothing was halted, so nothing changed; {count}"
        arm = "; lab.arm(...) comes before the next order" if "DISARMED" in self.mode else ""
        return f"{self.mode}: trading goes on after {self.ended}, ended because: {self.reason}; {count}{arm}"

    def _repr_html_(self) -> str:
        return views.facts_html(self.mode, {"state": self._said().partition(": ")[2]})


@dataclass(frozen=True, slots=True, repr=False)
class AuditReport(ChainReport):
    """A `ChainReport` that shows itself."""

    @classmethod
    def of(cls, report: ChainReport) -> AuditReport:
        """The same report, with a face."""
        return cls(**_values(report))

    def __repr__(self) -> str:
        return ChainReport.__repr__(self)

    def _repr_html_(self) -> str:
        rows = {"records": f"{self.records:,}", "torn by a crash": str(self.torn)}
        rows |= {f"{one.file} line {one.line}": one.reason for one in self.breaks}
        return views.facts_html("audit log: " + ("the chain is whole" if self.ok else "THE CHAIN IS BROKEN"), rows)


def _values(report: Any) -> dict[str, Any]:
    return {field.name: getattr(report, field.name) for field in fields(report)}
