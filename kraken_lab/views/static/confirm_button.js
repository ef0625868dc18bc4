// A button that tells when it was pressed, by this browser's clock, and how far that clock is from the kernel's.
//
// It asks the kernel for its time once a second while it can be seen. The answer that came back fastest says how far
// the clocks are apart; no answer says that the kernel is busy with a cell, which is shown, because a press would reach
// it only afterwards. The Enter key presses nothing; the space bar does.

const BEAT = 1000; // ms between two questions
const BUSY = 1500; // ms without an answer after which the kernel counts as busy
const LOST = 15000; // ms after which an answer is not waited for any more
const TRIP = 1000; // ms there and back at most for an answer to say anything about the clocks
const DWELL = 300; // ms that a button stands there before it can be pressed: nobody presses what he has not seen
const KEPT = 8;
const GONE = "There is no kernel any more that could hear a click.";

// What ipywidgets leaves unsaid to who cannot see: what a button with a sign for a text does, and which of a row is down.
function tell(whole) {
  for (const button of whole.querySelectorAll("button[title]")) {
    const sign = button.textContent.trim().length === 1;
    if (sign) name(button, "aria-label", button.title);
    else if (button.classList.contains("widget-button")) button.removeAttribute("aria-label"); // its text is its name
  }
  for (const button of whole.querySelectorAll("button.jupyter-button.widget-toggle-button")) {
    name(button, "aria-pressed", String(button.classList.contains("mod-active")));
  }
  for (const row of whole.querySelectorAll(".widget-toggle-buttons")) {
    name(row, "role", "group");
    name(row, "aria-label", row.querySelector("label")?.textContent ?? "");
  }
}

function name(element, attribute, text) {
  if (element.getAttribute(attribute) !== text) element.setAttribute(attribute, text);
}

const now = () => performance.timeOrigin + performance.now();

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2);
  const button = document.createElement("button");
  const words = document.createElement("div");
  const note = document.createElement("div");
  button.type = "button";
  words.className = "kl-words";
  note.className = "kl-words kl-note";
  for (const line of [words, note]) {
    line.setAttribute("role", "status");
    line.setAttribute("aria-live", "polite");
  }
  el.classList.add("kl-confirm");
  el.append(button, words, note);

  let samples = [];
  let asked = null;
  let shown = false;
  let used = 0;
  let gone = false;
  let stands = { number: 0, since: 0 };

  const busy = () => asked !== null && now() - asked > BUSY;
  const best = () => samples.reduce((a, b) => (a === null || b.trip < a.trip ? b : a), null);

  function draw() {
    const number = model.get("number");
    const timed = model.get("timed");
    if (number !== stands.number) {
      stands = { number, since: now() };
      if (number) setTimeout(draw, DWELL + 10);
    }
    const ready = number !== 0 && number !== used && now() - stands.since >= DWELL;
    button.disabled = gone || !ready || (timed && (best() === null || busy()));
    button.textContent = model.get("label");
    button.className = `kl-press ${model.get("tone")}`;
    button.title = model.get("hint");
    say(words, model.get("words"));
    const comparing = timed && best() === null ? "Comparing clocks…" : "";
    say(note, gone ? GONE : number === 0 ? "" : busy() ? model.get("busy_words") : comparing);
  }

  function say(line, text) {
    if (line.textContent !== text) line.textContent = text; // else a screen reader would read it again
    line.hidden = text === "";
  }

  // A kernel that was shut down cannot be told anything, and it does not come back to this button.
  function tellKernel(message) {
    try {
      model.send({ ...message, view });
    } catch {
      gone = true;
      draw();
    }
  }

  function beat() {
    if (!shown) return;
    if (asked !== null && now() - asked > LOST) asked = null;
    if (asked === null) {
      asked = now();
      tellKernel({ kind: "ping", at: asked });
    }
    draw();
  }

  function heard(message) {
    if (message?.kind === "who") tellKernel({ kind: "seen", visible: shown });
    if (message?.kind !== "pong" || message.view !== view || message.at !== asked) return;
    const trip = now() - asked;
    if (trip <= TRIP) {
      samples = [...samples, { trip, offset: asked + trip / 2 - message.kernel_ms }].slice(-KEPT);
    }
    asked = null;
    draw();
  }

  button.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  button.addEventListener("click", (event) => {
    const number = model.get("number");
    // What a script presses is not trusted by the browser either: a notebook that was saved has no person in it.
    if (!event.isTrusted || button.disabled || number === used) return;
    used = number;
    draw();
    tellKernel({
      kind: "press",
      number,
      clicked_ms: performance.timeOrigin + event.timeStamp,
      offset_ms: best()?.offset ?? null,
    });
  });

  function see(intersecting) {
    const visible = intersecting && document.visibilityState === "visible";
    if (visible === shown) return;
    shown = visible;
    asked = null;
    tellKernel({ kind: "seen", visible });
    beat();
  }

  let intersecting = false;
  const observer = new IntersectionObserver((entries) => {
    intersecting = entries[entries.length - 1].isIntersecting;
    see(intersecting);
  });
  const turned = () => see(intersecting);
  // The whole widget that it belongs to counts, which it is put into only after this function has returned.
  const changes = new MutationObserver((found) => tell(found[0].target.closest(".kl-whole") ?? el));
  const keep = (event) => event.stopPropagation();
  const starting = requestAnimationFrame(() => {
    const whole = el.closest(".kl-whole") ?? el;
    whole.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes keys from its selects and buttons for its cells
    whole.addEventListener("keydown", keep); // which that alone does not prevent for the control that has the focus
    observer.observe(whole);
    changes.observe(whole, { subtree: true, childList: true, attributeFilter: ["class", "title"] });
    tell(whole);
  });
  document.addEventListener("visibilitychange", turned);
  const ticking = setInterval(beat, BEAT);
  model.on("msg:custom", heard);
  const names = ["number", "label", "tone", "hint", "words", "busy_words", "timed"];
  names.forEach((name) => model.on(`change:${name}`, draw));
  tellKernel({ kind: "ready" });
  draw();

  return () => {
    cancelAnimationFrame(starting);
    clearInterval(ticking);
    observer.disconnect();
    changes.disconnect();
    document.removeEventListener("visibilitychange", turned);
    model.off("msg:custom", heard);
    names.forEach((name) => model.off(`change:${name}`, draw));
    shown = false;
    tellKernel({ kind: "bye" });
    // What ends with its kernel may be left on the page.
    gone = true;
    draw();
  };
}

export default { render };
