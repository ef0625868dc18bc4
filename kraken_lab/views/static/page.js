// The figures of a saved page, on the paper that the reader's system prefers, also when that changes.

const CONFIG = {
  responsive: true, displaylogo: false, scrollZoom: true, showSendToCloud: false, plotlyServerURL: "", typesetMath: false,
};
const figures = new Map();

function draw(id, figure) {
  figures.set(id, figure);
  paint(id);
}

function paint(id) {
  const { data, layout } = copied(figures.get(id), dark.matches ? (value) => value : inLight);
  Plotly.react(id, data, layout, CONFIG);
}

dark.addEventListener("change", () => [...figures.keys()].forEach(paint));
