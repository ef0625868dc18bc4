// What the scripts of all live pictures share; it stands before each of them, as a widget is loaded from one text.
// A picture's store has what the kernel sent and is one for all views of a widget; a view draws it in one place.
// Every text is written with textContent: nothing that came over the wire is ever read as markup.

const QUIET = 6000; // ms without a word of the kernel after which that is said
const TONES = { LIVE: "up", STOPPED: "down", REFUSED: "down", FAILED: "down" };

function made(kind, css, role) {
  const element = document.createElement(kind);
  element.className = css;
  if (role) element.setAttribute("role", role);
  return element;
}

function worded(kind, css, text) {
  const element = made(kind, css);
  element.textContent = text;
  return element;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function duration(seconds) {
  if (seconds < 59.5) return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 < 1 ? `${minutes} min` : `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function counted(count, noun) {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

// The state of what is shown in one word, and the line of facts beside it. A saved page says in `still` of when it is.
function standing(store, now) {
  const { facts, still } = store;
  const lost = now - store.heardAt;
  let state = facts?.state ?? "";
  const said = [];
  if (still) {
    state = "SAVED";
    said.push(still);
  } else if (store.paused) {
    state = "PAUSED";
    said.push("the stream goes on");
  } else if (!facts) {
    state = "WAITING";
    said.push("for the kernel");
  } else if (lost > QUIET && !facts.ended) {
    state = "NOT UPDATED";
    said.push(`no word from the kernel for ${duration(lost / 1000)}`);
  }
  if (facts) {
    if (facts.age !== null && !still) {
      const age = facts.age + (facts.ended ? 0 : (now - store.factsAt) / 1000);
      said.push(facts.ended ? "ended" : `last message ${duration(age)} ago`);
    }
    if (facts.rate !== null && !facts.ended) said.push(`${facts.rate.toFixed(1)} messages/s`);
    if (facts.rows !== null) said.push(counted(facts.rows, "row"));
    if (facts.epoch !== null) said.push(`epoch ${facts.epoch}`);
    if (facts.gaps !== null) said.push(facts.gaps ? counted(facts.gaps, "gap") : "no gaps");
    if (facts.agreed !== null) said.push(`${counted(facts.agreed, "checksum")} agreed`);
    if (facts.failed) said.push(`${facts.failed.toLocaleString("en-US")} failed`);
    if (facts.note) said.push(facts.note);
  }
  return { state, said: said.join(" · ") };
}

function writeState(element, state) {
  element.hidden = !state;
  write(element, state);
  element.className = `kl-state ${TONES[state] ?? "warn"}`;
}

// The facts change their length all the time. Their line keeps the lines it once needed at this width: else all that
// stands below would jump up and down.
function writeSaid(element, text) {
  const wide = element.parentElement.clientWidth;
  if (wide !== element.wide) {
    Object.assign(element, { wide, longest: 0 });
    element.style.minHeight = "";
  }
  write(element, text);
  if (text.length <= element.longest) return;
  element.longest = text.length;
  element.style.minHeight = `${element.getBoundingClientRect().height}px`;
}

function writePause(button, store, title) {
  write(button, store.paused ? "Resume" : "Pause");
  button.hidden = Boolean(store.still) || (Boolean(store.facts?.ended) && !store.paused);
  button.setAttribute("aria-label", `${store.paused ? "Resume" : "Pause"} ${title}`);
  button.setAttribute("aria-pressed", String(store.paused));
}

// JupyterLab would walk through its cells by the arrow keys, and take x for cutting the one that this stands in. Saving and
// the like stay its own.
function keepKeys(root) {
  root.dataset.lmSuppressShortcuts = "true";
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || !(event.ctrlKey || event.metaKey)) event.stopPropagation();
  });
}

// A kernel that was shut down cannot be told anything. That is no error of the page's: the silence is shown as such.
function tellKernel(model, message) {
  try {
    model.send(message);
  } catch (error) {
    console.info(`kraken_lab: there is no kernel to hear "${message.kind}" (${error.message})`);
  }
}

// What a store adds when it says that it is there or seen; most add nothing.
function having(store) {
  return store.having?.() ?? {};
}

function seen(store) {
  return { visible: document.visibilityState !== "hidden", near: [...store.views].some((view) => view.near) };
}

function tellSeen(store) {
  const { visible, near } = seen(store);
  if (visible === store.visible && near === store.near) return;
  Object.assign(store, { visible, near });
  store.say({ kind: "seen", visible, near, ...having(store) });
}

// Another page that shows the same notebook is gone or looks elsewhere: is this one still here?
function answerWho(store, content) {
  if (content.kind === "who" && store.views.size) store.say({ kind: "seen", answer: true, ...seen(store), ...having(store) });
}

// A widget made of a store and a view: all views of one widget share what it was sent.
function lively(Store, View) {
  const stores = new Map(); // by the widget's key

  function storeOf(model) {
    const key = model.get("key");
    if (!stores.has(key)) {
      const store = new Store(model);
      store.answer = (content) => answerWho(store, content);
      model.on("msg:custom", store.answer);
      stores.set(key, store);
    }
    return stores.get(key);
  }

  function initialize({ model }) {
    const store = storeOf(model);
    return () => {
      model.off("msg:custom", store.answer);
      store.close();
      stores.delete(model.get("key"));
    };
  }

  function render({ model, el }) {
    const store = storeOf(model);
    const view = new View(store, el);
    store.views.add(view);
    Object.assign(store, { visible: true, near: true });
    if (store.views.size === 1) store.say({ kind: "ready", ...having(store) });
    tellSeen(store);
    view.wants();
    return () => {
      view.end();
      store.views.delete(view);
      if (!store.views.size) store.say({ kind: "bye" });
    };
  }

  return { initialize, render, storeOf };
}
