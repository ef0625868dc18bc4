"""Text from the wire is shown letter by letter by every kind of reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_lab.views import escape

from .hostile import HOSTILE, Page, plotly_shows

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=40) | st.sampled_from(sorted(HOSTILE.values()))
ACTIVE_TEXT = st.text("<>&;$%{}#/ablt36xu=+-@\"'\\(\x1b\u202e\n", max_size=30)


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-150")
@given(text=ANY_TEXT | ACTIVE_TEXT)
def test_html_shows_any_text_and_makes_nothing_of_it(text: str) -> None:
    """Parsed as HTML, the escaped text is the visible text, and the only element is the one that keeps TeX away."""
    page = Page(f"<p>{escape.html(text)}</p>")
    assert page.text == escape.visible(text)
    assert page.tags <= {"p", "span"}
    assert all(attributes == {"class": escape.NO_MATH} for tag, attributes in page.elements if tag == "span")


@pytest.mark.promise("W-04")
@given(text=ANY_TEXT | ACTIVE_TEXT)
def test_an_attribute_value_never_ends_early(text: str) -> None:
    """In either kind of quotes the value read back is the visible text, and no second attribute appears."""
    page = Page(f"<p a=\"{escape.attribute(text)}\" b='{escape.attribute(text)}'></p>")
    assert page.elements == [("p", {"a": escape.visible(text), "b": escape.visible(text)})]


@pytest.mark.promise("W-04")
@pytest.mark.parametrize("text", ["$x$", r"\(x\)", r"\begin{align}x\end{align}", "a $5 b $6"])
def test_what_a_notebook_would_typeset_is_marked_as_not_mathematics(text: str) -> None:
    """JupyterLab typesets HTML outputs after parsing them, so entities alone would not keep TeX literal."""
    assert 'class="tex2jax_ignore mathjax_ignore"' in escape.html(text)
    assert Page(escape.html(text)).text == text


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-151")
@given(text=ANY_TEXT | ACTIVE_TEXT)
def test_a_figure_draws_any_text_letter_by_letter(text: str) -> None:
    """Read as plotly.js reads it, no tag, entity, TeX, template or line break is left, and the drawing is the text."""
    assert plotly_shows(escape.plotly(text)) == escape.visible(text)


@pytest.mark.promise("W-04")
@pytest.mark.parametrize("text", ["<b>x</b>", "$x^2$", "%{x}", "one\ntwo", "<extra></extra>"])
def test_the_model_of_the_figure_reader_would_notice(text: str) -> None:
    """The model used above rejects text that plotly.js would interpret."""
    with pytest.raises(AssertionError):
        plotly_shows(text)


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-152")
@given(text=ANY_TEXT)
def test_a_terminal_gets_only_what_it_prints(text: str) -> None:
    """No control, format or bidirectional character and no lone surrogate is left; printable text is untouched."""
    shown = escape.terminal(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()
    shown.encode("utf-8")


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-152")
def test_escape_sequences_and_reading_direction_are_shown_as_escapes() -> None:
    """A reader sees that something was there, and what."""
    assert escape.terminal("\x1b[31m\u202eabc\u200f\r\n") == r"\x1b[31m\u202eabc\u200f\r\n"


@pytest.mark.promise("W-04")
@given(text=ANY_TEXT | ACTIVE_TEXT)
def test_no_text_cell_starts_a_formula(text: str) -> None:
    """Whatever a spreadsheet trims in front, the first sign is not one that starts a formula."""
    cell = escape.csv(text)
    assert cell.lstrip()[:1] not in {"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"}
    assert cell.removeprefix("'") == text.removeprefix("'")


@pytest.mark.promise("W-04")
@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\t=1", " \r\n@A1", "\uff1d1"])
def test_a_formula_begins_with_an_apostrophe(text: str) -> None:
    """Each documented beginning is neutralised, also behind blanks."""
    assert escape.csv(text) == "'" + text


@pytest.mark.promise("W-04")
@pytest.mark.fault("F-067")
def test_a_text_of_ten_thousand_characters_is_clipped_and_says_so() -> None:
    """One absurd symbol does not push everything else off the screen."""
    assert escape.clip("B" * 10_000, 12) == "BBBBBBBBBBBB… (10,000 characters)"
    assert escape.clip("BTC/USD", 12) == "BTC/USD"
