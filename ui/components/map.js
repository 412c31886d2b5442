// The latent map: a Streamlit component (v2). Streamlit runs the default export again whenever data or theme
// change, so it only finds the mounted map and hands it the news.
//
// What Python gives (addresses relative to document.baseURI and immutable; arrays little-endian, by row):
//   id          changes when anything below changes
//   height      CSS pixels
//   points      {url, count}: float32 x0, y0, x1, y1, …; NaN: a row without a place; y points up
//   items       {url}: int32, the number the card shows
//   labels      {url, classes: [name]} or null: int32, -1 missing
//   run         its id: undo and redo are of one run
//   colour      {key, name, kind: "class", url, palette, classes, nameless, sentence}: int32, -1 missing; for very
//               many classes {count, chips: {code: name}} in place of classes, and the palette comes round again; or
//               {key, name, kind: "quantity", url, low, high, palette, unit}: float32, NaN missing; or null
//   colour_fault  a sentence where there is no colour
//   distances   {url with "{item}", palette}: float32, distance in the code space to an item
//   fields      [{name, kinds}]: what the search field knows by name
//   searched    {text, count, sentence} of the last search, or null
//   address     {lasso, pick, seq}: the selection as the page's address carries it, for undo and redo
//   figures     [{name, url}]: float32, the card's lines
//   thumbnails  {url with "{chunk}", chunk, shape: [h, w, c]} or null: uint8 by row
//   decode      {url, map} or null: a Live route, asked {map, points: [[x, y]]}
//   selection   {rows: [row], seq?} or null; with seq, an answer older than the last gesture is passed over
//   picked      row or null
//   camera      [x, y, CSS pixels per unit] or null: the data coordinate in the middle of the view
//   marks       [{name, x, y}]
//   layers      {list: [{name, title, help, why, url}], start: [name], asked: [name] or null}; see map_layers.js
// What goes to Python (setStateValue), seq always higher than the last:
//   selection   {kind: "lasso", polygon: [[x, y]], mode: "replace" | "add" | "remove", seq}
//               {kind: "click", row, mode: "replace" | "toggle", seq}, {kind: "clear", seq}
//               {kind: "range", colour, low, high, mode, seq}, {kind: "search", text, mode, seq}
//               {kind: "inspect", row, seq}: picked, the selection stays
//               {kind: "restore", lasso, pick, seq}: undo, redo
//   ground      {x, y, seq}; {kind: "closed", seq} once the place is closed
// The camera goes into the page's address (camera=x,y,scale), without a rerun; a whole map takes it away.

import { MapView } from "./map_view.js";

const mounted = new WeakMap();

/**
 * Mount or update.
 * @param {{data: object, key: string, name: string, parentElement: Element | ShadowRoot,
 *          setStateValue: (name: string, value: unknown) => void}} component
 * @returns {() => void} called by Streamlit when the map leaves the page
 */
export default function map(component) {
  const { parentElement } = component;
  let view = mounted.get(parentElement);
  if (!view) {
    view = new MapView(parentElement);
    mounted.set(parentElement, view);
    expose(view);
  }
  view.update(component);
  return () => {
    if (mounted.get(parentElement) !== view) return;
    mounted.delete(parentElement);
    if (window.__loupeMap?.view === view) delete window.__loupeMap;
    view.close();
  };
}

/** A window for tests and benches; nothing in the app reads it. The last map mounted is the one shown. */
function expose(view) {
  const { stage, data } = view;
  const onPage = ([left, top]) => {
    const box = stage.element.getBoundingClientRect();
    return [box.left + left, box.top + top];
  };
  window.__loupeMap = {
    view,
    /** Milliseconds of the last 600 drawings of the points. */
    get draws() {
      return stage.draws;
    },
    get camera() {
      return stage.camera && [stage.camera.x, stage.camera.y, stage.camera.scale];
    },
    get selectionCount() {
      return data.selectedCount;
    },
    get selectedRows() {
      return Array.from(data.selected.keys()).filter((row) => data.selected[row]);
    },
    get hoverRow() {
      return view.hover.row;
    },
    /** Positions and colours are here and drawn. */
    get ready() {
      return Boolean(data.index && stage.draws.length && (data.values || !view.given.colour) && !stage.frame);
    },
    /** Everything that is on lies on the map. */
    get layersReady() {
      return this.ready && view.layers.ready;
    },
    /** Milliseconds from the cursor's event to its picture: from the lattice, and exactly through the route. */
    get latticeLatency() {
      return { lattice: view.layers.glance.spent, exact: view.layers.glance.exact };
    },
    /** Client coordinates of a row; null where it has no place. */
    toScreen(row) {
      const place = data.placeOf(row);
      return place && onPage(stage.toScreen(...place));
    },
    /** Client coordinates of a place among the points with no point and no control near it, or null. */
    groundPoint() {
      const { width, height } = stage.view;
      for (let step = 0; step < 4000; step += 1) {
        const left = width * (0.3 + 0.45 * ((step * 0.754877) % 1));
        const top = height * (0.3 + 0.45 * ((step * 0.569840) % 1));
        if (view.rowAt(left, top) < 0) return onPage([left, top]);
      }
      return null;
    },
  };
}
