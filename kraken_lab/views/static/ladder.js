// A price ladder: fixed rows by price, sizes left and right, what is one's own, and a pick that only ever asks.
// It is sent levels as whole numbers of their last decimals and makes the rows itself. See ladder_picture.py.
// Every text is written with textContent: nothing that came over the wire is ever read as markup.

const ROW = 21; // pixels of one row
const NEAR_EDGE = 4; // rows from the edge at which the touch brings the middle back
const PAGE = 10; // rows of PageUp and PageDown
const FLASH = 900; // ms that a change is marked
const USUAL = 0.8; // of the sizes in sight so many are usual ones
const WALL = 2; // times the largest usual size; what is larger is a wall
const SIDES = { buy: "bids", sell: "asks" };

// --- numbers --------------------------------------------------------------------------------------------------------

// A whole number of units as it is written, with all its digits behind the point.
function decimal(units, scale) {
  let digits = units.toString();
  if (scale <= 0) return digits;
  digits = digits.padStart(scale + 1, "0");
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

// --- what was sent --------------------------------------------------------------------------------------------------

class Store {
  constructor(model) {
    this.model = model;
    for (const name of ["title", "base", "quote", "levels", "offers"]) this[name] = model.get(name);
    this.grid = null;
    this.bids = null; // quantity by price, both whole numbers; null while no book is verified
    this.asks = null;
    this.own = [];
    this.trade = null;
    this.tradedAt = -Infinity;
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
    if (content.grid !== undefined) this.lay(content.grid);
    if (content.book === "none") this.bids = this.asks = null;
    else if (content.book) this.levelsChanged(content.book === "whole", buffers);
    if (content.own) this.own = content.own.map((order) => ({ ...order, price: BigInt(order.price) }));
    if (content.trade !== undefined) {
      if (this.trade && content.trade && content.base !== 0) this.tradedAt = this.heardAt;
      this.trade = content.trade && { ...content.trade, price: BigInt(content.trade.price) };
    }
    if (content.facts) Object.assign(this, { facts: content.facts, factsAt: this.heardAt });
    for (const view of this.views) view.wants(content.book === "whole" || content.book === "none");
  }

  lay(grid) {
    const before = this.grid;
    this.grid = grid && { ...grid, tick: BigInt(grid.tick) };
    if (!before || !grid || before.tick !== this.grid.tick || before.price_digits !== grid.price_digits) {
      for (const view of this.views) view.begin();
    }
  }

  levelsChanged(whole, buffers) {
    ["bids", "asks"].forEach((name, n) => {
      const levels = whole ? new Map() : this[name];
      for (const level of new TextDecoder().decode(buffers[n]).split(" ")) {
        if (!level) continue;
        const [price, qty] = level.split(":");
        if (qty === "0") levels.delete(BigInt(price));
        else levels.set(BigInt(price), BigInt(qty));
      }
      this[name] = levels;
    });
  }

  best(name) {
    let found = null;
    for (const price of this[name]?.keys() ?? []) {
      if (found === null || (name === "bids" ? price > found : price < found)) found = price;
    }
    return found;
  }

  worst(name) {
    let found = null;
    for (const price of this[name]?.keys() ?? []) {
      if (found === null || (name === "bids" ? price < found : price > found)) found = price;
    }
    return found;
  }

  close() {
    this.model.off("msg:custom", this.hear);
  }
}

// --- what is seen ---------------------------------------------------------------------------------------------------

function button(words, hint, press) {
  const element = made("button", "kl-tool");
  element.type = "button";
  element.textContent = words;
  element.title = hint;
  element.setAttribute("aria-label", hint);
  element.addEventListener("click", press);
  return element;
}

const CELLS = ["mine buy", "size buy", "price", "size sell", "mine sell"];
let born = 0;

class View {
  constructor(store, el) {
    this.store = store;
    this.name = `kl-ladder-${++born}`;
    this.frame = 0; // the animation frame that is asked for
    this.paints = 0;
    this.near = true;
    this.chosen = null; // { price, side }
    this.pointed = null; // where the pointer is: the number of the line, and the side
    this.inside = false; // whether it is anywhere over the rows
    // Letters of the longest size and price so far; the names above them need less room beside them.
    this.widths = [`bids (${store.base})`.length - 2, `price (${store.quote})`.length - 3];
    this.begin();
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
    this.timer = setInterval(() => this.wants(), 1000); // ages go on while nothing is sent
  }

  // Nothing is known yet of where to look.
  begin() {
    this.group = null; // ticks a row, once somebody chose others than the kernel
    this.middle = null; // the number of the row in the middle
    this.follows = true;
    this.drawn = new Map(); // quantity by side and row as it was painted last
    this.moved = new Map(); // by side and row: which way it changed, and when
  }

  get step() {
    return this.store.grid.tick * BigInt(this.group ?? this.store.grid.group);
  }

  build(el) {
    const { store } = this;
    const root = made("div", "kl-ladder tex2jax_ignore mathjax_ignore", "region");
    root.setAttribute("aria-label", `${store.title}, live price ladder`);
    keepKeys(root);
    root.style.setProperty("--kl-row", `${ROW}px`);

    const head = made("div", "kl-head");
    this.title = made("span", "kl-title");
    this.title.textContent = store.title;
    this.state = made("span", "kl-state warn");
    this.said = made("span", "kl-said");
    head.append(this.title, this.state, this.said);
    const tools = made("div", "kl-tools");
    this.finer = button("−", "Finer rows (key minus)", () => this.regroup(-1));
    this.stepped = made("span", "kl-step");
    this.coarser = button("+", "Coarser rows (key plus)", () => this.regroup(1));
    this.centre = button("Centre", "Bring the touch back to the middle (key c)", () => this.recentre());
    this.pauser = button("Pause", "", () => this.pause());
    tools.append(this.finer, this.stepped, this.coarser, this.centre, this.pauser);

    this.grid = made("div", "kl-rows", "grid");
    this.grid.tabIndex = 0;
    this.grid.setAttribute("aria-label", `${store.title}; arrow keys choose a price, Enter asks for a ticket, Escape leaves`);
    this.grid.setAttribute("aria-colcount", CELLS.length);
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.grid.addEventListener("blur", () => this.wants());
    this.grid.addEventListener("focus", () => this.wants());
    this.grid.addEventListener("mouseleave", () => {
      this.inside = false;
      this.point(null);
    });
    this.grid.addEventListener("mousemove", () => (this.inside = true));
    const names = made("div", "kl-names", "row");
    const labels = ["my buys", `bids (${store.base})`, `price (${store.quote})`, `asks (${store.base})`, "my sells"];
    labels.forEach((label, n) => {
      const name = made("span", CELLS[n], "columnheader");
      name.textContent = label;
      names.append(name);
    });
    this.above = made("div", "kl-beyond", "presentation");
    this.below = made("div", "kl-beyond", "presentation");
    this.space = made("div", "kl-space", "rowgroup");
    this.lines = [];
    this.cover = made("div", "kl-cover", "presentation");
    this.grid.append(names, this.above, this.space, this.below, this.cover);

    this.foot = made("div", "kl-foot");
    this.hint = made("div", "kl-hint");
    const offer = store.offers
      ? "Click a bid for a ticket to buy at that price, an ask to sell; nothing is sent before it is reviewed and confirmed. "
      : "";
    this.hint.textContent = `${offer}Keys: ↑ ↓ PgUp PgDn price · ← → side${store.offers ? " · Enter ticket" : ""} · c centre · − + rows · Esc leave`;
    this.told = made("div", "kl-told", "status"); // a screen reader hears of states and of what is chosen
    // The static ladder beside this one is for who has no widgets.
    const style = document.createElement("style");
    const still = `.kl-still-${store.model.get("key")}`;
    style.textContent = `${still}{display:none}\n.jp-OutputArea-child:has(> .jp-OutputArea-output ${still}){display:none}`;
    root.append(style, head, tools, this.grid, this.foot, this.hint, this.told);
    this.root = root;
    el.append(root);
  }

  line(n) {
    const line = made("div", "kl-row", "row");
    line.id = `${this.name}-${n}`;
    line.cells = CELLS.map((css, at) => {
      const cell = made("span", css, "gridcell");
      cell.id = `${line.id}-${at}`;
      if (css.startsWith("size")) {
        cell.bar = made("i", "bar");
        cell.bar.setAttribute("aria-hidden", "true");
        cell.words = made("b", "words");
        cell.append(cell.bar, cell.words);
      } else if (css === "price") {
        cell.words = made("b", "words");
        cell.last = made("i", "last");
        cell.append(cell.words, cell.last);
      } else {
        cell.chip = made("button", "chip");
        cell.chip.type = "button";
        cell.chip.tabIndex = -1;
        cell.chip.hidden = true;
        cell.chip.addEventListener("click", (event) => {
          event.stopPropagation();
          this.choose(line.price, at < 2 ? "buy" : "sell");
        });
        cell.append(cell.chip);
      }
      const side = at === 2 ? null : at < 2 ? "buy" : "sell";
      cell.addEventListener("mouseenter", () => {
        this.inside = true;
        this.point(side && { n, side });
      });
      cell.addEventListener("click", () => this.click(line.price, side));
      line.append(cell);
      return cell;
    });
    this.space.append(line);
    return line;
  }

  wants(anew = false) {
    // What begins anew did not change from what was painted before.
    if (anew) this.drawn.clear();
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = 0;
    const began = performance.now();
    const { store } = this;
    this.head(began);
    let flashing = false;
    if (store.grid) {
      while (this.lines.length < store.grid.rows) this.lines.push(this.line(this.lines.length));
      this.settle();
      flashing = this.middle !== null && this.rows(began);
    }
    this.covered();
    this.words();
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

  // --- where the middle is

  // The row of a price: bids belong to the row at or below them, asks to the one at or above.
  rowOf(price, side) {
    return side === "sell" ? (price + this.step - 1n) / this.step : price / this.step;
  }

  // The row between best bid and best ask; the best row of a side that is alone; null without any.
  centreRow() {
    const bid = this.store.best("bids");
    const ask = this.store.best("asks");
    if (bid === null && ask === null) return null;
    if (bid === null) return this.rowOf(ask, "sell");
    if (ask === null) return this.rowOf(bid, "buy");
    return (this.rowOf(bid, "buy") + this.rowOf(ask, "sell") + 1n) / 2n;
  }

  get half() {
    return BigInt((this.store.grid.rows - 1) / 2);
  }

  // The middle stays where it is until the touch comes near an edge, and never moves under the pointer: a price that
  // jumps away cannot be clicked, and another must not come in its place.
  settle() {
    const centre = this.centreRow();
    if (centre === null) return;
    const far = this.middle === null ? null : centre > this.middle ? centre - this.middle : this.middle - centre;
    this.far = far !== null && far > this.half - BigInt(NEAR_EDGE);
    if (far === null || (this.far && this.follows && !this.inside)) {
      this.middle = centre;
      this.far = false;
    }
  }

  recentre() {
    this.follows = true;
    this.middle = this.centreRow() ?? this.middle;
    this.wants();
  }

  shift(rows) {
    if (this.middle === null) return;
    const next = this.middle + rows;
    this.middle = next > this.half ? next : this.half + 1n;
    this.follows = false;
    this.wants();
  }

  regroup(way) {
    const { store } = this;
    if (!store.grid) return;
    const now = this.group ?? store.grid.group;
    const next = way > 0 ? coarser(now) : finer(now);
    if (next === now) return;
    const place = this.follows || this.middle === null ? null : this.middle * this.step;
    this.group = next;
    this.middle = place && (place / this.step || 1n); // without a place the next look finds the middle
    this.drawn.clear();
    this.moved.clear();
    this.wants();
  }

  // --- painting

  // Quantities by row, and how many levels they are.
  sums(name, side) {
    const rows = new Map();
    for (const [price, qty] of this.store[name] ?? []) {
      const row = this.rowOf(price, side);
      const sum = rows.get(row);
      if (sum) {
        sum.qty += qty;
        sum.levels += 1;
      } else rows.set(row, { qty, levels: 1 });
    }
    return rows;
  }

  rows(now) {
    const { store, step } = this;
    const { grid } = store;
    const sums = { buy: this.sums("bids", "buy"), sell: this.sums("asks", "sell") };
    const top = this.middle + this.half;
    const bid = store.best("bids");
    const ask = store.best("asks");
    const bidRow = bid === null ? null : this.rowOf(bid, "buy");
    const askRow = ask === null ? null : this.rowOf(ask, "sell");
    // Beyond the deepest level that was asked for nothing is known; of a shorter side it is all.
    const full = (name) => (store[name]?.size ?? 0) >= store.levels;
    const lowest = full("bids") ? this.rowOf(store.worst("bids"), "buy") : null;
    const highest = full("asks") ? this.rowOf(store.worst("asks"), "sell") : null;
    const mine = this.ownByRow();
    const lastRow = store.trade ? store.trade.price / step : null;
    const inSight = ([row]) => row <= top && row > top - BigInt(grid.rows);
    const most = fullBar([...sums.buy, ...sums.sell].filter(inSight).map(([, { qty }]) => Number(qty)));
    const hoveredTo = this.hovered ?? (document.activeElement === this.grid ? this.chosen : null);
    const chosenRow = this.chosen && this.chosen.price / step;
    const drawn = new Map();
    let flashing = false;
    this.lines.forEach((line, n) => {
      const row = top - BigInt(n);
      const price = row * step;
      const real = price > 0n;
      line.price = price;
      line.dataset.price = real ? decimal(price, grid.price_digits) : "";
      line.classList.toggle("inside", bidRow !== null && askRow !== null && row > bidRow && row < askRow);
      line.classList.toggle("touch-bid", row === bidRow);
      line.classList.toggle("touch-ask", row === askRow);
      line.classList.toggle("tenth", row % 10n === 0n);
      line.classList.toggle("unknown-buy", lowest !== null && row < lowest);
      line.classList.toggle("unknown-sell", highest !== null && row > highest);
      const [ownBuy, buy, at, sell, ownSell] = line.cells;
      write(at.words, line.dataset.price);
      const traded = store.trade !== null && row === lastRow && real;
      write(at.last, traded ? (store.trade.side === "buy" ? "▲" : "▼") : "");
      at.title = traded ? `last trade: ${store.trade.side} ${store.trade.qty} ${store.base}` : "";
      at.classList.toggle("traded", traded);
      at.classList.toggle("fresh", traded && now - store.tradedAt < FLASH);
      for (const [side, cell] of [["buy", buy], ["sell", sell]]) {
        const key = `${side}${row}`;
        const sum = real ? sums[side].get(row) : undefined;
        const qty = sum?.qty ?? 0n;
        if (store.bids !== null) {
          drawn.set(key, qty);
          const was = this.drawn.get(key);
          if (was !== undefined && was !== qty) this.moved.set(key, [qty > was ? 1 : -1, now]);
        }
        const [way, when] = this.moved.get(key) ?? [0, -Infinity];
        const news = now - when < FLASH ? way : 0;
        flashing ||= news !== 0;
        write(cell.words, sum ? decimal(qty, grid.qty_digits) : "");
        const share = Number(qty) / most;
        cell.bar.style.transform = sum ? `scaleX(${Math.min(Math.max(share, 0.008), 1).toFixed(4)})` : "scaleX(0)";
        cell.bar.classList.toggle("cut", share > 1);
        const cut = share > 1 ? `its bar is cut off: ${share.toFixed(1)} times as long as there is room for` : "";
        if (cell.title !== cut) cell.title = cut;
        cell.classList.toggle("rose", news === 1);
        cell.classList.toggle("fell", news === -1);
        const reach = hoveredTo && hoveredTo.side === side && this.reaches(row, hoveredTo, bidRow, askRow);
        cell.classList.toggle("reached", Boolean(reach));
        const chosen = chosenRow === row && this.chosen.side === side;
        cell.classList.toggle("chosen", chosen);
        cell.setAttribute("aria-selected", String(chosen));
        if (chosen) {
          this.grid.setAttribute("aria-activedescendant", cell.id);
          cell.setAttribute("aria-label", this.describe(this.chosen));
        } else cell.removeAttribute("aria-label");
      }
      line.classList.toggle("chosen", chosenRow === row);
      this.chip(ownBuy, mine.get(`buy${row}`));
      this.chip(ownSell, mine.get(`sell${row}`));
    });
    for (const [key, [, when]] of this.moved) if (now - when >= FLASH) this.moved.delete(key);
    this.drawn = drawn;
    this.widen();
    this.edges(top, sums, bidRow, askRow);
    return flashing || now - store.tradedAt < FLASH;
  }

  // Columns are as wide as the longest number that was in them.
  widen() {
    const [size, price] = this.widths;
    for (const { cells } of this.lines) {
      const [, buy, at, sell] = cells.map((cell) => cell.words?.textContent.length ?? 0);
      this.widths = [Math.max(this.widths[0], buy, sell), Math.max(this.widths[1], at)];
    }
    if (this.widths[0] !== size) this.grid.style.setProperty("--kl-size-width", `${this.widths[0]}ch`);
    if (this.widths[1] !== price) this.grid.style.setProperty("--kl-price-width", `${this.widths[1]}ch`);
  }

  reaches(row, to, bidRow, askRow) {
    const end = to.price / this.step;
    if (to.side === "buy") return bidRow !== null && row <= bidRow && row >= end;
    return askRow !== null && row >= askRow && row <= end;
  }

  ownByRow() {
    const rows = new Map();
    for (const order of this.store.own) {
      const key = `${order.side}${this.rowOf(order.price, order.side)}`;
      if (rows.has(key)) rows.get(key).push(order);
      else rows.set(key, [order]);
    }
    return rows;
  }

  // My orders at one price: quantity, state, and the place in the queue where it is known.
  chip(cell, orders) {
    const { chip } = cell;
    chip.hidden = !orders;
    if (!orders) return;
    const [order] = orders;
    const place = order.place ? ` · ${order.place[0]} of ${order.place[1]}` : "";
    const words = orders.length > 1 ? `${orders.length} orders` : `${order.qty} ${order.waits ? "STOP " : ""}${order.state}${place}`;
    write(chip, words);
    const full = orders.map((each) => [each.words, each.place?.[2]].filter(Boolean).join("; ")).join("\n");
    if (chip.title !== full) {
      chip.title = full;
      chip.setAttribute("aria-label", full);
    }
    chip.classList.toggle("doubt", orders.some((each) => each.state === "UNKNOWN"));
    chip.classList.toggle("pending", orders.every((each) => !["OPEN", "PARTIAL", "UNKNOWN"].includes(each.state)));
    chip.classList.toggle("waits", orders.every((each) => each.waits));
  }

  // What lies above and below the rows that are seen.
  edges(top, sums, bidRow, askRow) {
    const bottom = top - BigInt(this.store.grid.rows) + 1n;
    const said = (beyond, arrow, where) => {
      const parts = [];
      for (const [name, row, side] of [["best ask", askRow, "sell"], ["best bid", bidRow, "buy"]]) {
        if (row !== null && beyond(row)) parts.push(`${name} ${decimal(row * this.step, this.store.grid.price_digits)}`);
        let levels = 0;
        for (const [each, sum] of sums[side]) if (beyond(each)) levels += sum.levels;
        if (levels) parts.push(`${counted(levels, side === "buy" ? "bid" : "ask")} more`);
      }
      const own = this.store.own.filter((order) => beyond(this.rowOf(order.price, order.side)));
      if (own.length) parts.push(own.length === 1 ? own[0].words : `${own.length} orders of mine`);
      return parts.length ? `${arrow} ${where}: ${parts.join(" · ")}` : "";
    };
    write(this.above, said((row) => row > top, "▲", "above"));
    write(this.below, said((row) => row < bottom, "▼", "below"));
  }

  // What is said where there is nothing to see.
  covered() {
    const { store } = this;
    let words = "";
    if (!store.facts) words = "waiting for the kernel";
    else if (store.bids === null) words = `no verified book: ${store.facts.state}`;
    else if (!store.bids.size && !store.asks.size) words = "the book is empty";
    else if (!store.bids.size) words = "there are no bids";
    else if (!store.asks.size) words = "there are no asks";
    this.cover.hidden = !words;
    const both = store.bids === null || Boolean(store.bids.size) === Boolean(store.asks.size);
    this.cover.style.top = both ? "50%" : store.bids.size ? "28%" : "74%";
    this.cover.style.left = both ? "50%" : store.bids.size ? "71%" : "29%";
    this.grid.classList.toggle("void", store.bids === null);
    this.grid.classList.toggle("bare", !store.grid || this.middle === null);
    write(this.cover, words);
  }

  // The line below: what the pointer is at, or what is chosen.
  words() {
    const { store } = this;
    const at = this.hovered && !same(this.hovered, this.chosen) ? this.hovered : this.chosen;
    let words = "";
    const picked = at && at === this.chosen && this.picked === `${at.side} ${at.price}`;
    if (at && store.grid) words = `${picked ? "in the ticket below: " : ""}${this.describe(at)}`;
    else if (store.trade) words = `last trade: ${store.trade.side} ${store.trade.qty} at ${decimal(store.trade.price, store.grid.price_digits)}`;
    else if (store.facts && !store.facts.ended) words = "no trades are subscribed: lab.trades(…) marks the last one here";
    write(this.foot, words);
  }

  describe({ price, side }) {
    const { store, step } = this;
    const { grid } = store;
    const name = SIDES[side];
    const row = price / step;
    let here = 0n;
    let levels = 0;
    let total = 0n;
    let worth = 0n;
    for (const [level, qty] of store[name] ?? []) {
      const each = this.rowOf(level, side);
      if (each === row) {
        here += qty;
        levels += 1;
      }
      if (side === "buy" ? each >= row : each <= row) {
        total += qty;
        worth += level * qty;
      }
    }
    const word = side === "buy" ? "bid" : "ask";
    const parts = [`${word} at ${decimal(row * step, grid.price_digits)}`];
    parts.push(levels ? `${decimal(here, grid.qty_digits)} ${store.base}${levels > 1 ? ` on ${levels} levels` : ""}` : "no size");
    if (total && !(levels === 1 && total === here)) {
      parts.push(`from the best ${word} to here ${decimal(total, grid.qty_digits)} ${store.base}`);
    }
    if (total) parts.push(`worth ${shortened(worth, grid.price_digits + grid.qty_digits)} ${store.quote}`);
    for (const order of store.own) {
      if (order.side !== side || this.rowOf(order.price, side) !== row) continue;
      parts.push([order.words, order.place?.[2], order.id].filter(Boolean).join(", "));
    }
    return parts.join(" · ");
  }

  head(now) {
    const { store } = this;
    const { state, said } = standing(store, now);
    writeState(this.state, state);
    write(this.said, said);
    const chosen = this.chosen && store.grid ? `, chosen: ${this.chosen.side} at ${decimal(this.chosen.price, store.grid.price_digits)}` : "";
    write(this.told, `${state}${chosen}`);
    writePause(this.pauser, store, store.title);
    this.pauser.title = store.paused ? "Let the picture go on" : "Hold the picture still; the stream goes on";
    this.centre.classList.toggle("away", !this.follows || Boolean(this.far));
    const group = store.grid && (this.group ?? store.grid.group);
    write(this.stepped, group ? `row = ${decimal(this.step, store.grid.price_digits)} ${store.quote} (${counted(group, "tick")})` : "");
    this.finer.disabled = !group || group === 1;
    this.coarser.disabled = !group;
  }

  // --- what a person does

  pause() {
    const { store } = this;
    store.hold(!store.paused); // at once, however busy the kernel is
    store.say({ kind: "pause", on: store.paused });
  }

  point(at) {
    this.pointed = at;
    this.wants();
  }

  // The price under the pointer: of the line that is there now.
  get hovered() {
    const price = this.pointed && this.lines[this.pointed.n]?.price;
    return price > 0n ? { price, side: this.pointed.side } : null;
  }

  choose(price, side) {
    this.chosen = price > 0n ? { price, side } : null;
    if (!this.chosen) this.grid.removeAttribute("aria-activedescendant");
    this.grid.focus({ preventScroll: true });
    this.wants();
  }

  click(price, side) {
    if (side === null) {
      this.choose(price, this.chosen?.side ?? this.likely(price));
      return;
    }
    this.choose(price, side);
    this.offer();
  }

  // The side on which an order at this price would rest.
  likely(price) {
    const bid = this.store.best("bids");
    return bid !== null && price <= bid ? "buy" : this.store.best("asks") === null ? "buy" : "sell";
  }

  // Ask for a ticket with what is chosen. This sends no order: it never leaves this machine.
  offer() {
    const { store, chosen } = this;
    if (!store.offers || !chosen) return;
    store.say({ kind: "pick", side: chosen.side, price: chosen.price.toString() });
    this.picked = `${chosen.side} ${chosen.price}`;
    this.root.dataset.picked = `${chosen.side} ${decimal(chosen.price, store.grid.price_digits)}`;
  }

  wheel(event) {
    // Only while it has the keyboard: who scrolls through the notebook should not be caught here.
    if (document.activeElement !== this.grid || event.ctrlKey) return;
    event.preventDefault();
    this.shift(event.deltaY < 0 ? 2n : -2n);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.store.grid) return;
    const moves = { ArrowUp: 1n, ArrowDown: -1n, PageUp: BigInt(PAGE), PageDown: -BigInt(PAGE) };
    const { key } = event;
    if (key in moves) this.move(moves[key]);
    else if (key === "ArrowLeft" || key === "ArrowRight") this.turn(key === "ArrowLeft" ? "buy" : "sell");
    else if (key === "Enter" && event.target === this.grid) this.offer();
    else if (key === "c" || key === "C") this.recentre();
    else if (key === "+" || key === "=") this.regroup(1);
    else if (key === "-") this.regroup(-1);
    else if (key === "Escape") this.leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  move(rows) {
    this.settle();
    if (this.middle === null) return;
    const { chosen, step } = this;
    const bid = this.store.best("bids");
    const start = bid === null ? this.middle : this.rowOf(bid, "buy");
    const row = chosen ? chosen.price / step + rows : start;
    if (row <= 0n) return;
    this.chosen = { price: row * step, side: chosen?.side ?? "buy" };
    const top = this.middle + this.half;
    if (row > top) this.shift(row - top);
    else if (row < this.middle - this.half) this.shift(row - (this.middle - this.half));
    this.wants();
  }

  turn(side) {
    if (!this.chosen) this.move(0n);
    if (this.chosen) this.chosen = { ...this.chosen, side };
    this.wants();
  }

  leave() {
    this.chosen = null;
    this.grid.removeAttribute("aria-activedescendant");
    this.grid.blur();
    this.wants();
  }

  end() {
    cancelAnimationFrame(this.frame);
    clearInterval(this.timer);
    clearTimeout(this.fading);
    this.observer.disconnect();
    document.removeEventListener("visibilitychange", this.onVisible);
    this.root.remove();
  }
}

// The size of a full bar: the largest, unless a few walls would leave nothing to see of all others. Then they are cut.
function fullBar(sizes) {
  const ordered = sizes.sort((one, other) => one - other);
  const usual = ordered[Math.floor(ordered.length * USUAL)] ?? 1;
  return Math.min(ordered.at(-1) ?? 1, WALL * usual);
}

function same(one, other) {
  return one.side === other?.side && one.price === other?.price;
}

// 1, 2, 5, 10, 20, 50 …
function coarser(group) {
  for (let size = 1; ; size *= 10) for (const each of [size, 2 * size, 5 * size]) if (each > group) return each;
}

function finer(group) {
  let found = 1;
  for (let size = 1; size < group; size *= 10) for (const each of [size, 2 * size, 5 * size]) if (each < group) found = each;
  return found;
}

// For reading: two digits behind the point, or as many as are needed to say anything.
function shortened(units, scale) {
  const [whole, rest = ""] = decimal(units, scale).split(".");
  const kept = whole !== "0" ? rest.slice(0, 2) : rest.slice(0, Math.max(2, rest.search(/[1-9]/) + 3));
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${kept ? `.${kept}` : ""}`;
}

// --- the widget -----------------------------------------------------------------------------------------------------

export default lively(Store, View);
