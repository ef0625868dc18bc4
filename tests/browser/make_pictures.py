"""The README's pictures, taken of a real JupyterLab: ``.ci/browser``, then ``python -m tests.browser.make_pictures``.

It runs the notebook of the dashboard, trades a little, cuts the line so that a gap is seen, and keeps what
Chromium shows as PNGs of 256 colours, which are small enough for the first screen of a page.
"""

from __future__ import annotations

import base64
import shutil
import struct
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
from numpy.typing import NDArray

from .conftest import NAMES
from .jupyter import jupyter
from .notebook import Notebook, Window

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "notebooks" / "images"
MOST_BYTES = 150_000
WIDTH = 1400
SECONDS = 40.0
"""On each side of the cut."""

TRADE = """
orders = []
for level, qty in ((20, "0.4"), (70, "0.8")):
    price = book.bids[level][0]
    orders.append(lab.buy(SYMBOL, qty, price).confirm().wait("open"))
orders.append(lab.sell(SYMBOL, "0.5", book.asks[60][0]).confirm().wait("open"))
lab.buy(SYMBOL, "0.15").confirm().wait("filled")
"""
CUT = """
lab.sandbox.control(fault="refuse", n=3)
lab.sandbox.control(fault="reset")
"""
PIXELS = """async data => {
  const image = await createImageBitmap(await (await fetch("data:image/png;base64," + data)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const bytes = pen.getImageData(0, 0, image.width, image.height).data;
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return [image.width, image.height, btoa(text)];
}"""


def main() -> None:
    """Take both pictures, and say how large they are."""
    from playwright.sync_api import sync_playwright

    source = jupytext.read(ROOT / "notebooks" / "05-dashboard.py")
    cells = [cell.source for cell in source.cells if cell.cell_type == "code"]
    cells.append("book.heatmap(minutes=1.5, trades=trades)")
    path = next(filter(None, map(shutil.which, NAMES)))
    with (
        tempfile.TemporaryDirectory() as home,
        sync_playwright() as playwright,
        jupyter("ipykernel-7", Path(home)) as server,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        notebook = Notebook(Window(browser, server), "pictures", cells)
        notebook.page.set_viewport_size({"width": WIDTH, "height": 1000})
        notebook.command("apputils:change-theme", theme="JupyterLab Dark")
        notebook.run(*range(len(cells)))
        time.sleep(SECONDS)
        notebook.ask(TRADE, 60)
        notebook.ask(CUT)
        time.sleep(SECONDS)
        keep(notebook.page, len(cells) - 2, "dashboard", 1500)
        keep(notebook.page, len(cells) - 1, "order-book", 700)
        notebook.close()
        browser.close()


def keep(page: Any, cell: int, name: str, height: int) -> None:
    """Keep what a cell shows, from its top and no higher than so many pixels."""
    page.set_viewport_size({"width": WIDTH, "height": height + 400})
    page.evaluate(
        "number => window.jupyterapp.shell.currentWidget.content.widgets[number].outputArea.node.scrollIntoView()", cell
    )
    time.sleep(3)  # what was out of sight is painted again
    shown = page.locator(".jp-Cell").nth(cell).locator(".jp-OutputArea-output").first
    box = shown.bounding_box()
    clip = {**box, "height": min(box["height"], height)}
    width, rows, data = page.evaluate(PIXELS, base64.b64encode(page.screenshot(clip=clip)).decode())
    pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(rows, width, 4)[:, :, :3]
    png = in_256_colours(pixels)
    (IMAGES / f"{name}.png").write_bytes(png)
    print(f"{name}.png: {width} x {rows}, {len(png):,} bytes")  # noqa: T201
    assert len(png) < MOST_BYTES, name


def in_256_colours(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of the most frequent colours; each other one becomes the nearest of them."""
    coarse = (pixels >> 2).astype(np.uint32)
    cells = coarse[:, :, 0] << 12 | coarse[:, :, 1] << 6 | coarse[:, :, 2]
    _, place, counts = np.unique(cells, return_inverse=True, return_counts=True)
    flat = pixels.reshape(-1, 3).astype(np.float64)
    means = np.stack([np.bincount(place.ravel(), flat[:, channel]) for channel in range(3)], axis=1) / counts[:, None]
    kept = means[np.argsort(counts)[::-1][:256]]
    nearest = np.array([int(((kept - colour) ** 2).sum(axis=1).argmin()) for colour in means], np.uint8)
    return png(nearest[place.reshape(cells.shape)], kept.round().astype(np.uint8))


def png(indices: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """A PNG with a palette."""
    rows, width = indices.shape
    lines = np.hstack([np.zeros((rows, 1), np.uint8), indices])
    chunks: Sequence[tuple[bytes, bytes]] = (
        (b"IHDR", struct.pack(">IIBBBBB", width, rows, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    body = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


if __name__ == "__main__":
    main()
