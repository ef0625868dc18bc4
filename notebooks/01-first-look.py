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
# # A first look
#
# What does a live order book look like, and how do you know that it is right?
#
# Everything here runs on this machine: `connect()` starts an exchange of its own, with an invented market. No network,
# no account, no key. With the word `"paper"` in its brackets the same cells read Kraken's public data instead. Nothing
# on this page places an order; orders are the next one's subject.

# %%
import kraken_lab as kl

lab = kl.connect()
lab

# %% [markdown]
# ## Trades
#
# The call returns when the last fifty trades are in; the stream then goes on by itself. As the last line of a cell it
# is a table that keeps itself fresh. Run the cell again: it is the same stream.

# %%
trades = lab.trades("BTC/USD", "ETH/USD")
trades

# %% [markdown]
# ## The book
#
# A hundred levels a side. After every message it is compared with the exchange's checksum, and a book that fails is
# never shown to anybody. Pictures are live too: this ladder changes while you look.

# %%
book = lab.book("BTC/USD", depth=100)
book.ladder()

# %%
now = book.snapshot()  # frozen: whatever the market does, this stays
print("mid        ", now.mid, "USD")
print("spread     ", now.spread, "USD")
print("microprice ", round(now.microprice, 2), "USD")
print("imbalance  ", round(now.imbalance(levels=5), 3), "from -1 (all asks) to 1 (all bids)")
print("buy 2.5 BTC", now.walk("buy", "2.5"))

# %% [markdown]
# How it came to be so: resting size as colour, best prices as lines, trades on top. The memory for it begins when the
# book is subscribed, so it is short at first and fills while you look. Point at it for exact prices and sizes;
# `.pause()` holds it still, and `.snapshot()` is a plotly figure of that moment, to keep or to work with.

# %%
book.wait(until=lambda book: len(book.history) > 20)
book.heatmap(minutes=5, trades=trades)

# %%
book.depth_chart()

# %% [markdown]
# ## Candles
#
# The past first, then the one in progress, which changes in place until its minute is over.

# %%
candles = lab.ohlc("BTC/USD", interval=1)
candles.chart(last=60)

# %% [markdown]
# ## As tables
#
# A frame is a photograph: it does not change while the stream goes on. pandas and polars are made from the same
# columns. Prices are floats here and exact decimals when you ask for them.

# %%
trades.df(last=5)

# %%
trades.pl(last=5, exact=True)

# %% [markdown]
# Anything that reads Arrow takes the stream as it is:

# %%
try:
    import duckdb
except ImportError:
    print("pip install duckdb to run this cell")
else:
    print(
        duckdb.sql("select symbol, side, count(*) as n, sum(price * qty) as usd from trades group by all order by all")
    )

# %% [markdown]
# What the columns mean:

# %%
kl.schema("trade")

# %% [markdown]
# ## When the line breaks
#
# The exchange is ours, so we can cut the connection. The lab connects again, subscribes again, and writes down what
# may be missing. Trades carry consecutive numbers, so for them it can be proved that nothing is: `filled`.

# %%
lab.sandbox.control(fault="reset")
trades.wait(until=lambda stream: len(stream.gaps) and stream.gaps["filled"].all(), timeout=30)
trades.gaps

# %%
book.wait(until=lambda book: book.latest is not None, timeout=30)
book.gaps

# %% [markdown]
# Each row belongs to an epoch; a new one begins where continuity was broken.

# %%
trades.df().groupby(["symbol", "epoch"], observed=True)["trade_id"].agg(["count", "min", "max"])

# %% [markdown]
# ## How is it all doing?

# %%
trades.health

# %%
lab.status()

# %% [markdown]
# ## The end
#
# Streams, connections, threads and the exchange itself. Frames you took stay as they are.
#
# Next: `02-paper-orders` buys and sells, `03-order-book` asks what the book knows of the next move, `04-trouble`
# breaks things on purpose, `05-dashboard` puts it all on one page, and `06-the-sandbox-market` says how far to trust
# this market.

# %%
lab.close()
lab
