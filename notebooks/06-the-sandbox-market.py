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
# # The sandbox's market
#
# How much like a market is the invented one?
#
# The sandbox's prices come from no recording and no formula for prices. Invented participants place, move and cancel
# orders and take each other's, in real queues, and prices follow. This page measures what comes of it and holds it
# against what is known of real markets, the *stylised facts* (R. Cont, *Empirical properties of asset returns*,
# Quantitative Finance 1, 2001). **Nothing measured here says anything about a real market.** It says how far to trust
# the sandbox as a place to try code in, which is all that it is for.
#
# The exchange's own market is run here in memory, on a virtual clock. So twenty minutes take some seconds, and the
# same seed shows the same figures on every machine.

# %%
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from kraken_lab.sandbox import Market
from kraken_lab.views.theme import dress

SECOND = 1_000_000_000  # nanoseconds
BIRTH = 1_780_000_000 * SECOND
SECONDS = 1_200
market = Market(seed=2001, start_ns=BIRTH)
pair, engine = market.pairs["BTC/USD"], market.engine("BTC/USD")
price_unit, size_unit = 10.0**-pair.price_precision, 10.0**-pair.qty_precision
print(f"{len(market.pairs)} pairs; BTC/USD at {engine.best('sell')[0] * price_unit:,.1f} USD")

# %% [markdown]
# Twenty minutes of all pairs at the default rate. Once a second the best prices of BTC/USD are noted, once a minute
# its whole book, and every trade as it happens.

# %%
best, shape, sizes = [], [], {symbol: [] for symbol in market.pairs}
others = {symbol: [] for symbol in market.pairs}
traded = np.zeros(SECONDS)


def note(batch):
    sizes[batch.symbol] += [trade.qty for trade in batch.trades]
    if batch.symbol == "BTC/USD":
        traded[(batch.ns - BIRTH - 1) // SECOND] += sum(trade.qty for trade in batch.trades) * size_unit


market.listeners.append(note)
for second in range(1, SECONDS + 1):
    market.advance(BIRTH + second * SECOND)
    best.append((engine.best("buy")[0], engine.best("sell")[0]))
    if second % 60 == 0:
        mid = sum(best[-1]) / 2
        shape += [
            (side, price / mid - 1, qty) for side in ("buy", "sell") for price, qty in engine.levels(side, 10_000)
        ]
        for symbol in market.pairs:
            bid, ask = market.engine(symbol).best("buy"), market.engine(symbol).best("sell")
            if bid and ask:
                others[symbol].append((bid[0], ask[0]))

best = np.array(best, float)
mids = best.mean(axis=1) * price_unit
returns = np.diff(np.log(mids)) * 1e4  # basis points a second
times = pd.to_datetime(BIRTH + np.arange(1, SECONDS + 1) * SECOND, utc=True)
print(f"{len(returns):,} returns, {len(sizes['BTC/USD']):,} trades, {len(shape):,} levels")

# %% [markdown]
# Some helpers for the look of the figures, and two for the statistics.

# %%
INK, MUTED, FAINT = "#e6ebf4", "#93a0b4", "rgba(147,160,180,0.13)"
BLUE, GOLD, GREEN, RED = "#5aa9ff", "#ffc46b", "#3ddc97", "#ff6b7d"


def finish(figure, title, height=430):
    dress(figure, title=title, height=height, revision=title)
    figure.update_layout(margin={"l": 70, "r": 30}, dragmode=False)
    look = {"gridcolor": FAINT, "zeroline": False, "ticks": "outside", "tickcolor": FAINT, "automargin": True}
    text = {"tickfont": {"color": MUTED}, "title": {"font": {"color": MUTED}, "standoff": 8}}
    figure.update_xaxes(**look, **text)
    figure.update_yaxes(**look, **text)
    figure.update_annotations(font={"color": MUTED, "size": 13})
    return figure


def autocorrelations(values, lags):
    centred = values - values.mean()
    return np.array([(centred[lag:] * centred[:-lag]).sum() for lag in lags]) / (centred**2).sum()


def excess_kurtosis(values):
    return ((values - values.mean()) ** 4).mean() / values.var() ** 2 - 3


# %% [markdown]
# ## Returns
#
# The price wanders; calm and restless minutes take turns.

# %%
figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.6, 0.4])
figure.add_scatter(x=times, y=mids, mode="lines", line={"color": GOLD, "width": 1.4}, name="mid price", row=1, col=1)
figure.add_bar(x=times[1:], y=returns, marker={"color": BLUE, "line": {"width": 0}}, name="return", row=2, col=1)
figure.update_yaxes(title_text="mid (USD)", tickformat=",", row=1, col=1)
figure.update_yaxes(title_text="return (bp a second)", row=2, col=1)
figure.update_xaxes(title_text="time (UTC)", row=2, col=1)
finish(figure, "Twenty minutes of BTC/USD in the sandbox", 520)

