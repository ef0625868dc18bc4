// A figure that is sent what changed and is drawn by plotly.js. See figure_changes.py for what a frame holds.
// In front of this text stands paper.js, by which a figure is on dark or on light paper.
// Every text of ours is written with textContent; the texts in a figure were escaped for plotly.js where it was drawn.

const AGAIN = 8000; // ms after which plotly.js is asked for once more
const CONFIG = {
  displaylogo: false, scrollZoom: true, showSendToCloud: false, plotlyServerURL: "", typesetMath: false, responsive: false,
};
const KINDS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u1: Uint8Array };
const AXIS = /^([xy]axis\d*)\.(range|autorange)/;
const HEAD = 44; // pixels above the axes: a line of buttons, and labels of two lines
const STEP = 0.15; // of an axis that an arrow key moves
const ZOOM = 0.8;

// --- plotly.js, once a page -----------------------------------------------------------------------------------------

// All figures on the page share it, also those of other widgets' modules and of other kernels with the same version.
function libraryOf(version) {
  const name = `kraken_lab plotly.js ${version}`;
  globalThis[name] ??= { plotly: null, error: "", asked: -Infinity, tries: 0, loads: 0, waiting: new Set() };
  return globalThis[name];
}

async function unpacked(buffer) {
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

// As a module of its own, by the road on which this script itself came: where one is allowed, so is the other. It must
// not take the place of another plotly.js on the page, nor be taken for a module by a loader that is there.
async function load(library, content, buffers) {
  if (library.plotly || library.loading) return;
  library.loading = true;
  const there = "Plotly" in globalThis;
  const before = globalThis.Plotly;
  try {
    const text = content.packed ? await unpacked(buffers[0]) : new TextDecoder().decode(buffers[0]);
    const wrapped = `const module = { exports: {} }, exports = module.exports, define = undefined;\n${text}\nexport default module.exports;`;
    const address = URL.createObjectURL(new Blob([wrapped], { type: "text/javascript" }));
    try {
      library.plotly = (await import(/* webpackIgnore: true */ address)).default;
      library.error = "";
      library.loads += 1;
    } finally {
      URL.revokeObjectURL(address);
    }
  } catch (error) {
    library.error = String(error?.message ?? error);
  }
  if (there) globalThis.Plotly = before;
  else delete globalThis.Plotly;
  library.loading = false;
  for (const store of library.waiting) store.wants();
  if (library.plotly) library.waiting.clear();
}

// --- what was sent --------------------------------------------------------------------------------------------------

function read(kind, buffer) {
  const start = buffer.byteOffset ?? 0;
  const bytes = buffer.buffer ?? buffer;
  if (kind === "json") return JSON.parse(new TextDecoder().decode(buffer));
  return new KINDS[kind](bytes.slice(start, start + buffer.byteLength)); // a copy, so that it is aligned
}

// What was kept of the old, row by row, then what differs in it, then what comes behind.
function joined(old, piece, buffers) {
  const { kind, rows, length, kept, slid, changed } = piece;
  const places = changed ? read_places(buffers.shift()) : [];
  const values = read(kind, buffers.shift());
  if (kept === 0 && !changed) return { values, rows, length, matrix: piece.matrix };
  const all = kind === "json" ? new Array(length) : new KINDS[kind](rows * length);
  const before = old.values;
  for (let row = 0; row < rows; row++) {
    for (let n = 0; n < kept; n++) all[row * length + n] = before[row * old.length + slid + n];
  }
  places.forEach((place, n) => (all[Math.floor(place / kept) * length + (place % kept)] = values[n]));
  const behind = length - kept;
  for (let row = 0; row < rows; row++) {
    for (let n = 0; n < behind; n++) all[row * length + kept + n] = values[changed + row * behind + n];
  }
  return { values: all, rows, length, matrix: piece.matrix };
}

function read_places(buffer) {
  const start = buffer.byteOffset ?? 0;
  return new Uint32Array((buffer.buffer ?? buffer).slice(start, start + buffer.byteLength));
}

class Store {
  constructor(model) {
    this.model = model;
    this.title = model.get("title");
    this.library = libraryOf(model.get("plotly"));
    this.traces = [];
    this.layout = {};
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
      if (content.kind === "plotly") load(this.library, content, buffers);
    };
    model.on("msg:custom", this.hear);
  }

  say(message) {
    tellKernel(this.model, message);
  }

  hold(on) {
    this.paused = on;
    this.wants();
  }

  wants() {
    for (const view of this.views) view.wants();
  }

  // plotly.js, or null while it is on its way. One figure asks for all of them; another if there is no answer.
  plotly() {
    const { library } = this;
    if (library.plotly) return library.plotly;
    library.waiting.add(this);
    const now = performance.now();
    if (!library.loading && !library.error && now - library.asked > AGAIN) {
      library.asked = now;
      library.tries += 1;
      this.say({ kind: "plotly", packed: typeof DecompressionStream === "function" });
    }
    return null;
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
    if (content.traces) this.apply(content, [...buffers]);
    if (content.facts) Object.assign(this, { facts: content.facts, factsAt: this.heardAt });
    this.wants();
  }

  apply(content, buffers) {
    this.traces = content.traces.map((told) => {
      const old = this.traces[told.from];
      const arrays = new Map(old?.arrays);
      for (const place of told.lost ?? []) arrays.delete(place.join("."));
      for (const piece of told.arrays ?? []) {
        const name = piece.at.join(".");
        arrays.set(name, { ...joined(arrays.get(name), piece, buffers), at: piece.at });
      }
      return { plain: told.plain ?? old.plain, arrays };
    });
    const layout = content.base === 0 ? {} : { ...this.layout };
    for (const name of content.gone) delete layout[name];
    this.layout = { ...layout, ...content.layout };
    this.changed = true;
  }

  // The figure as plotly.js takes it: trees of its own, because it writes into them; arrays are shared until they change.
  figure(dark) {
    const colour = dark ? (value) => value : inLight;
    const data = this.traces.map(({ plain, arrays }) => {
      const trace = copied(plain, colour);
      for (const { at, values, rows, length, matrix } of arrays.values()) {
        let within = trace;
        for (const name of at.slice(0, -1)) within = within[name] ??= {};
        within[at.at(-1)] = matrix
          ? Array.from({ length: rows }, (_, row) => values.subarray(row * length, (row + 1) * length))
          : Array.isArray(values) && !dark ? copied(values, colour) : values;
      }
      return trace;
    });
    return { data, layout: copied(this.layout, colour) };
  }

  close() {
    this.model.off("msg:custom", this.hear);
    this.library.waiting.delete(this);
  }
}

