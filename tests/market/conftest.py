"""What the books' tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .engines import reading_book


@pytest.fixture(scope="module", params=["python", "compiled"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Has a module's tests run twice: with the ``Book`` they import, and with one that reads bytes."""
    before = request.module.Book
    if request.param == "compiled":
        request.module.Book = reading_book()
    yield request.param
    request.module.Book = before
