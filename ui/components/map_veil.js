// The support shade: a veil over the ground that darkens what lies off the data.

const CLEAR_FROM = 0.25; // support from which there is no veil

/**
 * Opacity of the veil for a support.
 * @param {number} share 0..1
 * @param {number} most opacity where there is none
 */
export function veilOf(share, most) {
  return most * Math.max(0, 1 - share / CLEAR_FROM) ** 0.7;
}

/**
 * Draw the veil over the whole area; beyond the measured grid there is no support.
 * @param {object} area from Sheets
 * @param {{about: {rows: number, columns: number, extent: number[]}, bytes: Uint8Array}} grid support of 255
 * @param {number} colour pixel @param {number} most opacity
 */
export function drawVeil(area, { about, bytes }, colour, most) {
  const { rows, columns, extent: [left, right, low, high] } = about;
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let cell = 0; cell < bytes.length; cell += 1) {
    pixels[cell] = ((colour & 0xffffff) | (Math.round(255 * veilOf(bytes[cell] / 255, most)) << 24)) >>> 0;
  }
  const canvas = new OffscreenCanvas(columns, rows);
  canvas.getContext("2d").putImageData(image, 0, 0);
  const { context } = area;
  const [fromX, fromY] = area.place(left, high);
  const [toX, toY] = area.place(right, low);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "low"; // smooth already
  context.drawImage(canvas, fromX, fromY, toX - fromX, toY - fromY);
  context.fillStyle = `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255} / ${most})`;
  context.beginPath();
  context.rect(0, 0, area.width, area.height);
  context.rect(fromX, fromY, toX - fromX, toY - fromY);
  context.fill("evenodd");
}
