// The map's DOM: stage, toolbar, legend, foot line, and the sentences that stand in for a map that cannot be
// shown.

import { toolbar } from "./map_toolbar.js";

const KEYS = "Arrows move, plus and minus zoom, 0 shows the whole map, L arms the lasso, Enter takes the"
  + " point in the middle, Tab walks through the selected points, Escape ends the walk or clears the selection, slash"
  + " searches, D colours by true distance, control Z undoes, F fills the screen.";

function made(tag, className, attributes = {}) {
  const element = document.createElement(tag);
  element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/**
 * Build the frame.
 * @param {{tool: Function, zoom: Function, reset: Function, retry: () => void}} on
 */
export function frameOf(on) {
  const element = made("section", "map", { "aria-label": "latent map" });
  const stage = made("div", "map-stage", {
    tabindex: 0,
    role: "application",
    "aria-describedby": "map-keys",
  });
  const keys = made("p", "map-unseen", { id: "map-keys" });
  keys.textContent = KEYS;
  const live = made("p", "map-unseen", { "aria-live": "polite" });
  const legend = made("div", "map-head");
  const foot = made("div", "map-foot");
  const counts = made("span", "map-counts");
  const latency = made("span", "map-latency");
  foot.append(counts, latency);
  const said = made("p", "map-said", { role: "status" });
  said.hidden = true;
  const note = made("p", "map-note", { role: "status" });
  note.hidden = true;
  const failure = made("div", "map-failure", { role: "alert" });
  failure.hidden = true;
  const why = made("p", "map-why");
  const again = made("button", "map-again", { type: "button" });
  again.textContent = "Try again";
  again.onclick = on.retry;
  failure.append(why, again);

  const isFull = () => element.getRootNode().fullscreenElement === element;
  const canFull = typeof element.requestFullscreen === "function" && document.fullscreenEnabled;
  const switchFull = () => {
    const done = isFull() ? document.exitFullscreen() : element.requestFullscreen();
    done.catch(() => {}); // refused by the browser: the map stays as it is
  };
  const tools = toolbar({ ...on, fullScreen: canFull ? switchFull : null });
  element.onfullscreenchange = () => tools.showFullScreen(isFull());
  element.append(stage, tools.element, legend, foot, said, note, failure, keys, live);

  const frame = {
    element,
    stage,
    legend,

    /** Words in the middle of the stage: loading, or nothing to show. "" takes them away. */
    say(words, busy) {
      said.textContent = words;
      said.hidden = !words;
      said.classList.toggle("map-busy", busy);
    },
    /** A small sentence over the map: something lesser failed. */
    note(words) {
      note.textContent = words;
      note.hidden = !words;
    },
    /** A sentence in place of the map. "" brings the map back. */
    fail(words) {
      why.textContent = words;
      failure.hidden = !words;
      if (words) frame.say("", false);
      element.classList.toggle("map-failed", Boolean(words));
      element.dataset.failed = words;
    },
    announce(words) {
      live.textContent = words;
    },
    describe(words) {
      stage.setAttribute("aria-label", words);
    },
    switchFull() {
      if (canFull) switchFull();
    },
    showHistory: tools.showHistory,
    showDistance: tools.showDistance,
    showTool(tool) {
      tools.show(tool);
      stage.classList.toggle("map-lassoing", tool === "lasso");
    },
    showCounts(words) {
      counts.textContent = words;
    },
    showLatency(words) {
      latency.textContent = words;
    },
  };
  return frame;
}
