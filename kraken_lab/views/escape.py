"""Making text from the wire harmless: the one place where that is done.

A symbol, an error text or a column name may hold anything. Wherever such a text is shown it is shown letter by letter,
never interpreted. Each function here is for one kind of reader, because what is active differs: mark-up and TeX in a
notebook; pseudo-HTML, entities, TeX and templates in a chart; escape sequences in a terminal; formulas in a
spreadsheet.
"""

from __future__ import annotations

import html as _html
import re

__all__ = ["attribute", "clip", "csv", "html", "plotly", "terminal", "visible"]

# JupyterLab typesets $...$, \(...\) and \begin{...} in HTML output; entities do not prevent that, as it reads what was
# parsed. MathJax 3 and 4 honour the second class, MathJax 2 (nbviewer, older front ends) the first.
NO_MATH = "tex2jax_ignore mathjax_ignore"

_PLOTLY_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"}
_PLOTLY_ACTIVE = re.compile(r"[&<>$]|%(?={)")
_FORMULA_STARTS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")  # a spreadsheet reads the full-width forms too


def visible(text: object) -> str:
    r"""The text with every character that cannot be seen written as its Python escape.

    Control characters, bidirectional and other format characters, lone surrogates (which no file could encode), unusual
    spaces and line separators become ``\x1b``, ``\u202e``, ``\ud800``, ``\xa0``. Everything printable stays as it is.

    >>> print(visible("red \x1b[31m, reversed \u202e"))
    red \x1b[31m, reversed \u202e
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def clip(text: object, limit: int = 80) -> str:
    """At most ``limit`` characters of a text; a longer one ends by saying how long it was.

    >>> clip("x" * 10_000, 5)
    'xxxxx… (10,000 characters)'
    """
    text = str(text)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def terminal(text: object) -> str:
    r"""For a terminal: nothing in it can move the cursor, colour, beep or turn the reading direction.

    >>> print(terminal("BTC\x07/USD\n"))
    BTC\x07/USD\n
    """
    return visible(text)


def attribute(text: object) -> str:
    """For the value of a quoted HTML attribute and for ``<title>``, where no element can stand.

    >>> attribute('"><script>')
    '&quot;&gt;&lt;script&gt;'
    """
    return _html.escape(visible(text))


def html(text: object) -> str:
    """For the content of an HTML element. Text that a notebook could take for TeX is wrapped so that it is not.

    >>> html("<b>x</b>")
    '&lt;b&gt;x&lt;/b&gt;'
    >>> html("$x^2$")
    '<span class="tex2jax_ignore mathjax_ignore">$x^2$</span>'
    """
    safe = attribute(text)
    return f'<span class="{NO_MATH}">{safe}</span>' if "$" in safe or "\\" in safe else safe


def plotly(text: object) -> str:
    """For any text in a figure: titles, axis and legend labels, annotations, hover text and custom data shown in it.

    plotly.js looks for ``$...$`` (TeX) in the raw text, then splits it at ``<...>`` and makes elements of the tags it
    knows (``b``, ``i``, ``a``, ``br``, ``sub``...), then decodes entities in what is left, once. Before all that,
    templates replace ``%{...}``. So each of these four beginnings is written as an entity, which is decoded last and
    shown as itself.
    Source: ``svg_text_utils`` in the plotly.js 4.1 that plotly 7.1 brings.

    >>> plotly("<b>&lt; $x$ %{x}")
    '&lt;b&gt;&amp;lt; &#36;x&#36; &#37;{x}'
    """
    return _PLOTLY_ACTIVE.sub(lambda match: _PLOTLY_ENTITIES.get(match[0], "&#37;"), visible(text))


def csv(text: object) -> str:
    """For a text cell of a CSV file: what a spreadsheet would run as a formula begins with an apostrophe instead.

    Only for text. Numbers are not text: a negative number written through this would no longer be one.

    >>> csv("=HYPERLINK(0)")
    "'=HYPERLINK(0)"
    """
    text = str(text)
    seen = text.lstrip()  # spreadsheets may trim; a tab or a line break in front is itself a known trick
    return f"'{text}" if seen[:1] in _FORMULA_STARTS and seen else text
