"""An exception that nobody expected, in words that may be written down."""

from __future__ import annotations

__all__ = ["mishap"]


def mishap(error: BaseException) -> str:
    """What an exception is and where it was raised. Without its text, which may hold what must not be written down.

    >>> mishap(ValueError("a secret"))
    'ValueError'
    """
    place, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
        place, trace = f" in {file} line {trace.tb_lineno}", trace.tb_next
    return type(error).__name__ + place
