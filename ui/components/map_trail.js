// Lines through the map: the path from A to B, and the trail of an item that is disturbed more and more.

import { ring } from "./map_overlay.js";

function traced(area, places) {
  const path = new Path2D();
  places.forEach(([x, y], at) => {
    const [left, top] = area.place(x, y);
    if (at) path.lineTo(left, top);
    else path.moveTo(left, top);
  });
  return path;
}

function stroked(context, path, colour, ground, width) {
  context.lineJoin = context.lineCap = "round";
  for (const [stroke, wide] of [[ground, width + 3], [colour, width]]) {
    context.strokeStyle = stroke;
    context.lineWidth = wide;
    context.stroke(path);
  }
}

function words(context, text, left, top, theme, font) {
  context.font = `600 12px ${font}`;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = theme.ground;
  context.strokeText(text, left, top);
  context.fillStyle = theme.text;
  context.fillText(text, left, top);
}

/**
 * The path from A to B: a line with a dot per step; a step off the data has a hollow dot.
 * @param {object} area from Sheets
 * @param {{places: number[][], support: number[]}} about
 * @param {{text: string, ground: string, accent: string}} theme CSS colours
 */
export function drawPath(area, { places, support }, theme, font) {
  const { context } = area;
  stroked(context, traced(area, places), theme.text, theme.ground, 1.8);
  let before = [-1e9, 0];
  places.forEach((place, at) => {
    const last = at === 0 || at === places.length - 1;
    const [left, top] = area.place(...place);
    if (!last && Math.hypot(left - before[0], top - before[1]) < 9) return; // dots that touch tell nothing
    before = [left, top];
    context.beginPath();
    context.arc(left, top, last ? 5 : 3, 0, 2 * Math.PI);
    context.fillStyle = support[at] < 0.05 && !last ? theme.ground : theme.text;
    context.fill();
    context.strokeStyle = last ? theme.ground : theme.text;
    context.lineWidth = 1.3;
    context.stroke();
  });
  words(context, "A", ...shifted(area, places[0]), theme, font);
  words(context, "B", ...shifted(area, places[places.length - 1]), theme, font);
}

function shifted(area, place) {
  const [left, top] = area.place(...place);
  return [left + 10, top - 11];
}

/**
 * The trail of a disturbed item: clean at the ring, dots that grow with the severity.
 * @param {object} area from Sheets
 * @param {{places: number[][], severities: number[], name: string, item: number}} about
 * @param {{text: string, ground: string, accent: string}} theme CSS colours
 */
export function drawTrail(area, { places, severities, name, item }, theme, font) {
  const { context } = area;
  stroked(context, traced(area, places), theme.accent, theme.ground, 1.8);
  places.forEach((place, at) => {
    const [left, top] = area.place(...place);
    context.beginPath();
    context.arc(left, top, 1.5 + 3.5 * severities[at], 0, 2 * Math.PI);
    context.fillStyle = theme.accent;
    context.fill();
    context.strokeStyle = theme.ground;
    context.lineWidth = 1;
    context.stroke();
  });
  ring(context, ...area.place(...places[0]), 6, theme.accent, theme.ground, 2);
  words(context, `item ${item}, clean`, ...shifted(area, places[0]), theme, font);
  words(context, `${name} ${severities[severities.length - 1]}`, ...shifted(area, places[places.length - 1]), theme, font);
}
