"""What the cards of the acting road share: the look, the banner that says where money would go, and rows of facts.

Everything is told in words; colour only helps. Nothing is loaded from anywhere, and all text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

from . import escape
from .boxes import boxed

__all__ = ["Tone", "banner", "card", "details", "facts_grid", "marked_lines", "table"]

Tone: TypeAlias = Literal["up", "down", "warn", ""]

_STYLE: Final = """
.kl-card{border:1px solid var(--kl-line);border-radius:10px;max-width:760px;overflow:hidden;font-size:13px}
.kl-card .banner{display:flex;flex-wrap:wrap;gap:4px 14px;align-items:center;padding:8px 16px;background:var(--kl-soft);
 border-bottom:1px solid var(--kl-line);font-size:12px}
.kl-card .mode{font-weight:800;letter-spacing:.07em;border:2px solid currentColor;border-radius:6px;padding:1px 9px}
.kl-card .banner.down{border-left:6px solid var(--kl-down)}.kl-card .banner.warn{border-left:6px solid var(--kl-warn)}
.kl-card .banner .end{margin-left:auto}
.kl-card .body{padding:12px 16px 14px}
.kl-card .head{font-size:19px;font-weight:680;letter-spacing:-.01em;line-height:1.3;overflow-wrap:anywhere}
.kl-card .sub{opacity:.75;margin:1px 0 8px;overflow-wrap:anywhere}
.kl-card .verdict{font-weight:700;margin:8px 0 2px}
.kl-card ul{margin:4px 0 10px;padding:0;list-style:none}
.kl-card li{padding:4px 0 4px 12px;margin:3px 0;border-left:3px solid var(--kl-line);overflow-wrap:anywhere}
.kl-card li.down{border-color:var(--kl-down);color:inherit}.kl-card li.warn{border-color:var(--kl-warn);color:inherit}
.kl-card li.up{border-color:var(--kl-up);color:inherit}
.kl-card li b{margin-right:6px}
.kl-card li.down b{color:var(--kl-down)}.kl-card li.warn b{color:var(--kl-warn)}.kl-card li.up b{color:var(--kl-up)}
.kl-card .grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:0 28px;margin:8px 0}
.kl-card .kv{display:flex;justify-content:space-between;gap:16px;padding:4px 0;border-bottom:1px solid var(--kl-line)}
.kl-card .k{opacity:.7;white-space:nowrap}
.kl-card .v{text-align:right;font-variant-numeric:tabular-nums;overflow-wrap:anywhere;font-weight:550}
.kl-card h4{font-size:12px;letter-spacing:.05em;text-transform:uppercase;opacity:.7;margin:14px 0 2px;font-weight:650}
.kl-card .body>h4:first-child{margin-top:0}
.kl-card td,.kl-card th{white-space:normal;overflow-wrap:break-word}
.kl-card td:first-child,.kl-card td.n,.kl-card .timeline td:nth-child(2){white-space:nowrap}
.kl-card table.wide{width:100%}
.kl-card details{margin:8px 0 0}.kl-card summary{cursor:pointer;opacity:.8}
.kl-card code{font:12px/1.5 var(--jp-code-font-family,ui-monospace,Menlo,Consolas,monospace);overflow-wrap:anywhere;
 background:var(--kl-soft);color:inherit;border-radius:4px;padding:1px 5px}
.kl-card .foot{margin-top:12px;padding-top:8px;border-top:1px solid var(--kl-line);font-size:12px;opacity:.85}
"""


def card(*parts: str, label: str) -> str:
    """A card of escaped HTML parts; ``label`` is what a screen reader calls it.

    >>> "<script" in card("<p>words</p>", label="<script>")
    False
    """
    inside = "".join(parts)
    name = escape.attribute(escape.clip(label, 200))
    return boxed(f'<style>{_STYLE}</style><div class="kl-card" role="group" aria-label="{name}">{inside}</div>')


def banner(mode_words: str, where: str, account: str) -> str:
    """The first line: mode in words, what that means, and whose account. Live is framed."""
    tone = "down" if mode_words.startswith("LIVE ARMED") else "warn" if "LIVE" in mode_words else "up"
    tone = "down" if "HALTED" in mode_words else tone
    whose = f'<span class="end">account <b>{_text(account)}</b></span>' if account else ""
    return (
        f'<div class="banner {tone}"><span class="mode {tone}">{_text(mode_words)}</span>'
        f"<span>{_text(where)}</span>{whose}</div>"
    )


def facts_grid(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values in two columns where there is room. Not yet escaped."""
    lines = "".join(
        f'<div class="kv"><span class="k">{_text(name)}</span> <span class="v">{_text(value)}</span></div>'
        for name, value in rows
    )
    return f'<div class="grid">{lines}</div>'


def marked_lines(lines: Iterable[tuple[Tone, str, str]]) -> str:
    """A list: tone, a word that says it too, and a sentence. Not yet escaped; nothing for no lines."""
    items = "".join(f'<li class="{tone}"><b>{_text(word)}</b> {_text(said)}</li>' for tone, word, said in lines)
    return f"<ul>{items}</ul>" if items else ""


def table(names: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 0) -> str:
    """A small table; the first ``texts`` columns are words, the others numbers. Not yet escaped."""

    def css(at: int) -> str:
        return "" if at < texts else ' class="n"'

    head = "".join(f'<th scope="col"{css(at)}>{_text(name)}</th>' for at, name in enumerate(names))
    body = "".join(
        f"<tr>{''.join(f'<td{css(at)}>{_text(cell)}</td>' for at, cell in enumerate(row))}</tr>" for row in rows
    )
    wide = ' class="wide"' if texts else ""
    return f'<div class="scroll"><table{wide}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def details(summary: str, inside: str) -> str:
    """Something folded away under a line of words; ``inside`` is escaped HTML."""
    return f"<details><summary>{_text(summary)}</summary>{inside}</details>"


def _text(text: object) -> str:
    return escape.html(escape.clip(text, 600))
