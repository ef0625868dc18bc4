"""One HTML document that needs nothing but itself: figures, tables and facts, for sending or keeping.

plotly.js is written into it, once. No address is referenced, and a content security policy makes the browser refuse to
load or send anything, whatever a figure or a text in it might ask for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from . import escape, theme
from .boxes import facts_html

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["page"]

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; form-action 'none'; base-uri 'none'"
)
# No button that uploads the figure, and no address it could go to: plotly 7 has both by default.
_CONFIG = (
    "{responsive: true, displaylogo: false, scrollZoom: true, showSendToCloud: false, plotlyServerURL: '', "
    "typesetMath: false}"
)

_STYLE = f"""
:root{{color-scheme:dark}}
*{{box-sizing:border-box}}
body{{margin:0;background:#070a10;color:{theme.INK};font:16px/1.6 {theme.SANS};-webkit-font-smoothing:antialiased}}
main{{max-width:1280px;margin:0 auto;padding:56px 24px 72px}}
header{{margin-bottom:40px}}
h1{{font-size:clamp(26px,3.4vw,40px);line-height:1.15;letter-spacing:-.02em;margin:0 0 18px;font-weight:680;
 overflow-wrap:anywhere}}
h2{{font-size:19px;letter-spacing:-.01em;margin:0 0 12px;font-weight:620;overflow-wrap:anywhere}}
nav{{display:flex;flex-wrap:wrap;gap:6px 20px;margin-top:18px;font-size:14px}}
nav a{{color:{theme.MUTED};text-decoration:none;border-bottom:1px solid transparent}}
nav a:hover,nav a:focus-visible{{color:{theme.INK};border-color:currentColor}}
section{{margin:0 0 44px}}
.card{{background:{theme.PAPER};border:1px solid rgba(147,160,180,.16);border-radius:12px;overflow:hidden}}
.words{{padding:14px 18px;overflow-x:auto}}
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
    parts = [_section(at, name, part) for at, (name, part) in enumerate(sections, start=1)]
    links = "".join(f'<a href="#s{at}">{_words(name)}</a>' for at, (name, _) in enumerate(sections, start=1))
    return "".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<link rel="icon" href="data:,">',
            f"<title>{escape.attribute(escape.clip(title, 200))}</title><style>{_STYLE}</style>",
            _plotly_js() if has_figure else "",
            f'</head>\n<body class="kl-dark"><main><header><h1>{_words(title)}</h1>',
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

    return f"<script>{get_plotlyjs()}</script>"


def _section(at: int, name: str, part: go.Figure | str) -> str:
    body = f'<div class="card words">{part}</div>' if isinstance(part, str) else _drawing(at, part)
    return f'<section id="s{at}"><h2>{_words(name)}</h2>{body}</section>'


def _drawing(at: int, figure: go.Figure) -> str:
    """A place for a figure and the call that draws it. Its JSON has no `<`, so no text in it can end the script."""
    height = figure.layout.height or 480
    data = str(figure.to_json(validate=False)).replace("<", "\\u003c").replace("\u2028", "\\u2028")
    return (
        f'<div class="card"><div id="f{at}" style="height:{float(height):g}px"></div></div>'
        f"<script>(figure => Plotly.newPlot('f{at}', figure.data, figure.layout, {_CONFIG}))({data})</script>"
    )
