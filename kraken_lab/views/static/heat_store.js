// What the browser was sent of a book's past: runs of columns, each level at its own price. See heat_columns.py.
// A run begins with all levels of its first column; of each later one it has those that changed.

const MOST_ENTRIES = 2_000_000; // levels kept here, at 12 bytes; the kernel has the rest
const PRICES = { u2: Uint16Array, i4: Int32Array, f8: Float64Array };

class Block {
  constructor(first, gap) {
    this.first = first;
    this.gap = gap;
    this.n = 0; // columns
    this.entries = 0;
    this.times = new Float64Array(32); // ms since 1970 UTC
    this.bid = new Float64Array(32); // best prices in ticks, NaN for none
    this.ask = new Float64Array(32);
    this.ends = new Uint32Array(32); // where the entries of a column end
    this.split = new Uint32Array(32); // where its asks begin
    this.ticks = new Int32Array(256); // or float64, should a price ever need it
    this.diffs = new Float64Array(256); // what came to, or went from, the level, in units of a quantity's last decimal
    this.now = new Map(); // the newest ladder: twice the tick, and one more for an ask, to its units
  }

  get end() {
    return this.first + this.n;
  }

  begin(i) {
    return i ? this.ends[i - 1] : 0;
  }

  // The run of a header and its buffer, behind what there is.
  append(header, data) {
    const { columns, entries, base } = header;
    const view = data.buffer ?? data;
    let at = data.byteOffset ?? 0;
    const take = (kind, count) => {
      const size = count * kind.BYTES_PER_ELEMENT;
      const part = new kind(view.slice(at, at + size)); // a copy, so that it is aligned
      at += size;
      return part;
    };
    const times = take(Float64Array, columns);
    const bid = take(Float64Array, columns);
    const ask = take(Float64Array, columns);
    let prices = header.price === "f8" ? take(Float64Array, entries) : null;
    let units = header.wide_qty ? take(Float64Array, entries) : null;
    const bids = take(Uint32Array, columns);
    const asks = take(Uint32Array, columns);
    units ??= take(Uint32Array, entries);
    prices ??= take(PRICES[header.price], entries);

    this.room(this.n + columns, this.entries + entries);
    this.times.set(times, this.n);
    let e = this.entries;
    let from = 0;
    for (let i = 0; i < columns; i++) {
      const n = this.n + i;
      this.bid[n] = bid[i] + base;
      this.ask[n] = ask[i] + base;
      this.split[n] = e + bids[i];
      this.ends[n] = this.split[n] + asks[i];
      for (; e < this.ends[n]; e++, from++) {
        const tick = prices[from] + base;
        const key = 2 * tick + (e >= this.split[n] ? 1 : 0);
        if (tick > 0x7fffffff && this.ticks instanceof Int32Array) this.ticks = Float64Array.from(this.ticks);
        this.ticks[e] = tick;
        this.diffs[e] = units[from] - (this.now.get(key) ?? 0);
        if (units[from]) this.now.set(key, units[from]);
        else this.now.delete(key);
      }
    }
    this.n += columns;
    this.entries = e;
  }

  room(columns, entries) {
    if (columns > this.times.length) {
      for (const name of ["times", "bid", "ask", "ends", "split"]) this[name] = larger(this[name], columns);
    }
    if (entries > this.ticks.length) {
      for (const name of ["ticks", "diffs"]) this[name] = larger(this[name], entries);
    }
  }

  // Nothing comes behind it any more.
  close() {
    this.now = null;
    for (const name of ["times", "bid", "ask", "ends", "split"]) this[name] = this[name].slice(0, this.n);
    for (const name of ["ticks", "diffs"]) this[name] = this[name].slice(0, this.entries);
  }

  // The levels of a column with prices from `low` to `high`, by price: [{tick, units, ask, since, whole}]. `since` is when
  // its size last changed; `whole` says that it was there with that size when the run began.
  levels(i, low = -Infinity, high = Infinity) {
    const found = new Map();
    const stop = this.ends[i] ?? 0;
    let column = 0;
    for (let e = 0; e < stop; e++) {
      while (e >= this.ends[column]) column++;
      const tick = this.ticks[e];
      if (tick < low || tick > high) continue;
      const ask = e >= this.split[column];
      const key = 2 * tick + (ask ? 1 : 0);
      const units = this.diffs[e] + (found.get(key)?.units ?? 0);
      if (units) found.set(key, { tick, units, ask, since: this.times[column], whole: column === 0 });
      else found.delete(key);
    }
    return [...found.values()].sort((one, other) => one.tick - other.tick);
  }
}

