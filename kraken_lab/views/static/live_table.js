// A table that is sent what changed and draws the rows that can be seen. See picture.py for what a frame holds.
// Every text is written with textContent: nothing that came over the wire is ever read as markup.

const ROW = 22; // pixels of one row
const HEAD = 26; // of the names of the columns
const SHOWN = 15; // rows before it scrolls
const FLASH = 900; // ms that a change is marked
const DASH = "–";
const MISSING_SCALE = -128;
const SPILLED = 127;
const NAT = -(2n ** 63n);
const NO_UINT = 2n ** 64n - 1n;
const QUANTITIES = ["qty", "order_qty"];

// --- what was sent --------------------------------------------------------------------------------------------------

const ARRAYS = {
  decimal: [BigInt64Array, Int8Array],
  time: [BigInt64Array],
  int: [BigInt64Array],
  uint: [BigUint64Array],
  bool: [Int8Array],
  category: [Int16Array],
  text: [Array],
};

class Column {
  constructor(facts) {
    Object.assign(this, facts);
    this.parts = ARRAYS[facts.kind].map((kind) => new kind(0));
    this.spill = new Map();
    this.moved = new Int8Array(0); // 1 up, -1 down, 2 otherwise: what the last change was
    this.movedAt = new Float64Array(0);
    this.numeric = ["decimal", "int", "uint"].includes(facts.kind);
  }

  resize(capacity) {
    this.parts = this.parts.map((part) => grown(part, capacity));
    this.moved = grown(this.moved, capacity);
    this.movedAt = grown(this.movedAt, capacity);
  }

  // The first rows are gone, those behind them move up.
  shift(dropped, kept) {
    for (const part of [...this.parts, this.moved, this.movedAt]) part.copyWithin(0, dropped, dropped + kept);
    if (this.spill.size) {
      this.spill = new Map([...this.spill].map(([at, text]) => [at - dropped, text]).filter(([at]) => at >= 0));
    }
  }

  // Which way a number goes from the old cell to the new one.
  direction(old, now) {
    if (!this.numeric) return 2;
    if (this.kind !== "decimal") return now[0] > old[0] ? 1 : -1;
    if (old[1] === now[1]) return now[0] > old[0] ? 1 : -1;
    if ([old[1], now[1]].some((scale) => scale === MISSING_SCALE || scale === SPILLED)) return 2;
    return Number(now[0]) / 10 ** now[1] > Number(old[0]) / 10 ** old[1] ? 1 : -1;
  }
}

function grown(part, capacity) {
  if (Array.isArray(part)) {
    part.length = capacity;
    return part;
  }
  const larger = new part.constructor(capacity);
  larger.set(part.subarray(0, capacity));
  return larger;
}

function read(kind, buffer) {
  if (kind === Array) return JSON.parse(new TextDecoder().decode(buffer));
  const start = buffer.byteOffset ?? 0;
  const bytes = buffer.buffer ?? buffer;
  return new kind(bytes.slice(start, start + buffer.byteLength)); // a copy, so that it is aligned
}

class Store {
  constructor(model) {
    this.model = model;
    this.title = model.get("title");
    this.columns = model.get("columns").map((facts) => new Column(facts));
    this.newestFirst = model.get("newest_first");
    this.words = [];
    this.facts = null;
    this.rows = 0;
    this.capacity = 0;
    this.added = 0; // rows since the last look of a view, to hold still what is being read
    this.bornAt = new Float64Array(0);
    this.digits = new Map(); // the most digits behind the point, by column and symbol
    this.symbol = this.columns.findIndex((column) => column.name === "symbol" && column.kind === "category");
    this.price = this.columns.findIndex((column) => ["price", "limit_price"].includes(column.name));
    this.middle = null;
    this.seq = 0;
    this.heardAt = performance.now();
    this.factsAt = this.heardAt;
    this.asked = -Infinity;
    this.paused = false;
    this.views = new Set();
    this.hear = (content, buffers) => {
      if (content.kind === "frame") this.take(content, buffers);
      if (content.kind === "paused") this.hold(content.on);
    };
    model.on("msg:custom", this.hear);
  }

  say(message) {
    tellKernel(this.model, message);
  }

  hold(on) {
    this.paused = on;
    for (const view of this.views) view.wants();
  }

  take(content, buffers) {
    this.heardAt = performance.now();
    if (this.paused) return;
    if (content.base !== 0 && content.base !== this.seq) {
      // A frame was lost, or came before there was anybody to take it.
      if (this.heardAt - this.asked > 1000) {
        this.asked = this.heardAt;
        this.say({ kind: "resync" });
      }
      return;
    }
    this.seq = content.seq;
    if (content.words) this.words.splice(content.words_from, Infinity, ...content.words);
    if (content.columns) this.apply(content, buffers);
    this.facts = content.facts ?? this.facts;
    this.factsAt = this.heardAt;
    for (const view of this.views) view.wants();
  }

