"""Texts that try to be more than text, and small models of the readers that would let them."""

from __future__ import annotations

import html.parser
import re

HOSTILE = {
    "element": "<img src=x onerror=alert(1)>",
    "bold": "<b>x</b>",
    "link": '<a href="javascript:alert(1)">x</a>',
    "entities": "&lt;b&gt;",
    "number entity": "&#60;b&#62;",
    "tex": "$x^2$",
    "tex brackets": r"\(x^2\)",
    "template": "%{customdata[0]} <extra>x</extra>",
    "script end": "</script><script>alert(1)</script>",
    "attribute": "\" onmouseover='alert(1)'",
    "escape sequence": "\x1b[31mred\x1b[0m\x07",
    "right to left": "BTC\u202eDSU/\u200f",
    "line break": "one\r\ntwo\u2028three",
    "lone surrogate": "a\ud800b",
    "formula": "=1+1",
}


class Page(html.parser.HTMLParser):
    """What an HTML reader makes of a text: which elements with which attributes, and which words."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the element."""
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or style."""
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        """Words between elements; what is inside a script or style is kept apart."""
        if self._inside:
            self.scripts.append(data)
            return
        self.text += data
        self.texts.append(data)

    @property
    def tags(self) -> set[str]:
        """The names of all elements."""
        return {tag for tag, _ in self.elements}


_KNOWN_TAGS = {"sup", "sub", "s", "u", "b", "i", "a", "span", "em", "br"}
_ENTITIES = {"mu": "μ", "amp": "&", "lt": "<", "gt": ">", "nbsp": "\xa0", "times": "×", "plusmn": "±", "deg": "°"}


def plotly_shows(text: str) -> str:
    """What plotly.js draws for a text, after its own reading; raises AssertionError if any of it would be interpreted.

    Follows plotly.js step by step: ``templateString``, ``convertToTspans``, ``buildSVGText``, ``convertEntities``.
    """
    assert not re.search(r"%{([^\s%{}:]*)([:|\|][^}]*)?}", text), f"template in {text!r}"
    assert "<extra>" not in text, f"extra box in {text!r}"
    assert not re.search(r"([^$]*)([$]+[^$]*[$]+)([^$]*)", text), f"TeX in {text!r}"
    assert not re.search(r"\r\n?|\n", text), f"line break in {text!r}"
    drawn = ""
    for part in re.split(r"(<[^<>]*>)", text):
        tag = re.search(r"<(/?)([^ >]*)(\s+(.*))?>", part, re.IGNORECASE)
        assert not (tag and tag[2].lower() in _KNOWN_TAGS), f"tag in {text!r}"
        drawn += re.sub(r"&(#\d+|#x[\da-fA-F]+|[a-z]+);", _entity, part)
    return drawn


def _entity(match: re.Match[str]) -> str:
    name = match[1]
    if name.startswith("#x"):
        return chr(int(name[2:], 16))
    return chr(int(name[1:])) if name.startswith("#") else _ENTITIES.get(name, match[0])
