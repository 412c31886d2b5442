// The camera: which data coordinates stand at the middle of the view, and how many CSS pixels one unit takes.
// Pure functions on plain objects: camera {x, y, scale}, view {width, height} in CSS pixels. Data y goes up.

/** Room the toolbar, the legend and the foot line take from a fitted view, CSS pixels. */
export const INSETS = { left: 64, right: 28, top: 82, bottom: 44 };

/**
 * Screen place of a data coordinate.
 * @returns {[number, number]} CSS pixels from the view's top left corner
 */
export function toScreen(camera, view, x, y) {
  return [view.width / 2 + (x - camera.x) * camera.scale, view.height / 2 - (y - camera.y) * camera.scale];
}

/**
 * Data coordinate under a screen place.
 * @returns {[number, number]}
 */
export function toData(camera, view, left, top) {
  const { x, y, scale } = camera;
  return [x + (left - view.width / 2) / scale, y - (top - view.height / 2) / scale];
}

/** The camera after the ground was dragged by (dx, dy) CSS pixels. */
export function panned(camera, dx, dy) {
  return { x: camera.x - dx / camera.scale, y: camera.y + dy / camera.scale, scale: camera.scale };
}

/**
 * The camera after zooming by `factor` while the point under (left, top) stays where it is.
 * @param {{low: number, high: number}} limits of the scale, pixels per unit
 */
export function zoomedAt(camera, view, left, top, factor, limits) {
  const scale = Math.min(limits.high, Math.max(limits.low, camera.scale * factor));
  const [x, y] = toData(camera, view, left, top);
  return { x: x - (left - view.width / 2) / scale, y: y + (top - view.height / 2) / scale, scale };
}

/**
 * The camera that shows the whole of a box inside the insets.
 * @param {{minX: number, minY: number, maxX: number, maxY: number}} box an empty one is shown one unit wide
 */
export function fitted(box, view, insets = INSETS) {
  const wide = Math.max(20, view.width - insets.left - insets.right);
  const high = Math.max(20, view.height - insets.top - insets.bottom);
  const spanX = box.maxX - box.minX;
  const spanY = box.maxY - box.minY;
  const room = [spanX > 0 ? wide / spanX : Infinity, spanY > 0 ? high / spanY : Infinity];
  const scale = spanX > 0 || spanY > 0 ? Math.min(...room) : Math.min(wide, high);
  const shiftX = (insets.left - insets.right) / 2 / scale;
  const shiftY = (insets.top - insets.bottom) / 2 / scale;
  return { x: (box.minX + box.maxX) / 2 - shiftX, y: (box.minY + box.maxY) / 2 + shiftY, scale };
}

/** How far the scale may go from a fitted one: an eighth to three thousand times. */
export function limitsOf(fit) {
  return { low: fit.scale / 8, high: fit.scale * 3000 };
}

/** The camera a part `t` (0 to 1) of the way from one to another; the scale moves evenly in its logarithm. */
export function between(from, to, t) {
  if (t >= 1) return to;
  const scale = from.scale * (to.scale / from.scale) ** t;
  // Straight travel on screen: weigh the centres by how much of the change of scale is done.
  const span = 1 / to.scale - 1 / from.scale;
  const share = Math.abs(span) < 1e-12 / from.scale ? t : (1 / scale - 1 / from.scale) / span;
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share, scale };
}

/** Whether two cameras show the same to within a tenth of a pixel. */
export function same(a, b) {
  const pixels = 0.1 / a.scale;
  const near = Math.abs(a.x - b.x) < pixels && Math.abs(a.y - b.y) < pixels;
  return near && Math.abs(a.scale / b.scale - 1) < 1e-4;
}

/** The camera as the page's address carries it: "x,y,scale" with six significant digits. */
export function written(camera) {
  return [camera.x, camera.y, camera.scale].map((value) => String(Number(value.toPrecision(6)))).join(",");
}

/** A camera from what `written` gave, or null. */
export function readCamera(text) {
  const [x, y, scale] = (text ?? "").split(",").map(Number);
  return text && [x, y, scale].every(Number.isFinite) && scale > 0 ? { x, y, scale } : null;
}

/**
 * The query of an address with one parameter replaced, all others left exactly as they are.
 * @param {string} search "?run=a&camera=1,2,3" or ""
 * @param {string} name of the parameter: plain letters
 * @param {string | null} value needs no quoting; null takes the parameter away
 * @returns {string} "" or a query that starts with "?"
 */
export function withParameter(search, name, value) {
  const own = new RegExp(`^${name}(=|$)`);
  const kept = search.replace(/^\?/, "").split("&").filter((part) => part && !own.test(part));
  if (value !== null) kept.push(`${name}=${value}`);
  return kept.length ? `?${kept.join("&")}` : "";
}

/** The query of an address with its camera (from `written`, or null) replaced. */
export function withCamera(search, camera) {
  return withParameter(search, "camera", camera);
}

/** Put a parameter into the page's own address, or take it away, without a rerun. */
export function writeAddress(name, value) {
  const { pathname, search, hash } = window.location;
  const next = withParameter(search, name, value);
  if (next !== search) history.replaceState(history.state, "", pathname + next + hash);
}
