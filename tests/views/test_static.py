"""The scripts and styles of the widgets travel with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_every_script_and_style() -> None:
    """Whatever lies in the folder of static files, by the builder's own list."""
    builders = pytest.importorskip("hatchling.builders.wheel", reason="the builder is only where the package is built")
    builder = builders.WheelBuilder(str(ROOT))
    packed = {file.distribution_path for file in builder.recurse_included_files()}
    static = {f"kraken_lab/views/static/{entry.name}" for entry in (files("kraken_lab.views") / "static").iterdir()}
    assert {"kraken_lab/views/static/live_table.js", "kraken_lab/views/static/live_table.css"} <= static
    assert static <= packed
