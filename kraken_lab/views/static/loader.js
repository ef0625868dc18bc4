// Loads the script of a widget once a page, however many of its kind there are or were: a browser keeps every module that
// it ever loaded, so a cell that is run again and again would fill its memory. The script comes with the widget and is
// known by its digest; nothing else is ever loaded.

const LOADED = Symbol.for("kraken_lab.scripts");

function loaded(model) {
  const scripts = (globalThis[LOADED] ??= new Map());
  const digest = model.get("digest");
  if (!scripts.has(digest)) {
    const address = URL.createObjectURL(new Blob([model.get("script")], { type: "text/javascript" }));
    const module = import(address).finally(() => URL.revokeObjectURL(address));
    module.catch(() => scripts.delete(digest)); // the next one tries anew
    scripts.set(digest, module);
  }
  return scripts.get(digest);
}

export default {
  async initialize(context) {
    return (await loaded(context.model)).default.initialize?.(context);
  },
  async render(context) {
    return (await loaded(context.model)).default.render(context);
  },
};
