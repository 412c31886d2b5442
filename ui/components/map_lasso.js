// Which points a lasso holds. The rule is even-odd in data coordinates, with exactly the arithmetic of
// `inside`, in doubles: the server recomputes membership from the polygon alone and must find the same rows.

/**
 * Even-odd rule: whether a ray to the right crosses the polygon's edges an odd number of times.
 * @param {number[][]} polygon [[x, y], …], closed by itself
 * @param {number} x @param {number} y
 * @returns {boolean}
 */
export function inside(polygon, x, y) {
  let odd = false;
  for (let i = 0; i < polygon.length; i += 1) {
    const [ax, ay] = polygon[i];
    const [bx, by] = polygon[i + 1 === polygon.length ? 0 : i + 1];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

/**
 * Cells an edge of the polygon may touch; all points of any other cell are on one side.
 * @returns {Uint8Array} 1 per touched cell
 */
function touched(index, polygon) {
  const { box, columns, lines, cellX, cellY } = index;
  const marks = new Uint8Array(columns * lines);
  const slack = 1e-4; // of a cell: more than rounding can move a point over its cell's border
  const column = (x) => Math.max(0, Math.min(columns - 1, Math.floor((x - box.minX) / cellX)));
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [[xa, ya], [xb, yb]] = [polygon[i], polygon[j]].sort((a, b) => a[1] - b[1]);
    const low = Math.max(0, Math.floor((ya - box.minY) / cellY - slack));
    const high = Math.min(lines - 1, Math.floor((yb - box.minY) / cellY + slack));
    for (let line = low; line <= high; line += 1) {
      const from = Math.max(ya, box.minY + (line - slack) * cellY);
      const to = Math.min(yb, box.minY + (line + 1 + slack) * cellY);
      const along = (y) => (yb > ya ? xa + ((xb - xa) * (y - ya)) / (yb - ya) : xa);
      const [x0, x1] = yb > ya ? [along(from), along(to)] : [xa, xb];
      const left = column(Math.min(x0, x1) - slack * cellX);
      const right = column(Math.max(x0, x1) + slack * cellX);
      marks.fill(1, line * columns + left, line * columns + right + 1);
    }
  }
  return marks;
}

/**
 * The rows inside a polygon.
 * @param {import("./map_nearest.js").Index} index
 * @param {number[][]} polygon [[x, y], …] in data coordinates
 * @returns {Int32Array} rows, in the order of the index
 */
export function members(index, polygon) {
  if (polygon.length < 3 || !index.placed) return new Int32Array(0);
  const { box, columns, lines, cellX, cellY, start, rows, xs, ys } = index;
  const marks = touched(index, polygon);
  const found = new Int32Array(index.placed);
  let count = 0;
  let within = null; // of the cells since the last touched one: no edge lies between them
  for (let cell = 0; cell < columns * lines; cell += 1) {
    const from = start[cell];
    const to = start[cell + 1];
    if (marks[cell] || cell % columns === 0) within = null;
    if (from === to) continue;
    if (marks[cell]) {
      for (let at = from; at < to; at += 1) {
        if (inside(polygon, xs[at], ys[at])) found[count++] = rows[at];
      }
    } else {
      const x = box.minX + ((cell % columns) + 0.5) * cellX;
      const y = box.minY + (Math.floor(cell / columns) + 0.5) * cellY;
      within ??= inside(polygon, x, y);
      if (within) for (let at = from; at < to; at += 1) found[count++] = rows[at];
    }
  }
  return found.slice(0, count);
}

/**
 * Add a place to a stroke unless it is too near to the last one to matter.
 * @param {number[][]} stroke [[left, top], …] CSS pixels; changed in place
 * @param {number} apart least distance between two places, CSS pixels
 * @returns {boolean} whether it was added
 */
export function extended(stroke, left, top, apart = 3) {
  const last = stroke[stroke.length - 1];
  if (last && Math.hypot(left - last[0], top - last[1]) < apart) return false;
  stroke.push([left, top]);
  return true;
}

/** A stroke of at most `most` places, evenly thinned: a very long one still sends little. */
export function thinned(stroke, most = 400) {
  const step = Math.ceil(stroke.length / most);
  return step <= 1 ? stroke : stroke.filter((_, at) => at % step === 0);
}

/**
 * A polygon to a tenth of a pixel: short to send and to keep in a link.
 * @param {number[][]} polygon data coordinates
 * @param {number} scale CSS pixels per unit
 */
export function rounded(polygon, scale) {
  const decimals = Math.max(0, Math.min(20, Math.ceil(Math.log10(10 * scale))));
  return polygon.map((corner) => corner.map((value) => Number(value.toFixed(decimals))));
}

/**
 * A selection after a lasso or a click.
 * @param {Uint8Array} selected 1 per selected row
 * @param {ArrayLike<number>} rows
 * @param {"replace" | "add" | "remove" | "toggle"} mode
 * @returns {{selected: Uint8Array, count: number}} a new selection
 */
export function changed(selected, rows, mode) {
  const out = mode === "replace" ? new Uint8Array(selected.length) : selected.slice();
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at];
    if (!(row >= 0 && row < out.length)) continue;
    out[row] = mode === "remove" ? 0 : mode === "toggle" ? 1 - out[row] : 1;
  }
  let count = 0;
  for (let row = 0; row < out.length; row += 1) count += out[row];
  return { selected: out, count };
}
