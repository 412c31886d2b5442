// Zoomed in far enough, points become pictures: those that find room, the others stay points. Which find room
// depends on the place on the map and on the zoom, never on the part in view, so that panning changes nothing.

import { stretches } from "./map_nearest.js";
import { MARGIN } from "./map_points.js";
import { stamp } from "./map_pictures.js";

const FROM_ZOOM = 2; // scale over the fitted scale
const FEW_BYTES = 32 * 2 ** 20; // all pictures together: then many may be asked for at once
const MOST = { light: 2500, heavy: 600 }; // points in a view, on average over the map
const SIDE = { light: 34, heavy: 52 }; // CSS pixels
const LEVELS = 2; // of zoom, for each doubling: within one, the same points have pictures

/** Whether points become pictures at this zoom. */
export function pictured(data, buffer, k, zoom) {
  const { pictures, index } = data;
  if (!pictures || zoom < FROM_ZOOM) return false;
  const { minX, minY, maxX, maxY } = index.box;
  const whole = Math.max(1, (maxX - minX) * (maxY - minY) * k * k);
  const inView = index.placed * Math.min(1, (buffer.width * buffer.height) / whole);
  return inView <= (pictures.bytes <= FEW_BYTES ? MOST.light : MOST.heavy);
}

/**
 * Side of the pictures, in whole multiples of the picture's own pixels where it is enlarged.
 * @param {number} longest side of a picture, its own pixels
 * @param {number} ratio device pixels per CSS pixel
 * @param {boolean} heavy whether each picture is dear to fetch: fewer and larger ones
 * @returns {number} device pixels
 */
export function pictureSide(longest, ratio, heavy = false) {
  const side = Math.round((heavy ? SIDE.heavy : SIDE.light) * ratio);
  return side >= longest ? Math.floor(side / longest) * longest : side;
}

/** A number that looks drawn at random, the same for a row each time. */
function lot(row) {
  let value = Math.imul(row + 1, 0x9e3779b1);
  value = Math.imul(value ^ (value >>> 15), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 1; // 31 bits
}

/**
 * The sorted points that become pictures: of each square of the map the one whose lot is lowest, unless a
 * neighbouring square's has a lower one and would touch it.
 * @param {import("./map_nearest.js").Index} index
 * @param {{minX: number, minY: number, maxX: number, maxY: number}} view data units
 * @param {number} side of the squares, data units: what a picture takes at the lowest scale of this zoom's level
 * @param {Uint8Array | null} lit 1 for those that choose first
 * @returns {number[]} places in the index
 */
export function chosen(index, view, side, lit) {
  const first = { x: Math.floor(view.minX / side) - 2, y: Math.floor(view.minY / side) - 2 };
  const columns = Math.floor(view.maxX / side) + 3 - first.x;
  const lines = Math.floor(view.maxY / side) + 3 - first.y;
  const best = new Int32Array(columns * lines).fill(-1);
  const lots = new Float64Array(columns * lines);
  const { xs, ys, rows } = index;
  const from = [first.x * side, first.y * side];
  const spans = stretches(index, ...from, from[0] + columns * side, from[1] + lines * side);
  for (let span = 0; span < spans.length; span += 2) {
    for (let at = spans[span]; at < spans[span + 1]; at += 1) {
      const column = Math.floor(xs[at] / side) - first.x;
      const line = Math.floor(ys[at] / side) - first.y;
      if (column < 0 || column >= columns || line < 0 || line >= lines) continue;
      const cell = line * columns + column;
      const own = lot(rows[at]) + (lit && !lit[at] ? 2 ** 32 : 0);
      if (best[cell] >= 0 && lots[cell] <= own) continue;
      best[cell] = at;
      lots[cell] = own;
    }
  }
  const found = [];
  for (let line = 1; line + 1 < lines; line += 1) {
    for (let column = 1; column + 1 < columns; column += 1) {
      const cell = line * columns + column;
      const at = best[cell];
      if (at < 0) continue;
      let free = true;
      for (let near = 0; near < 9 && free; near += 1) {
        const other = cell + (Math.floor(near / 3) - 1) * columns + (near % 3) - 1;
        const rival = best[other];
        if (other === cell || rival < 0 || lots[other] > lots[cell]) continue;
        free = Math.abs(xs[rival] - xs[at]) >= side || Math.abs(ys[rival] - ys[at]) >= side;
      }
      if (free) found.push(at);
    }
  }
  return found;
}

/** Stamp the pictures that are here and find room; ask for those that are not. Lit ones choose first. */
export function drawPictures(data, buffer, place, paint, lit, ratio, theme) {
  const { pictures, index } = data;
  const { shape } = pictures.source;
  const heavy = pictures.bytes > FEW_BYTES;
  const side = pictureSide(Math.max(shape[0], shape[1]), ratio, heavy);
  const border = Math.round(2 * ratio);
  const level = 2 ** (Math.floor(Math.log2(place.k) * LEVELS) / LEVELS);
  const apart = (side + 2 * border + ratio) / level;
  const lines = buffer.pixels.length / buffer.stride;
  const reach = side / 2 + border - MARGIN;
  const view = {
    minX: (-reach - place.ax) / place.k, maxX: (buffer.stride + reach - place.ax) / place.k,
    minY: (place.ay - lines - reach) / place.k, maxY: (place.ay + reach) / place.k,
  };
  for (const at of chosen(index, view, apart, lit)) {
    const left = index.xs[at] * place.k + place.ax;
    const top = place.ay - index.ys[at] * place.k;
    const picture = pictures.of(index.rows[at], pictures.idle);
    if (!picture) continue;
    const fade = lit && !lit[at] ? 0.65 : 0;
    stamp(buffer, left, top, side, picture, shape, paint[at], border, fade, theme.ground);
  }
}
