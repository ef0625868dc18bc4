"""What a notebook is given of a figure: plotly's own kind of data, and HTML for whoever asks plotly for it."""

from __future__ import annotations

import plotly.io
import pytest

from kraken_lab.views import depth, heatmap

from .figures import a_grid
from .test_depth_and_ladder import a_book

PLOTLY, HTML = "application/vnd.plotly.v1+json", "text/html"


@pytest.mark.parametrize(
    ("setting", "kinds"), [("plotly_mimetype", {PLOTLY}), ("plotly_mimetype+notebook", {PLOTLY, HTML})]
)
def test_a_figure_shows_itself_as_plotly_was_told(
    setting: str, kinds: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures are plotly's own, so its documented setting is all it takes to have them in HTML."""
    monkeypatch.setattr(plotly.io.renderers, "default", setting)
    for figure in (depth(a_book()), heatmap(a_grid(), symbol="BTC/USD")):
        shown = figure._repr_mimebundle_()
        assert set(shown) == kinds
        if HTML in kinds:
            assert "Plotly.newPlot" in shown[HTML]
            assert "BTC/USD" in shown[HTML].replace("\\u002f", "/")


def test_drawing_leaves_plotlys_settings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """They belong to the reader, whose other figures they would change too."""
    monkeypatch.setattr(plotly.io.renderers, "default", "json")
    depth(a_book())
    assert plotly.io.renderers.default == "json"
