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
# # The order book
#
# What does the book say about where the price goes next, and is it worth anything?
#
# First the book itself, live, from the exchange on this machine. Then a small prediction from it, in pandas and in
# polars, scored on a stretch of time that it has not seen and held against guesses that look at no book at all. The
# market is invented, so **no figure on this page says anything about a real one**. The way of asking does carry over.

# %%
import kraken_lab as kl

lab = kl.connect()
book = lab.book("BTC/USD", depth=100)  # 100 levels a side, each message verified
trades = lab.trades("BTC/USD")
book.wait(until=lambda book: len(book.history) > 20)
book.heatmap(minutes=5, trades=trades)

# %% [markdown]
# Time runs to the right, price (USD) up, colour is what rests at a price (BTC, on a logarithmic scale). The two lines
# are the best bid and the best ask, a mark is a trade, an empty column is time of which nothing is known. The memory
# begins when the book is subscribed, and fills while you look.
#
# The same moment in two more ways. The ladder has a row a price. The depth chart adds up from the middle outwards: how
# many BTC have to be taken to move the price so far.

# %%
book.ladder()

# %%
book.depth_chart()

# %% [markdown]
# ## Three numbers
#
# * **mid**: halfway between best bid and best ask, in USD.
# * **imbalance**: bid quantity minus ask quantity, over their sum. −1: only asks, 1: only bids.
# * **microprice**: the mid weighted by the quantities at the touch, in USD. It leans towards the thinner side, which
#   would be used up first.
#
# At the touch the last two are one fact: microprice − mid = imbalance × spread / 2. They are exact decimals here, so
# that can be checked to the last digit but rounding.

# %%
now = book.snapshot()
lean = now.imbalance(levels=1) * now.spread / 2
print("mid                 ", now.mid, "USD")
print("spread              ", now.spread, "USD")
print("imbalance, 1 level  ", round(now.imbalance(levels=1), 4))
print("imbalance, 10 levels", round(now.imbalance(levels=10), 4))
print("microprice - mid    ", round(now.microprice - now.mid, 6), "USD")
print("imbalance·spread/2  ", round(lean, 6), "USD")
assert abs(now.microprice - now.mid - lean) < 1e-12

# %% [markdown]
# `book.history` has a row for each change of the touch, as it came:

# %%
history = book.history.df()
history[["bid", "bid_qty", "ask", "ask_qty"]].tail(3)

# %% [markdown]
# ## A longer history
#
# For a score one needs more than some seconds, and nobody wants to wait. The same market can run without the exchange
# around it, on a clock of its own, as fast as the machine can: ten minutes of BTC/USD in a second or so. The rows have
# the columns of `book.history`, so everything below runs on that too. With the same seed they are the same rows on
# every machine.

# %%
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import polars as pl

from kraken_lab.sandbox import Market
from kraken_lab.sandbox.instruments import PAIRS
from kraken_lab.views.theme import dress

MINUTE = 60_000_000_000  # nanoseconds
BEGIN = 1_780_000_000_000_000_000
pair = next(pair for pair in PAIRS if pair.symbol == "BTC/USD")


def record(minutes, seed):
    market = Market(seed=seed, start_ns=BEGIN, rate=32, pairs=[pair])  # 32 actions a second: BTC/USD's usual share
    engine = market.engine("BTC/USD")
    rows = []

    def look(batch):
        touch = engine.best("buy") + engine.best("sell")
        if not rows or touch != rows[-1][1:]:
            rows.append((batch.ns, *touch))

    market.listeners.append(look)
    market.advance(BEGIN + minutes * MINUTE)
    touches = pd.DataFrame(rows, columns=["timestamp", "bid", "bid_qty", "ask", "ask_qty"]).set_index("timestamp")
    touches.index = pd.to_datetime(touches.index, utc=True)
    touches[["bid", "ask"]] *= 10.0**-pair.price_precision  # counted in the last decimal, as exchanges do
    touches[["bid_qty", "ask_qty"]] *= 10.0**-pair.qty_precision
    return touches


