import assert from "node:assert/strict";
import { test } from "node:test";

import { changed, extended, inside, members, rounded, thinned } from "../../ui/components/map_lasso.js";
import { indexed } from "../../ui/components/map_nearest.js";
import { random } from "./map_random.mjs";

/** Even-odd by another road: the winding of angles is not used, only signed crossings of a vertical ray. */
function evenOdd(polygon, x, y) {
  let crossings = 0;
  polygon.forEach(([xa, ya], at) => {
    const [xb, yb] = polygon[(at + 1) % polygon.length];
    if (xa > x !== xb > x && y < ya + ((x - xa) / (xb - xa)) * (yb - ya)) crossings += 1;
  });
  return crossings % 2 === 1;
}

function cloud(count, next) {
  return Float32Array.from({ length: 2 * count }, (_, at) => (at % 97 === 5 ? NaN : next() * 10 - 5));
}

test("members are those of the even-odd rule on random polygons that cross themselves", () => {
  const next = random(11);
  let sizes = 0;
  for (let round = 0; round < 120; round += 1) {
    const points = cloud(800, next);
    const corners = 3 + Math.floor(next() * 40);
    const polygon = Array.from({ length: corners }, () => [next() * 12 - 6, next() * 12 - 6]);
    const got = [...members(indexed(points), polygon)].sort((a, b) => a - b);
    const expected = [];
    for (let row = 0; row < 800; row += 1) {
      const [x, y] = points.slice(2 * row, 2 * row + 2);
      if (Number.isFinite(x) && Number.isFinite(y) && evenOdd(polygon, x, y)) expected.push(row);
    }
    assert.deepEqual(got, expected);
    sizes += got.length;
  }
  assert.ok(sizes > 1000);
});

test("a small lasso among many points, where whole cells are taken at once", () => {
  const next = random(12);
  const points = cloud(60_000, next);
  const index = indexed(points);
  const polygon = Array.from({ length: 120 }, (_, at) => {
    const angle = (at / 120) * 2 * Math.PI;
    const far = 2 + Math.sin(5 * angle);
    return [far * Math.cos(angle), far * Math.sin(angle)];
  });
  const got = new Set(members(index, polygon));
  for (let row = 0; row < 60_000; row += 1) {
    const [x, y] = points.slice(2 * row, 2 * row + 2);
    const placed = Number.isFinite(x) && Number.isFinite(y);
    assert.equal(got.has(row), placed && inside(polygon, x, y), `row ${row} at ${x}, ${y}`);
  }
  assert.ok(got.size > 1000);
});

test("edges along the axes and points in one place", () => {
  const square = [[0, 0], [2, 0], [2, 2], [0, 2]];
  assert.deepEqual([...members(indexed(Float32Array.of(1, 1, 3, 1, 1, 3)), square)], [0]);
  assert.equal(members(indexed(new Float32Array(1000).fill(1)), square).length, 500);
  assert.equal(members(indexed(new Float32Array(1000).fill(5)), square).length, 0);
  assert.equal(members(indexed(Float32Array.of(1, 1)), square.slice(0, 2)).length, 0);
  assert.equal(members(indexed(new Float32Array(0)), square).length, 0);
});

test("replace, add, remove and toggle", () => {
  const start = Uint8Array.of(1, 0, 0, 1);
  const after = (rows, mode) => [...changed(start, rows, mode).selected];
  assert.deepEqual(after([1], "replace"), [0, 1, 0, 0]);
  assert.deepEqual(after([1, 3], "add"), [1, 1, 0, 1]);
  assert.deepEqual(after([3, 2], "remove"), [1, 0, 0, 0]);
  assert.deepEqual(after([0, 1], "toggle"), [0, 1, 0, 1]);
  assert.deepEqual(after([-1, 4, 99], "add"), [1, 0, 0, 1], "rows that do not exist are passed over");
  assert.equal(changed(start, [1], "add").count, 3);
  assert.deepEqual([...start], [1, 0, 0, 1], "the old selection stays as it was");
});

test("corners are rounded to less than a tenth of a pixel at any scale", () => {
  for (const scale of [0.02, 1, 37.5, 1e6]) {
    const corner = [12.3456789012, -0.000123456789];
    const [got] = rounded([corner], scale);
    got.forEach((value, axis) => assert.ok(Math.abs(value - corner[axis]) * scale <= 0.051));
  }
  assert.deepEqual(rounded([[12.3456789, 1]], 30), [[12.346, 1]]);
});

test("a stroke drops places too near to matter, and long ones are thinned", () => {
  const stroke = [[0, 0]];
  assert.equal(extended(stroke, 1, 1), false);
  assert.equal(extended(stroke, 3, 1), true);
  assert.equal(stroke.length, 2);
  const long = Array.from({ length: 5000 }, (_, at) => [at, 0]);
  assert.ok(thinned(long).length <= 400 && thinned(long).length > 300);
  assert.equal(thinned(stroke), stroke);
});
