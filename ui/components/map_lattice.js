// The decoded lattice: the decoder's pictures at a grid of places. Drawn as the ground of the map, and read at any
// place between them while the cursor moves.

const CLEAR = 30; // CSS pixels a picture of the ground has at least
const FAINT = 0.07; // opacity where there is no support
const FULL_AT = 0.3; // support from which a picture has its full opacity

/**
 * Header and bytes of a packed answer: uint32 length, JSON, bytes (little-endian).
 * @param {ArrayBuffer} buffer
 * @returns {{about: object, bytes: Uint8Array}}
 */
export function unpacked(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { about, bytes: new Uint8Array(buffer, 4 + length) };
}

/**
 * The lattice from its answer.
 * @typedef {{rows: number, columns: number, extent: number[], tile: [number, number, number],
 *            support: Uint8Array, pixels: Uint8Array}} Lattice
 */
export function latticeOf({ about, bytes }) {
  const cells = about.rows * about.columns;
  return { ...about, support: bytes.subarray(0, cells), pixels: bytes.subarray(cells) };
}

/** Place of a data coordinate in cells, counted from the middle of the top left one. */
function inCells({ rows, columns, extent: [left, right, low, high] }, x, y) {
  return [((x - left) / (right - left)) * columns - 0.5, ((high - y) / (high - low)) * rows - 0.5];
}

/**
 * The picture and the support between the four nearest cells, each by its nearness.
 * @param {Lattice} lattice
 * @param {number} x @param {number} y data units
 * @param {Uint8Array} out height * width * channels bytes, filled
 * @returns {number | null} support 0..1; null outside the lattice
 */
export function sampled(lattice, x, y, out) {
  const [across, down] = inCells(lattice, x, y);
  const { rows, columns, support, pixels } = lattice;
  if (!(across >= -0.5 && across <= columns - 0.5 && down >= -0.5 && down <= rows - 0.5)) return null;
  const held = (value, most) => Math.max(0, Math.min(most, value));
  const [left, top] = [held(Math.floor(across), columns - 1), held(Math.floor(down), rows - 1)];
  const [right, bottom] = [Math.min(left + 1, columns - 1), Math.min(top + 1, rows - 1)];
  const [u, v] = [held(across - left, 1), held(down - top, 1)];
  const cells = [top * columns + left, top * columns + right, bottom * columns + left, bottom * columns + right];
  const shares = [(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v];
  const size = out.length;
  const [a, b, c, d] = cells.map((cell) => cell * size);
  const [p, q, r, s] = shares;
  for (let at = 0; at < size; at += 1) {
    out[at] = p * pixels[a + at] + q * pixels[b + at] + r * pixels[c + at] + s * pixels[d + at] + 0.5;
  }
  return cells.reduce((sum, cell, at) => sum + shares[at] * support[cell], 0) / 255;
}

/**
 * How far apart the ground's pictures stand: cells doubled or halved until a picture is clear.
 * @returns {number} cells, a power of two (or of a half)
 */
export function spacing(cellPixels, clear = CLEAR) {
  return 2 ** Math.ceil(Math.log2(clear / cellPixels));
}

/**
 * Draw the ground: one picture per place, fainter where support is low.
 * @param {object} area from Sheets
 * @param {Lattice} lattice
 * @param {number} most opacity of a well supported picture
 */
export function drawLattice(area, lattice, most) {
  const { rows, columns, extent: [left, right, low, high], tile: [tall, wide, channels] } = lattice;
  const [cellX, cellY] = [(right - left) / columns, (high - low) / rows];
  const apart = spacing(Math.min(cellX, cellY) * area.scale, Math.max(CLEAR, Math.min(44, Math.max(tall, wide))));
  const [stepX, stepY] = [cellX * apart, cellY * apart];
  const held = (value, end) => Math.max(0, Math.min(end, value));
  const many = { x: Math.ceil(columns / apart), y: Math.ceil(rows / apart) };
  const from = { x: held(Math.floor((area.bounds.minX - left) / stepX), many.x),
    y: held(Math.floor((high - area.bounds.maxY) / stepY), many.y) };
  const to = { x: held(Math.ceil((area.bounds.maxX - left) / stepX), many.x),
    y: held(Math.ceil((high - area.bounds.minY) / stepY), many.y) };
  if (to.x <= from.x || to.y <= from.y) return;
  const side = Math.max(tall, wide);
  const gap = Math.max(1, Math.round(side * 0.08));
  const block = side + 2 * gap;
  const image = new ImageData((to.x - from.x) * block, (to.y - from.y) * block);
  const into = new Uint32Array(image.data.buffer);
  const [shiftX, shiftY] = [gap + ((side - wide) >> 1), gap + ((side - tall) >> 1)];
  const picture = new Uint8Array(tall * wide * channels);
  const [green, blue] = channels > 2 ? [1, 2] : [0, 0];
  for (let line = from.y; line < to.y; line += 1) {
    for (let column = from.x; column < to.x; column += 1) {
      const share = pictureAt(lattice, apart, column, line, picture);
      if (share === null) continue;
      const alpha = Math.round(255 * most * (FAINT + (1 - FAINT) * Math.min(1, share / FULL_AT))) << 24;
      let q = ((line - from.y) * block + shiftY) * image.width + (column - from.x) * block + shiftX;
      for (let y = 0, p = 0; y < tall; y += 1, q += image.width - wide) {
        for (let x = 0; x < wide; x += 1, p += channels, q += 1) {
          into[q] = (alpha | (picture[p + blue] << 16) | (picture[p + green] << 8) | picture[p]) >>> 0;
        }
      }
    }
  }
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  const [atLeft, atTop] = area.place(left + from.x * stepX, high - from.y * stepY);
  const { context } = area;
  const [toWide, toHigh] = [(to.x - from.x) * stepX * area.scale, (to.y - from.y) * stepY * area.scale];
  context.imageSmoothingEnabled = (toWide * area.ratio) / image.width < 1; // enlarged pixels stay hard
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, atLeft, atTop, toWide, toHigh);
}

/** One picture of the ground: a cell's own where places are cells apart, else between the cells. */
function pictureAt(lattice, apart, column, line, picture) {
  const { rows, columns, extent: [left, right, low, high] } = lattice;
  let [across, down] = [(column + 0.5) * apart, (line + 0.5) * apart];
  if (apart > 1) [across, down] = [Math.floor(across) + 0.5, Math.floor(down) + 0.5];
  if (across > columns || down > rows) return null;
  const x = left + (across * (right - left)) / columns;
  const y = high - (down * (high - low)) / rows;
  return sampled(lattice, x, y, picture);
}
