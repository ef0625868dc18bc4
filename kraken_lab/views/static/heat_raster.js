// Sizes as pixels: columns of levels become a picture of so many moments by so many rows of prices.

// A palette of `#rrggbb` stops as 256 colours, packed as a canvas has them. `dim` above 1 lets small sizes recede.
function ramp(stops, dim) {
  const colours = stops.map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));
  const packed = new Uint32Array(256);
  packed[0] = pack(colours[0]);
  for (let n = 1; n < 256; n++) {
    const place = 1 + (n / 255) ** dim * (colours.length - 2);
    const below = Math.min(Math.floor(place), colours.length - 2);
    const share = place - below;
    packed[n] = pack(colours[below].map((channel, c) => Math.round(channel + (colours[below + 1][c] - channel) * share)));
  }
  return packed;
}

function pack([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function css(packed) {
  return `rgb(${packed & 255}, ${(packed >> 8) & 255}, ${(packed >> 16) & 255})`;
}

// The colour of any size by the upper bits of its float32: sign, exponent and eight bits, so by its logarithm.
class Colours {
  constructor() {
    this.table = new Uint32Array(65536);
    this.float = new Float32Array(1);
    this.bits = new Uint32Array(this.float.buffer);
    this.version = 0;
  }

  // From `low` to `high` units by the logarithm. What is smaller than `low` is drawn as nothing.
  set(ramp, low, high) {
    const key = `${ramp[0]} ${ramp[128]} ${ramp[255]} ${low} ${high}`;
    if (key === this.key) return;
    Object.assign(this, { key, ramp, low, high });
    this.version++;
    const from = Math.log2(low);
    const wide = Math.max(Math.log2(high) - from, 1e-9);
    for (let at = 0; at < 65536; at++) {
      this.bits[0] = (at << 15) | 0x4000; // the middle of what shares these bits
      const share = (Math.log2(this.float[0]) - from) / wide;
      this.table[at] = share >= -0.002 ? ramp[1 + Math.round(254 * Math.min(Math.max(share, 0), 1))] : ramp[0];
    }
    this.table[0] = ramp[0];
  }
}

const UNKNOWN = 0;
const KNOWN = 1;
const GAP = 2;

class Raster {
  constructor(colours) {
    this.colours = colours;
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d");
    this.shape = "";
    this.sweeps = 0;
  }

  // Have the picture of `frame` ready: { t0, t1 (ms), p0, p1 (ticks), w, h (pixels), bins }. True if it changed.
  paint(store, frame) {
    const bucket = (frame.t1 - frame.t0) / frame.w;
    const rows = Math.min(frame.h, frame.bins);
    const per = Math.max(1, Math.ceil((frame.p1 - frame.p0) / rows)); // ticks in a row
    const b0 = Math.floor(frame.t0 / bucket);
    const width = frame.w + 1;
    const r0 = Math.floor((frame.p0 + 0.5) / per);
    const height = Math.floor((frame.p1 + 0.5) / per) - r0 + 1;
    const shape = [bucket, per, width, r0, height].join();
    const data = [store.version, this.colours.version, store.meta.history].join();
    let from = b0;
    let until = b0 + width;
    if (shape === this.shape && data === this.data) {
      const moved = b0 - this.b0;
      if (!moved && store.end === this.drawn && store.endsAt === this.drawnAt) return false;
      if (moved >= 0 && moved < width) {
        // On in time: what is there is shifted, what is new is drawn, and the newest column again, as it still grew.
        this.shift(moved);
        from = Math.max(b0, Math.min(this.b0 + width, Math.floor(this.drawnAt / bucket)));
      } else if (moved < 0 && -moved < width && store.end === this.drawn) {
        this.shift(moved);
        until = b0 - moved;
      }
    } else if (shape !== this.shape) {
      Object.assign(this, { shape, bucket, per, width, r0, height });
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.bid = new Float64Array(width);
      this.ask = new Float64Array(width);
      this.known = new Uint8Array(width);
      this.sums = new Float64Array(height);
      this.shades = new Uint32Array(height);
    }
    Object.assign(this, { b0, data, drawn: store.end, drawnAt: store.endsAt });
    if (from < until) this.sweep(store, from, until);
    this.context.putImageData(this.image, 0, 0);
    return true;
  }

  shift(moved) {
    if (!moved) return;
    for (const array of [this.pixels, this.bid, this.ask, this.known]) {
      // In the picture the ends of the rows are wrong then; they are what is drawn anew.
      if (moved > 0) array.copyWithin(0, moved);
      else array.copyWithin(-moved, 0, array.length + moved);
    }
  }

  // Draw the moments from bucket `from` up to but not including `until`.
  sweep(store, from, until) {
    const { bucket, width, height, pixels, shades, b0 } = this;
    const blocks = store.blocks;
    const start = store.at((from + 1) * bucket) ?? [0, 0];
    const all = until - from >= width;
    this.samples = all ? [] : this.samples;
    let b = start[0];
    let i = 0; // a column is known from all columns of its run before it
    let last = null;
    let [at, bid, ask] = [-Infinity, NaN, NaN];
    this.sweeps += all ? 1 : 0;
    for (let x = from - b0; x < until - b0; x++) {
      const begins = (b0 + x) * bucket;
      const ends = begins + bucket;
      let gap = false;
      while (b < blocks.length) {
        const block = blocks[b];
        if (i >= block.n) {
          b++;
          i = 0;
          continue;
        }
        const time = block.times[i];
        if (time >= ends) break;
        at = time;
        last = block;
        gap ||= block.gap && time >= begins;
        if (!block.gap) this.apply(block, i);
        [bid, ask] = [block.bid[i], block.ask[i]];
        i++;
      }
      // The newest column is known for as long as it is usual; a gap is seen however short it is.
      const known = gap || last?.gap ? GAP : last && begins - at <= store.hold_ms ? KNOWN : UNKNOWN;
      this.known[x] = known;
      if (known !== KNOWN) {
        this.bid[x] = this.ask[x] = NaN;
        for (let y = 0, p = x; y < height; y++, p += width) pixels[p] = 0;
        continue;
      }
      this.bid[x] = bid;
      this.ask[x] = ask;
      for (let y = 0, p = x; y < height; y++, p += width) pixels[p] = shades[y];
      if (all && x % 64 === 32) for (const sum of this.sums) if (sum > 0) this.samples.push(sum);
    }
    if (all && !this.samples.length && last && !last.gap) for (const sum of this.sums) if (sum > 0) this.samples.push(sum);
  }

  apply(block, i) {
    const { r0, per, height, sums, shades, colours } = this;
    const { table, float, bits } = colours;
    const { ticks, diffs } = block;
    const top = height - 1;
    if (i === 0) {
      sums.fill(0);
      shades.fill(table[0]);
    }
    const stop = block.ends[i];
    for (let e = block.begin(i); e < stop; e++) {
      const row = Math.floor(ticks[e] / per) - r0;
      if (row < 0 || row > top) continue;
      const y = top - row; // the highest price is above
      sums[y] += diffs[e];
      float[0] = sums[y];
      shades[y] = table[bits[0] >>> 15];
    }
  }

  // Nearly all sizes lie between these, in units; an enormous order does not darken the rest. Null while unknown.
  usual() {
    const sizes = Float64Array.from(this.samples ?? []).sort();
    if (!sizes.length) return null;
    const high = sizes[Math.floor(0.995 * (sizes.length - 1))];
    const low = Math.max(sizes[Math.floor(0.02 * (sizes.length - 1))], high / 1e4);
    return low < 0.9 * high ? [low, high] : [high / 10, high];
  }
}