// --- what is seen ---------------------------------------------------------------------------------------------------

class View {
  constructor(store, el) {
    this.store = store;
    this.frame = 0; // the animation frame that is asked for
    this.paints = 0;
    this.painted = 0; // the number of the frame that is painted
    this.near = true;
    this.held = new Map(); // axes that somebody moved: the range they are given, so that plotly.js keeps what was done
    this.stale = true;
    this.drawing = false;
    this.build(el);
    this.observer = new IntersectionObserver((entries) => {
      this.near = entries.at(-1).isIntersecting;
      tellSeen(store);
    });
    this.observer.observe(this.root);
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(this.place);
    this.onVisible = () => {
      tellSeen(store);
      this.wants();
    };
    document.addEventListener("visibilitychange", this.onVisible);
    // Pages say which theme they have in attributes of their body or root; what counts is the ink.
    this.themes = new MutationObserver(() => {
      if (this.isDark() !== this.dark) this.redraw();
    });
    for (const element of [document.body, document.documentElement]) {
      this.themes.observe(element, { attributes: true });
    }
    this.timer = setInterval(() => this.wants(), 1000); // ages go on while nothing is sent
    this.say();
  }

  build(el) {
    const { store } = this;
    const root = made("div", "kl-live kl-figure tex2jax_ignore mathjax_ignore", "region");
    root.setAttribute("aria-label", `${store.title}, live figure`);
    keepKeys(root);

    const head = made("div", "kl-head");
    this.title = made("span", "kl-title");
    this.title.textContent = store.title;
    this.state = made("span", "kl-state warn");
    this.said = made("span", "kl-said");
    this.button = made("button", "kl-pause");
    this.button.type = "button";
    this.button.addEventListener("click", () => this.pause());
    head.append(this.title, this.state, this.said, this.button);

    this.place = made("div", "kl-plot", "figure");
    this.place.tabIndex = 0;
    this.place.setAttribute("aria-label", `${store.title}; arrow keys move, plus and minus zoom, Home shows all`);
    this.place.addEventListener("keydown", (event) => this.key(event));
    this.place.addEventListener("pointerdown", () => this.place.focus({ preventScroll: true }));
    // The wheel scrolls the page, and zooms only a figure that was clicked.
    const wheel = (event) => {
      if (!this.place.contains(document.activeElement) && !event.ctrlKey && !event.metaKey) event.stopPropagation();
    };
    this.place.addEventListener("wheel", wheel, { capture: true, passive: true });
    this.trouble = made("div", "kl-trouble", "alert");
    this.trouble.hidden = true;
    this.foot = made("div", "kl-foot");
    write(this.foot, "drag to move · click, then scroll to zoom · double-click to see all · + − arrows Home");
    this.told = made("div", "kl-told", "status"); // a screen reader hears of states, not of every figure
    root.append(head, this.trouble, this.place, this.foot, this.told);
    this.root = root;
    el.append(root);
  }

  // The still beside this one is for who has no widgets; it is out of the way once there is something better.
  hideStill() {
    const style = document.createElement("style");
    const still = `.kl-still-${this.store.model.get("key")}`;
    style.textContent = `${still}{display:none}\n.jp-OutputArea-child:has(> .jp-OutputArea-output ${still}){display:none}`;
    this.root.append(style);
  }

  isDark() {
    const [red, green, blue] = (getComputedStyle(this.root).color.match(/[\d.]+/g) ?? [0, 0, 0]).map(Number);
    return 0.3 * red + 0.6 * green + 0.1 * blue > 128;
  }

