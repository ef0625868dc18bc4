"""A matrix of colours as a small PNG: a byte a pixel, a palette of the colour scale, nothing where nothing is known."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["colour_of", "palette_of", "png"]

_COLOURS = 255
"""Of the scale; one more index is for what is missing."""


def colour_of(text: str) -> tuple[str, float]:
    """A colour without its opacity, and that: what every reader of SVG understands.

    >>> colour_of("#3ddc972e"), colour_of("rgba(255,182,72,0.5)"), colour_of("red")
    (('#3ddc97', 0.18), ('#ffb648', 0.5), ('red', 1.0))
    """
    if text.startswith("#") and len(text) == 9:
        return text[:7], round(int(text[7:], 16) / 255, 2)
    if text.startswith("rgba("):
        *channels, opacity = text[5:-1].split(",")
        return "#" + "".join(f"{int(float(channel)):02x}" for channel in channels), float(opacity)
    return text, 1.0


def palette_of(scale: Sequence[Sequence[Any]], steps: int = _COLOURS) -> NDArray[np.uint8]:
    """A plotly colour scale as so many colours, red, green and blue."""
    places = [float(place) for place, _ in scale]
    colours = np.array([_channels(colour_of(str(colour))[0]) for _, colour in scale], dtype=float)
    at = np.linspace(0, 1, steps)
    return (
        np.column_stack([np.interp(at, places, colours[:, channel]) for channel in range(3)]).round().astype(np.uint8)
    )


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def png(values: NDArray[np.float64], low: float, high: float, palette: NDArray[np.uint8]) -> str:
    """The matrix, its first row on top, as a ``data:`` address; NaN is transparent.

    >>> png(np.array([[0.0, np.nan]]), 0, 1, palette_of([[0, "#000000"], [1, "#ffffff"]]))[:22]
    'data:image/png;base64,'
    """
    missing = np.isnan(values)
    share = np.clip((np.where(missing, low, values) - low) / (high - low or 1), 0, 1)
    indices = np.where(missing, _COLOURS, (share * (_COLOURS - 1)).round()).astype(np.uint8)
    height, width = indices.shape
    lines = np.column_stack([np.zeros(height, np.uint8), indices]).tobytes()  # each begins with "no filter"
    data = b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.tobytes() + b"\0\0\0"),
            _chunk(b"tRNS", b"\xff" * _COLOURS + b"\0"),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        ]
    )
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
