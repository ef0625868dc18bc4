// The cells of a table that was sent as columns: typed arrays, of which only what changed is written. See picture.py for
// what a frame holds.

const DASH = "–";
const MISSING_SCALE = -128;
const SPILLED = 127;
const NAT = -(2n ** 63n);
const NO_UINT = 2n ** 64n - 1n;
const QUANTITIES = ["qty", "order_qty"];

const ARRAYS = {
  decimal: [BigInt64Array, Int8Array],
  time: [BigInt64Array],
  int: [BigInt64Array],
  uint: [BigUint64Array],
  bool: [Int8Array],
  category: [Int16Array],
  text: [Array],
};

class Column {
  constructor(facts) {
    Object.assign(this, facts);
    this.parts = ARRAYS[facts.kind].map((kind) => new kind(0));
    this.spill = new Map();
    this.moved = new Int8Array(0); // 1 up, -1 down, 2 otherwise: what the last change was
    this.movedAt = new Float64Array(0);
  }

  resize(capacity) {
    this.parts = this.parts.map((part) => grown(part, capacity));
    this.moved = grown(this.moved, capacity);
    this.movedAt = grown(this.movedAt, capacity);
  }

  // The first rows are gone, those behind them move up.
  shift(dropped, kept) {
    for (const part of [...this.parts, this.moved, this.movedAt]) part.copyWithin(0, dropped, dropped + kept);
    if (this.spill.size) {
      this.spill = new Map([...this.spill].map(([at, text]) => [at - dropped, text]).filter(([at]) => at >= 0));
    }
  }

  // Which way a number goes from the old cell to the new one.
  direction(old, now) {
    if (!this.numeric) return 2;
    if (this.kind !== "decimal") return now[0] > old[0] ? 1 : -1;
    if (old[1] === now[1]) return now[0] > old[0] ? 1 : -1;
    if ([old[1], now[1]].some((scale) => scale === MISSING_SCALE || scale === SPILLED)) return 2;
    return Number(now[0]) / 10 ** now[1] > Number(old[0]) / 10 ** old[1] ? 1 : -1;
  }
}

function grown(part, capacity) {
  if (Array.isArray(part)) {
    part.length = capacity;
    return part;
  }
  const larger = new part.constructor(capacity);
  larger.set(part.subarray(0, capacity));
  return larger;
}

function read(kind, buffer) {
  if (kind === Array) return JSON.parse(new TextDecoder().decode(buffer));
  const start = buffer.byteOffset ?? 0;
  const bytes = buffer.buffer ?? buffer;
  return new kind(bytes.slice(start, start + buffer.byteLength)); // a copy, so that it is aligned
}

// What the table holds, row by row. A column's `facts` are its name, kind, unit and meaning.
class Cells {
  constructor(facts) {
    this.columns = facts.map((of) => new Column(of));
    this.words = [];
    this.rows = 0;
    this.middle = null; // how many rows stand above the middle of a ladder
    this.added = 0; // rows since the last look of a view, to hold still what is being read
    this.capacity = 0;
    this.born = new Float64Array(0);
    this.digits = new Map(); // the most digits behind the point, by column and symbol
    this.symbol = facts.findIndex((column) => column.name === "symbol" && column.kind === "category");
    this.price = facts.findIndex((column) => ["price", "limit_price"].includes(column.name));
  }

