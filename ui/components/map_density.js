// Where points lie close: counted into small squares of the view, smoothed, and shown as shade and lines on a
// scale of logarithms. Counted once for each sheet, so that panning costs nothing.

import { stretches } from "./map_nearest.js";

const SQUARE = 4; // CSS pixels
const REACH = 2; // squares, of each of the three smoothing passes
const LEVELS = [0.5, 1, 2, 4, 8, 16, 32, 64]; // times the map's mean density

/**
 * Count points into squares.
 * @param {import("./map_nearest.js").Index} index
 * @param {{minX: number, maxX: number, minY: number, maxY: number}} bounds in data units
 * @param {number} columns @param {number} lines
 * @returns {Float32Array} line by line from the top
 */
export function binned(index, bounds, columns, lines) {
  const { minX, maxX, minY, maxY } = bounds;
  const out = new Float32Array(columns * lines);
  const { xs, ys } = index;
  const acrossOne = columns / (maxX - minX);
  const downOne = lines / (maxY - minY);
  const spans = stretches(index, minX, minY, maxX, maxY);
  for (let span = 0; span < spans.length; span += 2) {
    for (let at = spans[span]; at < spans[span + 1]; at += 1) {
      const left = (xs[at] - minX) * acrossOne;
      const top = (maxY - ys[at]) * downOne;
      if (left >= 0 && left < columns && top >= 0 && top < lines) out[(top | 0) * columns + (left | 0)] += 1;
    }
  }
  return out;
}

/** Three running means across and down, which come near to a Gaussian; the total stays, but for the edges. */
export function smoothed(grid, columns, lines, reach = REACH) {
  let from = grid;
  for (let pass = 0; pass < 3; pass += 1) {
    from = averaged(averaged(from, columns, lines, 1, columns, reach), lines, columns, columns, 1, reach);
  }
  return from;
}

/** Running mean along lines of `length` values, `step` apart; lines start `stride` apart. */
function averaged(grid, length, count, step, stride, reach) {
  const out = new Float32Array(grid.length);
  const whole = 2 * reach + 1;
  for (let line = 0; line < count; line += 1) {
    const start = line * stride;
    let sum = 0;
    for (let at = 0; at < Math.min(reach, length); at += 1) sum += grid[start + at * step];
    for (let at = 0; at < length; at += 1) {
      if (at + reach < length) sum += grid[start + (at + reach) * step];
      if (at - reach - 1 >= 0) sum -= grid[start + (at - reach - 1) * step];
      out[start + at * step] = Math.max(0, sum) / whole;
    }
  }
  return out;
}

/**
 * The line at one level of a grid, by marching squares: separate short strokes.
 * @param {(x0: number, y0: number, x1: number, y1: number) => void} stroke in squares, from the first one's middle
 */
export function lineAt(grid, columns, lines, level, stroke) {
  for (let line = 0; line + 1 < lines; line += 1) {
    for (let column = 0; column + 1 < columns; column += 1) {
      const at = line * columns + column;
      const a = grid[at];
      const b = grid[at + 1];
      const c = grid[at + columns + 1];
      const d = grid[at + columns];
      const code = (a > level ? 1 : 0) | (b > level ? 2 : 0) | (c > level ? 4 : 0) | (d > level ? 8 : 0);
      if (code === 0 || code === 15) continue;
      const top = column + (level - a) / (b - a);
      const right = line + (level - b) / (c - b);
      const bottom = column + (level - d) / (c - d);
      const left = line + (level - a) / (d - a);
      if (code === 1 || code === 14 || code === 5) stroke(column, left, top, line);
      if (code === 2 || code === 13 || code === 10) stroke(top, line, column + 1, right);
      if (code === 4 || code === 11 || code === 5) stroke(column + 1, right, bottom, line + 1);
      if (code === 7 || code === 8 || code === 10) stroke(column, left, bottom, line + 1);
      if (code === 3 || code === 12) stroke(column, left, column + 1, right);
      if (code === 6 || code === 9) stroke(top, line, bottom, line + 1);
    }
  }
}

/** The density of a sheet's area, with the mean density over the whole map's box at this zoom. */
export function densityOf(index, area) {
  const columns = Math.max(4, Math.round(area.width / SQUARE));
  const lines = Math.max(4, Math.round(area.height / SQUARE));
  const grid = smoothed(binned(index, area.bounds, columns, lines), columns, lines);
  const { minX, minY, maxX, maxY } = index.box;
  const squares = ((maxX - minX) * (maxY - minY) * area.scale ** 2) / SQUARE ** 2;
  return { grid, columns, lines, mean: index.placed / Math.max(squares, 1) };
}

/** Shade under the points: the colour grows with the logarithm of the density. */
export function shadeDensity(area, density, colour, most) {
  const { grid, columns, lines, mean } = density;
  const image = new ImageData(columns, lines);
  const pixels = new Uint32Array(image.data.buffer);
  const steps = LEVELS.length;
  const least = mean * LEVELS[0];
  for (let at = 0; at < grid.length; at += 1) {
    if (grid[at] <= least * 0.25) continue;
    const share = Math.min(1, (Math.log2(grid[at] / least) + 2) / (steps + 1));
    pixels[at] = ((colour & 0xffffff) | (Math.round(share * most * 255) << 24)) >>> 0;
  }
  const canvas = new OffscreenCanvas(columns, lines);
  canvas.getContext("2d").putImageData(image, 0, 0);
  area.context.imageSmoothingEnabled = true;
  area.context.imageSmoothingQuality = "low"; // smooth already, and drawn anew while the map moves
  area.context.drawImage(canvas, 0, 0, area.width, area.height);
}

/** Lines over the points, each level twice as dense as the one before. */
export function lineDensity(area, density, colour, halo) {
  const { grid, columns, lines, mean } = density;
  const { context } = area;
  const [wide, high] = [area.width / columns, area.height / lines];
  const path = new Path2D(); // all levels as one: each stroke of its own would cost as much as all together
  for (const level of LEVELS) {
    lineAt(grid, columns, lines, mean * level, (x0, y0, x1, y1) => {
      path.moveTo((x0 + 0.5) * wide, (y0 + 0.5) * high);
      path.lineTo((x1 + 0.5) * wide, (y1 + 0.5) * high);
    });
  }
  context.globalAlpha = 0.55;
  context.strokeStyle = halo;
  context.lineWidth = 2.6;
  context.stroke(path);
  context.globalAlpha = 0.7;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.stroke(path);
  context.globalAlpha = 1;
}