touches = record(minutes=10, seed=8)
print(f"{len(touches):,} changes of the touch in 10 minutes")
touches.tail(3)

# %% [markdown]
# ## What is to be predicted
#
# For each row: is the **next change of the mid** up or down? What may be used is what was known at that row:
#
# * `imbalance` at the touch, in eight classes from −1 to 1 (the microprice, in units of the spread, is the same);
# * `last`, the direction of the last change of the mid. It needs no quantities, only prices.

# %%
CLASSES = 8  # of imbalance


def prepare(touches):
    table = touches[["bid", "bid_qty", "ask", "ask_qty"]].copy()
    table["mid"] = (table["bid"] + table["ask"]) / 2
    table["spread"] = table["ask"] - table["bid"]
    imbalance = (table["bid_qty"] - table["ask_qty"]) / (table["bid_qty"] + table["ask_qty"])
    table["imbalance"] = ((imbalance + 1) / 2 * CLASSES).clip(0, CLASSES - 0.01).astype(int)
    change = table["mid"].diff()
    moved = change.fillna(0) != 0
    table["last"] = np.sign(change).where(moved).ffill()
    table["move"] = table["mid"].where(moved).shift(-1).bfill() - table["mid"]  # USD, to the next other mid
    table["up"] = table["move"] > 0
    return table.dropna()


data = prepare(touches)
data.tail(3)

# %% [markdown]
# The same in polars:

# %%
touches_pl = pl.from_pandas(touches)


def prepare_pl(touches):
    moved = (pl.col("mid").diff() != 0).fill_null(False)
    imbalance = (pl.col("bid_qty") - pl.col("ask_qty")) / (pl.col("bid_qty") + pl.col("ask_qty"))
    return (
        touches.with_columns(
            mid=(pl.col("bid") + pl.col("ask")) / 2,
            spread=pl.col("ask") - pl.col("bid"),
            imbalance=((imbalance + 1) / 2 * CLASSES).clip(0, CLASSES - 0.01).cast(pl.Int64),
        )
        .with_columns(
            last=pl.when(moved).then(pl.col("mid").diff().sign()).forward_fill(),
            move=pl.when(moved).then("mid").shift(-1).backward_fill() - pl.col("mid"),
        )
        .with_columns(up=pl.col("move") > 0)
        .drop_nulls()
    )


data_pl = prepare_pl(touches_pl)
assert np.array_equal(data_pl.select("mid", "last", "move", "up").to_numpy(), data[["mid", "last", "move", "up"]])
data_pl.tail(3)

# %% [markdown]
# ## Learning and scoring
#
# The model is a table: how often it went up, for each value of what is used. It is learned from the first 60 % of the
# rows and scored on the rest.
#
# The score compares mean squared errors of the probability with those of a **baseline** that looks at nothing and
# always says how often it went up before: 0 is as good as the baseline, 1 is perfect, below 0 is worse. Rows next to
# each other tell nearly the same, so there are fewer independent ones than rows. How far the score can be trusted is
# seen from its ten parts.

# %%
split = int(len(data) * 0.6)
learn, test = data.iloc[:split], data.iloc[split:]
always = float(learn["up"].mean())


def score(columns):
    table = learn.groupby(columns)["up"].mean().rename("chance")
    chance = test.join(table, on=columns)["chance"].fillna(always)
    error, naive = (chance - test["up"]) ** 2, (always - test["up"]) ** 2
    parts = [1 - error.iloc[part].sum() / naive.iloc[part].sum() for part in np.array_split(np.arange(len(test)), 10)]
    hits = ((chance > 0.5) == test["up"]).mean()
    return {"score": 1 - error.sum() / naive.sum(), "worst part": min(parts), "best part": max(parts), "right": hits}


scores = {
    "imbalance": score(["imbalance"]),
    "last move": score(["last"]),
    "both": score(["last", "imbalance"]),
    "always the same (baseline)": {"score": 0.0, "right": ((always > 0.5) == test["up"]).mean()},
}
pd.DataFrame(scores).T.round(3)

