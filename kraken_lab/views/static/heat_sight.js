// Which times and prices are in sight: followed by themselves until a person chooses, and then that.

const NARROWEST = 500; // ms from left to right, when zoomed in

class HeatSight {
  constructor(store) {
    this.store = store;
    this.facts = store.model.get("options");
    this.follow = true; // whether the newest column is in sight
    this.span = this.facts.minutes * 60_000; // ms from left to right, up to t1
    this.ownSpan = false; // whether that was chosen by a person
    this.t1 = NaN;
    this.p0 = this.p1 = NaN; // ticks, below and above
    this.ownPrices = false; // whether they were chosen by a person
    this.levels = this.facts.levels; // a side to show while they were not
    this.everything = false; // whether all best prices there were are to be in sight
  }

  // Which times and prices are in sight.
  place() {
    const { store } = this;
    if (!this.ownSpan) this.span = this.firstSpan();
    if (this.follow || Number.isNaN(this.t1)) this.t1 = store.endsAt + 0.012 * this.span;
    if (this.ownPrices && !Number.isNaN(this.p0)) return;
    const last = store.blocks.findLast((block) => !block.gap);
    if (!last) {
      if (Number.isNaN(this.p0)) [this.p0, this.p1] = [0, 100];
      return;
    }
    // Looked at anew with every run of columns, when the middle has wandered, or when something was changed.
    const n = last.n - 1;
    const middle = meanOf(last.bid[n], last.ask[n]);
    const asked = `${this.levels} ${last.first} ${store.meta.history} ${this.everything && store.first}`;
    const wandered = this.everything
      ? Math.min(middle - this.p0, this.p1 - middle) < 0.5 * this.reached
      : Math.abs(middle - (this.p0 + this.p1) / 2) > 0.25 * (this.p1 - this.p0);
    if (asked === this.asked && !wandered) return;
    const reach = (this.reached = this.reach(last, middle));
    const same = this.p1 - this.p0 > reach && this.p1 - this.p0 < 4 * reach && !wandered;
    if (!same || asked.split(" ")[0] !== this.asked?.split(" ")[0]) [this.p0, this.p1] = [middle - reach, middle + reach];
    if (this.everything) {
      const [low, high] = this.bestThereWere();
      [this.p0, this.p1] = [Math.min(middle - reach, low - 0.1 * reach), Math.max(middle + reach, high + 0.1 * reach)];
    }
    this.asked = asked;
  }

  // As many minutes as were asked for, or less while there are not that many yet: it grows by a half or less.
  firstSpan() {
    const asked = this.facts.minutes * 60_000;
    const { store } = this;
    if (store.first > store.oldest) return asked;
    return Math.min(asked, [10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600].map((s) => s * 1000).find((s) => s > store.endsAt - store.startsAt) ?? asked);
  }

  // How far from the middle the levels reach that are to be shown, in ticks. Without a number of levels the few that
  // lie far beyond all others stay outside: else the others would be one line.
  reach(block, middle) {
    const levels = block.levels(block.n - 1);
    const away = [false, true].map((ask) =>
      levels.filter((level) => level.ask === ask).map((level) => Math.abs(level.tick - middle)).sort((a, b) => a - b),
    );
    const far = away.map((side) => {
      if (!side.length) return 0;
      if (this.levels) return side[Math.min(this.levels, side.length) - 1];
      return Math.min(side.at(-1), 1.15 * side[Math.floor(0.96 * (side.length - 1))], 5 * side[side.length >> 1]);
    });
    return Math.max(...far, 5) * 1.06;
  }

  // The lowest and the highest best price of all columns.
  bestThereWere() {
    let [low, high] = [Infinity, -Infinity];
    for (const { bid, ask, n } of this.store.blocks) {
      for (const prices of [bid, ask]) {
        for (let i = 0; i < n; i++) {
          if (prices[i] < low) low = prices[i];
          if (prices[i] > high) high = prices[i];
        }
      }
    }
    return [low, high];
  }

  setTime(t1, span) {
    const { store } = this;
    if (span !== this.span) this.ownSpan = true;
    const most = Math.max((store.endsAt - Math.min(store.startsAt, store.endsAt - this.facts.minutes * 60_000)) * 4, 60_000);
    this.span = Math.min(Math.max(span, NARROWEST), most);
    const newest = store.endsAt + 0.012 * this.span;
    // Past the newest column there is nothing to see: who goes there follows.
    this.follow = t1 >= newest - 0.001 * this.span;
    this.t1 = this.follow ? newest : Math.max(t1, store.startsAt - 0.5 * this.span);
    this.wants();
  }

  setPrices(p0, p1) {
    if (p1 - p0 < 4) return;
    this.ownPrices = true;
    [this.p0, this.p1] = [p0, Math.min(p1, p0 + 2 ** 40)];
    this.wants();
  }

  movePrices(share) {
    const by = share * (this.p1 - this.p0);
    this.setPrices(this.p0 + by, this.p1 + by);
  }

  zoomTime(factor, share = this.follow ? 1 : 0.5) {
    const fixed = this.t1 - (1 - share) * this.span;
    const span = this.span * factor;
    // While now is in sight and followed, it stays where it is.
    if (this.follow && share > 0.5) this.setTime(Infinity, span);
    else this.setTime(fixed + (1 - share) * span, span);
  }

  zoomPrice(factor, around = (this.p0 + this.p1) / 2) {
    this.setPrices(...zoomed(this.p0, this.p1, around, factor));
  }

  followNow() {
    this.follow = true;
    this.ownPrices = this.everything = false;
    this.asked = null;
    if (this.span > 3 * this.facts.minutes * 60_000) this.ownSpan = false;
    this.wants();
  }

  all() {
    const { store } = this;
    this.follow = true;
    this.ownPrices = false;
    this.everything = true;
    this.levels = null;
    this.asked = null;
    this.span = Math.max((store.endsAt - store.startsAt) * 1.02, 2000);
    this.ownSpan = true;
    this.wants();
  }
}

function meanOf(bid, ask) {
  return bid === bid && ask === ask ? (bid + ask) / 2 : bid === bid ? bid : ask === ask ? ask : 0;
}

function zoomed(low, high, around, factor) {
  return [around - (around - low) * factor, around + (high - around) * factor];
}
