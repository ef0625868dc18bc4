// What is drawn over the pixels: axes, best prices, trades, the user's own, gaps; and the crosshair on a sheet above.

const AXIS = 76; // pixels of the prices on the right, at least
const FOOT = 22; // of the times below
const MOST_BUBBLES = 2500; // drawn at once; of more the largest

const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];

// The moments to label between two, in ms, at least `room` pixels apart.
function timeTicks(t0, t1, width, room) {
  const step = 1000 * (STEPS_S.find((s) => (s * 1000 * width) / (t1 - t0) >= room) ?? 86400);
  const found = [];
  for (let at = Math.ceil(t0 / step) * step; at <= t1; at += step) found.push(at);
  return { step, found };
}

// The prices to label between two, in ticks: 1, 2 or 5 times a power of ten of them apart.
function priceTicks(p0, p1, height, room) {
  const least = Math.max(((p1 - p0) * room) / height, 1);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= least * 0.999);
  const found = [];
  for (let at = Math.ceil(p0 / step) * step; at <= p1; at += step) found.push(at);
  return found;
}

function clock(ms, digits) {
  const text = new Date(ms).toISOString();
  return text.slice(11, digits ? 20 + digits : 19);
}

class Scene {
  constructor(view) {
    this.view = view;
    this.base = view.base.getContext("2d", { alpha: false });
    this.over = view.over.getContext("2d");
    this.fonts = "ui-monospace, monospace";
    this.sprites = {};
  }

  // Where a moment or a price is, in pixels of the picture, and back.
  x(time) {
    const { t0, t1, w } = this.frame;
    return ((time - t0) / (t1 - t0)) * w;
  }

  y(tick) {
    const { p0, p1, h } = this.frame;
    return ((p1 - tick) / (p1 - p0)) * h;
  }

  time(x) {
    const { t0, t1, w } = this.frame;
    return t0 + (x / w) * (t1 - t0);
  }

  tick(y) {
    const { p0, p1, h } = this.frame;
    return p1 - (y / h) * (p1 - p0);
  }

  // How wide the prices between two are, in pixels: a pair's smallest ones have ten decimals.
  axis(store, p0, p1) {
    const { base: c } = this;
    c.font = `600 11px ${this.fonts}`;
    const wide = Math.max(...[p0, p1].map((tick) => c.measureText(store.price(Math.round(tick))).width));
    return Math.max(AXIS, Math.ceil(wide) + 14);
  }

  draw(frame, raster, store, ink, shown) {
    Object.assign(this, { frame, raster, store, ink });
    const { base: c } = this;
    const { w, h } = frame;
    c.setTransform(frame.ratio, 0, 0, frame.ratio, 0, 0);
    c.fillStyle = ink.paper;
    c.fillRect(0, 0, w + frame.axis, h + FOOT);
    c.fillStyle = ink.unknown;
    c.fillRect(0, 0, w, h);
    c.save();
    c.beginPath();
    c.rect(0, 0, w, h);
    c.clip();
    this.ink = ink.over;
    this.pixels(c);
    this.gaps(c);
    if (shown.prices) this.best(c);
    if (shown.trades) this.bubbles(c);
    if (shown.own) this.own(c);
    this.ink = ink;
    c.restore();
    this.axes(c);
  }

  pixels(c) {
    const { raster } = this;
    const { bucket, b0, width, per, r0, height } = raster;
    const top = this.y((r0 + height) * per - 0.5);
    const bottom = this.y(r0 * per - 0.5);
    c.imageSmoothingEnabled = false;
    c.drawImage(raster.canvas, Math.round(this.x(b0 * bucket)), top, width, bottom - top);
  }

  // Bands where nothing is known, with a hatch and the reason; the same for what is still to be fetched.
  gaps(c) {
    const { raster, store, ink } = this;
    const { h, w } = this.frame;
    const left = Math.round(this.x(raster.b0 * raster.bucket));
    let from = -1;
    for (let x = 0; x <= raster.width; x++) {
      const known = x === raster.width ? KNOWN : raster.known[x];
      if (known !== KNOWN && from < 0) from = x;
      if (known === KNOWN && from >= 0) {
        this.band(c, left + from, left + x, this.time(left + (from + x) / 2));
        from = -1;
      }
    }
  }