function larger(array, needed) {
  const grown = new array.constructor(Math.max(needed, Math.ceil(array.length * 1.7)));
  grown.set(array);
  return grown;
}

class HeatStore {
  constructor(model) {
    this.model = model;
    this.views = new Set();
    this.seq = 0;
    this.version = 0; // of all that a picture is made from, but for columns that came behind the others
    this.heardAt = performance.now();
    this.factsAt = this.heardAt;
    this.asked = -Infinity;
    this.paused = false;
    this.facts = null;
    this.meta = { price_precision: 0, qty_precision: 0, beat: 0.1 };
    this.oldest = 0; // the number of the oldest column the kernel has
    this.wanted = null; // the number before which columns were asked for
    this.clear();
    this.hear = (content, buffers) => {
      if (content.kind === "frame") this.take(content, buffers);
      else if (content.kind === "past") this.takePast(content, buffers);
      else if (content.kind === "paused") this.hold(content.on);
    };
    model.on("msg:custom", this.hear);
  }

  clear() {
    this.blocks = [];
    this.trades = [];
    this.firstTrade = 0;
    this.gaps = [];
    this.own = { orders: [], fills: [] };
    this.version++;
  }

  say(message) {
    tellKernel(this.model, message);
  }

  get first() {
    return this.blocks.length ? this.blocks[0].first : 0;
  }

  get end() {
    return this.blocks.length ? this.blocks.at(-1).end : 0;
  }

  get startsAt() {
    return this.blocks.length ? this.blocks[0].times[0] : NaN;
  }

  get endsAt() {
    const last = this.blocks.at(-1);
    return last ? last.times[last.n - 1] : NaN;
  }

  // --- frames -------------------------------------------------------------------------------------------------------

  take(content, buffers) {
    this.heardAt = performance.now();
    if (this.paused && this.seq) return;
    const [run] = content.columns ?? [];
    const missed = content.base !== 0 && content.base !== this.seq;
    if (missed || (run && !run.whole && run.first !== this.end)) {
      // A frame was lost, or came before there was anybody to take it.
      if (this.heardAt - this.asked > 1000) {
        this.asked = this.heardAt;
        this.say({ kind: "resync", have: this.blocks.length ? this.end : null });
      }
      return;
    }
    this.seq = content.seq;
    if (content.meta) {
      if (content.meta.history !== this.meta.history) this.clear();
      this.meta = content.meta;
    }
    if (content.columns) this.add(content.columns, buffers);
    if (content.trades) this.addTrades(content.trades.first, rowsOf(content, buffers));
    this.oldest = content.oldest ?? this.oldest;
    this.gaps = content.gaps ?? this.gaps;
    this.own = content.own ?? this.own;
    if (content.facts) Object.assign(this, { facts: content.facts, factsAt: this.heardAt });
    for (const view of this.views) view.wants();
  }

  add(headers, buffers) {
    headers.forEach((header, n) => {
      if (header.whole) this.makeRoom(header);
      this.blocks.at(-1).append(header, buffers[n]);
    });
    let entries = this.blocks.reduce((sum, block) => sum + block.entries, 0);
    while (entries > MOST_ENTRIES && this.blocks.length > 2) {
      entries -= this.blocks.shift().entries;
      this.version++;
    }
  }

  // A whole run begins: what was here from its first column on is replaced, and what is not joined to it is dropped.
  makeRoom({ first, gap }) {
    if (this.blocks.length && this.end !== first) {
      this.version++;
      while (this.blocks.length && this.blocks.at(-1).first >= first) this.blocks.pop();
      const last = this.blocks.at(-1);
      if (last && last.end > first) {
        last.n = first - last.first;
        last.entries = last.ends[last.n - 1];
      }
      if (last && last.end < first) this.blocks = [];
    }
    this.blocks.at(-1)?.close();
    this.blocks.push(new Block(first, gap));
  }

