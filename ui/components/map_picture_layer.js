// Zoomed in far enough, points become pictures: those that find room, the others stay points.

import { stamp } from "./map_pictures.js";

const FROM_ZOOM = 2; // scale over the fitted scale
const FEW_BYTES = 32 * 2 ** 20; // all pictures together: then many may be asked for at once
const MOST = { light: 300, heavy: 80 };

/**
 * The sorted points in view, if few enough to be shown as pictures.
 * @returns {{at: number, left: number, top: number}[] | null} places in the buffer
 */
export function picturesInView(data, spans, place, buffer, zoom) {
  const { pictures, index } = data;
  if (!pictures || zoom < FROM_ZOOM) return null;
  const most = pictures.bytes <= FEW_BYTES ? MOST.light : MOST.heavy;
  const lines = buffer.pixels.length / buffer.stride;
  const found = [];
  for (let span = 0; span < spans.length; span += 2) {
    for (let at = spans[span]; at < spans[span + 1]; at += 1) {
      const left = index.xs[at] * place.k + place.ax;
      const top = place.ay - index.ys[at] * place.k;
      if (left < 0 || left >= buffer.stride || top < 0 || top >= lines) continue;
      if (found.length === most) return null;
      found.push({ at, left, top });
    }
  }
  return found.length ? found : null;
}

/**
 * Side of the pictures: as the points in view leave room, in whole multiples of the picture's own pixels.
 * @param {number} area device pixels squared @param {number} count of points in it
 * @param {number} longest side of a picture, its own pixels
 * @param {number} ratio device pixels per CSS pixel
 * @returns {number} device pixels
 */
export function pictureSide(area, count, longest, ratio) {
  const side = Math.min(64 * ratio, Math.max(18 * ratio, 0.6 * Math.sqrt(area / count)));
  return side >= longest ? Math.floor(side / longest) * longest : Math.round(side);
}

/** Stamp the pictures that are here and find room; ask for those that are not. Lit ones choose first. */
export function drawPictures(data, found, buffer, paint, lit, ratio, theme) {
  const { pictures, index } = data;
  const { shape } = pictures.source;
  const side = pictureSide(buffer.width * buffer.height, found.length, Math.max(shape[0], shape[1]), ratio);
  const border = Math.round(2 * ratio);
  const apart = side + 2 * border + ratio;
  const taken = new Map();
  const cell = (left, top) => `${Math.floor(left / apart)}/${Math.floor(top / apart)}`;
  const free = ({ left, top }) => {
    for (const dx of [-apart, 0, apart]) {
      for (const dy of [-apart, 0, apart]) {
        for (const [x, y] of taken.get(cell(left + dx, top + dy)) ?? []) {
          if (Math.abs(x - left) < apart && Math.abs(y - top) < apart) return false;
        }
      }
    }
    return true;
  };
  const order = lit ? [...found.filter(({ at }) => lit[at]), ...found.filter(({ at }) => !lit[at])] : found;
  for (const each of order) {
    if (!free(each)) continue;
    const key = cell(each.left, each.top);
    if (!taken.has(key)) taken.set(key, []);
    taken.get(key).push([each.left, each.top]);
    const picture = pictures.of(index.rows[each.at], pictures.idle);
    const fade = lit && !lit[each.at] ? 0.65 : 0;
    if (!picture) continue;
    stamp(buffer, each.left, each.top, side, picture, shape, paint[each.at], border, fade, theme.ground);
  }
}