  // Take a frame in, which was heard at `now`; a whole one stands on no other.
  take(content, buffers, now) {
    const { rows, dropped, kept } = content;
    if (content.words) this.words.splice(content.words_from, Infinity, ...content.words);
    const first = this.rows === 0;
    if (rows > this.capacity) {
      this.capacity = Math.max(64, 2 * rows);
      for (const column of this.columns) column.resize(this.capacity);
      this.born = grown(this.born, this.capacity);
    }
    if (dropped) {
      for (const column of this.columns) column.shift(dropped, kept);
      this.born.copyWithin(0, dropped, dropped + kept);
    }
    this.born.fill(first || content.base === 0 ? -Infinity : now, kept, rows);
    this.added = content.base === 0 ? 0 : this.added + rows - kept;
    this.rows = rows;
    this.middle = content.middle;
    const pieces = [];
    let next = 0;
    for (const { at, changed, spill } of content.columns) {
      const column = this.columns[at];
      // The rows that changed, and then all that are new.
      const places = new Uint32Array(changed + rows - kept);
      places.set(read(Uint32Array, buffers[next++]));
      for (let n = changed; n < places.length; n++) places[n] = kept + n - changed;
      const parts = ARRAYS[column.kind].map((kind) => read(kind, buffers[next++]));
      pieces.push({ column, at, changed, spill, places, parts });
    }
    // On a ladder a changed quantity is news where the price is still the same; all else only follows from that.
    const priced = this.middle === null ? undefined : pieces.find((piece) => piece.at === this.price);
    const moved = priced ? new Set(priced.places.subarray(0, priced.changed)) : new Set();
    for (const { column, at, changed, spill, places, parts } of pieces) {
      places.forEach((row, n) => {
        const was = column.parts.map((part) => part[row]);
        column.parts.forEach((part, p) => (part[row] = parts[p][n]));
        column.spill.delete(row);
        const news = n < changed && !moved.has(row) && (this.middle === null || QUANTITIES.includes(column.name));
        column.moved[row] = news ? column.direction(was, column.parts.map((part) => part[row])) : 0;
        column.movedAt[row] = now;
      });
      for (const [row, text] of Object.entries(spill ?? {})) column.spill.set(Number(row), text);
    }
    for (const { column, at, places } of pieces) {
      if (column.kind !== "decimal" || this.symbol < 0) continue;
      const symbols = this.columns[this.symbol].parts[0];
      for (const row of places) {
        const scale = column.parts[1][row];
        const of = at * 65536 + symbols[row];
        if (scale < SPILLED && scale > (this.digits.get(of) ?? 0)) this.digits.set(of, scale);
      }
    }
  }

  text(at, row) {
    const column = this.columns[at];
    const [value, scale] = column.parts.map((part) => part[row]);
    switch (column.kind) {
      case "decimal": {
        if (scale === MISSING_SCALE) return DASH;
        if (scale === SPILLED) return column.spill.get(row) ?? DASH;
        const symbol = this.symbol < 0 ? 0 : this.columns[this.symbol].parts[0][row];
        return decimal(value, scale, this.symbol < 0 ? 0 : this.digits.get(at * 65536 + symbol) ?? 0);
      }
      case "time":
        return value === NAT ? DASH : clock(value);
      case "int":
        return value === NAT ? DASH : value.toString();
      case "uint":
        return value === NO_UINT ? DASH : value.toString();
      case "bool":
        if (column.name === "gap_before") return value === 1 ? "gap" : "";
        return value < 0 ? DASH : value ? "yes" : "no";
      case "category":
        return this.words[value] ?? DASH;
      default:
        return value ?? DASH;
    }
  }

  // When the row came.
  bornAt(row) {
    return this.born[row];
  }

  // Which way a cell went after the given moment: 1 up, -1 down, 2 otherwise, 0 not at all.
  news(at, row, after) {
    const column = this.columns[at];
    return column.movedAt[row] > after ? column.moved[row] : 0;
  }
}

// A whole number of units as it is written, with at least `pad` digits behind the point.
function decimal(units, scale, pad) {
  let digits = (units < 0n ? -units : units).toString();
  if (scale > 0) {
    digits = digits.padStart(scale + 1, "0");
    digits = `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  } else if (scale < 0) {
    digits += "0".repeat(-scale);
  }
  const behind = Math.max(scale, 0);
  if (pad > behind) digits += (behind ? "" : ".") + "0".repeat(pad - behind);
  return units < 0n ? `-${digits}` : digits;
}

const DAY = 86_400_000_000_000n;

// Nanoseconds as the time of day in UTC, with the date unless it is today; to the microsecond if there are any.
function clock(ns) {
  const date = new Date(Number(ns / 1_000_000n));
  const [day, time] = date.toISOString().slice(0, -1).split("T");
  const micros = (((ns % 1_000_000n) + 1_000_000n) % 1_000_000n) / 1000n;
  const today = BigInt(Math.floor(Date.now() / 86_400_000)) === ns / DAY;
  return `${today ? "" : `${day} `}${time}${micros ? micros.toString().padStart(3, "0") : ""}`;
}
