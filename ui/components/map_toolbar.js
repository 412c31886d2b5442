// The buttons at the map's left edge.

const PATHS = {
  pan: "M12 2v20M2 12h20M12 2 9 5M12 2l3 3M12 22l-3-3M12 22l3-3M2 12l3-3M2 12l3 3M22 12l-3-3M22 12l-3 3",
  lasso: "M7 17.5C4 16 2.5 13.7 2.5 11 2.5 6.6 6.8 3 12 3s9.5 3.6 9.5 8-4.3 8-9.5 8c-1 0-2-.1-2.9-.4"
    + "M9.5 17.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0ZM6.5 19.3c-.2 1 .2 1.9 1 2.7",
  in: "M17 11a6 6 0 1 1-12 0 6 6 0 0 1 12 0ZM15.5 15.5 21 21M11 8.5v5M8.5 11h5",
  out: "M17 11a6 6 0 1 1-12 0 6 6 0 0 1 12 0ZM15.5 15.5 21 21M8.5 11h5",
  reset: "M4 9.5A8.5 8.5 0 1 1 3.5 14M4 4v5.5h5.5",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  unfull: "M9 4v5H4M15 4v5h5M9 20v-5H4M15 20v-5h5",
  undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "M15 14l5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
  distance: "M3 16.5 16.5 3 21 7.5 7.5 21ZM7.5 12l2.3 2.3M10.5 9l1.5 1.5M13.5 6l2.3 2.3",
  only: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5Z",
  close: "M6 6l12 12M18 6 6 18",
  layers: "M12 3 2.5 8 12 13l9.5-5L12 3ZM2.5 12.5 12 17.5l9.5-5M2.5 16.5 12 21.5l9.5-5",
};

/**
 * An icon as inline SVG; it has no name of its own, its button has.
 * @param {keyof typeof PATHS} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon, and words for a screen reader and for the tooltip that hover and focus show. */
export function iconButton(name, words, onPress) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "map-button";
  rename(button, words);
  button.append(icon(name));
  button.onclick = onPress;
  return button;
}

function rename(button, words) {
  button.dataset.tip = words;
  button.setAttribute("aria-label", words);
}

/**
 * The toolbar.
 * @param {{tool: (name: string) => void, zoom: (factor: number) => void, reset: () => void,
 *          undo: () => void, redo: () => void, distance: () => void,
 *          fullScreen: (() => void) | null}} on fullScreen is null where the browser has none
 * @returns {{element: HTMLElement, show: (tool: string) => void, showFullScreen: (is: boolean) => void,
 *            showHistory: (undo: boolean, redo: boolean) => void, showDistance: (is: boolean) => void}}
 */
export function toolbar(on) {
  const element = document.createElement("div");
  element.className = "map-toolbar";
  element.setAttribute("role", "toolbar");
  element.setAttribute("aria-label", "Map tools");
  element.setAttribute("aria-orientation", "vertical");
  const tools = {
    pan: iconButton("pan", "Move the map (drag)", () => on.tool("pan")),
    lasso: iconButton("lasso", "Lasso: select by drawing (L, or shift-drag)", () => on.tool("lasso")),
  };
  const undo = iconButton("undo", "Undo: selection or view (Ctrl-Z)", () => on.undo());
  const redo = iconButton("redo", "Redo (Ctrl-Shift-Z)", () => on.redo());
  const far = "True distance: colour by distance to the point under the cursor (D)";
  const distance = iconButton("distance", far, () => on.distance());
  element.append(
    tools.pan,
    tools.lasso,
    rule(),
    iconButton("in", "Zoom in (+)", () => on.zoom(1.6)),
    iconButton("out", "Zoom out (-)", () => on.zoom(1 / 1.6)),
    iconButton("reset", "Show the whole map (0, or double-click)", () => on.reset()),
    rule(),
    undo,
    redo,
    rule(),
    distance,
  );
  const full = on.fullScreen && iconButton("full", "Full screen (F)", () => on.fullScreen());
  if (full) element.append(full);
  return {
    element,
    show(tool) {
      for (const name of Object.keys(tools)) tools[name].setAttribute("aria-pressed", String(name === tool));
    },
    showHistory(canUndo, canRedo) {
      undo.setAttribute("aria-disabled", String(!canUndo)); // not `disabled`: the focus would be lost
      redo.setAttribute("aria-disabled", String(!canRedo));
    },
    showDistance(is) {
      distance.setAttribute("aria-pressed", String(is));
    },
    showFullScreen(is) {
      if (!full) return;
      full.replaceChildren(icon(is ? "unfull" : "full"));
      rename(full, is ? "Leave full screen (F)" : "Full screen (F)");
    },
  };
}

function rule() {
  const line = document.createElement("span");
  line.className = "map-rule";
  return line;
}
