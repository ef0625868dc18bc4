"""The exchange on this machine behind a lab, as a user has it: to look at, to steer, and to make misbehave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SandboxError
from ..net import SandboxProcess

if TYPE_CHECKING:
    from ..views.fault_panel import FaultPanel
    from .lab import Lab

__all__ = ["Sandbox"]


class Sandbox:
    """What ``lab.sandbox`` is: the sandbox that this lab started. Where there is none it is false, and says why.

    >>> bool(lab.sandbox), lab.sandbox.alive
    (True, True)
    """

    def __init__(self, lab: Lab, process: SandboxProcess | None, *, joined: bool) -> None:
        self._lab, self._process, self._joined = lab, process, joined

    def __bool__(self) -> bool:
        return self._process is not None

    def __repr__(self) -> str:
        if self._process is None:
            return f"<Sandbox: none. {self._why()}>"
        state = "running" if self._process.alive else "ended"
        return f"<Sandbox {self.pid}: {state}; .control(fault=...) steers it, .panel() has buttons for that>"

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._there.pid

    @property
    def alive(self) -> bool:
        """Whether it runs; False where there is none."""
        return self._process is not None and self._process.alive

    @property
    def facts(self) -> Mapping[str, Any]:
        """What it said of itself when it was ready: addresses, and a key that is worth nothing elsewhere."""
        return self._there.facts

    @property
    def paused(self) -> Mapping[str, str]:
        """In paper: the pairs that it does not match now, and why."""
        return {} if self._process is None else self._process.paused

    # --- what one does with it --------------------------------------------------------------------------------------

    def control(self, *, timeout: float = 5.0, **order: object) -> Mapping[str, Any]:
        """Have it do something wrong, or stop doing so: one order down its control pipe, and its answer.

        Raises:
            SandboxError: it refused, did not answer, or is gone; or there is none.

        >>> lab.sandbox.control(fault="freeze")["ok"], lab.sandbox.control(fault="thaw")["ok"]
        (True, True)
        """
        return self._there.control(timeout=timeout, **order)

    def panel(self) -> FaultPanel:
        """Buttons for everything it can do wrong, with what one will see of it, and a log of what the lab noticed.

        Raises:
            SandboxError: there is none, or none that can be steered from here; the text says why.

        >>> panel = lab.sandbox.panel()
        >>> "checksum" in panel.buttons
        True
        >>> panel.close()
        """
        process = self._there
        from ..views.fault_panel import FaultPanel
        from .fault_bench import FaultBench

        return FaultPanel(FaultBench(self._lab, process))

    def close(self) -> None:
        """End it, as `Lab.close` does. Idempotent."""
        if self._process is not None:
            self._process.close()

    # --- inside -----------------------------------------------------------------------------------------------------

    @property
    def _there(self) -> SandboxProcess:
        if self._process is None:
            raise SandboxError(self._why())
        return self._process

    def _why(self) -> str:
        if self._lab.mode == "paper":
            return (
                "Paper starts its exchange when the account is first used, as by lab.orders. Then lab.sandbox is it; "
                "market data is Kraken's, and nothing here can disturb that."
            )
        if self._joined:
            return (
                "This lab joined an exchange that was running, whose control pipe belongs to whoever started it: it is "
                "steered there. kl.connect(new=True) starts one for this process."
            )
        return "Behind this lab is the real exchange, and nothing here makes it fail. kl.connect() has a sandbox."
