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
# # A dashboard
#
# Market, orders and account of one pair, side by side. Everything that shows itself at the end of a cell has a
# `widget`, and widgets go into boxes. A `Dashboard` is such a box, of rows; where nobody looks it shows what its parts
# look like now. The page is the last cell, and yours to rearrange.
#
# As a page without the code: `pip install voila`, then `voila 05-dashboard.ipynb` (`--theme=dark` if you like).
# Whoever opens that page gets a kernel and a sandbox of their own. They end with Voilà, by Ctrl-C: that a page was
# closed, Voilà 0.5 is not told by a current Jupyter Server (its issue 1458). It also asks a public server for a style
# sheet of icons; nothing here needs it.

# %%
import kraken_lab as kl
from kraken_lab.views.dashboard import Dashboard

SYMBOL = "BTC/USD"

lab = kl.connect()
trades = lab.trades(SYMBOL)
candles = lab.ohlc(SYMBOL, interval=1)
queues = lab.level3(SYMBOL)  # so that the ladder can say where your orders stand in their queues
book = lab.book(SYMBOL, depth=100)
print(f"{lab.mode}: {SYMBOL} at {book.mid:,} USD")

# %% [markdown]
# The parts, and rows that wrap: what does not fit beside its neighbour stands below it. Each part has a share of the
# width and a least width in pixels.

# %%
heatmap = book.heatmap(minutes=3, trades=trades)
ladder = book.ladder(levels=8)
ticket = lab.ticket(SYMBOL, side="buy", order_type="limit", order_qty="0.01", limit_price=book.bids[5][0])
blotter = lab.blotter()
history = candles.chart(last=60)
depth = book.depth_chart()

# %%
Dashboard(
    lab.health(),
    [(heatmap, 1, 500), (ladder, 0, 540)],
    [(ticket, 1, 560), (blotter, 1, 560)],
    [(history, 1, 370), (depth, 1, 370), (trades, 1, 370)],
)

# %% [markdown]
# Things to try: pick a price in the heatmap or the ladder, and a ticket with that price opens below it. Send it:
# *Review*, then *Confirm*, and find it in the heatmap, the ladder and the blotter. Widgets hear you only between
# cells: while a cell computes, pictures go on but buttons wait.
#
# `lab.close()` ends everything. It stands in no cell here, because a page runs all of them.
