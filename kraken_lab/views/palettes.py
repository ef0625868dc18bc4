"""Colours of sizes by name. In each the lightness goes one way, so the order holds for every eye and in grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..errors import BadArgument
from . import theme

__all__ = ["PALETTES", "Palette", "palette"]


@dataclass(frozen=True, slots=True)
class Palette:
    """Stops from nothing to very much, on dark and on light paper. With ``dim`` above 1 ordinary sizes recede."""

    dark: tuple[str, ...]
    light: tuple[str, ...]
    dim: float = 1.0

    def colour(self, share: float) -> str:
        """On dark paper, at a share of the scale from 0 to 1; what is below the scale has the first stop."""
        return theme.size_colour(share, self.dark, self.dim)


_VIRIDIS: Final = (
    "#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725",
)  # fmt: skip
_CIVIDIS: Final = (
    "#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#fee838",
)  # fmt: skip
_GREY: Final = ("#000000", "#1c1c1c", "#383838", "#555555", "#737373", "#939393", "#b4b4b4", "#d6d6d6", "#ffffff")

PALETTES: Final = {
    "night": Palette(theme.SIZE_COLOURS, theme.LIGHT_SIZES, dim=theme.DIM),
    "viridis": Palette(_VIRIDIS, _VIRIDIS),
    "cividis": Palette(_CIVIDIS, _CIVIDIS),
    "grey": Palette(_GREY, _GREY[::-1]),
}
"""By name. ``night`` is dark on dark paper and light on light paper, ``grey`` likewise."""


def palette(name: object) -> Palette:
    """The colours of that name.

    Raises:
        BadArgument: there are none.

    >>> palette("cividis").dark[0]
    '#00224e'
    """
    if not isinstance(name, str) or name not in PALETTES:
        raise BadArgument("colorscale", name, " or ".join(map(repr, PALETTES)))
    return PALETTES[name]
