// Outlines of clusters or classes, each with its name and the picture of the item that stands for it.

import { fillRgba } from "./live.js";

const PICTURE = 34; // CSS pixels of the longest side
const MOST_LABELS = 24;

/** Whether two boxes [left, top, width, height] touch. */
export function touch(a, b) {
  return a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];
}

/** Rings as one path on the sheet. */
function pathOf(area, rings) {
  const path = new Path2D();
  for (const ring of rings) {
    ring.forEach(([x, y], at) => {
      const [left, top] = area.place(x, y);
      if (at) path.lineTo(left, top);
      else path.moveTo(left, top);
    });
    path.closePath();
  }
  return path;
}

/**
 * Draw the lines, then the labels, the largest group first; a label that finds no room is left out.
 * @param {object} area from Sheets
 * @param {{outlines: object[]}} about from the route
 * @param {import("./map_pictures.js").Pictures | null} pictures of the items, by row
 * @param {{text: string, ground: string}} theme CSS colours @param {string} font
 */
export function drawOutlines(area, { outlines }, pictures, theme, font) {
  const { context } = area;
  context.lineJoin = "round";
  for (const { rings, colour } of outlines) {
    const path = pathOf(area, rings);
    context.globalAlpha = 0.9;
    context.strokeStyle = theme.ground;
    context.lineWidth = 4;
    context.stroke(path);
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = 1.75;
    context.stroke(path);
  }
  const taken = [];
  for (const each of outlines.slice(0, MOST_LABELS)) label(area, each, pictures, theme, font, taken);
}

function label(area, { name, anchor, row, colour }, pictures, theme, font, taken) {
  const { context } = area;
  const [left, top] = area.place(...anchor);
  if (left < 0 || top < 0 || left > area.width || top > area.height) return;
  context.font = `600 13px ${font}`;
  const picture = pictures?.of(row);
  const shape = picture && pictures.source.shape;
  const factor = shape ? PICTURE / Math.max(shape[0], shape[1]) : 0;
  const [wide, high] = shape ? [shape[1] * factor, shape[0] * factor] : [0, 0];
  const words = name.length > 22 ? `${name.slice(0, 21)}…` : name;
  const width = wide + context.measureText(words).width + 18;
  const height = Math.max(high, 18) + 8;
  const box = [left - width / 2, top - height / 2, width, height];
  if (taken.some((other) => touch(other, box))) return;
  taken.push(box);
  context.globalAlpha = 0.9;
  context.fillStyle = theme.ground;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.roundRect(...box, 6);
  context.fill();
  context.globalAlpha = 1;
  context.stroke();
  if (picture) {
    const image = new ImageData(shape[1], shape[0]);
    fillRgba(image.data, picture, shape[2]);
    const canvas = new OffscreenCanvas(shape[1], shape[0]);
    canvas.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = factor < 1;
    context.drawImage(canvas, box[0] + 4, top - high / 2, wide, high);
  }
  context.fillStyle = theme.text;
  context.textBaseline = "middle";
  context.fillText(words, box[0] + wide + 10, top + 1);
}
