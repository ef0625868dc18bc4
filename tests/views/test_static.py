"""The scripts and styles of the widgets travel with the package."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from kraken_lab.views.live_heatmap import _SCRIPTS
from kraken_lab.views.scripts import script

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_every_script_and_style() -> None:
    """Whatever lies in the folder of static files, by the builder's own list."""
    builders = pytest.importorskip("hatchling.builders.wheel", reason="the builder is only where the package is built")
    builder = builders.WheelBuilder(str(ROOT))
    packed = {file.distribution_path for file in builder.recurse_included_files()}
    static = {f"kraken_lab/views/static/{entry.name}" for entry in (files("kraken_lab.views") / "static").iterdir()}
    assert {"kraken_lab/views/static/live_table.js", "kraken_lab/views/static/live_table.css"} <= static
    assert static <= packed


@pytest.mark.parametrize(
    "names", [("live_table.js",), ("paper.js", "live_figure.js"), ("ladder.js",), ("health.js",), _SCRIPTS]
)
def test_a_script_has_no_name_twice(names: tuple[str, ...]) -> None:
    """One text of several files: a constant said twice would end it, a function would be another without a word."""
    found = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", script(*names), re.MULTILINE)
    assert {"made", "standing", "tellSeen", "lively"} <= set(found)
    assert [name for name, times in Counter(found).items() if times > 1] == []
