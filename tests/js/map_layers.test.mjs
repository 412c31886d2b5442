import assert from "node:assert/strict";
import { test } from "node:test";

import { withParameter } from "../../ui/components/map_camera.js";
import { binned, lineAt, smoothed } from "../../ui/components/map_density.js";
import { axesOf } from "../../ui/components/map_ellipses.js";
import { latticeOf, sampled, spacing, unpacked } from "../../ui/components/map_lattice.js";
import { someOf, wanted, worded } from "../../ui/components/map_layers.js";
import { indexed } from "../../ui/components/map_nearest.js";
import { touch } from "../../ui/components/map_outlines.js";
import { chosen, pictureSide } from "../../ui/components/map_picture_layer.js";
import { covers, standing } from "../../ui/components/map_sheets.js";
import { veilOf } from "../../ui/components/map_veil.js";
import { random } from "./map_random.mjs";

const near = (got, expected, slack = 1e-6) => assert.ok(Math.abs(got - expected) <= slack, `${got} is not ${expected}`);
const LIST = ["points", "pictures", "density", "lattice"].map((name) => ({ name }));
const START = ["points", "pictures"];

test("the address says which layers are on, and nothing when they are those of the start", () => {
  assert.deepEqual([...wanted(null, START, LIST)], START);
  assert.deepEqual([...wanted(["density", "unheard of"], START, LIST)], ["density"]);
  assert.equal(worded(new Set(["pictures", "points"]), START, LIST), null);
  assert.equal(worded(new Set(["lattice", "points"]), START, LIST), "points,lattice");
  assert.equal(worded(new Set(), START, LIST), "none");
  assert.deepEqual([...wanted(["none"], START, LIST)], []);
  for (const names of [["density"], ["lattice", "points"], []]) {
    const on = new Set(names);
    assert.deepEqual(wanted(worded(on, START, LIST).split(","), START, LIST), on);
  }
});

test("one parameter of the address is replaced, the others stay as they are", () => {
  assert.equal(withParameter("?run=a%2Cb&layers=x", "layers", "points,lattice"), "?run=a%2Cb&layers=points,lattice");
  assert.equal(withParameter("?layers=x&layersome=1", "layers", null), "?layersome=1");
  assert.equal(withParameter("", "layers", null), "");
});

test("of a long selection an even part is told, of a short one all", () => {
  const selected = new Uint8Array(10_000);
  for (let row = 0; row < 10_000; row += 2) selected[row] = 1;
  const rows = someOf(selected, 100);
  assert.equal(rows.length, 100);
  assert.ok(rows.every((row) => row % 2 === 0) && rows.at(-1) > 9800);
  assert.deepEqual(someOf(Uint8Array.of(0, 1, 1), 100), [1, 2]);
  assert.deepEqual(someOf(new Uint8Array(4)), []);
});

test("a sheet moves with the camera as its contents do", () => {
  const next = random(3);
  const view = { width: 900, height: 600 };
  const pad = { x: 225, y: 150 };
  for (let round = 0; round < 100; round += 1) {
    const camera = () => ({ x: next() * 8 - 4, y: next() * 8 - 4, scale: 20 + 300 * next() });
    const [drawn, now, x, y] = [camera(), camera(), next() * 10 - 5, next() * 10 - 5];
    const onSheet = [(view.width / 2 + pad.x) + (x - drawn.x) * drawn.scale,
      (view.height / 2 + pad.y) - (y - drawn.y) * drawn.scale];
    const { left, top, factor } = standing(drawn, now, view, pad);
    near(left + factor * onSheet[0], view.width / 2 + (x - now.x) * now.scale, 1e-6);
    near(top + factor * onSheet[1], view.height / 2 - (y - now.y) * now.scale, 1e-6);
  }
});

