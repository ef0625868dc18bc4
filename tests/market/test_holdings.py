"""What is held, looked up by the names of assets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kraken_lab.errors import KrakenLabError, NoSuchEntry
from kraken_lab.market import holdings

HELD = holdings({"BTC": Decimal(2), "USD": Decimal("500.00"), "USDT": Decimal(7)}.items())


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("XBT", "It is called 'BTC' here."),
        ("xbt", "It is called 'BTC' here."),
        ("XXBT", "It is called 'BTC' here."),
        ("ZUSD", "It is called 'USD' here."),
        ("XDG", "It is called 'DOGE' here, and nothing is held of it."),
        ("XXDG", "It is called 'DOGE' here, and nothing is held of it."),
        ("btc", "It is called 'BTC' here."),
        ("UDST", "Did you mean 'USDT'?"),
    ],
)
def test_another_name_is_told_what_it_is_called_here(asked: str, hint: str) -> None:
    """An older API's, REST's, another case or a slip of the finger; with what there is."""
    with pytest.raises(NoSuchEntry) as caught:
        HELD[asked]
    assert str(caught.value) == f"Nothing is held of {asked!r}. {hint} There is: BTC, USD, USDT."
    assert caught.value.known == ("BTC", "USD", "USDT")


@pytest.mark.parametrize("asked", ["ETH", "", "MOON", 5, None])
def test_what_is_not_held_is_said_plainly(asked: Any) -> None:
    """Without a guess; and an account that is empty says that."""
    with pytest.raises(KeyError, match=r"^Nothing is held of .*\. There is: BTC, USD, USDT\.$"):
        HELD[asked]
    with pytest.raises(KrakenLabError, match="There is: nothing"):
        holdings(())[asked]


def test_it_is_a_mapping_like_any_other() -> None:
    """Equal to a dict of the same, with ``get`` and ``in`` that raise nothing, and it never changes."""
    assert HELD == {"BTC": 2, "USD": 500, "USDT": 7}
    assert HELD.get("XBT") is None
    assert "XBT" not in HELD
    assert list(HELD) == ["BTC", "USD", "USDT"]
    changeable: Any = HELD
    with pytest.raises(TypeError):
        changeable["BTC"] = Decimal(3)
