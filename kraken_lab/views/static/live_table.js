// A table that is sent what changed and draws the rows that can be seen. What it holds is in table_cells.js, or for books in
// table_levels.js.
// Every text is written with textContent: nothing that came over the wire is ever read as markup.

const ROW = 22; // pixels of one row
const HEAD = 26; // of the names of the columns
const SHOWN = 15; // rows before it scrolls
const FLASH = 900; // ms that a change is marked
const NUMBERS = ["decimal", "int", "uint"];

// --- what was sent --------------------------------------------------------------------------------------------------

class Store {
  constructor(model) {
    this.model = model;
    this.title = model.get("title");
    this.columns = model.get("columns").map((facts) => ({ ...facts, numeric: NUMBERS.includes(facts.kind) }));
    this.newestFirst = model.get("newest_first");
    this.most = model.get("most"); // rows that are shown; the table may have more
    this.held = new Cells(this.columns);
    this.facts = null;
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
    if (content.levels && !(this.held instanceof Levels)) this.held = new Levels(this.columns);
    if (content.levels || content.columns) this.held.take(content, buffers, this.heardAt);
    if (content.facts) Object.assign(this, { facts: content.facts, factsAt: this.heardAt });
    for (const view of this.views) view.wants();
  }

  close() {
    this.model.off("msg:custom", this.hear);
  }
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
    this.room = 0; // rows that the grid has room for
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
    keepKeys(root);
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
    const { rows } = store.held;
    this.head(began);
    this.space.style.height = `${rows * ROW}px`;
    const bar = Math.max(0, this.grid.offsetHeight - this.grid.clientHeight - 2); // of scrolling sideways, if there is one
    this.room = rows || this.room; // what is withdrawn keeps its place: nothing below it jumps
    this.grid.style.height = `${HEAD + Math.min(Math.max(this.room, 1), SHOWN) * ROW + bar + 2}px`;
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
    const { held } = store;
    if (store.newestFirst && held.added && grid.scrollTop > ROW / 2) grid.scrollTop += held.added * ROW;
    held.added = 0;
    if (!held.rows) this.centred = false; // a ladder that was withdrawn begins again at its middle
    if (held.middle !== null && held.rows && !this.centred) {
      this.centred = true;
      grid.scrollTop = (held.middle - Math.floor(SHOWN / 2)) * ROW;
    }
  }

  cells(now) {
    const { store, grid } = this;
    const { held } = store;
    const first = Math.max(0, Math.floor(grid.scrollTop / ROW));
    const wanted = Math.min(Math.ceil(grid.clientHeight / ROW) + 1, Math.max(held.rows - first, 0));
    while (this.pool.length < wanted) this.pool.push(this.row());
    let wider = false;
    let flashing = false;
    this.pool.forEach((line, n) => {
      line.hidden = n >= wanted;
      if (line.hidden) return;
      const shown = first + n;
      const row = store.newestFirst ? held.rows - 1 - shown : shown;
      line.style.top = `${shown * ROW}px`;
      line.setAttribute("aria-rowindex", shown + 2);
      const fresh = now - held.bornAt(row) < FLASH;
      line.classList.toggle("fresh", fresh);
      line.classList.toggle("odd", Boolean(row % 2));
      line.classList.toggle("touch", held.middle !== null && shown === held.middle && shown > 0);
      flashing ||= fresh;
      store.columns.forEach((column, at) => {
        const cell = line.children[at];
        const text = held.text(at, row);
        write(cell, text);
        if (text.length > this.widths[at]) {
          this.widths[at] = text.length;
          wider = true;
        }
        const news = held.news(at, row, now - FLASH);
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
    const last = Math.min(held.rows, Math.floor((grid.scrollTop + grid.clientHeight - HEAD) / ROW));
    const order = store.newestFirst ? "newest on top · " : "";
    const all = `${store.newestFirst && held.rows >= store.most ? "the newest " : ""}${held.rows.toLocaleString("en-US")}`;
    const range = `${(first + 1).toLocaleString("en-US")}–${Math.max(last, first + 1).toLocaleString("en-US")}`;
    write(this.foot, held.rows ? `${order}rows ${range} of ${all}` : store.facts?.ended ? "no rows" : this.room ? "no rows now" : "no rows yet");
    grid.setAttribute("aria-rowcount", held.rows + 1);
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
    writeSaid(this.said, said);
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
