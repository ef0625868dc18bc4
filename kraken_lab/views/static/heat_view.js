// The same in the hands of a person: mouse and keys. And the widget's two functions.

const DRAG = 4; // pixels the mouse may move in a click

class HeatView extends HeatPicture {
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
}

function plotCursor(plot, cursor) {
  if (plot.style.cursor !== cursor) plot.style.cursor = cursor;
}

// --- the widget -----------------------------------------------------------------------------------------------------

const widget = lively(HeatStore, HeatView);

export default widget;