  takePast(content, buffers) {
    this.wanted = null;
    if (content.history !== this.meta.history) return;
    this.oldest = content.oldest;
    const added = content.columns.map((header, n) => {
      const block = new Block(header.first, header.gap);
      block.append(header, buffers[n]);
      block.close();
      return block;
    });
    if (!added.length || added.at(-1).end !== this.first) return;
    this.blocks.unshift(...added);
    const rows = content.trades ? rowsOf(content, buffers) : [];
    if (rows.length && content.trades.first + rows.length === this.firstTrade) {
      this.trades.unshift(...rows.map((row) => this.trade(row)));
      this.firstTrade = content.trades.first;
    }
    this.version++;
    for (const view of this.views) view.wants();
  }

  // Ask for columns before those that are here, if there are any and nobody asked yet.
  wantPast() {
    if (!this.blocks.length || this.first <= this.oldest) return;
    if (this.wanted !== null && performance.now() - this.wantedAt < 4000) return;
    this.wanted = this.first;
    this.wantedAt = performance.now();
    this.say({ kind: "older", before: this.first, trade: this.firstTrade });
  }

  addTrades(first, rows) {
    if (first !== this.firstTrade + this.trades.length) {
      this.trades = [];
      this.firstTrade = first;
    }
    this.trades.push(...rows.map((row) => this.trade(row)));
    if (this.trades.length > 20_000) {
      this.firstTrade += 5_000;
      this.trades.splice(0, 5_000);
    }
  }

  trade([at, price, qty, side]) {
    return { at, price, qty, side, tick: Number(price) * 10 ** this.meta.price_precision, size: Number(qty) };
  }

  hold(on) {
    if (this.paused === on) return;
    this.paused = on;
    if (!on) this.asked = -Infinity;
    for (const view of this.views) view.wants();
  }

  pause(on) {
    this.hold(on);
    this.say({ kind: "pause", on, have: this.blocks.length ? this.end : null });
  }

  // --- reading ------------------------------------------------------------------------------------------------------

  // The last column that is not after a moment: [index of its block, its place in it], or null.
  at(time) {
    let low = 0;
    let high = this.blocks.length - 1;
    if (high < 0 || this.blocks[0].times[0] > time) return null;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.blocks[middle].times[0] <= time) low = middle;
      else high = middle - 1;
    }
    const block = this.blocks[low];
    return [low, lastUpTo(block.times, block.n, time)];
  }

  // How long a column stands, in ms, unless another comes: while a kernel was late for a moment, not for ever.
  get hold_ms() {
    return Math.max(1000, 2500 * this.meta.beat);
  }

  // A moment's column, or what else there is: { block, i, time } | { gap: words } | { nothing: words }.
  moment(time) {
    const found = this.at(time);
    const gap = this.gaps.find(([start, end]) => start <= time && (end === null || time < end));
    if (found) {
      const [b, i] = found;
      const block = this.blocks[b];
      if (!block.gap && time - block.times[i] <= this.hold_ms) return { block, i, time: block.times[i] };
      if (gap) return { gap: gap[2] };
      if (time > this.endsAt + this.hold_ms) return { nothing: "not yet" };
      return { gap: block.gap ? "no verified book" : "nothing was sampled: the kernel was busy or asleep" };
    }
    return gap ? { gap: gap[2] } : { nothing: this.first > this.oldest ? "older columns are being fetched" : "no book was kept of this time" };
  }

  // --- numbers as they are written ----------------------------------------------------------------------------------

  price(tick) {
    return fixed(tick, this.meta.price_precision);
  }

  qty(units) {
    // Above 2^51 the last digits are a float's, and that is said.
    return `${units > 2 ** 51 ? "≈" : ""}${fixed(units, this.meta.qty_precision)}`;
  }

  // What a page has already need not be sent again.
  having() {
    return { have: this.blocks.length ? this.end : null };
  }

  close() {
    this.model.off("msg:custom", this.hear);
  }
}

// The trades of a message: JSON behind the buffers of its columns.
function rowsOf(content, buffers) {
  return JSON.parse(new TextDecoder().decode(buffers[content.columns?.length ?? 0]));
}

function lastUpTo(times, n, time) {
  let low = 0;
  let high = n - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}

// A whole number of units with so many digits behind the point, exactly.
function fixed(units, digits) {
  const text = BigInt(Math.round(Math.abs(units))).toString().padStart(digits + 1, "0");
  const sign = units < 0 ? "-" : "";
  return digits ? `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}` : sign + text;
}