  band(c, from, to, middle) {
    const { store, ink } = this;
    const { w, h } = this.frame;
    const begin = Math.max(from, 0);
    const end = Math.min(to, w);
    if (end <= begin) return;
    const what = store.moment(middle);
    // What has not happened yet is no gap, only room.
    if (what.block || what.nothing === "not yet") return;
    const gap = Boolean(what.gap);
    c.fillStyle = gap ? ink.gapFill : ink.unknown;
    c.fillRect(begin, 0, end - begin, h);
    c.strokeStyle = gap ? ink.gapHatch : ink.grid;
    c.lineWidth = 1;
    c.save();
    c.beginPath();
    c.rect(begin, 0, end - begin, h);
    c.clip();
    c.beginPath();
    for (let x = Math.floor((begin - h) / 9) * 9; x < end; x += 9) {
      c.moveTo(x, h);
      c.lineTo(x + h, 0);
    }
    c.stroke();
    c.restore();
    if (gap) {
      c.fillStyle = ink.gap;
      c.fillRect(begin, 0, 1, h);
      c.fillRect(end - 1, 0, 1, h);
    }
    const words = what.gap ?? what.nothing;
    c.font = `600 11px ${this.fonts}`;
    const wide = c.measureText(words).width;
    c.save();
    if (wide + 16 <= end - begin) c.translate((begin + end) / 2, 18);
    else {
      c.translate(Math.min(Math.max((begin + end) / 2, 10), w - 10), 12 + wide / 2);
      c.rotate(-Math.PI / 2);
    }
    c.fillStyle = gap ? ink.gapLabel : ink.paper;
    c.fillRect(-wide / 2 - 5, -9, wide + 10, 18);
    c.fillStyle = gap ? ink.gap : ink.muted;
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillText(words, 0, 0);
    c.restore();
  }

  best(c) {
    const { raster, ink } = this;
    const left = Math.round(this.x(raster.b0 * raster.bucket));
    for (const [prices, colour] of [[raster.bid, ink.buy], [raster.ask, ink.sell]]) {
      c.fillStyle = colour;
      let before = NaN;
      let start = 0;
      for (let x = 0; x <= raster.width; x++) {
        const price = x < raster.width ? prices[x] : NaN;
        if (price === before) continue;
        const y = Math.round(this.y(before));
        if (before === before) c.fillRect(left + start, y - 1, x - start, 2);
        if (price === price && before === before) {
          const other = Math.round(this.y(price));
          c.fillRect(left + x, Math.min(y, other) - 1, 1, Math.abs(other - y) + 2);
        }
        before = price;
        start = x;
      }
    }
  }

  // The trades in sight: [{trade, x, y, r}], the largest drawn first, so that none hides a smaller one.
  placed() {
    const { t0, t1, p0, p1 } = this.frame;
    let seen = this.store.trades.filter((t) => t.at >= t0 && t.at <= t1 && t.tick >= p0 && t.tick <= p1);
    this.untold = Math.max(seen.length - MOST_BUBBLES, 0);
    seen.sort((one, other) => other.size - one.size);
    if (this.untold) seen = seen.slice(0, MOST_BUBBLES);
    // Few enormous trades do not make all others points, and many do not hide the prices under them.
    const large = seen.length ? seen[Math.floor(seen.length / 50)].size : 1;
    const scale = Math.min(Math.max(Math.sqrt(250 / Math.max(seen.length, 1)), 0.45), 1);
    return seen.map((trade) => ({
      trade,
      x: this.x(trade.at),
      y: this.y(trade.tick),
      r: Math.max(2.2, scale * (3 + 9 * Math.min(Math.sqrt(trade.size / large), 1.5))),
    }));
  }

  bubbles(c) {
    this.bubble = this.placed();
    for (const { trade, x, y, r } of this.bubble) {
      const sprite = this.sprite(trade.side, r);
      c.drawImage(sprite, Math.round(x - sprite.width / 2), Math.round(y - sprite.height / 2));
    }
  }

