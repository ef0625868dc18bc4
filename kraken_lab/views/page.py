"""One HTML document that needs nothing but itself: figures, tables and facts, for sending or keeping.

It is dark or light as the reader's system prefers, a saved heatmap's page too, and says each title once.

plotly.js is written into it, once. No address is referenced, and a content security policy makes the browser refuse to
load or send anything, whatever a figure or a text in it might ask for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from . import escape, theme
from .boxes import facts_html
from .scripts import text

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["page"]

_HEAD: Final = 40
"""Pixels above the axes of a figure without a title: a line of buttons."""

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; form-action 'none'; base-uri 'none'"
)
# The system's preference, known before anything is painted.
_PREFERENCE = (
    '<script>const dark = matchMedia("(prefers-color-scheme: dark)");'
    'const dress = () => document.documentElement.classList.toggle("kl-dark", dark.matches);'
    'dark.addEventListener("change", dress);dress();</script>'
)

_STYLE = f"""
:root{{color-scheme:light dark;--paper:{theme.LIGHT[theme.PAPER]};--ground:#f1f4f9;
 --ink:{theme.LIGHT[theme.INK]};--muted:{theme.LIGHT[theme.MUTED]}}}
:root.kl-dark{{--paper:{theme.PAPER};--ground:#070a10;--ink:{theme.INK};--muted:{theme.MUTED}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 {theme.SANS};-webkit-font-smoothing:antialiased}}
main{{max-width:1280px;margin:0 auto;padding:56px 24px 72px}}
header{{margin-bottom:40px}}
h1{{font-size:clamp(26px,3.4vw,40px);line-height:1.15;letter-spacing:-.02em;margin:0 0 18px;font-weight:680;
 overflow-wrap:anywhere}}
h2{{font-size:19px;letter-spacing:-.01em;margin:0 0 12px;font-weight:620;overflow-wrap:anywhere}}
nav{{display:flex;flex-wrap:wrap;gap:6px 20px;margin-top:18px;font-size:14px}}
nav a{{color:var(--muted);text-decoration:none;border-bottom:1px solid transparent}}
nav a:hover,nav a:focus-visible{{color:var(--ink);border-color:currentColor}}
section{{margin:0 0 44px}}
.card{{background:var(--paper);border:1px solid rgba(147,160,180,.16);border-radius:12px;overflow:hidden}}
.words{{padding:14px 18px;overflow-x:auto}}
main.one{{padding:20px 24px}}
.one header{{margin-bottom:10px}}
.one h1{{font-size:22px;margin:0}}
.one section{{margin:0}}
header .kl .title{{display:none}}
header .kl{{font-size:14px}}
"""


def page(
    sections: Sequence[tuple[str, go.Figure | str]],
    *,
    title: str,
    facts: Mapping[str, object] | None = None,
) -> str:
    """A whole HTML document: a headline, a box of facts, and a section for each figure or HTML part.

    ``title``, section titles and ``facts`` are escaped. A part given as text is HTML and goes in as it is: it should
    come from the functions of this room, and words of others through `escape.html`.

    >>> document = page([("Words", "<p>none yet</p>")], title="<b>BTC/USD</b>")
    >>> "<h1>&lt;b&gt;BTC/USD&lt;/b&gt;</h1>" in document
    True
    """
    has_figure = any(not isinstance(part, str) for _, part in sections)
    alone = len(sections) == 1 and sections[0][0] == title
    one = ' class="one"' if alone else ""
    parts = [_section(at, "" if alone else name, part, title) for at, (name, part) in enumerate(sections, start=1)]
    links = "".join(f'<a href="#s{at}">{_words(name)}</a>' for at, (name, _) in enumerate(sections, start=1))
    return "".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<link rel="icon" href="data:,">',
            f"<title>{escape.attribute(escape.clip(title, 200))}</title><style>{_STYLE}</style>{_PREFERENCE}",
            _plotly_js() if has_figure else "",
            f"</head>\n<body><main{one}><header><h1>{_words(title)}</h1>",
            facts_html("Facts", facts) if facts else "",
            f"<nav>{links}</nav>" if len(sections) > 1 else "",
            "</header>\n",
            "\n".join(parts),
            "\n</main></body></html>\n",
        ]
    )


def _words(text: object) -> str:
    return escape.html(escape.clip(text, 200))


def _plotly_js() -> str:
    from plotly.offline import get_plotlyjs

    light = json.dumps(dict(theme.LIGHT))
    return (
        f"<script>{get_plotlyjs()}</script><script>const LIGHT = {light};\n{text('paper.js')}{text('page.js')}</script>"
    )


def _section(at: int, name: str, part: go.Figure | str, title: str) -> str:
    said = [theme.heading(words) for words in (name, title) if words]
    body = f'<div class="card words">{part}</div>' if isinstance(part, str) else _drawing(at, part, said)
    heading = f"<h2>{_words(name)}</h2>" if name else ""
    return f'<section id="s{at}">{heading}{body}</section>'


def _drawing(at: int, figure: go.Figure, said: Sequence[str]) -> str:
    """A place for a figure and the call that draws it. Its JSON has no `<`, so no text in it can end the script.

    A title of its own that was ``said`` above it already is left out, with the room that it took.
    """
    plain = json.loads(str(figure.to_json(validate=False)))
    layout = plain["layout"]
    height, above = layout.get("height") or 480, layout.get("margin", {}).get("t", _HEAD)
    if layout.get("title", {}).get("text") in said:
        height -= max(above - _HEAD, 0)
        layout |= {"height": height, "margin": {**layout.get("margin", {}), "t": min(above, _HEAD)}}
        del layout["title"]
    data = json.dumps(plain).replace("<", "\\u003c")
    return (
        f'<div class="card"><div id="f{at}" style="height:{float(height):g}px"></div></div>'
        f"<script>draw('f{at}', {data})</script>"
    )
