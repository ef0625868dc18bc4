// The health strip: a verdict, a cell for each reading, sentences for what needs to be seen, and a line of latency.
// See health.py for what a frame holds. Every text is written with textContent: nothing of it is ever read as markup.

const KEPT = 300; // points of the line of latency
const BREAK = 3000; // ms between two of them after which the line is broken
const SVG = "http://www.w3.org/2000/svg";
const MARKS = { up: "●", warn: "▲", down: "■", "": "○" }; // shapes, so that colour is never alone
const WIDE = 240;
const HIGH = 34;

class Store {
  constructor(model) {
    this.model = model;
    this.facts = null;
    this.past = [];
    this.seq = 0;
    this.heardAt = performance.now();
    this.asked = -Infinity;
    this.paused = false;
    this.views = new Set();
    this.hear = (content) => {
      if (content.kind === "frame") this.take(content);
      if (content.kind === "paused") this.hold(content.on);
    };
    model.on("msg:custom", this.hear);
  }

  say(message) {
    tellKernel(this.model, message);
  }

  take(content) {
    this.heardAt = performance.now();
    if (content.base !== 0 && content.base !== this.seq) {
      // A frame was lost, or came before there was anybody to take it.
      if (this.heardAt - this.asked > 1000) {
        this.asked = this.heardAt;
        this.say({ kind: "resync" });
      }
      return;
    }
    this.seq = content.seq;
    this.facts = content;
    if (content.base === 0) this.past = [];
    const last = this.past.at(-1)?.[0] ?? -Infinity;
    this.past.push(...content.past.filter(([at]) => at > last));
    this.past.splice(0, this.past.length - KEPT);
    this.wants();
  }

  hold(on) {
    this.paused = on;
    this.wants();
  }

  wants() {
    for (const view of this.views) view.wants();
  }

  close() {
    this.model.off("msg:custom", this.hear);
  }
}

function drawn(kind, values) {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
  return element;
}

