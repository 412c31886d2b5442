import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../ui/components/console_history.js";
import {
  formatValue,
  fraction,
  histogramPath,
  keepLocked,
  niceStep,
  pictureSize,
  randomCode,
  readableMs,
  sameCode,
  sliderRange,
  splitDimensions,
} from "../../ui/components/console_values.js";

test("niceStep is 1, 2 or 5 times a power of ten, with at least 200 steps across", () => {
  assert.equal(niceStep(6), 0.02);
  assert.equal(niceStep(200), 1);
  for (const span of [1e-4, 0.3, 1, 7.7, 4000]) {
    const step = niceStep(span);
    assert.ok(span / step >= 200 - 1e-6 && span / step <= 500 + 1e-6, `${span} -> ${step}`);
    assert.match(step.toExponential(), /^[125]e/);
  }
});

test("a slider's range holds the data and the values asked, on whole steps, so zero can be met", () => {
  const range = sliderRange({ low: -2.913, high: 3.107 }, [4.2]);
  assert.ok(range.min <= -2.913 && range.max >= 4.2);
  assert.ok(range.max - range.min < 7.113 + 2 * range.step);
  assert.ok(Math.abs(range.min / range.step - Math.round(range.min / range.step)) < 1e-6);
  assert.equal(range.decimals, 2);
});

test("a dead or broken dimension still gets a slider that moves", () => {
  for (const dimension of [{ low: 0.3, high: 0.3 }, { low: NaN, high: undefined }]) {
    const { min, max, step } = sliderRange(dimension);
    assert.ok(max - min >= 1 && step > 0);
  }
});

test("fraction is clamped", () => {
  const range = { min: -2, max: 2 };
  assert.deepEqual([-9, -2, 0, 2, 9].map((v) => fraction(v, range)), [0, 0, 0.5, 1, 1]);
});

test("the histogram lies at its own values even when the slider is wider", () => {
  const range = { min: -2, max: 2 };
  assert.equal(
    histogramPath([1, 0, 1000, 500], { low: -1, high: 1 }, range),
    "M25.00 100V96.0H37.50V100ZM50.00 100V0.0H62.50V100ZM62.50 100V50.0H75.00V100Z",
  );
  assert.equal(histogramPath([], { low: -1, high: 1 }, range), "");
  assert.equal(histogramPath([0, 0], { low: -1, high: 1 }, range), "");
  assert.equal(histogramPath([5], { low: 1, high: 1 }, range), "");
});

test("random codes have the data's mean and spread, and stay on the sliders", () => {
  const dimensions = [{ mean: 1, std: 0.5 }, { mean: 0, std: 100 }];
  const ranges = [{ min: -9, max: 9 }, { min: -1, max: 1 }];
  let seed = 1;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647; // Park-Miller
  const draws = Array.from({ length: 4000 }, () => randomCode(dimensions, ranges, random));
  const first = draws.map((code) => code[0]);
  const mean = first.reduce((a, b) => a + b) / first.length;
  const std = Math.sqrt(first.reduce((sum, v) => sum + (v - mean) ** 2, 0) / first.length);
  assert.ok(Math.abs(mean - 1) < 0.03 && Math.abs(std - 0.5) < 0.03, `${mean} ${std}`);
  assert.ok(draws.every((code) => Math.abs(code[1]) <= 1));
  assert.ok(Number.isFinite(randomCode([{ mean: 0, low: -1, high: 1 }], [ranges[0]], () => 0)[0]));
});

test("numbers are read with a true minus and without a negative zero", () => {
  assert.deepEqual([-1.5, -0.001, 2].map((v) => formatValue(v, 2)), ["\u22121.50", "0.00", "2.00"]);
});

test("times are read in milliseconds, finer below ten", () => {
  assert.deepEqual([0.34, 6.23, 48.6].map(readableMs), ["0.3 ms", "6.2 ms", "49 ms"]);
});

test("sameCode compares number by number", () => {
  assert.ok(sameCode([1, 2], [1, 2]));
  assert.ok(!sameCode([1, 2], [1, 3]));
  assert.ok(!sameCode([1], [1, 2]));
  assert.ok(sameCode([1, 2], [1, 2.000004], 1e-4));
  assert.ok(!sameCode([1, 2], [1, NaN], 1e-4));
});

test("each dimension has one slider, in order, the quiet ones apart", () => {
  assert.deepEqual(splitDimensions(5, [3, 1, 0], [1]), { lively: [3, 0, 2, 4], quiet: [1] });
  assert.deepEqual(splitDimensions(2, undefined, undefined), { lively: [0, 1], quiet: [] });
  assert.deepEqual(splitDimensions(2, [0, 7], [0, 1]), { lively: [], quiet: [0, 1] });
});

test("a picture's pixels are whole device pixels where they fit", () => {
  assert.deepEqual(pictureSize(28, 28, 320), { width: 308, height: 308 });
  assert.deepEqual(pictureSize(28, 28, 320, 2), { width: 28 * 11, height: 28 * 11 });
  assert.deepEqual(pictureSize(64, 32, 320), { width: 160, height: 320 });
  assert.deepEqual(pictureSize(640, 320, 320), { width: 160, height: 320 });
});

test("locked dimensions stay where they are", () => {
  assert.deepEqual(keepLocked([1, 2, 3], [7, 8, 9], new Set([1])), [7, 2, 9]);
  assert.deepEqual(keepLocked([1, 2], [7, 8], new Set()), [7, 8]);
});

test("undo and redo go back and forth, a new step ends the redo, the oldest is forgotten", () => {
  const history = new History(2);
  assert.equal(history.undo([0]), undefined);
  for (const code of [[0], [1], [2]]) history.push(code); // now at [3]
  assert.deepEqual(history.undo([3]), [2]);
  assert.deepEqual(history.undo([2]), [1]);
  assert.equal(history.undo([1]), undefined, "two are kept");
  assert.deepEqual(history.redo([1]), [2]);
  history.push([2]); // another way, to [9]
  assert.equal(history.redo([9]), undefined);
  assert.deepEqual(history.undo([9]), [2]);
});