# %% [markdown]
# The same score in polars, where a model is a join:

# %%
learn_pl, test_pl = data_pl[:split], data_pl[split:]


def score_pl(columns):
    table = learn_pl.group_by(columns).agg(chance=pl.col("up").mean())
    told = test_pl.join(table, on=columns, how="left").with_columns(pl.col("chance").fill_null(always))
    error, naive = ((pl.col("chance") - pl.col("up")) ** 2).sum(), ((always - pl.col("up")) ** 2).sum()
    return told.select(1 - error / naive).item()


print(f"imbalance {score_pl(['imbalance']):.3f}, last move {score_pl(['last']):.3f}")
assert np.isclose(score_pl(["imbalance"]), scores["imbalance"]["score"])

# %% [markdown]
# What was learned, and whether it held: how often the next move is up, by imbalance.

# %%
middles = (np.arange(CLASSES) + 0.5) / CLASSES * 2 - 1
figure = go.Figure()
for name, part, dash in (("learned from", learn, "dot"), ("tested on", test, "solid")):
    for last, colour, symbol in ((1, "#3ddc97", "triangle-up"), (-1, "#ff6b7d", "triangle-down")):
        often = part[part["last"] == last].groupby("imbalance")["up"].mean() * 100
        figure.add_scatter(
            x=middles[often.index],
            y=often,
            name=f"{name}, last move {'up' if last > 0 else 'down'}",
            line={"color": colour, "dash": dash},
            marker={"symbol": symbol, "size": 8},
        )
    often = part.groupby("imbalance")["up"].mean() * 100
    figure.add_scatter(
        x=middles[often.index],
        y=often,
        name=f"{name}, all",
        line={"color": "#c9d3e3", "dash": dash},
        marker={"size": 7},
    )
dress(figure, title="How often the next change of the mid is up", height=460, revision="chance")
figure.update_xaxes(title_text="imbalance at the touch (−1 only asks, 1 only bids)", range=[-1, 1], zeroline=False)
figure.update_yaxes(title_text="next move up (%)", range=[0, 100], automargin=True)
figure

# %% [markdown]
# ## Could one trade on it?
#
# Not if acting costs more than knowing brings. Buying at once costs half a spread against the mid. So does selling
# again. And the next move must still be ahead when the order arrives.

# %%
after_up = test[test["last"] > 0]
moves = test.index[test["mid"].diff().fillna(0) != 0]
wait = moves.to_series().diff().median().total_seconds()
pd.Series(
    {
        "next move is up too (%)": after_up["up"].mean() * 100,
        "next move, on average (USD)": after_up["move"].mean(),
        "half a spread, on average (USD)": after_up["spread"].mean() / 2,
        "half of all moves, also after one down, come within (ms)": wait * 1e3,
    },
    name="after a move up",
).round(2).to_frame()

# %% [markdown]
# ## What this shows, and what it does not
#
# * **The last move says much, the imbalance next to nothing.** Right three times in four sounds like a find. It is how
#   this market moves its quotes: when its fair price changes, they follow one after the other, some milliseconds
#   apart, and each is a change of the mid. With the last move known, the imbalance adds nothing.
# * **The imbalance even points the wrong way.** In real books the next move is more often towards the thinner side (J.
#   Gould and J. Bonart, *Queue imbalance as a one-tick-ahead price predictor*, 2016). Here nobody reads quantities,
#   and a new best price is often a small quote. A model fitted here would lose there.
# * **Nothing is earned by it.** The next move is a small part of half a spread, and half of them come within some tens
#   of milliseconds, before an order sent from far away could arrive. Fees come on top.
# * **A score needs its parts.** The imbalance's is above zero as a whole, and below zero in some tenths of the test. A
#   single split, without them, would have made a finding of it.
#
# To go on: another market with `record(10, seed=9)`, more levels, a longer horizon. With `kl.connect("paper")` the
# first half of this page runs on Kraken's public data, and `prepare` takes what `book.history.df()` has gathered
# there.

# %%
prepare(book.history.df()).tail(3)

# %%
lab.close()
lab