# %% [markdown]
# **Heavy tails.** Beside a normal distribution of the same variance (dashed) there are more very small returns and far
# more large ones; the axis is logarithmic. On the right each return is set against what the normal would have at its
# rank: a straight line would be normal.

# %%
scaled = (returns - returns.mean()) / returns.std()
edges = np.linspace(-8, 8, 65)
density, _ = np.histogram(scaled, edges, density=True)
centres = (edges[1:] + edges[:-1]) / 2
grid = np.linspace(-8, 8, 400)
normal = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi)
# The quantiles of the normal, from its integral on a fine grid.
fine = np.linspace(-6, 6, 20_001)
integral = np.cumsum(np.exp(-(fine**2) / 2))
ranks = (np.arange(len(scaled)) + 0.5) / len(scaled)
expected = np.interp(ranks, integral / integral[-1], fine)

figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.12, column_widths=[0.58, 0.42])
seen = density > 0
figure.add_scatter(
    x=centres[seen], y=density[seen], mode="markers", marker={"color": BLUE, "size": 7}, name="returns", row=1, col=1
)
figure.add_scatter(x=grid, y=normal, mode="lines", line={"color": MUTED, "dash": "dash"}, name="normal", row=1, col=1)
figure.add_scatter(
    x=expected,
    y=np.sort(scaled),
    mode="markers",
    marker={"color": BLUE, "size": 4},
    showlegend=False,
    name="returns",
    row=1,
    col=2,
)
figure.add_scatter(
    x=[-4, 4],
    y=[-4, 4],
    mode="lines",
    line={"color": MUTED, "dash": "dash"},
    showlegend=False,
    name="normal",
    row=1,
    col=2,
)
figure.update_yaxes(type="log", range=[-3.6, 0.2], title_text="density", dtick=1, exponentformat="power", row=1, col=1)
figure.update_xaxes(title_text="return in standard deviations", row=1, col=1)
figure.update_xaxes(title_text="quantile of the normal", row=1, col=2)
figure.update_yaxes(title_text="quantile of the returns", row=1, col=2)
finish(figure, f"One-second returns: excess kurtosis {excess_kurtosis(returns):.1f}")

# %% [markdown]
# **No memory in the sign, much in the size.** Returns' own autocorrelation stays about the band of noise, ±2/√n, from
# two seconds on. (The band is that of white noise. Where volatility clusters, single values leave it more often than
# one time in twenty; the tests allow for that and take five seeds.) At one second there is a little left, because bid
# and ask do not move in the same instant. It is worth a small part of the spread that using it would cost. The
# autocorrelation of absolute returns is far above the band for a minute and more: **volatility comes in clusters**.

# %%
lags = np.arange(1, 121)
band = 2 / np.sqrt(len(returns))
figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.1, subplot_titles=["returns", "absolute returns"])
for column, values, colour in ((1, returns, BLUE), (2, np.abs(returns), GOLD)):
    found = autocorrelations(values, lags)
    figure.add_bar(x=lags, y=found, marker={"color": colour, "line": {"width": 0}}, showlegend=False, row=1, col=column)
    figure.add_hrect(y0=-band, y1=band, fillcolor=MUTED, opacity=0.22, line_width=0, row=1, col=column)