  // A triangle as a small picture: a thousand outlines a frame would take a browser without a graphics card 60 ms.
  sprite(side, r) {
    const { ink, sprites } = this;
    if (sprites.ink !== ink) this.sprites = { ink };
    const half = Math.round(2 * r);
    const key = `${side}${half}`;
    if (this.sprites[key]) return this.sprites[key];
    const sprite = (this.sprites[key] = document.createElement("canvas"));
    sprite.width = sprite.height = half + 5;
    const c = sprite.getContext("2d");
    const up = side === "buy" ? 1 : -1;
    c.translate(half / 2 + 2.5, half / 2 + 2.5);
    c.beginPath();
    for (const [dx, dy] of [[0, -1], [0.87, 0.6], [-0.87, 0.6]]) c.lineTo((dx * half) / 2, (up * dy * half) / 2);
    c.closePath();
    c.strokeStyle = ink.edge;
    c.lineWidth = 2;
    c.stroke();
    c.fillStyle = up > 0 ? ink.buy : ink.sell;
    c.fill();
    return sprite;
  }

  // The user's own orders as lines for as long as they rest, and fills as diamonds.
  own(c) {
    const { ink, store } = this;
    const { w, h, t1 } = this.frame;
    const { price_precision: digits } = store.meta;
    c.font = `600 11px ${this.fonts}`;
    c.textBaseline = "middle";
    c.textAlign = "left";
    const taken = [];
    this.lines = [];
    for (const order of store.own.orders) {
      const tick = Number(order.price) * 10 ** digits;
      const y = Math.round(this.y(tick));
      const from = Math.max(this.x(order.from), 0);
      const to = Math.min(order.to === null ? w : this.x(order.to), w);
      if (y < 0 || y > h || to <= 0 || from >= w || to < from) continue;
      this.lines.push({ order, y, from, to });
      const colour = order.side === "buy" ? ink.buy : ink.sell;
      c.fillStyle = ink.edge;
      c.fillRect(from, y - 2, to - from, 5);
      c.fillStyle = colour;
      for (let x = from; x < to; x += order.waits ? 6 : 14) c.fillRect(x, y - 1, Math.min(order.waits ? 3 : 10, to - x), 3);
      if (order.to !== null) continue; // its label went with it; the line says that it was there
      const wide = c.measureText(order.words).width;
      const at = Math.max(to - wide - 18, 4);
      let line = y - 11;
      while (taken.some(([x0, x1, other]) => Math.abs(other - line) < 17 && x0 < at + wide + 12 && at < x1)) line -= 17;
      taken.push([at, at + wide + 12, line]);
      c.fillStyle = ink.label;
      c.fillRect(at, line - 8, wide + 12, 16);
      c.fillStyle = colour;
      c.fillRect(at, line - 8, 3, 16);
      c.fillText(order.words, at + 7, line + 0.5);
    }
    for (const [time, side, price] of store.own.fills) {
      const [x, y] = [this.x(time), this.y(Number(price) * 10 ** digits)];
      if (x < -8 || x > w + 8 || y < -8 || y > h + 8) continue;
      c.beginPath();
      for (const [dx, dy] of [[0, -8], [7, 0], [0, 8], [-7, 0]]) c.lineTo(x + dx, y + dy);
      c.closePath();
      c.fillStyle = side === "buy" ? ink.buy : ink.sell;
      c.strokeStyle = ink.label;
      c.lineWidth = 4;
      c.stroke();
      c.strokeStyle = ink.ink;
      c.lineWidth = 1.8;
      c.stroke();
      c.fill();
    }
  }

