// Posterior ellipses: one standard deviation of each code's own uncertainty, where the map is linear.

const MOST = 400; // in view
const COVER = 1.5; // of the area, by all ellipses together: more hide each other
const FEWEST = 12;

/**
 * Half axes and turn of the ellipse of a covariance.
 * @param {number} xx @param {number} xy @param {number} yy
 * @returns {[number, number, number]} longer half axis, shorter one, angle of the longer from x, anticlockwise
 */
export function axesOf(xx, xy, yy) {
  const middle = (xx + yy) / 2;
  const apart = Math.hypot((xx - yy) / 2, xy);
  return [Math.sqrt(Math.max(0, middle + apart)), Math.sqrt(Math.max(0, middle - apart)), Math.atan2(2 * xy, xx - yy) / 2];
}

/**
 * Draw the ellipses of the first codes in view, until they cover enough.
 * @param {object} area from Sheets
 * @param {{about: {rows: number[]}, bytes: Uint8Array}} found float32 x, y, xx, xy, yy by code
 * @param {(row: number) => string} colourOf CSS colour of a row
 * @param {Uint8Array | null} selected by row: only these; null: all
 * @param {string} ground CSS colour
 * @returns {number} how many were drawn
 */
export function drawEllipses(area, { about, bytes }, colourOf, selected, ground) {
  const { context, bounds, scale } = area;
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, 5 * about.count);
  let drawn = 0;
  let covered = 0;
  for (let at = 0; at < about.count && drawn < MOST; at += 1) {
    const [x, y, xx, xy, yy] = values.subarray(5 * at, 5 * at + 5);
    if (selected && !selected[about.rows[at]]) continue;
    if (drawn >= FEWEST && covered > COVER * area.width * area.height) break;
    if (x < bounds.minX || x > bounds.maxX || y < bounds.minY || y > bounds.maxY) continue;
    const [long, short, turn] = axesOf(xx, xy, yy);
    covered += Math.PI * long * short * scale ** 2;
    context.beginPath();
    context.ellipse(...area.place(x, y), Math.max(long * scale, 1), Math.max(short * scale, 0.5), -turn, 0, 2 * Math.PI);
    const colour = colourOf(about.rows[at]);
    context.globalAlpha = 0.12;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 0.6;
    context.strokeStyle = ground;
    context.lineWidth = 2.5;
    context.stroke();
    context.globalAlpha = 0.95;
    context.strokeStyle = colour;
    context.lineWidth = 1.1;
    context.stroke();
    drawn += 1;
  }
  context.globalAlpha = 1;
  return drawn;
}