  apply(content, buffers) {
    const { rows, dropped, kept } = content;
    const first = this.rows === 0;
    if (rows > this.capacity) {
      this.capacity = Math.max(64, 2 * rows);
      for (const column of this.columns) column.resize(this.capacity);
      this.bornAt = grown(this.bornAt, this.capacity);
    }
    if (dropped) {
      for (const column of this.columns) column.shift(dropped, kept);
      this.bornAt.copyWithin(0, dropped, dropped + kept);
    }
    this.bornAt.fill(first || content.base === 0 ? -Infinity : this.heardAt, kept, rows);
    this.added = content.base === 0 ? 0 : this.added + rows - kept;
    this.rows = rows;
    this.middle = content.middle;
    const pieces = [];
    let next = 0;
    for (const { at, changed, spill } of content.columns) {
      const column = this.columns[at];
      // The rows that changed, and then all that are new.
      const places = new Uint32Array(changed + rows - kept);
      places.set(read(Uint32Array, buffers[next++]));
      for (let n = changed; n < places.length; n++) places[n] = kept + n - changed;
      const parts = ARRAYS[column.kind].map((kind) => read(kind, buffers[next++]));
      pieces.push({ column, at, changed, spill, places, parts });
    }
    // On a ladder a changed quantity is news where the price is still the same; all else only follows from that.
    const priced = this.middle === null ? undefined : pieces.find((piece) => piece.at === this.price);
    const moved = priced ? new Set(priced.places.subarray(0, priced.changed)) : new Set();
    for (const { column, at, changed, spill, places, parts } of pieces) {
      places.forEach((row, n) => {
        const was = column.parts.map((part) => part[row]);
        column.parts.forEach((part, p) => (part[row] = parts[p][n]));
        column.spill.delete(row);
        const news = n < changed && !moved.has(row) && (this.middle === null || QUANTITIES.includes(column.name));
        column.moved[row] = news ? column.direction(was, column.parts.map((part) => part[row])) : 0;
        column.movedAt[row] = this.heardAt;
      });
      for (const [row, text] of Object.entries(spill ?? {})) column.spill.set(Number(row), text);
    }
    for (const { column, at, places } of pieces) {
      if (column.kind !== "decimal" || this.symbol < 0) continue;
      const symbols = this.columns[this.symbol].parts[0];
      for (const row of places) {
        const scale = column.parts[1][row];
        const of = at * 65536 + symbols[row];
        if (scale < SPILLED && scale > (this.digits.get(of) ?? 0)) this.digits.set(of, scale);
      }
    }
  }

  text(at, row) {
    const column = this.columns[at];
    const [value, scale] = column.parts.map((part) => part[row]);
    switch (column.kind) {
      case "decimal": {
        if (scale === MISSING_SCALE) return DASH;
        if (scale === SPILLED) return column.spill.get(row) ?? DASH;
        const symbol = this.symbol < 0 ? 0 : this.columns[this.symbol].parts[0][row];
        return decimal(value, scale, this.symbol < 0 ? 0 : this.digits.get(at * 65536 + symbol) ?? 0);
      }
      case "time":
        return value === NAT ? DASH : clock(value);
      case "int":
        return value === NAT ? DASH : value.toString();
      case "uint":
        return value === NO_UINT ? DASH : value.toString();
      case "bool":
        if (column.name === "gap_before") return value === 1 ? "gap" : "";
        return value < 0 ? DASH : value ? "yes" : "no";
      case "category":
        return this.words[value] ?? DASH;
      default:
        return value ?? DASH;
    }
  }

  close() {
    this.model.off("msg:custom", this.hear);
  }
}

