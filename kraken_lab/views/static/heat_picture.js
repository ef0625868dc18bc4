// The picture as one has it before one: its line of facts, buttons, colour bar, keys, mouse, and what is read out.
// Every text is written with textContent or fillText: nothing that came over the wire is ever read as markup.

const MOUSE =
  "Mouse: drag to move, with Shift to draw a box; wheel to zoom in time, with Shift in price (click first, or hold " +
  "Ctrl); drag an axis to stretch it.";

// The keys that do something here: in a saved page nothing comes that could be followed or paused, and nobody is asked.
function keysOf({ store, facts }) {
  const keys = ["Arrows: crosshair (with Shift: move the picture)", "+ −: zoom in time", "PageUp PageDown: zoom in price", "Home: all"];
  keys.push(...(store.still ? ["F: the newest"] : ["F: follow now", "Space: pause"]), "B: box");
  if (facts.offers) keys.push("Enter: offer a ticket");
  return [...keys, "Esc: leave"].join(" · ");
}

const ON_DARK = {
  buy: "#3ddc97", sell: "#ff6b7d", ink: "#e6ebf4", grid: "rgba(147, 160, 180, .16)", edge: "rgba(3, 7, 19, .9)",
  label: "rgba(8, 12, 20, .88)", cross: "rgba(230, 235, 244, .7)", paper: "rgba(8, 12, 20, .8)", muted: "#b4bfcf",
};

class HeatPicture extends HeatSight {
  constructor(store, el) {
    super(store);
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
    root.setAttribute("aria-label", `${facts.title}, ${store.still ? "saved" : "live"} heatmap`);
    keepKeys(root);
    const head = made("div", "kl-head");
    this.state = made("span", "kl-state warn");
    this.said = made("span", "kl-said");
    this.pauser = this.button("Pause", "", () => this.pause());
    head.append(worded("span", "kl-title", facts.title), this.state, this.said, this.pauser);

    const bar = made("div", "kl-bar");
    this.follower = this.button("Follow now", "", () => this.followNow());
    this.boxer = this.button("Box", "Draw a box to zoom into it (B, or drag with Shift)", () => this.boxing(!this.boxes));
    bar.append(
      this.button("−", "Show more time (−)", () => this.zoomTime(1.5)),
      this.button("+", "Show less time (+)", () => this.zoomTime(1 / 1.5)),
      this.boxer,
      this.button("All", "All there is: from the first moment, all best prices and levels (Home)", () => this.all()),
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
    this.hint = worded("div", "kl-hint", "click the picture or hold Ctrl to zoom with the wheel");
    this.hint.hidden = true;
    this.empty = worded("div", "kl-empty", "no book yet");
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
    gap.append(made("i", "kl-hatch"), worded("span", "", "gap"));
    const help = worded("div", "kl-help", `${MOUSE} ${keysOf(this)}`);
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
    const button = worded("button", "kl-button", text);
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
    for (const [css, text] of parts) button.append(made("i", css), worded("span", "", text));
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
    if (store.blocks.length > 0) this.place();
    const { w, h, axis } = this.sized();
    const some = store.blocks.length > 0 && w > 20;
    this.empty.hidden = some;
    if (some) {
      if (this.t1 - this.span < store.startsAt) store.wantPast();
      const frame = { t0: this.t1 - this.span, t1: this.t1, p0: this.p0, p1: this.p1, w, h, axis, ratio: this.ratio, bins: this.facts.bins };
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
    const axis = this.store.blocks.length ? this.scene.axis(this.store, this.p0, this.p1) : AXIS;
    return { w: Math.max(wide - axis, 10), h: Math.max(high - FOOT, 10), axis };
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
    const { state, said } = standing(store, now);
    writeState(this.state, state);
    writeSaid(this.said, said);
    writePause(this.pauser, store, this.facts.title);
    this.headFollower(Boolean(store.still || store.facts?.ended));
    this.boxer.setAttribute("aria-pressed", String(Boolean(this.boxes)));
    if (state !== this.stated) {
      this.stated = state;
      write(this.told, state);
    }
  }

  // Where nothing comes any more there is nothing to follow, and only a way back to the newest columns.
  headFollower(over) {
    write(this.follower, over ? "Newest" : "Follow now");
    this.follower.title = over ? "Back to the newest columns (F)" : "Show the newest columns as they come (F)";
    if (over) this.follower.removeAttribute("aria-pressed");
    else this.follower.setAttribute("aria-pressed", String(this.follow));
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
        ? `${this.facts.title}: no verified book now. ${keysOf(this)}`
        : `${this.facts.title}: best bid ${word(bid)}, best ask ${word(ask)}${spread} ${this.facts.quote}. ${keysOf(this)}`,
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
    this.reading = readingAt(this, x, y, cross.tick);
    scene.point(this.reading, this.box);
    this.tell(this.reading, x, y);
  }

  tell(reading, x, y) {
    const lines = linesOf(this, reading);
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

  // --- what one does with it ----------------------------------------------------------------------------------------

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

function inks(root, palette) {
  const style = getComputedStyle(root);
  const of = (name) => style.getPropertyValue(name).trim();
  const light = of("--kl-light") === "1";
  const names = { paper: "paper", ink: "ink", muted: "muted", grid: "grid", line: "line", buy: "up", sell: "down", gap: "gap",
    gapFill: "gap-fill", gapHatch: "gap-hatch", gapLabel: "gap-label", label: "label", edge: "edge", onColour: "on-colour",
    mark: "mark", cross: "cross", boxFill: "box-fill" };
  const found = Object.fromEntries(Object.entries(names).map(([name, css]) => [name, of(`--kl-${css}`)]));
  const stops = light ? palette.light : palette.dark;
  const ink = { ...found, unknown: stops[0], ramp: ramp(stops, palette.dim) };
  // What is drawn on the sizes: some palettes are dark on any paper.
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(stops[0].slice(at, at + 2), 16));
  const dark = 0.3 * red + 0.6 * green + 0.1 * blue < 110;
  return { ...ink, over: dark && light ? { ...ink, ...ON_DARK } : ink };
}