test("a sheet covers the view until the camera has left it", () => {
  const view = { width: 900, height: 600 };
  const pad = { x: 225, y: 150 };
  const camera = { x: 0, y: 0, scale: 100 };
  const at = (x, y, scale) => covers(standing(camera, { x, y, scale }, view, pad), view, pad);
  assert.ok(at(0, 0, 100) && at(2.2, -1.4, 100) && at(0, 0, 120));
  assert.ok(!at(2.3, 0, 100) && !at(0, 1.6, 100) && !at(0, 0, 60));
});

test("points are counted into their squares, and smoothing keeps their number", () => {
  const next = random(5);
  const points = Float32Array.from({ length: 4000 }, () => next() * 2 - 1);
  const index = indexed(points);
  const bounds = { minX: -2, maxX: 2, minY: -3, maxY: 3 };
  const grid = binned(index, bounds, 40, 60);
  const brute = new Float32Array(40 * 60);
  for (let row = 0; row < 2000; row += 1) {
    const column = Math.floor(((points[2 * row] + 2) / 4) * 40);
    const line = Math.floor(((3 - points[2 * row + 1]) / 6) * 60);
    brute[line * 40 + column] += 1;
  }
  let moved = 0;
  grid.forEach((value, at) => (moved += Math.abs(value - brute[at])));
  assert.ok(moved <= 8, `float32 may put a point on the other side of an edge: ${moved}`);
  assert.equal(grid.reduce((sum, value) => sum + value, 0), 2000);
  near(smoothed(grid, 40, 60).reduce((sum, value) => sum + value, 0), 2000, 0.5);
});

test("smoothing spreads a point as three running means do, the same on all sides", () => {
  const grid = new Float32Array(31 * 25);
  grid[12 * 31 + 15] = 1;
  const soft = smoothed(grid, 31, 25, 2);
  const at = (column, line) => soft[line * 31 + column];
  for (const [dx, dy] of [[3, 1], [0, 4], [5, 5]]) {
    near(at(15 + dx, 12 + dy), at(15 - dx, 12 - dy), 1e-6);
    near(at(15 + dx, 12 + dy), at(15 + dy, 12 + dx), 1e-6);
  }
  let variance = 0;
  for (let column = 0; column < 31; column += 1) {
    for (let line = 0; line < 25; line += 1) variance += at(column, line) * (column - 15) ** 2;
  }
  near(variance, 3 * 2, 1e-3); // of a mean over five squares: (25 - 1) / 12
});

test("the line of a hill is a closed circle at its level", () => {
  const [columns, lines] = [61, 51];
  const hill = (x, y) => Math.exp(-((x - 30.3) ** 2 + (y - 25.2) ** 2) / 200);
  const grid = Float32Array.from({ length: columns * lines }, (_, at) => hill(at % columns, Math.floor(at / columns)));
  const ends = new Map();
  let length = 0;
  lineAt(grid, columns, lines, Math.exp(-0.5), (x0, y0, x1, y1) => {
    for (const [x, y] of [[x0, y0], [x1, y1]]) {
      near(Math.hypot(x - 30.3, y - 25.2), 10, 0.1);
      const key = `${x.toFixed(4)}/${y.toFixed(4)}`;
      ends.set(key, (ends.get(key) ?? 0) + 1);
    }
    length += Math.hypot(x1 - x0, y1 - y0);
  });
  near(length, 2 * Math.PI * 10, 0.3);
  assert.ok([...ends.values()].every((count) => count === 2), "each stroke goes on where another ends");
});

/** A lattice of 3 x 2 cells with one-pixel pictures. */
function small() {
  const header = JSON.stringify({ rows: 2, columns: 3, extent: [0, 3, 0, 2], tile: [1, 1, 1] });
  const text = new TextEncoder().encode(header.padEnd(Math.ceil(header.length / 4) * 4));
  const buffer = new ArrayBuffer(4 + text.length + 12);
  new DataView(buffer).setUint32(0, text.length, true);
  const bytes = new Uint8Array(buffer);
  bytes.set(text, 4);
  bytes.set([255, 0, 0, 255, 255, 0, 10, 20, 30, 40, 50, 60], 4 + text.length);
  return latticeOf(unpacked(buffer));
}

