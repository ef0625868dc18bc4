// What there is at a place of the picture: the level or levels, what rests before it, trades and the user's own.

// Everything there is to say of a place in the picture.
function readingAt(view, x, y, exact) {
  const { store, scene, raster } = view;
  const { per } = raster;
  const time = scene.time(x);
  let tick = exact ?? scene.tick(y);
  const row = Math.floor((tick + 0.5) / per);
  const reading = { x, y, time, tick: Math.round(tick), per, row, levels: [] };
  const moment = store.moment(time);
  if (!moment.block) return { ...reading, words: moment.gap ?? moment.nothing, gap: true };
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
  if (view.shown.trades) {
    const hits = (scene.bubble ?? []).filter((b) => (b.x - x) ** 2 + (b.y - y) ** 2 <= (b.r + 3) ** 2);
    reading.trades = hits.sort((one, other) => one.r - other.r).map((hit) => hit.trade);
  }
  reading.own = view.shown.own ? (scene.lines ?? []).filter((line) => Math.abs(line.y - y) < 5 && x >= line.from && x <= line.to) : [];
  return reading;
}

// The same in words: names and what there is to say, and how it is to look.
function linesOf(view, reading) {
  const { store, facts } = view;
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
