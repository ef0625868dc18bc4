"""A proposal that was confirmed tells what became of it, and so cannot be taken for one that waits."""

from __future__ import annotations

import pytest

import kraken_lab as kl
from kraken_lab.errors import ConfirmationVoid, Halted


@pytest.mark.promise("A-07")
def test_a_proposal_that_was_confirmed_tells_what_became_of_it() -> None:
    """In its text and on its card; one that a halt stopped says REFUSED and not that it went."""
    with kl.connect(new=True) as lab:
        wish = lab.buy("BTC/USD", "0.001")
        assert wish.fate == ""
        order = wish.confirm()
        order.wait("filled")
        assert wish.fate == f"{order.order_id} is FILLED"
        assert "nothing has been sent" not in repr(wish)
        assert f"CONFIRMED ALREADY: {order.order_id} is FILLED" in str(wish._repr_html_())
        late = lab.sell("BTC/USD", "0.001")
        lab.kill()
        with pytest.raises(Halted):
            late.confirm()
        lab.resume("a test")
        with pytest.raises(ConfirmationVoid, match=r"lab\.orders shows what came of it"):
            late.confirm()
        assert late.fate.endswith("is REFUSED")
