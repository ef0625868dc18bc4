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
# # Trouble
#
# What do you see when something goes wrong, and how do you know that it is right again?
#
# Lines get cut, messages get lost, answers do not come. With a real exchange one waits for that and hopes to be
# looking. The exchange on this machine does it when told to: with buttons, or with a line of code.

# %%
import kraken_lab as kl

lab = kl.connect(
    new=True,  # an exchange of its own: what is broken here disturbs no other notebook
    settings=kl.Settings(silence_timeout=2, ack_timeout=1),  # seconds; both are 5 unless said, and waiting is dull
    order_settings=kl.OrderSettings(settle_margin=0.5, rest_lag=3),
)
trades = lab.trades("BTC/USD")
book = lab.book("BTC/USD", depth=100)
lab.health()

# %% [markdown]
# The strip above keeps itself fresh. It says how lines, books, gaps, memory and the account are; in trouble it says
# what was done about it.
#
# ## With buttons
#
# Choose a pair and press something, with this page's tables in sight. The log below the buttons says what was done and
# what the lab noticed of it. *Back to normal* takes everything back. (Buttons need somebody to press them; what
# follows does the same by code, one thing after the other.)

# %%
lab.sandbox.panel()

# %% [markdown]
# ## A line is cut
#
# The lab connects again within about a second and asks for what it had. What happened meanwhile is a **gap**: a row
# with the reason, the time, and how many rows are missing. Trades are numbered, so it can be proved that none is:
# `missed` 0, `filled`. What was fetched afterwards says `backfill` or `snapshot` in its `source`.

# %%
lab.sandbox.control(fault="reset")
trades.wait(until=lambda stream: len(stream.gaps) and stream.gaps["filled"].all(), timeout=30)
trades.gaps

# %%
trades.df()[["price", "qty", "trade_id", "epoch", "gap_before", "source"]].tail(5)

# %% [markdown]
# A book's past cannot be fetched, so its gap stays: `filled` is false, and the history has a hole.

# %%
book.wait(until=lambda book: book.latest is not None, timeout=30)
book.gaps

# %% [markdown]
# ## A checksum fails
#
# With every update of a book comes a checksum over its best ten levels. Here the exchange sends a wrong one, which
# looks just like an update that was lost or misread. The book is withdrawn **before anybody can read it** and fetched
# anew; asking meanwhile raises `NotReady`.

# %%
before = len(book.gaps)
lab.sandbox.control(
    fault="edit",
    match={"channel": "book", "type": "update", "symbol": "BTC/USD"},
    pattern='"checksum":\\d+',
    replace='"checksum":1',
)
book.wait(until=lambda book: len(book.gaps) > before and book.latest is not None, timeout=30)
book.gaps

# %%
book.health

# %% [markdown]
# ## A trade is lost
#
# Nothing tells of it but its number, which is missing when the next one comes: `missed` 1, `filled` false.

# %%
before = len(trades.gaps)
lab.sandbox.control(fault="drop", match={"channel": "trade", "type": "update", "symbol": "BTC/USD"})
trades.wait(until=lambda stream: len(stream.gaps) > before, timeout=30)
trades.gaps

# %% [markdown]
# ## Silence
#
# The worst kind: the line stays open, and nothing comes. Each connection has a heartbeat about every second. When
# nothing was heard for `silence_timeout` seconds the line counts as dead and is replaced. Until then the tables say
# how old they are, and that is all that anybody could know.

# %%
before = len(trades.gaps)
lab.sandbox.control(fault="freeze")
trades.wait(until=lambda stream: len(stream.gaps) > before, timeout=30)
print(trades.state, "|", trades.gaps["reason"].iloc[-1])
lab.sandbox.control(fault="thaw")
trades.wait(until=lambda stream: stream.gaps["filled"].iloc[-1], timeout=30)
trades.gaps

# %% [markdown]
# With a new line come the last fifty trades. If the one that was lost is among them, its gap is `filled` now as well.
#
# In a picture a gap is empty, with its reason. No line is drawn across it, and no colour is made up.

# %%
book.wait(until=lambda book: book.latest is not None, timeout=30)
book.heatmap(minutes=1, trades=trades)

# %% [markdown]
# ## An order of which nobody knows
#
# An order is sent and no answer comes. Did it get there? Sending it again could buy twice, and forgetting it could
# leave it in the book. So it is **UNKNOWN**: it is not sent again, nothing new goes on its pair, and evidence is
# gathered.

# %%
lab.sandbox.control(fault="lose_request", method="add_order")
order = lab.add_order(
    symbol="BTC/USD", side="buy", order_type="limit", order_qty="0.01", limit_price=book.bids[-1][0]
).confirm()
order

# %%
refused = lab.buy("BTC/USD", "0.01")
try:
    refused.confirm()
except kl.OrderRefused as error:
    print(error)

# %%
lab.orders

# %% [markdown]
# The evidence: a list of open and closed orders that the exchange made late enough, and the order is not in it. Now it
# is proved, not guessed.

# %%
order.wait(until=lambda order: order.is_terminal, timeout=60)
for event in order.timeline:
    print(f"{event.state:<11} {event.what}")

# %% [markdown]
# The other way round: the engine has the order, and the line breaks before it can say so. The same doubt, and the
# other answer.

# %%
lab.sandbox.control(fault="cut", method="add_order", point="accepted")
order = lab.add_order(
    symbol="BTC/USD", side="buy", order_type="limit", order_qty="0.01", limit_price=book.bids[-1][0], post_only=True
).confirm()
print("after the cut:", order.state)
order.wait("open", timeout=30)
for event in order.timeline:
    print(f"{event.state:<11} {event.what}")

# %% [markdown]
# ## What does an error mean?
#
# `kl.explain` takes an error, a text of the exchange or an order. It says what happened, whether something was placed,
# and where it can, what would pass:

# %%
crooked = lab.sell("BTC/USD", "0.01", "99999.99")
try:
    crooked.confirm()
except kl.OrderRefused as error:
    said = kl.explain(error, crooked)
said

# %%
kl.explain("EOrder:Insufficient funds")

# %% [markdown]
# ## Back to normal
#
# `clear` takes every fault back, and the strip shows what is left of all that: counts, and nothing else.

# %%
lab.sandbox.control(fault="clear")
lab.cancel_all()
order.wait("done", timeout=30)
lab.health()

# %%
lab.close()
lab
