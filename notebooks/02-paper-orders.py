# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     notebook_metadata_filter: jupytext,kernelspec
#     cell_metadata_filter: -all
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Orders, with money that is not money
#
# An order goes down one road here: a *proposal*, which sends nothing and says everything it would do; a
# *confirmation*, which counts once; and the exchange, whose reports say what became of it. This notebook walks it in
# the sandbox, an exchange on this machine whose money is invented. Orders sit in the same queues as everybody else's,
# so they wait, fill and pay fees as they would.
#
# The same cells against a real account would ask for a key, limits and a typed phrase first, and each confirmation for
# a code that is shown only in that kernel. "Run all" never sends a live order.

# %%
from decimal import Decimal

import kraken_lab as kl

lab = kl.connect()
book = lab.book("BTC/USD", depth=100)
lab.balances()

# %% [markdown]
# ## A proposal
#
# Names and parameters are the exchange's own. Every check is made and shown with its figures, not only the first that
# fails, and the verified book is walked to say what would be filled at which price. Nothing has been sent.

# %%
price = book.bids[-1][0]  # the hundredth best bid: it will have to wait
proposal = lab.add_order(
    symbol="BTC/USD", side="buy", order_type="limit", order_qty="0.01", limit_price=price, post_only=True
)
proposal

# %% [markdown]
# A wish that cannot be right is not corrected behind your back. It says what is wrong, and what would be right can be
# taken, as a proposal of its own:

# %%
crooked = lab.add_order(
    symbol="BTC/USD", side="buy", order_type="limit", order_qty="0.01", limit_price=price + Decimal("0.03")
)
print(*(check.said for check in crooked.refusals), sep="\n")
print(*(f"{n}: {offer.text}" for n, offer in enumerate(crooked.corrections)), sep="\n")
crooked.corrected(0)

# %% [markdown]
# ## Confirming
#
# `confirm()` sends it, once. What it gives is alive: it changes as the exchange reports.

# %%
order = proposal.confirm()
order.wait("open")

# %% [markdown]
# ## Amending
#
# An amendment changes the order in place. Fewer keeps the place in the queue; more, or another price, loses it, and
# the card says so. (`edit_order`, the older way, cancels and places anew; the exchange refuses it for
# orders that carry a `cl_ord_id`, as all of this lab's do.)

# %%
change = order.amend(order_qty="0.005")
change

# %%
change.confirm()
order.wait(until=lambda order: order.record.order_qty == Decimal("0.005"))
order

# %% [markdown]
# ## Filling
#
# Taking what somebody offers fills at once. The preview walked the same book, so with the market standing still its
# figures are exactly what comes out; here the market moves on meanwhile, and both can be compared.

# %%
taking = lab.add_order(symbol="BTC/USD", side="buy", order_type="market", order_qty="0.05")
print("expected", taking.preview.average_price, "fee", taking.preview.fee, taking.preview.fee_asset)
bought = taking.confirm().wait("filled")
print("got     ", bought.avg_price)
bought

# %%
lab.fills

# %%
lab.positions

# %% [markdown]
# ## Cancelling, and stopping everything
#
# Cancelling orders of one's own needs no confirmation: it only reduces risk. `lab.cancel_all("account")` and
# `lab.dead_man()` end other programs' orders too, their stop-losses among them: here they act at once, on a live
# account they are proposals, which do nothing before they are confirmed.
#
# `lab.kill()` asks nothing anywhere. It cancels everything on the account and latches `HALTED`, which outlives this
# kernel until somebody says why it may end. A live account is stopped from any terminal as well, however busy this
# notebook is: `kraken-lab kill`. (For a sandbox that needs `--at` and its address.)

# %%
order.cancel().wait("done")

# %%
lab.kill()

# %%
refused = lab.sell("BTC/USD", "0.05")
print(*(check.said for check in refused.refusals), sep="\n")
lab.resume("that was only to show it")
sold = lab.sell("BTC/USD", "0.05").confirm().wait("filled")
sold

# %% [markdown]
# ## By hand
#
# The same road with a form. The preview follows the book; *Review* freezes the order; one click confirms it, once. The
# Enter key sends nothing. The blotter below shows the account, cancels and amends, and has the brake.

# %%
lab.ticket("BTC/USD", side="buy", order_type="limit", order_qty="0.01", limit_price=book.bids[-1][0])

# %%
lab.blotter()

# %% [markdown]
# ## What happened, in writing
#
# Every intent is on the disk before it is sent, in a log whose lines are chained: a changed or missing one is found.
# `lab.close()` at the end of this page ends ticket and blotter too.

# %%
lab.audit.verify()

# %%
lab.orders

# %%
lab.close()
lab
