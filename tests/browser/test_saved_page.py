"""A saved heatmap in a browser of its own: it offers what works without a kernel, and nothing that does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kraken_lab.views.live_heatmap import HeatLook, LiveHeatmap
from tests.views.test_live_heatmap import APast

from .notebook import until

pytestmark = pytest.mark.browser


def test_a_saved_heatmap_offers_no_live_control(browser: Any, tmp_path: Path) -> None:
    """Nothing is lit, followed, paused or offered; back to the newest columns goes by a button that says so."""
    path = LiveHeatmap(APast(columns=900), "BTC/USD order book [test]", HeatLook(0.5)).save(tmp_path / "saved.html")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    heat = page.locator(".kl-heat")
    until(lambda: heat.get_attribute("data-end"))
    shown = [button.inner_text() for button in page.locator(".kl-button:visible").all()]
    assert shown == ["−", "+", "Box", "All", "Newest", "?"]
    assert page.locator('.kl-bar [aria-pressed="true"]').count() == 0
    assert page.locator(".kl-state").inner_text() == "SAVED"
    page.get_by_text("?", exact=True).click()
    labels = [element.get_attribute("aria-label") for element in (page.locator(".kl-plot"), heat)]
    told = " ".join([page.locator(".kl-help").inner_text(), *labels])
    assert "F: the newest" in told
    assert not [word for word in ("follow", "pause", "ticket", "live") if word in told]

    newest = float(heat.get_attribute("data-t1"))
    page.locator(".kl-plot").focus()
    page.keyboard.press("Shift+ArrowLeft")
    until(lambda: float(heat.get_attribute("data-t1")) < newest - 500)
    assert page.locator('.kl-bar [aria-pressed="true"]').count() == 0
    page.get_by_role("button", name="Newest").click()
    until(lambda: abs(float(heat.get_attribute("data-t1")) - newest) < 1)
    context.close()
    assert errors == []
