import assert from "node:assert/strict";
import { test } from "node:test";

import { boundsOf, indexed, nearest, stretches, total } from "../../ui/components/map_nearest.js";
import { random } from "./map_random.mjs";

/** Points in clumps with a far stray, some without a place, some exactly on each other. */
function scattered(count, seed) {
  const next = random(seed);
  const points = new Float32Array(2 * count);
  for (let row = 0; row < count; row += 1) {
    const clump = Math.floor(next() * 4);
    points[2 * row] = clump * 3 + (next() + next() + next()) - 1.5;
    points[2 * row + 1] = (clump % 2) * 5 + (next() + next()) - 1;
    if (row % 50 === 7) points[2 * row] = NaN;
    if (row % 60 === 9) points[2 * row + 1] = Infinity;
    if (row % 11 === 10) points.set(points.slice(2 * row - 2, 2 * row), 2 * row);
  }
  points.set([400, -300], 0);
  return points;
}

function bruteForce(points, x, y, radius) {
  let best = radius * radius;
  let found = -1;
  for (let row = 0; 2 * row < points.length; row += 1) {
    const far = (points[2 * row] - x) ** 2 + (points[2 * row + 1] - y) ** 2;
    if (far < best || (far === best && found < 0)) [best, found] = [far, row];
  }
  return found;
}

test("the nearest point is that of a search through all", () => {
  const points = scattered(3000, 3);
  const index = indexed(points);
  const next = random(4);
  let hits = 0;
  for (let round = 0; round < 3000; round += 1) {
    const [x, y, radius] = [next() * 16 - 3, next() * 12 - 3, 10 ** (next() * 3 - 2)];
    const expected = bruteForce(points, x, y, radius);
    assert.equal(nearest(index, x, y, radius), expected);
    hits += expected >= 0;
  }
  assert.ok(hits > 500 && hits < 2900, `${hits} hits would test only one side`);
});

test("each placed row stands in the index once, with its own place", () => {
  const points = scattered(2000, 5);
  const index = indexed(points);
  const expected = [...Array(2000).keys()].filter((row) =>
    Number.isFinite(points[2 * row]) && Number.isFinite(points[2 * row + 1]));
  assert.deepEqual([...index.rows].sort((a, b) => a - b), expected);
  assert.equal(index.placed, expected.length);
  assert.equal(index.count, 2000);
  index.rows.forEach((row, at) => {
    assert.deepEqual([index.xs[at], index.ys[at]], [points[2 * row], points[2 * row + 1]]);
  });
});

test("the stretches of a box hold every point in it and not the whole map", () => {
  const points = scattered(3000, 6);
  const index = indexed(points);
  const box = [0, -1, 0.4, 0.5];
  const spans = stretches(index, ...box);
  const held = new Set();
  for (let at = 0; at < spans.length; at += 2) {
    for (let place = spans[at]; place < spans[at + 1]; place += 1) held.add(index.rows[place]);
  }
  assert.equal(held.size, total(spans));
  for (let row = 0; row < 3000; row += 1) {
    const [x, y] = points.slice(2 * row, 2 * row + 2);
    if (x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]) assert.ok(held.has(row));
  }
  assert.equal(total(stretches(index, 500, 500, 600, 600)), 0);
  assert.equal(total(stretches(index, -1e9, -1e9, 1e9, 1e9)), index.placed);
});

test("nothing, one point, all in one place, none with a place", () => {
  assert.equal(nearest(indexed(new Float32Array(0)), 0, 0, 1), -1);
  assert.equal(nearest(indexed(Float32Array.of(2, 3)), 2, 3.5, 1), 0);
  assert.equal(nearest(indexed(new Float32Array(2000).fill(5)), 5, 5, 0.1), 0);
  const none = indexed(new Float32Array(20).fill(NaN));
  assert.deepEqual([none.placed, none.count, nearest(none, 0, 0, 1e9)], [0, 10, -1]);
  assert.deepEqual(boundsOf(Float32Array.of(NaN, 1, 2, Infinity)), { minX: 0, minY: 0, maxX: 0, maxY: 0 });
});
