// The picture as one has it before one: its line of facts, buttons, colour bar, keys, mouse, and what is read out.
// Every text is written with textContent or fillText: nothing that came over the wire is ever read as markup.

const QUIET = 6000; // ms without a word of the kernel after which that is said
const TONES = { LIVE: "up", STOPPED: "down", REFUSED: "down", FAILED: "down" };
const NARROWEST = 500; // ms from left to right, when zoomed in
const DRAG = 4; // pixels the mouse may move in a click
const MOUSE =
  "Mouse: drag to move, with Shift to draw a box; wheel to zoom in time, with Shift in price (click first, or hold " +
  "Ctrl); drag an axis to stretch it.";
const KEYS =
  "Arrows: crosshair (with Shift: move the picture) · + −: zoom in time · PageUp PageDown: zoom in price · " +
  "Home: all · F: follow now · Space: pause · B: box · Enter: offer a ticket · Esc: leave";

const stores = new Map(); // by the widget's key: all views of one widget share what it was sent

function made(kind, css, text) {
  const element = document.createElement(kind);
  element.className = css;
  if (text !== undefined) element.textContent = text;
  return element;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function duration(seconds) {
  if (seconds < 59.5) return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 < 1 ? `${minutes} min` : `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function counted(count, noun) {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

class HeatView {
  constructor(store, el) {
    this.store = store;
    this.facts = store.model.get("options");
    this.follow = true;
    this.span = this.facts.minutes * 60_000;
    this.ownSpan = false; // whether how much time is in sight was chosen by a person
    this.t1 = NaN;
    this.p0 = this.p1 = NaN;
    this.ownPrices = false; // whether the prices in sight were chosen by a person
    this.levels = this.facts.levels; // a side to show while they were not
    this.shown = { prices: true, trades: true, own: true };
    this.near = true;
    this.paints = 0;
    this.drawn = 0; // the animation frame that is asked for
    this.colours = new Colours();
    this.raster = new Raster(this.colours);
    this.cutoff = this.facts.cutoff; // sizes in base units chosen by a person, or null
    this.cross = null;
    this.build(el);
    this.scene = new Scene(this);
    this.observer = new IntersectionObserver((entries) => {
      this.near = entries.at(-1).isIntersecting;
      tellSeen(store);
    });
    this.observer.observe(this.root);
    this.sizes = new ResizeObserver(() => this.wants());
    this.sizes.observe(this.plot);
    this.onVisible = () => {
      tellSeen(store);
      this.wants();
    };
    document.addEventListener("visibilitychange", this.onVisible);
    this.themes = new MutationObserver(() => {
      this.ink = null;
      this.wants();
    });
    for (const element of [document.documentElement, document.body]) this.themes.observe(element, { attributes: true });
    this.timer = setInterval(() => this.wants(), 1000); // ages go on while nothing is sent
  }

  // --- what it is made of -------------------------------------------------------------------------------------------

  build(el) {
    const { store, facts } = this;
    const root = made("div", "kl-heat tex2jax_ignore mathjax_ignore");
    root.setAttribute("role", "region");
    root.setAttribute("aria-label", `${facts.title}, live heatmap`);
    root.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes the keys for its cells
    const head = made("div", "kl-head");
    this.state = made("span", "kl-state warn");
    this.said = made("span", "kl-said");
    this.pauser = this.button("Pause", "", () => this.pause());
    head.append(made("span", "kl-title", facts.title), this.state, this.said, this.pauser);

    const bar = made("div", "kl-bar");
    this.follower = this.button("Follow now", "Show the newest columns as they come (F)", () => this.followNow());
    this.boxer = this.button("Box", "Draw a box to zoom into it (B, or drag with Shift)", () => this.boxing(!this.boxes));
    bar.append(
      this.button("−", "Show more time (−)", () => this.zoomTime(1.5)),
      this.button("+", "Show less time (+)", () => this.zoomTime(1 / 1.5)),
      this.boxer,
      this.button("All", "All columns there are, and all levels (Home)", () => this.all()),
      this.follower,
    );
    this.range = made("span", "kl-range");
    bar.append(this.range);

    this.plot = made("div", "kl-plot");
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "application");
    this.plot.setAttribute("aria-roledescription", "heatmap");
    this.base = made("canvas", "kl-base");
    this.over = made("canvas", "kl-over");
    this.tip = made("div", "kl-tip");
    this.tip.hidden = true;
    this.hint = made("div", "kl-hint", "click the picture or hold Ctrl to zoom with the wheel");
    this.hint.hidden = true;
    this.empty = made("div", "kl-empty", "no columns yet");
    this.plot.append(this.base, this.over, this.tip, this.hint, this.empty);
    this.listen();

    const foot = made("div", "kl-foot");
    this.bar = new ColourBar(facts.base, (cutoff) => {
      this.cutoff = cutoff;
      this.wants();
    });
    const legend = made("div", "kl-legend");
    this.toggles = [
      this.toggle("prices", [["kl-line up", "best bid"], ["kl-line down", "best ask"]]),
      this.toggle("trades", [["kl-tri up", "buy"], ["kl-tri turned down", "sell trades, by size"]]),
      this.toggle("own", [["kl-dash", "own orders"], ["kl-diamond", "own fills"]]),
    ];
    const gap = made("span", "kl-key");
    gap.append(made("i", "kl-hatch"), made("span", "", "gap"));
    const help = made("div", "kl-help", `${MOUSE} ${KEYS}`);
    help.hidden = true;
    const keys = this.button("?", "mouse and keys", () => {
      help.hidden = !help.hidden;
      keys.setAttribute("aria-expanded", String(!help.hidden));
    });
    keys.setAttribute("aria-expanded", "false");
    legend.append(...this.toggles, gap, keys);
    foot.append(this.bar.element, legend, help);

    this.told = made("div", "kl-told");
    this.told.setAttribute("role", "status");
    // The still beside this one is for who has no widgets.
    const style = document.createElement("style");
    const still = `.kl-still-${store.model.get("key")}`;
    style.textContent = `${still}{display:none}\n.jp-OutputArea-child:has(> .jp-OutputArea-output ${still}){display:none}`;
    root.append(style, head, bar, this.plot, foot, this.told);
    this.root = root;
    el.append(root);
  }

  button(text, title, act) {
    const button = made("button", "kl-button", text);
    button.type = "button";
    if (title) button.title = title;
    if (text.length === 1) button.setAttribute("aria-label", title);
    button.addEventListener("click", act);
    return button;
  }

  toggle(name, parts) {
    const button = made("button", "kl-key");
    button.type = "button";
    button.title = "show or hide";
    button.setAttribute("aria-pressed", "true");
    for (const [css, text] of parts) button.append(made("i", css), made("span", "", text));
    button.addEventListener("click", () => {
      this.shown[name] = !this.shown[name];
      button.setAttribute("aria-pressed", String(this.shown[name]));
      this.wants();
    });
    return button;
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  wants() {
    if (!this.drawn) this.drawn = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.drawn = 0;
    const began = performance.now();
    const { store } = this;
    this.head(began);
    this.ink ??= inks(this.root, store.model.get("palette"));
    const { w, h } = this.sized();
    const some = store.blocks.length > 0 && w > 20;
    this.empty.hidden = some;
    if (some) {
      this.place();
      if (this.t1 - this.span < store.startsAt) store.wantPast();
      const frame = { t0: this.t1 - this.span, t1: this.t1, p0: this.p0, p1: this.p1, w, h, ratio: this.ratio, bins: this.facts.bins };
      this.colourise();
      this.raster.paint(store, frame);
      if (this.autoColour()) this.raster.paint(store, frame);
      this.scene.draw(frame, this.raster, store, this.ink, this.shown);
      this.bar.draw(this.colours, store, this.ink, this.cutoff !== null);
      this.describe(frame, began);
      this.aim();
    }
    this.root.dataset.paints = ++this.paints;
    this.root.dataset.ms = (performance.now() - began).toFixed(1);
    if (store.seq !== Number(this.root.dataset.seq)) {
      this.root.dataset.seq = store.seq;
      store.say({ kind: "ack", seq: store.seq, ms: performance.now() - began });
    }
  }

  // The canvases in the pixels of the screen; the size of the picture without its axes.
  sized() {
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [this.plot.clientWidth, this.plot.clientHeight];
    if (wide !== this.wide || high !== this.high || ratio !== this.ratio) {
      Object.assign(this, { wide, high, ratio });
      for (const canvas of [this.base, this.over]) {
        canvas.width = Math.round(wide * ratio);
        canvas.height = Math.round(high * ratio);
      }
    }
    return { w: Math.max(wide - AXIS, 10), h: Math.max(high - FOOT, 10) };
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
    const asked = `${this.levels} ${last.first} ${store.meta.history}`;
    const wandered = Math.abs(middle - (this.p0 + this.p1) / 2) > 0.25 * (this.p1 - this.p0);
    if (asked === this.asked && !wandered) return;
    const reach = this.reach(last, middle);
    const same = this.p1 - this.p0 > reach && this.p1 - this.p0 < 4 * reach && !wandered;
    if (!same || asked.split(" ")[0] !== this.asked?.split(" ")[0]) [this.p0, this.p1] = [middle - reach, middle + reach];
    this.asked = asked;
  }

  // As many minutes as were asked for, or less while there are not that many yet: it grows by halves and doubles.
  firstSpan() {
    const asked = this.facts.minutes * 60_000;
    const { store } = this;
    if (store.first > store.oldest) return asked;
    return Math.min(asked, [15, 30, 60, 120, 300, 600].map((s) => s * 1000).find((s) => s > store.endsAt - store.startsAt) ?? asked);
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

  colourise() {
    const { store, ink } = this;
    const unit = 10 ** store.meta.qty_precision;
    let [low, high] = this.cutoff ? this.cutoff.map((size) => size * unit) : this.auto ?? [unit / 1000, unit * 10];
    low = Math.max(low, 1);
    this.colours.set(ink.ramp, low, Math.max(high, low * 1.01));
  }

  // Fit the colours to the sizes in sight, once they are known and whenever others came into sight; true if they changed.
  autoColour() {
    const { raster } = this;
    if (raster.sweeps === this.fitted) return false;
    this.fitted = raster.sweeps;
    const usual = raster.usual();
    if (!usual) return false;
    const near = this.auto?.every((edge, n) => Math.abs(Math.log(edge / usual[n])) < [1.1, 0.35][n]);
    if (near) return false;
    this.auto = usual;
    this.colourise();
    this.fitted++; // the sweep that shows them is not one to fit them to
    return this.cutoff === null;
  }

  head(now) {
    const { store } = this;
    const { facts } = store;
    const lost = now - store.heardAt;
    let state = facts?.state ?? "";
    const said = [];
    if (store.still) {
      state = "SAVED";
      said.push(store.still);
    } else if (store.paused) {
      state = "PAUSED";
      said.push("the stream goes on");
    } else if (!facts) {
      state = "WAITING";
      said.push("for the kernel");
    } else if (lost > QUIET && !facts.ended) {
      state = "NOT UPDATED";
      said.push(`no word from the kernel for ${duration(lost / 1000)}`);
    }
    if (facts) {
      if (facts.age !== null && !store.still) {
        const age = facts.age + (facts.ended ? 0 : (now - store.factsAt) / 1000);
        said.push(facts.ended ? "ended" : `last message ${duration(age)} ago`);
      }
      if (facts.rate !== null && !facts.ended) said.push(`${facts.rate.toFixed(1)} messages/s`);
      if (facts.gaps !== null) said.push(facts.gaps ? counted(facts.gaps, "gap") : "no gaps");
      if (facts.agreed !== null) said.push(`${counted(facts.agreed, "checksum")} agreed`);
      if (facts.failed) said.push(`${facts.failed.toLocaleString("en-US")} failed`);
      if (facts.note) said.push(facts.note);
    }
    this.state.hidden = !state;
    write(this.state, state);
    this.state.className = `kl-state ${TONES[state] ?? "warn"}`;
    write(this.said, said.join(" · "));
    write(this.pauser, store.paused ? "Resume" : "Pause");
    this.pauser.hidden = Boolean(store.still) || (Boolean(facts?.ended) && !store.paused);
    this.pauser.setAttribute("aria-label", `${store.paused ? "Resume" : "Pause"} ${this.facts.title}`);
    this.pauser.setAttribute("aria-pressed", String(store.paused));
    this.follower.setAttribute("aria-pressed", String(this.follow));
    this.boxer.setAttribute("aria-pressed", String(Boolean(this.boxes)));
    if (state !== this.stated) {
      this.stated = state;
      write(this.told, state);
    }
  }

  // What one who does not see it is told, and where things are for whoever looks at the page.
  describe(frame, now) {
    const { store } = this;
    const columns = this.raster.per === 1 ? "a row is a tick" : `a row is ${this.raster.per} ticks`;
    const bubbles = this.scene.untold ? ` · the ${MOST_BUBBLES.toLocaleString("en-US")} largest trades` : "";
    write(this.range, `${clock(frame.t0)}–${clock(Math.min(frame.t1, Math.max(store.endsAt, frame.t0)))} UTC · ${duration(this.span / 1000)} · ${columns}${bubbles}`);
    Object.assign(this.root.dataset, {
      t0: frame.t0, t1: frame.t1, p0: frame.p0, p1: frame.p1, w: frame.w, h: frame.h,
      first: store.first, end: store.end, follow: this.follow, per: this.raster.per,
    });
    if (now - (this.describedAt ?? -Infinity) < 2000) return;
    this.describedAt = now;
    const last = store.blocks.at(-1);
    const [bid, ask] = [last.bid[last.n - 1], last.ask[last.n - 1]];
    const word = (price) => (price === price ? store.price(price) : "none");
    const spread = bid === bid && ask === ask ? `, spread ${store.price(ask - bid)}` : "";
    this.plot.setAttribute(
      "aria-label",
      last.gap
        ? `${this.facts.title}: no verified book now. ${KEYS}`
        : `${this.facts.title}: best bid ${word(bid)}, best ask ${word(ask)}${spread} ${this.facts.quote}. ${KEYS}`,
    );
  }

  // --- where one points ---------------------------------------------------------------------------------------------

  // Put crosshair and words to where the mouse or the keys have it; columns move under it as time goes on.
  aim() {
    const { scene, cross } = this;
    if (!cross || !scene.frame) {
      scene.point(null, this.box);
      this.tip.hidden = true;
      this.reading = null;
      return;
    }
    const { w, h } = scene.frame;
    const x = cross.time === undefined ? cross.x : scene.x(cross.time);
    if (x < 0 || x > w) {
      if (cross.time !== undefined) this.cross = null;
      scene.point(null, this.box);
      this.tip.hidden = true;
      return;
    }
    const y = Math.min(Math.max(cross.tick === undefined ? cross.y : scene.y(cross.tick), 0), h);
    this.reading = this.read(x, y, cross.tick);
    scene.point(this.reading, this.box);
    this.tell(this.reading, x, y);
  }

  // Everything there is to say of a place in the picture.
  read(x, y, exact) {
    const { store, scene, raster } = this;
    const { per } = raster;
    const time = scene.time(x);
    let tick = exact ?? scene.tick(y);
    const row = Math.floor((tick + 0.5) / per);
    const reading = { x, y, time, tick: Math.round(tick), per, row, levels: [] };
    const moment = store.moment(time);
    if (!moment.block) return { ...reading, words: moment.gap ? `gap: ${moment.gap}` : moment.nothing, gap: true };
    const { block, i } = moment;
    Object.assign(reading, { columnTime: moment.time, bid: block.bid[i], ask: block.ask[i] });
    let levels = block.levels(i, row * per, row * per + per - 1);
    if (!levels.length && exact === undefined) {
      // Nothing rests right here: the next level that is as good as under the mouse.
      const reach = (5 * (scene.frame.p1 - scene.frame.p0)) / scene.frame.h;
      const near = block.levels(i, tick - reach, tick + reach);
      near.sort((one, other) => Math.abs(one.tick - tick) - Math.abs(other.tick - tick));
      if (near.length) {
        levels = [near[0]];
        reading.snapped = true;
      }
    }
    reading.levels = levels;
    if (levels.length === 1) {
      reading.tick = levels[0].tick;
      reading.y = scene.y(reading.tick);
    }
    reading.deep = depthTo(block, i, reading);
    if (this.shown.trades) {
      const hits = (scene.bubble ?? []).filter((b) => (b.x - x) ** 2 + (b.y - y) ** 2 <= (b.r + 3) ** 2);
      reading.trades = hits.sort((one, other) => one.r - other.r).map((hit) => hit.trade);
    }
    reading.own = this.shown.own ? (scene.lines ?? []).filter((line) => Math.abs(line.y - y) < 5 && x >= line.from && x <= line.to) : [];
    return reading;
  }

  lines(reading) {
    const { store, facts } = this;
    const lines = [["time", `${clock(reading.columnTime ?? reading.time, 3)} UTC`]];
    const { levels, per, row } = reading;
    if (reading.gap) {
      lines.push(["", reading.words]);
      return lines;
    }
    if (levels.length <= 1) {
      lines.push(["price", `${store.price(reading.tick)} ${facts.quote}`]);
      const [level] = levels;
      if (level) {
        lines.push([level.ask ? "ask size" : "bid size", `${store.qty(level.units)} ${facts.base}`]);
        const rests = (reading.columnTime - level.since) / 1000;
        const long = rests < 0.05 ? "" : `for ${duration(rests)}`;
        lines.push(long || level.whole ? ["unchanged", level.whole ? `${long || "for a while"} or longer` : long] : ["changed", "in this column"]);
      } else lines.push(["size", reading.tick > reading.bid && reading.tick < reading.ask ? "none, inside the spread" : "none"]);
    } else {
      lines.push(["prices", `${store.price(row * per)} to ${store.price(row * per + per - 1)}`]);
      for (const ask of [true, false]) {
        const side = levels.filter((level) => level.ask === ask);
        if (!side.length) continue;
        const sum = side.reduce((total, level) => total + level.units, 0);
        const most = side.reduce((large, level) => (level.units > large.units ? level : large));
        lines.push([ask ? "ask size" : "bid size", `${store.qty(sum)} ${facts.base} in ${counted(side.length, "level")}`]);
        if (side.length > 1) lines.push(["largest", `${store.qty(most.units)} at ${store.price(most.tick)}`]);
      }
    }
    if (reading.deep) lines.push(["from touch", `${store.qty(reading.deep.units)} ${facts.base} in ${counted(reading.deep.levels, "level")}`]);
    for (const trade of (reading.trades ?? []).slice(0, 3)) {
      lines.push([`${trade.side} trade`, `${trade.qty} ${facts.base} at ${trade.price}, ${clock(trade.at, 3)}`, trade.side === "buy" ? "up" : "down"]);
    }
    if (reading.trades?.length > 3) lines.push(["", `and ${counted(reading.trades.length - 3, "trade")} more`]);
    for (const { order } of reading.own) lines.push(["own", order.words]);
    if (facts.offers) lines.push(["click", `offers a ticket: ${sideAt(reading)} at ${store.price(reading.tick)}`, "soft"]);
    return lines;
  }

  tell(reading, x, y) {
    const lines = this.lines(reading);
    const { tip } = this;
    while (tip.children.length > lines.length) tip.lastChild.remove();
    while (tip.children.length < lines.length) {
      const line = made("div", "");
      line.append(made("span", ""), made("b", ""));
      tip.append(line);
    }
    lines.forEach(([name, text, css], n) => {
      const line = tip.children[n];
      line.className = css ?? "";
      write(line.firstChild, name);
      write(line.lastChild, text);
    });
    tip.hidden = false;
    const { w, h } = this.scene.frame;
    const [wide, high] = [tip.offsetWidth, tip.offsetHeight];
    const left = x + 18 + wide <= w ? x + 18 : Math.max(x - 18 - wide, 2);
    const top = y + 18 + high <= h ? y + 18 : Math.max(y - 18 - high, 2);
    tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    clearTimeout(this.speaking);
    if (this.cross?.keys) {
      this.speaking = setTimeout(() => write(this.told, lines.map((line) => line.slice(0, 2).join(" ")).join(", ")), 350);
    }
  }

  // --- mouse --------------------------------------------------------------------------------------------------------

  listen() {
    const { plot } = this;
    plot.addEventListener("pointermove", (event) => this.moved(event));
    plot.addEventListener("pointerdown", (event) => this.pressed(event));
    plot.addEventListener("pointerup", (event) => this.released(event));
    plot.addEventListener("pointercancel", () => this.letGo());
    plot.addEventListener("pointerleave", () => {
      if (this.drag || this.cross?.keys) return;
      this.cross = null;
      this.aim();
    });
    plot.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    plot.addEventListener("keydown", (event) => this.key(event));
    plot.addEventListener("blur", () => {
      if (this.cross?.keys) this.cross = null;
      this.wants();
    });
  }

  spot(event) {
    const box = this.base.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  moved(event) {
    const [x, y] = this.spot(event);
    const { drag, scene } = this;
    if (!scene.frame) return;
    const { w, h } = scene.frame;
    if (drag) {
      const [dx, dy] = [x - drag.x, y - drag.y];
      if (!drag.moved && Math.hypot(dx, dy) < DRAG) return;
      drag.moved = true;
      this.cross = null;
      if (drag.box) this.box = { x0: drag.x, y0: drag.y, x1: Math.min(Math.max(x, 0), w), y1: Math.min(Math.max(y, 0), h) };
      else if (drag.axis === "price") this.setPrices(...zoomed(drag.p0, drag.p1, (drag.p0 + drag.p1) / 2, Math.exp(dy / 180)));
      else if (drag.axis === "time") this.setTime(drag.t1, drag.span * Math.exp(-dx / 240));
      else {
        this.setTime(drag.t1 - (dx / w) * drag.span, this.span);
        // A drag that is all but level is about time alone: the prices go on being looked after.
        if (drag.free || Math.abs(dy) > 12) {
          drag.free = true;
          const by = (dy / h) * (drag.p1 - drag.p0);
          this.setPrices(drag.p0 + by, drag.p1 + by);
        }
      }
      this.wants();
      return;
    }
    this.cross = x <= w && y <= h ? { x, y } : null;
    plotCursor(this.plot, x > w ? "ns-resize" : y > h ? "ew-resize" : "crosshair");
    this.soon();
  }

  // The sheet above alone is drawn anew, once in an animation frame.
  soon() {
    this.aiming ||= requestAnimationFrame(() => {
      this.aiming = 0;
      this.aim();
    });
  }

  pressed(event) {
    if (event.button !== 0 || !this.scene.frame) return;
    const [x, y] = this.spot(event);
    const { w, h } = this.scene.frame;
    const axis = x > w ? "price" : y > h ? "time" : null;
    const { t1, span, p0, p1 } = this;
    this.drag = { x, y, t1, span, p0, p1, axis, box: !axis && (this.boxes || event.shiftKey), follow: this.follow };
    this.plot.setPointerCapture?.(event.pointerId);
    this.plot.focus({ preventScroll: true });
    this.hint.hidden = true;
    event.preventDefault();
  }

  released(event) {
    const { drag, box } = this;
    this.letGo();
    if (!drag) return;
    const [x, y] = this.spot(event);
    if (!drag.moved) {
      if (drag.axis) return;
      this.cross = { x, y };
      this.aim();
      this.pick();
    } else if (box && Math.abs(box.x1 - box.x0) > 6 && Math.abs(box.y1 - box.y0) > 6) {
      const { scene } = this;
      const [t0, t1] = [scene.time(Math.min(box.x0, box.x1)), scene.time(Math.max(box.x0, box.x1))];
      this.setPrices(scene.tick(Math.max(box.y0, box.y1)), scene.tick(Math.min(box.y0, box.y1)));
      this.setTime(t1, t1 - t0);
      this.boxing(false);
    } else this.cross = { x, y };
    this.wants();
  }

  letGo() {
    this.drag = this.box = null;
    this.wants();
  }

  wheel(event) {
    if (document.activeElement !== this.plot && !event.ctrlKey && !event.metaKey) {
      // The page scrolls; who wants to zoom is told how.
      this.hint.hidden = false;
      clearTimeout(this.hinting);
      this.hinting = setTimeout(() => (this.hint.hidden = true), 1500);
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const { frame } = this.scene;
    if (!frame) return;
    const [x, y] = this.spot(event);
    const step = event.deltaMode === 1 ? 30 : 1;
    const [across, along] = [event.deltaX * step, event.deltaY * step];
    if (Math.abs(across) > Math.abs(along) && !event.shiftKey) {
      this.setTime(this.t1 + (across / frame.w) * this.span, this.span);
    } else {
      const factor = Math.exp(Math.max(-240, Math.min(240, along || across)) / 400);
      if (event.shiftKey || event.altKey || x > frame.w) this.zoomPrice(factor, this.scene.tick(y));
      else this.zoomTime(factor, Math.min(x, frame.w) / frame.w);
    }
  }

  // --- keys ---------------------------------------------------------------------------------------------------------

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey;
    const acts = {
      ArrowLeft: () => (far ? this.setTime(this.t1 - 0.1 * this.span, this.span) : this.step(-1)),
      ArrowRight: () => (far ? this.setTime(this.t1 + 0.1 * this.span, this.span) : this.step(1)),
      ArrowUp: () => (far ? this.movePrices(0.1) : this.climb(1)),
      ArrowDown: () => (far ? this.movePrices(-0.1) : this.climb(-1)),
      "+": () => this.zoomTime(1 / 1.4),
      "=": () => this.zoomTime(1 / 1.4),
      "-": () => this.zoomTime(1.4),
      _: () => this.zoomTime(1.4),
      PageUp: () => this.zoomPrice(1 / 1.4),
      PageDown: () => this.zoomPrice(1.4),
      Home: () => this.all(),
      End: () => this.followNow(),
      f: () => this.followNow(),
      b: () => this.boxing(!this.boxes),
      " ": () => this.pause(),
      Enter: () => this.pick(),
      Escape: () => this.leave(),
    };
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
    this.wants();
  }

  // The crosshair, at the newest column's best bid if there is none yet, as a moment and a price.
  hair() {
    const { scene, store } = this;
    if (this.cross?.keys) return this.cross;
    if (this.cross && this.reading) {
      this.cross = { keys: true, time: this.reading.columnTime ?? this.reading.time, tick: this.reading.tick };
    } else {
      const time = Math.min(store.endsAt, scene.time(scene.frame.w));
      const moment = store.moment(time);
      const middle = (this.p0 + this.p1) / 2;
      this.cross = { keys: true, time, tick: Math.round((moment.block && moment.block.bid[moment.i]) || middle), fresh: true };
    }
    return this.cross;
  }

  // To the next column, or to the next pixel where there are several in one.
  step(by) {
    if (!this.scene.frame) return;
    const hair = this.hair();
    if (hair.fresh) {
      hair.fresh = false;
      return;
    }
    const { store } = this;
    const pixel = this.span / this.scene.frame.w;
    let time = hair.time + by * Math.max(pixel, 1e3 * store.meta.beat * 0.55);
    const found = store.at(time);
    if (found) {
      const block = store.blocks[found[0]];
      const at = block.times[found[1]];
      if (by > 0 ? at > hair.time : at < hair.time) time = at;
      else if (by > 0 && time < store.endsAt) time = block.times[found[1] + 1] ?? time;
    }
    hair.time = Math.min(Math.max(time, store.startsAt), store.endsAt);
    const { t0, t1 } = this.scene.frame;
    if (hair.time < t0) this.setTime(hair.time + 0.9 * this.span, this.span);
    if (hair.time > t1) this.setTime(hair.time + 0.1 * this.span, this.span);
  }

  // To the next price at which something rests.
  climb(by) {
    if (!this.scene.frame) return;
    const hair = this.hair();
    hair.fresh = false;
    const moment = this.store.moment(hair.time);
    const { per } = this.raster;
    const row = Math.floor((hair.tick + 0.5) / per);
    let tick = (row + by) * per;
    if (moment.block) {
      const levels = by > 0 ? moment.block.levels(moment.i, (row + 1) * per) : moment.block.levels(moment.i, -Infinity, row * per - 1);
      const next = by > 0 ? levels[0] : levels.at(-1);
      if (next) tick = next.tick;
    }
    hair.tick = tick;
    if (tick > this.p1 || tick < this.p0) this.movePrices(by * 0.25);
  }

  leave() {
    this.cross = null;
    this.drag = this.box = null;
    this.boxing(false);
  }

  // --- what is in sight ---------------------------------------------------------------------------------------------

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
    this.ownPrices = false;
    this.asked = null;
    if (this.span > 3 * this.facts.minutes * 60_000) this.ownSpan = false;
    this.wants();
  }

  all() {
    const { store } = this;
    this.follow = true;
    this.ownPrices = false;
    this.levels = null;
    this.asked = null;
    this.span = Math.max((store.endsAt - store.startsAt) * 1.02, 2000);
    this.ownSpan = true;
    this.wants();
  }

  boxing(on) {
    this.boxes = on;
    this.plot.classList.toggle("boxing", Boolean(on));
    this.wants();
  }

  pause() {
    const { store } = this;
    if (store.still) return;
    store.pause(!store.paused); // at once, however busy the kernel is
  }

  pick() {
    const { reading, store } = this;
    if (!this.facts.offers || !reading || reading.gap) return;
    store.say({ kind: "pick", side: sideAt(reading), price: store.price(reading.tick) });
    write(this.told, `a ticket is offered: ${sideAt(reading)} at ${store.price(reading.tick)}`);
  }

  end() {
    cancelAnimationFrame(this.drawn);
    cancelAnimationFrame(this.aiming);
    clearInterval(this.timer);
    clearTimeout(this.hinting);
    clearTimeout(this.speaking);
    this.observer.disconnect();
    this.sizes.disconnect();
    this.themes.disconnect();
    document.removeEventListener("visibilitychange", this.onVisible);
    this.root.remove();
  }
}

function meanOf(bid, ask) {
  return bid === bid && ask === ask ? (bid + ask) / 2 : bid === bid ? bid : ask === ask ? ask : 0;
}

function zoomed(low, high, around, factor) {
  return [around - (around - low) * factor, around + (high - around) * factor];
}

function plotCursor(plot, cursor) {
  if (plot.style.cursor !== cursor) plot.style.cursor = cursor;
}

// What rests between the best price and here, this price included.
function depthTo(block, i, { tick, bid, ask }) {
  const far = tick >= ask ? block.levels(i, ask, tick) : tick <= bid ? block.levels(i, tick, bid) : [];
  if (!far.length) return null;
  return { levels: far.length, units: far.reduce((sum, level) => sum + level.units, 0) };
}

// Which side an order at this price would wait on.
function sideAt({ tick, bid, ask }) {
  return tick <= meanOf(bid, ask) ? "buy" : "sell";
}

function inks(root, palette) {
  const style = getComputedStyle(root);
  const of = (name) => style.getPropertyValue(name).trim();
  const light = of("--kl-light") === "1";
  const names = { paper: "paper", ink: "ink", muted: "muted", grid: "grid", line: "line", buy: "up", sell: "down", gap: "gap",
    gapFill: "gap-fill", gapHatch: "gap-hatch", gapLabel: "gap-label", label: "label", edge: "edge", onColour: "on-colour",
    mark: "mark", cross: "cross", boxFill: "box-fill" };
  const found = Object.fromEntries(Object.entries(names).map(([name, css]) => [name, of(`--kl-${css}`)]));
  const stops = light ? palette.light : palette.dark;
  return { ...found, unknown: stops[0], ramp: ramp(stops, palette.dim) };
}

// --- the colour bar -------------------------------------------------------------------------------------------------

class ColourBar {
  constructor(base, chosen) {
    this.chosen = chosen;
    this.element = made("div", "kl-sizes");
    this.element.append(made("span", "", `size (${base})`));
    this.track = made("div", "kl-track");
    this.canvas = made("canvas", "");
    this.marks = made("div", "kl-marks");
    this.handles = ["low", "high"].map((name, n) => this.handle(name, n));
    this.track.append(this.canvas, this.marks, ...this.handles);
    this.auto = made("button", "kl-button", "auto");
    this.auto.type = "button";
    this.auto.title = "Fit the colours to the sizes in sight";
    this.auto.addEventListener("click", () => chosen(null));
    this.element.append(this.track, this.auto);
  }

  handle(name, n) {
    const handle = made("div", `kl-handle ${name}`);
    handle.tabIndex = 0;
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-label", n ? "sizes from here on have the last colour" : "sizes below are not drawn");
    handle.title = n ? "larger sizes have this colour: drag, or arrow keys" : "smaller sizes are not drawn: drag, or arrow keys";
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.focus();
      event.preventDefault();
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = this.track.getBoundingClientRect();
      this.put(n, 10 ** (this.from + ((event.clientX - box.left) / box.width) * (this.to - this.from)));
    });
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key];
      if (step) this.put(n, (n ? this.high : this.low) * 10 ** (step / 10));
      else if (event.key === "Home") this.chosen(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return handle;
  }

  put(n, size) {
    const rounded = Number(size.toPrecision(2));
    const [low, high] = n ? [this.low, Math.max(rounded, this.low * 1.2)] : [Math.min(rounded, this.high / 1.2), this.high];
    this.chosen([Math.max(low, this.least), high]);
  }

  draw(colours, store, ink, own) {
    const unit = 10 ** store.meta.qty_precision;
    const [low, high] = [colours.low / unit, colours.high / unit];
    const key = [colours.version, own, this.track.clientWidth].join();
    if (key === this.key) return;
    Object.assign(this, { key, low, high, least: 1 / unit });
    // The bar stays where it is while a handle is dragged on it.
    if (!(Math.log10(low) > this.from + 0.1 && Math.log10(high) < this.to - 0.1)) {
      this.from = Math.log10(low) - 0.7;
      this.to = Math.log10(high) + 0.7;
    }
    this.auto.hidden = !own;
    const wide = (this.canvas.width = Math.max(this.track.clientWidth, 10));
    this.canvas.height = 12;
    const c = this.canvas.getContext("2d");
    for (let x = 0; x < wide; x++) {
      const share = (this.from + (x / wide) * (this.to - this.from) - Math.log10(low)) / (Math.log10(high) - Math.log10(low));
      c.fillStyle = css(share < 0 ? ink.ramp[0] : ink.ramp[1 + Math.round(254 * Math.min(share, 1))]);
      c.fillRect(x, 0, 1, 12);
    }
    const place = (size) => (100 * (Math.log10(size) - this.from)) / (this.to - this.from);
    this.handles.forEach((handle, n) => {
      const size = n ? high : low;
      handle.style.left = `${place(size)}%`;
      handle.setAttribute("aria-valuenow", size);
      handle.setAttribute("aria-valuemin", 10 ** this.from);
      handle.setAttribute("aria-valuemax", 10 ** this.to);
      handle.setAttribute("aria-valuetext", plain(size));
    });
    this.marks.replaceChildren();
    for (let power = Math.ceil(this.from); power <= this.to; power++) {
      const mark = made("span", "", plain(10 ** power));
      mark.style.left = `${place(10 ** power)}%`;
      this.marks.append(mark);
    }
    this.element.dataset.low = low;
    this.element.dataset.high = high;
  }
}

// A size in two digits, as one says it: 0.002, 15, 40k.
function plain(size) {
  const [number, power] = size.toExponential(1).split("e").map(Number);
  const [unit, letter] = power >= 6 ? [6, "M"] : power >= 4 ? [3, "k"] : [0, ""];
  return `${Number(`${number}e${power - unit}`).toLocaleString("en-US", { maximumFractionDigits: 12, useGrouping: false })}${letter}`;
}

// --- the widget -----------------------------------------------------------------------------------------------------

function tellSeen(store) {
  const visible = document.visibilityState !== "hidden";
  const near = [...store.views].some((view) => view.near);
  if (visible === store.visible && near === store.near) return;
  Object.assign(store, { visible, near });
  store.say({ kind: "seen", visible, near, have: store.blocks.length ? store.end : null });
}

function storeOf(model) {
  const key = model.get("key");
  if (!stores.has(key)) stores.set(key, new HeatStore(model));
  return stores.get(key);
}

function initialize({ model }) {
  const store = storeOf(model);
  return () => {
    store.end_();
    stores.delete(model.get("key"));
  };
}

function render({ model, el }) {
  const store = storeOf(model);
  const view = new HeatView(store, el);
  store.views.add(view);
  Object.assign(store, { visible: true, near: true });
  if (store.views.size === 1) store.say({ kind: "ready", have: store.blocks.length ? store.end : null });
  tellSeen(store);
  view.wants();
  return () => {
    view.end();
    store.views.delete(view);
    if (!store.views.size) store.say({ kind: "bye" });
  };
}

export default { initialize, render };
