"""Importing the room costs little: what draws is loaded when something is drawn."""

from __future__ import annotations

import subprocess
import sys

import kraken_lab.views
from kraken_lab.views import __all__ as names


def test_the_room_loads_no_drawing_or_table_library() -> None:
    """Neither plotly nor pandas, polars or a widget library comes with the import."""
    heavy = "{'plotly', 'pandas', 'polars', 'ipywidgets', 'anywidget'}"
    code = f"import sys, kraken_lab.views; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_offered_is_documented() -> None:
    """The room's stable names exist and say what they are."""
    for name in names:
        assert getattr(kraken_lab.views, name).__doc__, name
