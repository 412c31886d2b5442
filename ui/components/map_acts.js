// What each gesture does to a map.

import { extended, rounded, thinned } from "./map_lasso.js";

const KEY_PAN = 60; // CSS pixels per press of an arrow, four times that with shift
const KEY_ZOOM = 1.6;
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * The handlers `listen` wants.
 * @param {import("./map_view.js").MapView} view
 */
export function gesturesOf(view) {
  const { stage, data } = view;
  return {
    tool: () => view.tool,
    hover: (left, top) => {
      view.pointer = [left, top];
      if (!view.dragging && !stage.glide) view.hover.set(view.rowAt(left, top));
    },
    leave: () => {
      view.pointer = null;
      view.hover.set(-1);
    },
    press: () => {
      view.hover.drop();
      uncross(view);
    },
    release: () => {
      view.dragging = false;
    },
    blur: () => {
      uncross(view);
      view.instruments.walk.end(true);
    },
    hold: () => {
      view.hover.drop();
      view.frame.announce("Draw round the points to select them.");
    },
    pan: (dx, dy) => {
      view.dragging = true;
      view.hover.drop();
      stage.pan(dx, dy);
    },
    zoom: (left, top, factor) => stage.zoom(left, top, factor),
    wheel: (left, top, power) => {
      view.pointer = [left, top];
      stage.wheelBy(left, top, power);
    },
    lassoStart: (left, top, mode) => {
      view.dragging = true;
      view.stroke = { places: [[left, top]], mode };
    },
    lassoMove: (left, top) => {
      if (view.stroke && extended(view.stroke.places, left, top)) stage.ask("overlay");
    },
    lassoEnd: () => lassoed(view, data),
    lassoCancel: () => {
      view.stroke = null;
      stage.ask("overlay");
    },
    click: (left, top, how) => click(view, left, top, how),
    key: (event) => key(view, event),
  };
}

function uncross(view) {
  if (!view.cross) return;
  view.cross = false;
  view.stage.ask("overlay");
}

/** On a point: select and pick it, or toggle it. On the ground: decode there; twice: the whole map. */
function click(view, left, top, { toggle, touch, twice }) {
  const row = view.rowAt(left, top);
  if (row >= 0) {
    const mode = toggle ? "toggle" : "replace";
    view.data.select([row], mode);
    if (!toggle) view.picked = row;
    view.polygon = null;
    view.ground.close(false);
    view.selectionChanged();
    view.send("selection", { kind: "click", row, mode });
    if (touch) {
      // A finger cannot hover: the card comes with the tap.
      view.hover.set(row);
      view.hover.open(row);
    }
  } else if (twice) {
    view.ground.close(false);
    view.stage.reset();
  } else if (!toggle && view.data.index?.placed) {
    view.ground.ask(...view.stage.toData(left, top), view.given.thumbnails?.shape ?? null);
  }
}

function lassoed(view, data) {
  const { places, mode } = view.stroke;
  view.stroke = null;
  view.stage.ask("overlay");
  if (places.length < 3 || !data.index) return;
  const { scale } = view.stage.camera;
  view.polygon = rounded(thinned(places).map(([left, top]) => view.stage.toData(left, top)), scale);
  data.selectInside(view.polygon, mode);
  view.selectionChanged();
  view.send("selection", { kind: "lasso", polygon: view.polygon, mode });
}

/** Nothing selected, nothing picked, no place asked, all classes in colour. */
function clear(view) {
  const had = view.data.selectedCount > 0 || view.picked >= 0;
  view.ground.close(true);
  view.hover.close();
  view.polygon = null;
  if (view.data.kept.size) view.instruments.keep(new Set());
  if (!had) return;
  view.data.select([], "replace");
  view.picked = -1;
  view.selectionChanged();
  view.send("selection", { kind: "clear" });
}

/** Keys while the map has the focus; true when the key was ours. */
function key(view, event) {
  const { stage } = view;
  const middle = [stage.view.width / 2, stage.view.height / 2];
  if (view.instruments.key(event)) return true;
  if (event.key in ARROWS) {
    const step = KEY_PAN * (event.shiftKey ? 4 : 1);
    view.cross = true;
    view.pointer = middle; // the point nearest to the cross counts as hovered
    stage.pan(...ARROWS[event.key].map((part) => part * step));
  } else if (event.key === "+" || event.key === "=") stage.zoomMiddle(KEY_ZOOM);
  else if (event.key === "-" || event.key === "_") stage.zoomMiddle(1 / KEY_ZOOM);
  else if (event.key === "0") stage.reset();
  else if (event.key === "l" || event.key === "L") view.setTool(view.tool === "lasso" ? "pan" : "lasso");
  else if (event.key === "Enter" && view.cross) click(view, ...middle, { toggle: event.shiftKey });
  else if (event.key === "Escape") clear(view);
  else return false;
  return true;
}