figure.update_yaxes(title_text="autocorrelation", range=[-0.12, 0.5], row=1, col=1)
figure.update_yaxes(range=[-0.12, 0.5], row=1, col=2)
figure.update_xaxes(title_text="lag (s)")
finish(figure, "Autocorrelation, and the band of noise", 400).update_layout(margin_b=66)

# %% [markdown]
# ## The book
#
# **The spread** is some price steps wide and has a tail to the right: after a move it is open until somebody quotes
# into it. **Depth** is next to nothing at the touch and thins out far away, as averages of real books do. It has two
# humps, though, which is cruder than they are: quotes about the touch, and patient orders ten or more basis points
# out.

# %%
spreads = (best[:, 1] - best[:, 0]) / pair.price_increment
steps, counts = np.unique(spreads, return_counts=True)
away = pd.DataFrame(shape, columns=["side", "away", "qty"])
away["bp"] = away["away"].abs() * 1e4
shells = np.geomspace(0.1, 1_000, 36)
figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.12)
figure.add_bar(
    x=steps,
    y=counts / counts.sum() * 100,
    marker={"color": BLUE, "line": {"width": 0}},
    showlegend=False,
    name="spread",
    row=1,
    col=1,
)
for side, colour, name in (("buy", GREEN, "bids"), ("sell", RED, "asks")):
    of_side = away[away["side"] == side]
    resting, _ = np.histogram(of_side["bp"], shells, weights=of_side["qty"] * size_unit)
    figure.add_scatter(
        x=np.sqrt(shells[1:] * shells[:-1]),
        y=resting / np.diff(shells) / (SECONDS // 60),
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"size": 5},
        name=name,
        row=1,
        col=2,
    )
figure.update_xaxes(title_text="spread (price steps of 0.1 USD)", row=1, col=1)
figure.update_yaxes(title_text="% of seconds", row=1, col=1)
figure.update_xaxes(type="log", title_text="distance from the mid (bp)", dtick=1, row=1, col=2)
figure.update_yaxes(title_text="BTC per bp", rangemode="tozero", row=1, col=2)
finish(figure, f"Spread (median {np.median(spreads) * pair.price_increment / best.mean() * 1e4:.2f} bp) and depth")

# %% [markdown]
# ## Trades
#
# The share of trades larger than a given size, both axes logarithmic: a bend, then close to a straight line, which is
# a power law. A few trades make much of the volume, and many sizes are round.

