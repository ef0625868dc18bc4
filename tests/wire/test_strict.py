"""Strict JSON: digits and bounds, and back again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_lab.errors import Malformed
from kraken_lab.wire.strict import MAX_DEPTH, dump, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
@settings(max_examples=100, deadline=None)
def test_what_is_parsed_can_be_written_again(value: object) -> None:
    """The same JSON value, in compact form."""
    assert json.loads(dump(parse(json.dumps(value)))) == value


@pytest.mark.promise("S-15")
@pytest.mark.parametrize("text", ["1.50", "1e-08", "-0.0", "100", "0.00000000"])
def test_numbers_keep_their_text(text: str) -> None:
    """Not only their value."""
    assert dump(parse(f"[{text}]")) == f"[{text}]".encode()


@pytest.mark.promise("B-02")
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_is_allowed_to_its_bound(opening: str) -> None:
    """Thirty-two levels are read, thirty-three are not."""
    closing = "]" if opening == "[" else "}"
    parse(opening * MAX_DEPTH + "1" + closing * MAX_DEPTH)
    with pytest.raises(Malformed, match="nested"):
        parse(opening * (MAX_DEPTH + 1) + "1" + closing * (MAX_DEPTH + 1))