// A whole number of units as it is written, with at least `pad` digits behind the point.
function decimal(units, scale, pad) {
  let digits = (units < 0n ? -units : units).toString();
  if (scale > 0) {
    digits = digits.padStart(scale + 1, "0");
    digits = `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  } else if (scale < 0) {
    digits += "0".repeat(-scale);
  }
  const behind = Math.max(scale, 0);
  if (pad > behind) digits += (behind ? "" : ".") + "0".repeat(pad - behind);
  return units < 0n ? `-${digits}` : digits;
}

const DAY = 86_400_000_000_000n;

// Nanoseconds as the time of day in UTC, with the date unless it is today; to the microsecond if there are any.
function clock(ns) {
  const date = new Date(Number(ns / 1_000_000n));
  const [day, time] = date.toISOString().slice(0, -1).split("T");
  const micros = (((ns % 1_000_000n) + 1_000_000n) % 1_000_000n) / 1000n;
  const today = BigInt(Math.floor(Date.now() / 86_400_000)) === ns / DAY;
  return `${today ? "" : `${day} `}${time}${micros ? micros.toString().padStart(3, "0") : ""}`;
}

// --- what is seen ---------------------------------------------------------------------------------------------------

class View {
  constructor(store, el) {
    this.store = store;
    this.frame = 0; // the animation frame that is asked for
    this.widths = store.columns.map((column) => label(column).length);
    this.pool = [];
    this.paints = 0;
    this.near = true;
    this.centred = false;
    this.held = 0; // rows that the grid has room for
    this.build(el);
    this.observer = new IntersectionObserver((entries) => {
      this.near = entries.at(-1).isIntersecting;
      tellSeen(store);
    });
    this.observer.observe(this.root);
    this.sizes = new ResizeObserver(() => this.wants());
    this.sizes.observe(this.grid);
    this.onVisible = () => {
      tellSeen(store);
      this.wants();
    };
    document.addEventListener("visibilitychange", this.onVisible);
    this.timer = setInterval(() => this.wants(), 1000); // ages go on while nothing is sent
  }

  build(el) {
    const { store } = this;
    const root = made("div", "kl-live tex2jax_ignore mathjax_ignore", "region");
    root.setAttribute("aria-label", `${store.title}, live table`);
    root.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes the arrow keys to walk through its cells
    root.style.setProperty("--kl-row", `${ROW}px`);

    const head = made("div", "kl-head");
    this.title = made("span", "kl-title");
    this.title.textContent = store.title;
    this.state = made("span", "kl-state warn");
    this.said = made("span", "kl-said");
    this.button = made("button", "kl-pause");
    this.button.type = "button";
    this.button.addEventListener("click", () => this.pause());
    head.append(this.title, this.state, this.said, this.button);

    this.grid = made("div", "kl-grid", "table");
    this.grid.tabIndex = 0;
    this.grid.setAttribute("aria-label", `${store.title}; arrow keys scroll`);
    this.grid.setAttribute("aria-colcount", store.columns.length);
    this.grid.addEventListener("scroll", () => this.wants(), { passive: true });
    this.grid.addEventListener("keydown", (event) => this.key(event));
    const names = made("div", "kl-names", "row");
    names.setAttribute("aria-rowindex", 1);
    for (const column of store.columns) {
      const name = made("span", column.numeric ? "n" : "", "columnheader");
      name.textContent = label(column);
      name.title = [column.meaning, column.unit && `(${column.unit})`].filter(Boolean).join(" ");
      names.append(name);
    }
    this.space = made("div", "kl-space", "rowgroup");
    this.grid.append(names, this.space);

    this.foot = made("div", "kl-foot");
    this.told = made("div", "kl-told", "status"); // a screen reader hears of states, not of every row
    // The static table beside this one is for who has no widgets.
    const style = document.createElement("style");
    const still = `.kl-still-${store.model.get("key")}`;
    style.textContent = `${still}{display:none}\n.jp-OutputArea-child:has(> .jp-OutputArea-output ${still}){display:none}`;
    root.append(style, head, this.grid, this.foot, this.told);
    this.root = root;
    el.append(root);
  }

  wants() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = 0;
    const began = performance.now();
    const { store } = this;
    this.head(began);
    this.space.style.height = `${store.rows * ROW}px`;
    const bar = Math.max(0, this.grid.offsetHeight - this.grid.clientHeight - 2); // of scrolling sideways, if there is one
    this.held = store.rows || this.held; // what is withdrawn keeps its place: nothing below it jumps
    this.grid.style.height = `${HEAD + Math.min(Math.max(this.held, 1), SHOWN) * ROW + bar + 2}px`;
    this.hold();
    const flashing = this.cells(began);
    this.root.dataset.paints = ++this.paints;
    if (store.seq !== Number(this.root.dataset.seq)) {
      this.root.dataset.seq = store.seq;
      store.say({ kind: "ack", seq: store.seq, ms: performance.now() - began });
    }
    if (flashing && !this.fading) {
      this.fading = setTimeout(() => {
        this.fading = 0;
        this.wants();
      }, FLASH / 2);
    }
  }

  // Keep the place that is being read when rows come on top of it; begin a ladder at its middle.
  hold() {
    const { store, grid } = this;
    if (store.newestFirst && store.added && grid.scrollTop > ROW / 2) grid.scrollTop += store.added * ROW;
    store.added = 0;
    if (!store.rows) this.centred = false; // a ladder that was withdrawn begins again at its middle
    if (store.middle !== null && store.rows && !this.centred) {
      this.centred = true;
      grid.scrollTop = (store.middle - Math.floor(SHOWN / 2)) * ROW;
    }
  }

  cells(now) {
    const { store, grid } = this;
    const first = Math.max(0, Math.floor(grid.scrollTop / ROW));
    const wanted = Math.min(Math.ceil(grid.clientHeight / ROW) + 1, Math.max(store.rows - first, 0));
    while (this.pool.length < wanted) this.pool.push(this.row());
    let wider = false;
    let flashing = false;
    this.pool.forEach((line, n) => {
      line.hidden = n >= wanted;
      if (line.hidden) return;
      const shown = first + n;
      const row = store.newestFirst ? store.rows - 1 - shown : shown;
      line.style.top = `${shown * ROW}px`;
      line.setAttribute("aria-rowindex", shown + 2);
      const fresh = now - store.bornAt[row] < FLASH;
      line.classList.toggle("fresh", fresh);
      line.classList.toggle("odd", Boolean(row % 2));
      line.classList.toggle("touch", store.middle !== null && shown === store.middle && shown > 0);
      flashing ||= fresh;
      store.columns.forEach((column, at) => {
        const cell = line.children[at];
        const text = store.text(at, row);
        write(cell, text);
        if (text.length > this.widths[at]) {
          this.widths[at] = text.length;
          wider = true;
        }
        const news = now - column.movedAt[row] < FLASH ? column.moved[row] : 0;
        flashing ||= news !== 0;
        cell.classList.toggle("rose", news === 1);
        cell.classList.toggle("fell", news === -1);
        cell.classList.toggle("changed", news === 2);
        if (column.name === "side") {
          cell.classList.toggle("up", text === "buy" || text === "bid");
          cell.classList.toggle("down", text === "sell" || text === "ask");
        }
        if (column.name === "gap_before") line.classList.toggle("gap", text !== "");
      });
    });
    if (wider || this.paints === 0) {
      const tracks = this.widths.map((width) => `calc(${Math.min(width, 62)}ch + 26px)`);
      this.root.style.setProperty("--kl-columns", tracks.join(" "));
    }
    const last = Math.min(store.rows, Math.floor((grid.scrollTop + grid.clientHeight - HEAD) / ROW));
    const order = store.newestFirst ? "newest on top · " : "";
    const range = `${(first + 1).toLocaleString("en-US")}–${Math.max(last, first + 1).toLocaleString("en-US")}`;
    write(this.foot, store.rows ? `${order}rows ${range} of ${store.rows.toLocaleString("en-US")}` : store.facts?.ended ? "no rows" : this.held ? "no rows now" : "no rows yet");
    grid.setAttribute("aria-rowcount", store.rows + 1);
    return flashing;
  }

  row() {
    const line = made("div", "kl-row", "row");
    for (const column of this.store.columns) {
      line.append(made("span", column.numeric ? "n" : column.kind === "time" ? "t" : "", "cell"));
    }
    this.space.append(line);
    return line;
  }

  head(now) {
    const { store } = this;
    const { state, said } = standing(store, now);
    writeState(this.state, state);
    write(this.said, said);
    write(this.told, state);
    writePause(this.button, store, store.title);
  }

  pause() {
    const { store } = this;
    store.hold(!store.paused); // at once, however busy the kernel is
    store.say({ kind: "pause", on: store.paused });
  }

  key(event) {
    const page = Math.max(ROW, this.grid.clientHeight - 2 * ROW);
    const far = this.space.offsetHeight;
    const steps = { ArrowDown: ROW, ArrowUp: -ROW, PageDown: page, PageUp: -page, Home: -far, End: far };
    const aside = { ArrowRight: 60, ArrowLeft: -60 };
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in steps || event.key in aside)) return;
    event.preventDefault();
    event.stopPropagation();
    this.grid.scrollTop += steps[event.key] ?? 0;
    this.grid.scrollLeft += aside[event.key] ?? 0;
  }

  end() {
    cancelAnimationFrame(this.frame);
    clearInterval(this.timer);
    clearTimeout(this.fading);
    this.observer.disconnect();
    this.sizes.disconnect();
    document.removeEventListener("visibilitychange", this.onVisible);
    this.root.remove();
  }
}

function label(column) {
  return column.kind === "time" ? `${column.name} (UTC)` : column.name;
}

// --- the widget -----------------------------------------------------------------------------------------------------

export default lively(Store, View);