# %%
qty = np.sort(np.array(sizes["BTC/USD"]) * size_unit)
larger = 1 - np.arange(len(qty)) / len(qty)
tail = qty[-len(qty) // 50 :]
exponent = 1 / np.log(tail[1:] / tail[0]).mean()
figure = go.Figure()
figure.add_scatter(x=qty, y=larger, mode="lines", line={"color": BLUE, "width": 2.2}, name="trades")
figure.add_scatter(
    x=tail[[0, -1]],
    y=0.02 * (tail[[0, -1]] / tail[0]) ** -exponent,
    mode="lines",
    line={"color": GOLD, "dash": "dash"},
    name=f"a power law with Hill's exponent of the largest 2 %, {exponent:.1f}",
)
figure.update_xaxes(
    type="log", title_text="size (BTC)", range=[-4, np.log10(qty[-1]) + 0.2], dtick=1, exponentformat="none"
)
figure.update_yaxes(
    type="log", title_text="share of trades at least as large", dtick=1, exponentformat="power", range=[-4, 0.1]
)
share = qty[-len(qty) // 100 :].sum() / qty.sum()
finish(figure, f"Trade sizes: the largest 1 % make {share:.0%} of the volume")

# %% [markdown]
# ## Pair by pair
#
# From busy to thin. Where a price step is coarse, it is the spread.

# %%
rows = []
for symbol, quotes in others.items():
    each = market.pairs[symbol]
    quoted = np.array(quotes, float)
    gap = quoted[:, 1] - quoted[:, 0]
    of_pair = np.array(sizes[symbol] or [np.nan], float)
    to_quote = 10.0 ** -(each.qty_precision + each.price_precision) * quoted.mean()
    rows.append(
        {
            "pair": symbol,
            "status": each.status,
            "spread (steps)": np.median(gap) / each.price_increment,
            "spread (bp)": np.median(gap) / quoted.mean() * 1e4,
            "levels a side": len(market.engine(symbol).prices("buy")),
            "trades a minute": len(sizes[symbol]) / (SECONDS / 60),
            "median trade (quote)": np.median(of_pair) * to_quote,
            "volume in largest 1 %": np.sort(of_pair)[-max(1, len(of_pair) // 100) :].sum() / of_pair.sum(),
        }
    )
pd.DataFrame(rows).set_index("pair").round(3)

# %% [markdown]
# ## Held against the known facts
#
# The numbers to go with the words:

# %%
ahead = np.arange(1, 11)
leverage = [np.corrcoef(returns[:-lag], returns[lag:] ** 2)[0, 1] for lag in ahead]
sums = {span: returns[: len(returns) // span * span].reshape(-1, span).sum(axis=1) for span in (1, 5, 15, 30)}
measured = {
    "autocorrelation of returns, lags 2 to 10, largest": np.abs(autocorrelations(returns, ahead[1:])).max(),
    "the band of noise": band,
    "autocorrelation of absolute returns, lags 1 to 10, smallest": autocorrelations(np.abs(returns), ahead).min(),
    **{f"excess kurtosis of {span} s returns": excess_kurtosis(values) for span, values in sums.items()},
    "skewness": (scaled**3).mean(),
    "correlation of volume and absolute return": np.corrcoef(traded[1:], np.abs(returns))[0, 1],
    "correlation of return and later squared return, mean of 10 lags": np.mean(leverage),
}
pd.Series(measured, name="measured").round(3).to_frame()

# %% [markdown]
# | Known of real markets (Cont 2001) | Here |
# | --- | --- |
# | Returns are hardly autocorrelated, except over very short times | Yes, beyond a second |
# | Heavy tails | Yes |
# | Volatility clusters | Yes |
# | Its autocorrelation decays slowly, like a power law, over days | Only for minutes: it has two time scales |
# | Longer returns are closer to normal | Slowly: in so short a time, one restless minute decides |
# | Bursts at every time scale | Seconds and minutes; no news, no days, no weekends |
# | Volume goes with volatility | Yes |
# | Large losses are faster than large gains | No: up and down are alike |
# | A fall raises volatility more than a rise (leverage effect) | No |
# | Trade sizes follow a power law, and many are round | Yes |
# | The book is thin at the touch and densest a little way out | Yes, with a dent between quotes and patient orders |
# | The signs of orders are correlated for a long time | Hardly: nobody splits a large order over hours |
# | Pairs move together | No: each has its own fair price, so even triangles do not close |
#
# ## What it is not
#
# * **Nobody in it has a reason.** The participants know a fair price that does not exist, do not watch you, and cannot
#   be frightened. Your order moves them only as far as your trades go past what they believe. A strategy that earns
#   here has learned this program, not a market.
# * **Fills.** Your orders stand in the same queues and are matched by price and time. But who trades with you is no
#   better informed than you, so resting orders are filled at better times than real ones would be.
# * **Pace and size.** It is slower and smaller than a busy exchange by orders of magnitude, so that a laptop does not
#   notice it; `kraken-lab sandbox --rate` raises the pace.
# * **No shocks.** No outage, listing, liquidation cascade or fat finger comes by itself. Broken connections and
#   maintenance are yours to cause: `lab.sandbox.control(...)`.
# * **The past before birth** is drawn more coarsely than the present: candles that look like candles.
#
# So: good for finding out whether code is right, bad for finding out whether an idea is.