  wants() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  redraw() {
    this.stale = true;
    this.wants();
  }

  resized() {
    if (this.width !== this.place.clientWidth && this.paints) this.redraw();
  }

  async draw() {
    this.frame = 0;
    const began = performance.now();
    const { store } = this;
    this.head(began);
    if (this.drawing || !store.traces || !store.seq) return;
    if (this.painted === store.seq && !this.stale) return;
    const plotly = store.plotly();
    this.say();
    if (!plotly || !this.place.clientWidth) return;
    const { seq } = store;
    if (this.stale || this.drawnOf !== store.traces) await this.paint(plotly, store);
    if (this.ended) return;
    this.painted = seq;
    if (Number(this.root.dataset.seq) !== seq) {
      this.root.dataset.seq = seq;
      store.say({ kind: "ack", seq, ms: performance.now() - began });
    }
    if (store.seq !== seq || this.stale) this.wants();
  }

  async paint(plotly, store) {
    this.drawing = true;
    this.stale = false;
    this.drawnOf = store.traces;
    this.dark = this.isDark();
    this.width = this.place.clientWidth;
    const { data, layout } = store.figure(this.dark);
    layout.width = this.width;
    layout.title = { text: "" }; // it stands above, with the state
    layout.margin = { ...layout.margin, t: Math.min(layout.margin?.t ?? HEAD, HEAD) };
    for (const [axis, range] of this.held) layout[axis] = { ...layout[axis], range, autorange: false };
    this.given = layout;
    try {
      await plotly.react(this.place, data, layout, CONFIG);
      this.root.dataset.paints = ++this.paints;
    } catch (error) {
      this.error = `plotly.js could not draw this figure: ${error?.message ?? error}`;
      this.say();
    }
    if (this.paints === 1) {
      this.hideStill();
      this.place.on("plotly_relayout", (change) => this.moved(change));
    }
    this.drawing = false;
  }

  // A person's own ranges stay while figures come and go: plotly.js keeps them as long as it is given what it was given
  // when they were made.
  moved(change) {
    for (const [name, value] of Object.entries(change)) {
      const [, axis, what] = AXIS.exec(name) ?? [];
      if (!axis) continue;
      if (what === "autorange" && value) this.held.delete(axis);
      else if (!this.held.has(axis) && this.given[axis]?.range) this.held.set(axis, [...this.given[axis].range]);
    }
  }

  // What stands in the way of a figure, in words.
  say() {
    const { library } = this.store;
    let words = this.error ?? "";
    if (!library.plotly && library.error) {
      words = `This page did not let plotly.js run, which draws the figure: ${library.error}. `
        + "The still picture below is kept up instead; .snapshot() gives a figure to draw elsewhere.";
    } else if (!library.plotly) {
      words = library.tries > 1
        ? "plotly.js, which draws the figure, has not come yet: the kernel is busy with a cell, or is gone. It is asked for again."
        : "Waiting for plotly.js from the kernel: 1.5 MB, once for this page.";
    }
    write(this.trouble, words);
    this.trouble.hidden = !words;
    this.place.hidden = !library.plotly;
    this.foot.hidden = !library.plotly;
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
    const moves = { ArrowLeft: ["x", -STEP], ArrowRight: ["x", STEP], ArrowUp: ["y", STEP], ArrowDown: ["y", -STEP] };
    const zooms = { "+": ZOOM, "=": ZOOM, "-": 1 / ZOOM };
    if (event.altKey || event.ctrlKey || event.metaKey || !this.paints) return;
    if (event.key in moves) this.shift(moves[event.key][0], moves[event.key][1], 1);
    else if (event.key in zooms) this.shift("x", 0, zooms[event.key]);
    else if (event.key === "Home") {
      for (const axis of this.axes("xy")) this.held.delete(axis._name);
      this.store.plotly().relayout(this.place, Object.fromEntries(this.axes("xy").map((axis) => [`${axis._name}.autorange`, true])));
      this.redraw();
    } else if (event.key === "Escape") this.place.blur();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  axes(letters) {
    const full = this.place._fullLayout ?? {};
    return Object.keys(full).filter((name) => /^[xy]axis\d*$/.test(name) && letters.includes(name[0])).map((name) => full[name]);
  }

  shift(letter, by, zoom) {
    for (const axis of this.axes(letter)) {
      const [low, high] = axis.range.map((end) => axis.r2l(end));
      const middle = (low + high) / 2 + by * (high - low);
      const half = ((high - low) / 2) * zoom;
      this.held.set(axis._name, [middle - half, middle + half].map((end) => axis.l2r(end)));
    }
    this.redraw();
  }

  end() {
    this.ended = true;
    cancelAnimationFrame(this.frame);
    clearInterval(this.timer);
    this.observer.disconnect();
    this.sizes.disconnect();
    this.themes.disconnect();
    document.removeEventListener("visibilitychange", this.onVisible);
    if (this.paints) this.store.library.plotly?.purge(this.place);
    this.root.remove();
  }
}

// --- the widget -----------------------------------------------------------------------------------------------------

export default lively(Store, View);
