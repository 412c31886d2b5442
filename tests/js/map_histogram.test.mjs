import assert from "node:assert/strict";
import { test } from "node:test";

import { scaleOf } from "../../ui/components/map_distance.js";
import { binned, extentOf, nudged, rangeOf, rowsBetween } from "../../ui/components/map_histogram.js";
import { random } from "./map_random.mjs";

test("every value is counted once, those beyond the bar at its ends, NaN nowhere", () => {
  const counts = binned(Float32Array.of(-5, 0, 0.05, 0.5, 0.99, 1, 7, NaN, Infinity, -Infinity), 0, 1, 10);
  assert.deepEqual([...counts], [4, 0, 0, 0, 0, 1, 0, 0, 0, 4]);
  assert.equal(binned(new Float32Array(0), 0, 1).length, 40);
});

test("a brush's ends take in what lies beyond the bar; inside they are the values under them", () => {
  const scale = { low: 10, high: 20, least: 2, most: 90 };
  assert.deepEqual(rangeOf(0.25, 0.5, scale), [12.5, 15]);
  assert.deepEqual(rangeOf(0, 0.5, scale), [2, 15]);
  assert.deepEqual(rangeOf(0.1, 1, scale), [11, 90]);
  const [low, high] = rangeOf(1 / 3, 2 / 3, { low: 0, high: 1, least: 0, most: 1 });
  assert.deepEqual([low, high], [0.3333333, 0.6666667]);
});

test("rows in a range, both ends included, as a plain filter finds them", () => {
  const next = random(5);
  const values = Float32Array.from({ length: 5000 }, (_, row) => (row % 50 ? next() : NaN));
  const wanted = [...values.keys()].filter((row) => values[row] >= 0.25 && values[row] <= 0.5);
  assert.deepEqual([...rowsBetween(values, 0.25, 0.5)], wanted);
  assert.ok(wanted.length > 1000);
  assert.deepEqual([...rowsBetween(Float32Array.of(1, 2, 3), 1, 2)], [0, 1]);
});

test("the extent leaves out what is no number", () => {
  assert.deepEqual(extentOf(Float32Array.of(NaN, 3, -2, Infinity)), { least: -2, most: 3 });
  assert.deepEqual(extentOf(Float32Array.of(NaN)), { least: 0, most: 0 });
});

test("arrows move one end, on the bar and never past the other", () => {
  assert.deepEqual(nudged([0.2, 0.6], "from", 0.1).map((share) => share.toFixed(3)), ["0.300", "0.600"]);
  assert.deepEqual(nudged([0.55, 0.6], "from", 0.1), [0.6, 0.6]);
  assert.deepEqual(nudged([0.05, 0.6], "from", -0.1), [0, 0.6]);
  assert.deepEqual(nudged([0.2, 0.95], "to", 0.1), [0.2, 1]);
  assert.deepEqual(nudged([0.2, 0.25], "to", -0.1), [0.2, 0.2]);
});

test("the scale of distances is not stretched by one far item", () => {
  const values = Float32Array.from({ length: 1000 }, (_, row) => row / 1000);
  values[999] = 1e6;
  const { low, high } = scaleOf(values);
  assert.equal(low, 0);
  assert.ok(high > 0.97 && high < 1, String(high));
  assert.deepEqual(scaleOf(Float32Array.of(0, 0, 0)), { low: 0, high: 1 });
  assert.deepEqual(scaleOf(new Float32Array(0)), { low: 0, high: 1 });
});