  axes(c) {
    const { frame, ink, store } = this;
    const { w, h, t0, t1, p0, p1 } = frame;
    c.font = `11px ${this.fonts}`;
    c.textBaseline = "middle";
    c.textAlign = "left";
    const marks = this.tags(store);
    for (const tick of priceTicks(p0, p1, h, 34)) {
      const y = Math.round(this.y(tick));
      c.fillStyle = ink.over.grid;
      c.fillRect(0, y, w, 1);
      if (y < 22 || y > h - 5 || marks.some((mark) => Math.abs(mark.at - y) < 15)) continue;
      c.fillStyle = ink.muted;
      c.fillRect(w, y, 4, 1);
      c.fillText(store.price(tick), w + 8, y + 0.5);
    }
    c.textAlign = "center";
    const { step, found } = timeTicks(t0, t1, w, 86);
    for (const time of found) {
      const x = Math.round(this.x(time));
      c.fillStyle = ink.over.grid;
      c.fillRect(x, 0, 1, h);
      if (x < 32 || x > w - 26) continue;
      c.fillStyle = ink.muted;
      c.fillRect(x, h, 1, 4);
      c.fillText(clock(time, step < 1000 ? 1 : 0), x, h + 13);
    }
    c.fillStyle = ink.line;
    c.fillRect(0, h, w + 1, 1);
    c.fillRect(w, 0, 1, h);
    c.fillStyle = ink.muted;
    c.textAlign = "right";
    c.fillText("UTC", w + frame.axis - 4, h + 13);
    c.textAlign = "left";
    c.fillText(this.view.facts.quote, w + 8, 9);
    for (const { at, y, text, colour } of marks) this.tag(c, w, at, text, colour, y);
  }

  // The best prices of the newest column, on the axis; apart though the prices are near.
  tags(store) {
    const last = store.blocks.at(-1);
    const { h } = this.frame;
    const { ink } = this;
    if (!last || last.gap) return [];
    const found = [];
    for (const [price, colour, side] of [[last.ask[last.n - 1], ink.sell, -1], [last.bid[last.n - 1], ink.buy, 1]]) {
      const y = this.y(price);
      if (!(y >= 0 && y <= h)) continue;
      found.push({ y, at: y, text: store.price(price), colour, side });
    }
    if (found.length === 2 && found[1].y - found[0].y < 17) {
      const middle = (found[0].y + found[1].y) / 2;
      found[0].at = middle - 8.5;
      found[1].at = middle + 8.5;
    }
    return found;
  }

  tag(c, left, y, text, colour) {
    const { ink } = this;
    c.font = `600 11px ${this.fonts}`;
    c.fillStyle = colour;
    c.fillRect(left + 1, Math.round(y) - 8, this.frame.axis - 1, 16);
    c.fillStyle = ink.onColour;
    c.textAlign = "left";
    c.textBaseline = "middle";
    c.fillText(text, left + 8, Math.round(y) + 0.5);
  }

  // The sheet above: where one points, the box that is being drawn.
  point(cross, box) {
    const { over: c, frame, ink } = this;
    if (!frame) return;
    const { w, h, ratio, axis } = frame;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, w + axis, h + FOOT);
    if (box) {
      const [x, y] = [Math.min(box.x0, box.x1), Math.min(box.y0, box.y1)];
      const [wide, high] = [Math.abs(box.x1 - box.x0), Math.abs(box.y1 - box.y0)];
      c.fillStyle = ink.boxFill;
      c.fillRect(x, y, wide, high);
      c.strokeStyle = ink.mark;
      c.lineWidth = 1.5;
      c.strokeRect(x, y, wide, high);
    }
    if (!cross) return;
    const x = Math.round(cross.x);
    const y = Math.round(cross.y);
    c.fillStyle = ink.over.cross;
    for (let at = 0; at < w; at += 8) c.fillRect(at, y, 4, 1);
    for (let at = 0; at < h; at += 8) c.fillRect(x, at, 1, 4);
    this.tag(c, w, y, this.store.price(cross.tick), ink.mark);
    const text = clock(cross.time, 1);
    c.font = `600 11px ${this.fonts}`;
    const wide = c.measureText(text).width + 12;
    const left = Math.min(Math.max(x - wide / 2, 0), w - wide);
    c.fillStyle = ink.mark;
    c.fillRect(left, h + 2, wide, 17);
    c.fillStyle = ink.onColour;
    c.fillText(text, left + 6, h + 11);
  }
}
