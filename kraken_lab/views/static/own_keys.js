// What is pressed inside a widget is for its own controls: JupyterLab would take a letter typed at a choice for a command
// to the cell, and x for cutting it. It draws nothing.

function render({ el }) {
  const keep = (event) => event.stopPropagation();
  let whole = null;
  // What it belongs to it is put into only after this function has returned.
  const starting = requestAnimationFrame(() => {
    whole = el.closest(".kl-whole");
    whole?.addEventListener("keydown", keep);
  });
  return () => {
    cancelAnimationFrame(starting);
    whole?.removeEventListener("keydown", keep);
  };
}

export default { render };
