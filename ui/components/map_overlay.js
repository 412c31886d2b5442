// What lies over the points and changes with the cursor: rings, the lasso, marks. On a canvas of its own, so
// that a hover never redraws the points.

import { cssOf } from "./map_colours.js";

/** A ring with a thin ground-coloured halo, so that it is seen on any colour. */
export function ring(context, left, top, radius, colour, ground, width = 1.75) {
  context.beginPath();
  context.arc(left, top, radius, 0, 2 * Math.PI);
  context.lineWidth = width + 2;
  context.strokeStyle = ground;
  context.stroke();
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}

function trace(context, places, closed) {
  context.beginPath();
  places.forEach(([left, top], at) => (at ? context.lineTo(left, top) : context.moveTo(left, top)));
  if (closed) context.closePath();
}

/** The lasso: while drawn, with the closing edge dashed; once done, a quiet outline. */
function lasso(context, places, drawing, colour) {
  if (places.length < 2) return;
  trace(context, places, true);
  context.globalAlpha = drawing ? 0.1 : 0.05;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = drawing ? 1 : 0.75;
  context.strokeStyle = colour;
  context.lineWidth = 1.4;
  context.lineJoin = "round";
  trace(context, places, !drawing);
  context.stroke();
  if (drawing) {
    trace(context, [places[places.length - 1], places[0]], false);
    context.setLineDash([4, 4]);
    context.stroke();
    context.setLineDash([]);
  }
  context.globalAlpha = 1;
}

/** A labelled ring: the name stands in a small disc beside it. */
function mark(context, left, top, name, theme, font) {
  const text = cssOf(theme.text);
  const ground = cssOf(theme.ground);
  ring(context, left, top, 7, text, ground, 2);
  context.beginPath();
  context.arc(left, top, 2.5, 0, 2 * Math.PI);
  context.fillStyle = text;
  context.fill();
  if (!name) return;
  context.font = `600 12px ${font}`;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = ground;
  context.strokeText(name, left + 12, top - 9);
  context.fillText(name, left + 12, top - 9);
}

/** The place on the ground that is decoded: a small cross in a ring. */
function probe(context, left, top, theme) {
  const accent = cssOf(theme.accent);
  const ground = cssOf(theme.ground);
  for (const [width, colour] of [[4, ground], [1.75, accent]]) {
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(left + dx * 3, top + dy * 3);
      context.lineTo(left + dx * 9, top + dy * 9);
    }
    context.lineWidth = width;
    context.lineCap = "round";
    context.strokeStyle = colour;
    context.stroke();
  }
}

/**
 * Draw the overlay afresh.
 * @param {CanvasRenderingContext2D} context
 * @param {number} ratio device pixels per CSS pixel
 * @param {object} scene all places in CSS pixels
 * @param {[number, number] | null} scene.hover
 * @param {[number, number] | null} scene.picked
 * @param {[number, number] | null} scene.ground
 * @param {{places: number[][], drawing: boolean} | null} scene.lasso
 * @param {{place: [number, number], name: string}[]} scene.marks
 * @param {boolean} scene.cross whether the keyboard's middle is shown
 * @param {number} scene.radius of a point, CSS pixels
 * @param {object} theme from themeOf
 * @param {string} font
 */
export function drawOverlay(context, ratio, view, scene, theme, font) {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  const accent = cssOf(theme.accent);
  const ground = cssOf(theme.ground);
  if (scene.lasso) lasso(context, scene.lasso.places, scene.lasso.drawing, accent);
  for (const each of scene.marks) mark(context, ...each.place, each.name, theme, font);
  if (scene.picked) {
    ring(context, ...scene.picked, scene.radius + 3.5, accent, ground, 2);
    ring(context, ...scene.picked, scene.radius + 7.5, accent, ground, 1);
  }
  if (scene.ground) probe(context, ...scene.ground, theme);
  if (scene.hover) ring(context, ...scene.hover, scene.radius + 3.5, accent, ground, 2);
  if (scene.cross) {
    context.strokeStyle = accent;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(view.width / 2 - 6, view.height / 2);
    context.lineTo(view.width / 2 + 6, view.height / 2);
    context.moveTo(view.width / 2, view.height / 2 - 6);
    context.lineTo(view.width / 2, view.height / 2 + 6);
    context.stroke();
  }
}