test("between four cells their pictures are blended by nearness; outside there is nothing", () => {
  const lattice = small();
  const out = new Uint8Array(1);
  const at = (x, y) => [sampled(lattice, x, y, out), out[0]];
  assert.deepEqual(at(0.5, 1.5), [1, 10]);
  assert.deepEqual(at(2.5, 0.5), [0, 60]);
  assert.deepEqual(at(1, 1.5), [0.5, 15]);
  assert.deepEqual(at(1, 1), [0.75, 30]);
  assert.deepEqual(at(0.01, 1.99), [1, 10], "at the rim the outermost cell holds");
  for (const [x, y] of [[-0.01, 1], [3.01, 1], [1, -0.01], [1, 2.01], [NaN, 1]]) assert.equal(at(x, y)[0], null);
});

test("pictures of the ground stand far enough apart to be clear", () => {
  for (const cell of [0.3, 4, 29, 30, 31, 200]) {
    const apart = spacing(cell, 30) * cell;
    assert.ok(apart >= 30 - 1e-9 && apart < 60, `${cell}: ${apart}`);
  }
});

test("the veil is thickest where nothing lies and gone where there is support", () => {
  near(veilOf(0, 0.6), 0.6);
  assert.equal(veilOf(0.25, 0.6), 0);
  assert.equal(veilOf(1, 0.6), 0);
  assert.ok(veilOf(0.05, 0.6) > veilOf(0.2, 0.6));
});

test("an ellipse's axes are those of its covariance", () => {
  assert.deepEqual(axesOf(4, 0, 1), [2, 1, 0]);
  const [long, short, turn] = axesOf(2.5, 1.5, 2.5);
  near(long, 2);
  near(short, 1);
  near(turn, Math.PI / 4);
  assert.deepEqual(axesOf(0, 0, 0).slice(0, 2), [0, 0]);
});

test("boxes that touch are known", () => {
  assert.ok(touch([0, 0, 10, 10], [9, 9, 5, 5]) && !touch([0, 0, 10, 10], [10, 0, 5, 5]));
});

test("pictures do not overlap, and are the same ones in any part of the map", () => {
  const next = random(9);
  const index = indexed(Float32Array.from({ length: 6000 }, () => next() * 10));
  const side = 0.5;
  const whole = { minX: -1, minY: -1, maxX: 11, maxY: 11 };
  const all = chosen(index, whole, side, null);
  assert.ok(all.length > 60, `${all.length} find room`);
  for (const a of all) {
    for (const b of all) {
      const apart = Math.abs(index.xs[a] - index.xs[b]) >= side || Math.abs(index.ys[a] - index.ys[b]) >= side;
      assert.ok(a === b || apart);
    }
  }
  for (const [x, y] of [[0, 0], [3.3, 4.1], [3.37, 4.19], [6.2, 1.7]]) {
    const part = chosen(index, { minX: x, minY: y, maxX: x + 3, maxY: y + 2 }, side, null);
    const inside = (at) => index.xs[at] > x && index.xs[at] < x + 3 && index.ys[at] > y && index.ys[at] < y + 2;
    assert.deepEqual(part.filter(inside).sort((a, b) => a - b), all.filter(inside).sort((a, b) => a - b));
  }
  const lit = new Uint8Array(3000);
  lit[17] = 1;
  assert.ok(chosen(index, whole, side, lit).includes(17), "what is selected chooses first");
});

test("pictures are whole multiples of their own pixels where they are enlarged", () => {
  assert.equal(pictureSide(8, 1) % 8, 0);
  assert.equal(pictureSide(28, 2) % 28, 0);
  assert.ok(pictureSide(8, 1, true) > pictureSide(8, 1));
  assert.ok(pictureSide(512, 1) < 40);
});
