"""Whether any page still shows a ticket or a blotter. One that none has shown for a minute is closed.

A cell that is run again leaves the widget it showed before: nobody sees it, and all the same it has its comms in the
kernel and its models in the page. A page says when a view was taken away, and who else is there is asked then. A page
that was loaded again says nothing of its old views and shows new ones, and what is only out of sight is there.
"""

from __future__ import annotations

from collections.abc import Callable

from .live_view import AWAY
from .worker import Works

__all__ = ["Presence"]


class Presence:
    """Calls ``leave`` on the worker, once, `AWAY` seconds after the last view was taken away, unless one came back.

    ``now`` is monotonic seconds. While it is ``busy``, as a ticket whose review was begun from a cell, it stays.
    """

    def __init__(
        self,
        works: Works,
        *,
        now: Callable[[], float],
        busy: Callable[[], bool],
        leave: Callable[[], object],
    ) -> None:
        self._works, self._now, self._busy, self._leave = works, now, busy, leave
        self._left_at: float | None = None
        """When the last view was taken away; None while one is there, and before the first."""

    def heard(self, there: bool) -> None:
        """A view was taken away, or one that is there said something. In any thread."""
        if there:
            self._left_at = None
        else:
            self._left_at = self._now()
            self._works.put(self._look, key="leave", after=AWAY)

    def close(self) -> None:
        """It is closed already."""
        self._works.close()

    def _look(self) -> None:
        left_at = self._left_at
        if left_at is None:
            return
        wait = left_at + AWAY - self._now()
        if wait <= 0 and not self._busy():
            self._works.close()
            self._leave()
        else:
            self._works.put(self._look, key="leave", after=max(wait, 1.0))
