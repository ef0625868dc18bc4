// The bar that says which colour is which size, with the two cut-offs on it as handles.

class ColourBar {
  constructor(base, chosen) {
    this.chosen = chosen;
    this.element = made("div", "kl-sizes");
    this.element.append(worded("span", "", `size (${base})`));
    this.track = made("div", "kl-track");
    this.canvas = made("canvas", "");
    this.marks = made("div", "kl-marks");
    this.handles = ["low", "high"].map((name, n) => this.handle(name, n));
    this.track.append(this.canvas, this.marks, ...this.handles);
    this.auto = worded("button", "kl-button", "auto");
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
    // Of the powers of ten only so many as stand apart.
    const [first, last] = [Math.ceil(this.from), Math.floor(this.to)];
    const room = (7 * Math.max(plain(10 ** first).length, plain(10 ** last).length) * (this.to - this.from)) / wide;
    for (let power = first; power <= last; power += Math.max(Math.ceil(room), 1)) {
      const mark = worded("span", "", plain(10 ** power));
      mark.style.left = `${place(10 ** power)}%`;
      this.marks.append(mark);
    }
    this.element.dataset.low = low;
    this.element.dataset.high = high;
  }
}

// A size in two digits, as one says it: 0.002, 15, 40k, 3B.
function plain(size) {
  const [number, power] = size.toExponential(1).split("e").map(Number);
  const [unit, letter] = power >= 12 ? [12, "T"] : power >= 9 ? [9, "B"] : power >= 6 ? [6, "M"] : power >= 4 ? [3, "k"] : [0, ""];
  return `${Number(`${number}e${power - unit}`).toLocaleString("en-US", { maximumFractionDigits: 12, useGrouping: false })}${letter}`;
}
