// An index of the points: sorted into the cells of a grid, so that drawing reads memory in order, draws only
// what is in view, and the point nearest to the cursor is found without looking at all of them.

/**
 * @typedef {object} Index
 * @property {number} count rows given, with and without a place
 * @property {number} placed rows with a finite place
 * @property {{minX: number, minY: number, maxX: number, maxY: number}} box of the placed points
 * @property {number} columns @property {number} lines cells across and up
 * @property {number} cellX @property {number} cellY size of a cell in data units
 * @property {Int32Array} start first place of each cell in `rows`, one entry more than there are cells
 * @property {Int32Array} rows row number of each sorted point
 * @property {Float32Array} xs @property {Float32Array} ys the sorted positions
 */

/**
 * Sort points into a grid.
 * @param {Float32Array} points x0, y0, x1, y1, …; rows with NaN or infinity are left out
 * @returns {Index}
 */
export function indexed(points) {
  const count = points.length >> 1;
  const box = boundsOf(points);
  const spanX = box.maxX - box.minX;
  const spanY = box.maxY - box.minY;
  const side = Math.max(1, Math.min(512, Math.round(Math.sqrt(count / 3))));
  const columns = spanX > 0 ? side : 1;
  const lines = spanY > 0 ? side : 1;
  const cellX = spanX > 0 ? spanX / columns : 1;
  const cellY = spanY > 0 ? spanY / lines : 1;

  const cells = new Int32Array(count);
  const start = new Int32Array(columns * lines + 1);
  let placed = 0;
  for (let row = 0; row < count; row += 1) {
    const x = points[2 * row];
    const y = points[2 * row + 1];
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      cells[row] = -1;
      continue;
    }
    const column = Math.min(columns - 1, Math.floor((x - box.minX) / cellX));
    const line = Math.min(lines - 1, Math.floor((y - box.minY) / cellY));
    cells[row] = line * columns + column;
    start[cells[row] + 1] += 1;
    placed += 1;
  }
  for (let cell = 1; cell < start.length; cell += 1) start[cell] += start[cell - 1];

  const next = start.slice();
  const rows = new Int32Array(placed);
  const xs = new Float32Array(placed);
  const ys = new Float32Array(placed);
  for (let row = 0; row < count; row += 1) {
    if (cells[row] < 0) continue;
    const at = next[cells[row]];
    next[cells[row]] += 1;
    rows[at] = row;
    xs[at] = points[2 * row];
    ys[at] = points[2 * row + 1];
  }
  return { count, placed, box, columns, lines, cellX, cellY, start, rows, xs, ys };
}

/** The smallest box around the finite points; around nothing it is the point (0, 0). */
export function boundsOf(points) {
  let minX = Infinity;
  let minY = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  for (let at = 0; at + 1 < points.length; at += 2) {
    const x = points[at];
    const y = points[at + 1];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    if (x < minX) minX = x;
    if (x > maxX) maxX = x;
    if (y < minY) minY = y;
    if (y > maxY) maxY = y;
  }
  return minX <= maxX ? { minX, minY, maxX, maxY } : { minX: 0, minY: 0, maxX: 0, maxY: 0 };
}

/** Number of the column (or line) a coordinate falls in, held inside the grid. */
function held(value, from, size, cells) {
  return Math.max(0, Math.min(cells - 1, Math.floor((value - from) / size)));
}

/**
 * Stretches of the sorted points whose cells touch a box: one [from, to) per line of cells.
 * @param {Index} index
 * @returns {Int32Array} from0, to0, from1, to1, …; the points in them may lie a little outside the box
 */
export function stretches(index, minX, minY, maxX, maxY) {
  const { box, columns, lines, cellX, cellY, start } = index;
  if (!index.placed || maxX < box.minX || minX > box.maxX || maxY < box.minY || minY > box.maxY) {
    return new Int32Array(0);
  }
  const left = held(minX, box.minX, cellX, columns);
  const right = held(maxX, box.minX, cellX, columns);
  const low = held(minY, box.minY, cellY, lines);
  const high = held(maxY, box.minY, cellY, lines);
  const out = new Int32Array(2 * (high - low + 1));
  for (let line = low; line <= high; line += 1) {
    out[2 * (line - low)] = start[line * columns + left];
    out[2 * (line - low) + 1] = start[line * columns + right + 1];
  }
  return out;
}

/** How many sorted points lie in the given stretches. */
export function total(spans) {
  let sum = 0;
  for (let at = 0; at < spans.length; at += 2) sum += spans[at + 1] - spans[at];
  return sum;
}

/**
 * The row nearest to a place, within a radius; of points at the same distance, the lowest row.
 * @param {Index} index
 * @param {number} x @param {number} y data units
 * @param {number} radius data units (the scale is the same in x and y, so near on screen is near here)
 * @returns {number} row, or -1 when no point is that near
 */
export function nearest(index, x, y, radius) {
  const spans = stretches(index, x - radius, y - radius, x + radius, y + radius);
  let best = radius * radius;
  let found = -1;
  for (let span = 0; span < spans.length; span += 2) {
    for (let at = spans[span]; at < spans[span + 1]; at += 1) {
      const dx = index.xs[at] - x;
      const dy = index.ys[at] - y;
      const far = dx * dx + dy * dy;
      if (far > best) continue;
      if (far < best || found < 0 || index.rows[at] < found) {
        found = index.rows[at];
        best = far;
      }
    }
  }
  return found;
}
