// A figure on light paper. In front of this text stands LIGHT: for each colour of a figure the one it has there.

function copied(tree, colour) {
  if (typeof tree === "string") return colour(tree);
  if (Array.isArray(tree)) return tree.map((part) => copied(part, colour));
  if (tree === null || typeof tree !== "object") return tree;
  return Object.fromEntries(Object.entries(tree).map(([name, part]) => [name, copied(part, colour)]));
}

const COLOUR = /^(?:(#[0-9a-f]{6})([0-9a-f]{2})?|rgba\((\d+),(\d+),(\d+),([\d.]+)\))$/;

function inLight(text) {
  const found = text.length < 40 && COLOUR.exec(text);
  if (!found) return text;
  const [, solid, faint, red, green, blue, opacity] = found;
  if (solid) return (LIGHT[solid] ?? solid) + (faint ?? "");
  const known = LIGHT[`#${[red, green, blue].map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`];
  return known ? `rgba(${[1, 3, 5].map((at) => parseInt(known.slice(at, at + 2), 16)).join(",")},${opacity})` : text;
}
