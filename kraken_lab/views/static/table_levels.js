// The levels of order books, of which is sent what came, went or changed. See level_picture.py for what a frame holds. A row's
// place and the sum up to there are worked out here, from whole numbers of any size.

class Levels {
  constructor(columns) {
    this.columns = columns;
    this.books = [];
    this.list = []; // a row each: price, qty and cum_qty in units of their last decimals, and what became of it
    this.middle = 0; // how many rows stand above the first bid
    this.added = 0; // no row moves what is being read: those of a ladder have their places
  }

  get rows() {
    return this.list.length;
  }

  // Take a frame in, which was heard at `now`; a whole one stands on no other.
  take({ base, rows, middle, levels }, buffers, now) {
    const fresh = base !== 0 && this.rows > 0;
    if (levels.anew) {
      this.list = Array.from({ length: rows }, () => level(fresh ? now : -Infinity));
    } else if (levels.removed) {
      const gone = new Set(levels.removed);
      const kept = this.list.filter((_, row) => !gone.has(row));
      const came = new Set(levels.added);
      let next = 0;
      this.list = Array.from({ length: rows }, (_, row) => (came.has(row) ? level(now) : kept[next++]));
    }
    this.books = levels.books ?? this.books;
    this.middle = middle;
    this.write(levels.width, read(Uint32Array, buffers[0]), new TextDecoder().decode(buffers[1]).split(","), now);
    this.count();
  }

  write(width, rows, texts, now) {
    rows.forEach((row, n) => {
      const [price, qty] = width ? [texts[n].slice(0, width), texts[n].slice(width)] : texts.slice(2 * n, 2 * n + 2);
      const one = this.list[row];
      const units = BigInt(qty);
      // What has just come is news as a whole, and what it was before is nothing.
      if (one.price !== null) Object.assign(one, { moved: units > one.qty ? 1 : -1, movedAt: now });
      Object.assign(one, { price: BigInt(price), qty: units });
    });
  }

  // Each row's place, and the sum from the best price on.
  count() {
    let row = 0;
    for (const book of this.books) {
      const bids = row + book.asks;
      const end = bids + book.bids;
      let sum = 0n;
      for (let ask = bids - 1; ask >= row; ask--) {
        sum += this.list[ask].qty;
        Object.assign(this.list[ask], { book, side: "ask", level: bids - 1 - ask, sum });
      }
      sum = 0n;
      for (let bid = bids; bid < end; bid++) {
        sum += this.list[bid].qty;
        Object.assign(this.list[bid], { book, side: "bid", level: bid - bids, sum });
      }
      row = end;
    }
  }

  text(at, row) {
    const one = this.list[row];
    switch (this.columns[at].name) {
      case "symbol":
        return one.book.symbol;
      case "side":
        return one.side;
      case "level":
        return one.level.toString();
      case "price":
        return decimal(one.price, one.book.price, 0);
      case "qty":
        return decimal(one.qty, one.book.qty, 0);
      case "cum_qty":
        return decimal(one.sum, one.book.qty, 0);
      default:
        return DASH;
    }
  }

  // When the row came.
  bornAt(row) {
    return this.list[row].born;
  }

  // Which way a quantity went after the given moment: 1 up, -1 down, 0 not at all. All else only follows from that.
  news(at, row, after) {
    const one = this.list[row];
    return this.columns[at].name === "qty" && one.movedAt > after ? one.moved : 0;
  }
}

function level(born) {
  return { price: null, qty: 0n, sum: 0n, book: null, side: "", level: 0, born, moved: 0, movedAt: -Infinity };
}
