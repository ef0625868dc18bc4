"""Faults that befall a request: lost, answered late or never, refused for its rate, the connection cut at a point.

A request meets its fate once, when it arrives: `RequestFaults.meet` says what is to happen to it and uses the fault up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from kraken_lab.errors import SandboxError
from kraken_lab.sandbox.limits import Window
from kraken_lab.sandbox.numbers import NS_PER_SECOND

__all__ = ["CutPoint", "Fate", "RequestFaults"]

CutPoint: TypeAlias = Literal["received", "accepted", "acked"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one request. By default nothing out of the ordinary.

    ``held_ns``: the engine takes it so much later than the gateway. ``lost``: it is not processed. ``refused``: it is
    over the rate. ``mute``: it is processed, never answered. ``delay_ns``: its answers go out so much later. ``cut``:
    where in its life the connection is reset.
    """

    lost: bool = False
    refused: bool = False
    mute: bool = False
    delay_ns: int = 0
    held_ns: int = 0
    cut: CutPoint | None = None


_ORDINARY: Final = Fate()


@dataclass(slots=True)
class _Pending:
    fate: Fate
    times: int


class RequestFaults:
    """The fates that wait for requests, by method.

    >>> faults = RequestFaults()
    >>> faults.lose_request("ping")
    >>> faults.meet("ping", 0).lost, faults.meet("ping", 0).lost
    (True, False)
    """

    def __init__(self) -> None:
        self._pending: dict[str, list[_Pending]] = {}
        self._countdowns: dict[str, list[int]] = {}
        self._windows: dict[str, Window] = {}

    def lose_request(self, method: str, times: int = 1) -> None:
        """Do not process the next ``times`` requests of that method."""
        self._wait(method, Fate(lost=True), times)

    def lose_reply(self, method: str, times: int = 1) -> None:
        """Process the next ``times`` requests of that method and never answer them."""
        self._wait(method, Fate(mute=True), times)

    def delay(self, method: str, seconds: float, times: int = 1) -> None:
        """Answer the next ``times`` requests of that method so much later; what they cause is not delayed."""
        self._wait(method, Fate(delay_ns=round(seconds * NS_PER_SECOND)), times)

    def hold(self, method: str, seconds: float, times: int = 1) -> None:
        """Let the engine take the next ``times`` requests of that method so much later than the gateway did."""
        self._wait(method, Fate(held_ns=round(seconds * NS_PER_SECOND)), times)

    def cut(self, method: str, point: CutPoint) -> None:
        """Reset the connection when the next request of that method is received, accepted, or answered.

        Raises:
            SandboxError: no such point.
        """
        if point not in get_args(CutPoint):
            raise SandboxError(f"{point!r} is no point to cut at; there are {', '.join(get_args(CutPoint))}.")
        self._wait(method, Fate(cut=point), 1)

    def rate_limit(self, method: str, n: int, per_s: float | None = None) -> None:
        """Refuse the ``n``-th request of that method from now; with ``per_s``, all beyond ``n`` in so many seconds."""
        if per_s is None:
            self._countdowns.setdefault(method, []).append(n)
        else:
            self._windows[method] = Window(n, round(per_s * NS_PER_SECOND))

    def clear(self) -> None:
        """Back to ordinary fates."""
        self._pending.clear()
        self._countdowns.clear()
        self._windows.clear()

    def meet(self, method: str, now_ns: int) -> Fate:
        """The fate of a request of that method that has just arrived."""
        if self._is_over_rate(method, now_ns):
            return Fate(refused=True)
        waiting = self._pending.get(method)
        if not waiting:
            return _ORDINARY
        first = waiting[0]
        first.times -= 1
        if not first.times:
            del waiting[0]
        return first.fate

    def _wait(self, method: str, fate: Fate, times: int) -> None:
        if times < 1:
            raise SandboxError(f"times={times} is not possible: a fault happens at least once.")
        self._pending.setdefault(method, []).append(_Pending(fate, times))

    def _is_over_rate(self, method: str, now_ns: int) -> bool:
        window = self._windows.get(method)
        over = window is not None and not window.take(1, now_ns)
        left = [count - 1 for count in self._countdowns.get(method, ())]
        if left:
            over = over or 0 in left
            self._countdowns[method] = [count for count in left if count > 0]
        return over
