/** The arithmetic of the film strips: which frame at which step, and how large a picture may be. No DOM. */

/** A step from outside as a whole number within 0..length-1; anything else is 0. */
export function readStep(step, length) {
  return Number.isFinite(step) ? Math.min(length - 1, Math.max(0, Math.round(step))) : 0;
}

/** The next step of a film that runs to and fro: [step, direction]. */
export function bounce(step, direction, length) {
  if (length < 2) return [0, 1];
  const turned = step + direction < 0 || step + direction >= length ? -direction : direction;
  return [step + turned, turned];
}

/**
 * The width of the thumbnails of a strip: one row if they stay legible, else rows of equal length.
 * @param {number} width  room for the strip, CSS pixels
 * @param {number} count  thumbnails
 * @param {{gap: number, least: number, most: number}} sizes
 */
export function thumbWidth(width, count, { gap, least, most }) {
  const most1 = Math.max(1, Math.floor((width + gap) / (least + gap))); // as many as fit in one row
  const rows = Math.ceil(count / most1);
  const perRow = Math.ceil(count / rows);
  return Math.max(1, Math.min(most, Math.floor((width - gap * (perRow - 1)) / perRow)));
}

/** `room` snapped down to a whole multiple of `native` where that costs little, for even hard pixels. */
export function snap(room, native, ratio = 1) {
  const whole = (Math.floor((room * ratio) / native) * native) / ratio;
  return whole >= 0.8 * room ? whole : room;
}