function ms(value) {
  return value >= 999.5 ? `${(value / 1000).toFixed(1)} s` : `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

// The points of one line, in pieces: it is broken where nothing was known.
function pieces(past, at, x, y) {
  const found = [];
  let before = -Infinity;
  for (const point of past) {
    if (point[at] === null) continue;
    if (point[0] - before > BREAK) found.push([]);
    found.at(-1).push(`${x(point[0]).toFixed(1)},${y(point[at]).toFixed(1)}`);
    before = point[0];
  }
  return found;
}

class View {
  constructor(store, el) {
    this.store = store;
    this.frame = 0; // the animation frame that is asked for
    this.paints = 0;
    this.near = true;
    this.cells = [];
    this.build(el);
    this.observer = new IntersectionObserver((entries) => {
      this.near = entries.at(-1).isIntersecting;
      tellSeen(store);
    });
    this.observer.observe(this.root);
    this.onVisible = () => {
      tellSeen(store);
      this.wants();
    };
    document.addEventListener("visibilitychange", this.onVisible);
    this.timer = setInterval(() => this.wants(), 1000);
  }

  build(el) {
    const { store } = this;
    const title = store.model.get("title");
    const root = made("div", "kl-health tex2jax_ignore mathjax_ignore");
    root.setAttribute("role", "region");
    root.setAttribute("aria-label", title);
    keepKeys(root);
    const head = made("div", "kl-head");
    this.verdict = made("span", "kl-state warn");
    this.at = made("span", "kl-said");
    this.button = made("button", "kl-pause");
    this.button.type = "button";
    this.button.addEventListener("click", () => {
      store.hold(!store.paused); // at once, however busy the kernel is
      store.say({ kind: "pause", on: store.paused });
    });
    head.append(worded("span", "kl-title", title), this.verdict, this.at, this.button);
    this.list = made("ul", "kl-concerns");
    this.list.setAttribute("aria-label", "what needs to be seen");
    this.list.tabIndex = -1;
    this.grid = made("div", "kl-cells");
    this.grid.setAttribute("role", "list");
    this.told = made("div", "kl-told"); // a screen reader hears of the verdict, not of every second
    this.told.setAttribute("role", "status");
    // The static one beside this is for who has no widgets.
    const style = document.createElement("style");
    const still = `.kl-still-${store.model.get("key")}`;
    style.textContent = `${still}{display:none}\n.jp-OutputArea-child:has(> .jp-OutputArea-output ${still}){display:none}`;
    root.append(style, head, this.list, this.grid, this.told);
    this.root = root;
    this.buildLine();
    el.append(root);
  }

  // The line of latency stands in a cell of its own, at the end.
  buildLine() {
    this.past = made("div", "kl-cell kl-past");
    this.past.setAttribute("role", "listitem");
    this.pastName = made("div", "kl-name");
    this.legend = made("span", "kl-legend");
    const box = made("div", "kl-line");
    this.svg = drawn("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img" });
    box.append(this.svg);
    const head = made("div", "kl-pasthead");
    head.append(this.pastName, this.legend);
    this.past.append(head, box);
    this.grid.append(this.past);
  }

  wants() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = 0;
    const began = performance.now();
    const { store } = this;
    const { facts } = store;
    const lost = began - store.heardAt;
    let [word, tone] = facts?.verdict ?? ["WAITING", "warn"];
    let at = facts ? `as of ${facts.at} UTC` : "for the kernel";
    if (store.paused) {
      [word, tone] = ["PAUSED", "warn"];
    } else if (lost > QUIET && !facts?.ended) {
      [word, tone] = ["NOT UPDATED", "warn"];
      at += `; no word from the kernel for ${Math.round(lost / 1000)} s`;
    }
    write(this.verdict, word);
    this.verdict.className = `kl-state ${tone}`;
    write(this.at, at);
    write(this.told, facts ? `${word}, ${facts.concerns.length} to see` : word);
    write(this.button, store.paused ? "Resume" : "Pause");
    this.button.hidden = Boolean(facts?.ended);
    this.button.setAttribute("aria-pressed", String(store.paused));
    if (facts && (!store.paused || this.paints === 0 || store.seq !== Number(this.root.dataset.seq))) {
      this.concerns(facts.concerns);
      this.readings(facts.readings);
      this.line();
    }
    this.root.dataset.paints = ++this.paints;
    if (store.seq !== Number(this.root.dataset.seq ?? 0)) {
      this.root.dataset.seq = store.seq;
      store.say({ kind: "ack", seq: store.seq, ms: performance.now() - began });
    }
  }

  readings(readings) {
    while (this.cells.length < readings.length) {
      const cell = made("div", "kl-cell");
      cell.setAttribute("role", "listitem");
      const value = made("div", "kl-value");
      const parts = {
        cell,
        name: made("div", "kl-name"),
        mark: made("span", "kl-mark"),
        word: made("span", "kl-word"),
        detail: made("div", "kl-detail"),
      };
      parts.mark.setAttribute("aria-hidden", "true");
      value.append(parts.mark, parts.word);
      cell.append(parts.name, value, parts.detail);
      this.grid.insertBefore(cell, this.past);
      this.cells.push(parts);
    }
    for (const { cell } of this.cells.splice(readings.length)) cell.remove();
    readings.forEach(([name, value, detail, tone], n) => {
      const parts = this.cells[n];
      parts.cell.className = `kl-cell ${tone}`;
      parts.cell.dataset.name = name;
      write(parts.name, name);
      write(parts.mark, MARKS[tone] ?? "");
      write(parts.word, value);
      write(parts.detail, detail);
      parts.detail.title = detail;
    });
  }

  concerns(concerns) {
    const texts = concerns.map((concern) => concern.join("\u0000")).join("\u0001");
    if (texts === this.shown) return; // nothing new, and nothing for a screen reader to begin anew
    this.shown = texts;
    this.list.hidden = !concerns.length;
    this.list.replaceChildren(
      ...concerns.map(([tone, where, what, done, next]) => {
        const item = made("li", tone);
        item.append(worded("span", "kl-mark", MARKS[tone]), worded("b", "", where), worded("span", "kl-what", what));
        if (done) item.append(worded("span", "kl-done", done));
        if (next) item.append(worded("span", "kl-next", `→ ${next}`));
        return item;
      }),
    );
  }

  line() {
    const { past } = this.store;
    const first = past[0]?.[0] ?? 0;
    const last = past.at(-1)?.[0] ?? 0;
    const most = Math.max(...past.flatMap((point) => [point[1] ?? 0, point[2] ?? 0]), 1e-3);
    const x = (at) => (last > first ? ((at - first) / (last - first)) * (WIDE - 4) + 2 : WIDE / 2);
    const y = (value) => HIGH - 3 - (Math.max(value, 0) / most) * (HIGH - 6);
    this.svg.replaceChildren();
    const known = [];
    [[1, "exchange → kernel", "kernel"], [2, "kernel → screen", "screen"]].forEach(([at, name, css]) => {
      const found = pieces(past, at, x, y);
      for (const points of found) this.svg.append(drawn("polyline", { points: points.join(" "), class: css }));
      if (found.length) known.push(`${css === "kernel" ? "—" : "┄"} ${name}`);
    });
    const minutes = Math.max(last - first, 0) / 60000;
    const span = minutes < 1 ? `${Math.round(minutes * 60)} s` : `${minutes.toFixed(0)} min`;
    write(this.pastName, past.length > 1 ? `latency, last ${span}` : "latency over time");
    write(this.legend, known.length ? `${known.join("  ")} · highest ${ms(most)}` : "not known yet");
    this.svg.setAttribute("aria-label", `latency over the last ${span}; ${known.length ? `highest ${ms(most)}` : "not known"}`);
  }

  end() {
    cancelAnimationFrame(this.frame);
    clearInterval(this.timer);
    this.observer.disconnect();
    document.removeEventListener("visibilitychange", this.onVisible);
    this.root.remove();
  }
}

export default lively(Store, View);
