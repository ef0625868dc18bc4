"""What all HTML outputs share: the look, the badge line, and a box of facts.

Works in JupyterLab's light and dark themes, in a page of ours and, less prettily, where style sheets are taken out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import cells, escape

__all__ = ["Badge", "boxed", "facts_html"]

_STYLE = """
.kl{--kl-up:#08774a;--kl-down:#c02942;--kl-warn:#955800;--kl-line:rgba(128,136,150,.28);--kl-soft:rgba(128,136,150,.10);
 color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));
 font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif);margin:4px 0;max-width:100%}
[data-jp-theme-light="false"] .kl,.vscode-dark .kl,.kl-dark .kl{--kl-up:#3ddc97;--kl-down:#ff6b7d;--kl-warn:#ffc46b}
.kl .scroll{overflow-x:auto}
.kl table{border-collapse:collapse;border:0;margin:2px 0;font-size:12.5px;table-layout:auto;color:inherit}
.kl th,.kl td{border:0;padding:3px 12px 3px 0;text-align:left;vertical-align:top;white-space:nowrap;background:none;
 color:inherit;max-width:44em;overflow:hidden;text-overflow:ellipsis}
.kl th:first-child,.kl td:first-child{padding-left:8px}
.kl thead th{font-weight:600;border-bottom:1px solid var(--kl-line);opacity:.75}
.kl tbody tr{background:none;border:0}.kl tbody tr:nth-child(even){background:var(--kl-soft)}
.kl td.n,.kl th.n{text-align:right;font-family:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,monospace);
 font-variant-numeric:tabular-nums}
.kl th.n{font-family:inherit}
.kl td.t{font-family:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,monospace);font-variant-numeric:tabular-nums}
.kl .up{color:var(--kl-up)}.kl .down{color:var(--kl-down)}.kl .warn{color:var(--kl-warn)}
.kl tr.gap td{border-top:2px dashed var(--kl-warn)}
.kl tr.cut td,.kl tr.mid td{text-align:center;opacity:.7;padding:3px}
.kl .title{font-weight:600;margin:2px 0}
.kl .badge{display:flex;flex-wrap:wrap;gap:2px 10px;align-items:center;margin:2px 0;font-size:12px}
.kl .state{font-weight:700;letter-spacing:.03em;border:1px solid currentColor;border-radius:9px;padding:0 8px}
.kl .caption{font-size:12px;opacity:.7;margin:2px 0}
.kl .facts th{font-weight:400;opacity:.7;padding-right:18px}.kl .facts td{white-space:normal;overflow-wrap:anywhere}
"""

_TONES = {"LIVE": "up", "STOPPED": "down", "REFUSED": "down", "FAILED": "down", "CLOSED": "down"}


@dataclass(frozen=True, slots=True)
class Badge:
    """How a stream is doing, shown with everything it shows. ``age`` is in seconds since its last message.

    >>> str(Badge("LIVE", age=0.31, epoch=2, rows=1204, gaps=1))
    'LIVE · 0.3 s ago · epoch 2 · 1,204 rows · 1 gap'
    """

    state: str
    age: float | None = None
    epoch: int | None = None
    rows: int | None = None
    gaps: int | None = None
    note: str = ""

    def parts(self) -> list[str]:
        """All but the state, as words. Not escaped."""
        told = []
        if self.age is not None:
            told.append(f"{cells.age(self.age)} ago")
        if self.epoch is not None:
            told.append(f"epoch {self.epoch}")
        if self.rows is not None:
            told.append(_counted(self.rows, "row"))
        if self.gaps is not None:
            told.append(_counted(self.gaps, "gap") if self.gaps else "no gaps")
        return [*told, self.note] if self.note else told

    def __str__(self) -> str:
        return escape.terminal(" · ".join([self.state, *self.parts()]))

    def html(self) -> str:
        """The badge as one line of HTML, escaped."""
        tone = _TONES.get(self.state.upper(), "warn")
        state = f'<span class="state {tone}">{escape.html(escape.clip(self.state, 24))}</span>'
        rest = "".join(f"<span>{escape.html(escape.clip(part, 200))}</span>" for part in self.parts())
        return f'<div class="badge">{state}{rest}</div>'


def boxed(*parts: str) -> str:
    """Escaped HTML parts in one box with the common look, in which a notebook typesets no mathematics."""
    return f'<div class="kl {escape.NO_MATH}"><style>{_STYLE}</style>{"".join(parts)}</div>'


def facts_html(title: object, facts: Mapping[str, object], *, badge: Badge | None = None, caption: str = "") -> str:
    """A box of facts for a status, a health report or a ``_repr_html_``: a name and a value a line.

    A value may itself be a mapping, which becomes a box inside. Everything is escaped.

    >>> "&lt;b&gt;" in facts_html("Lab", {"venue": "<b>"})
    True
    """
    return boxed(
        f'<div class="title">{escape.html(escape.clip(title))}</div>',
        badge.html() if badge else "",
        _facts(facts),
        f'<div class="caption">{escape.html(caption)}</div>' if caption else "",
    )


def _facts(facts: Mapping[str, object]) -> str:
    lines = []
    for name, value in facts.items():
        shown = _facts(value) if isinstance(value, Mapping) else escape.html(escape.clip(_said(value), 2_000))
        lines.append(f'<tr><th scope="row">{escape.html(escape.clip(name))}</th><td>{shown}</td></tr>')
    return f'<table class="facts"><tbody>{"".join(lines)}</tbody></table>'


def _said(value: object) -> str:
    if value is None:
        return cells.MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
