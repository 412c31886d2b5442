import assert from "node:assert/strict";
import { test } from "node:test";

import {
  advance,
  around,
  between,
  boxBetween,
  cameraFor,
  missing,
  nearestRow,
  readFrame,
  textOf,
  unpack,
  wordsOf,
} from "../../ui/components/movie_values.js";

const FRAMES = [["a", 0, 0], ["b", 0, 3], ["c", 1, 0], ["d", 2, 0]];

test("a moment in words and in the address, and back", () => {
  assert.deepEqual(FRAMES.map(([, epoch, step]) => wordsOf(epoch, step)), [
    "before the first step",
    "epoch 1, step 3",
    "after epoch 1",
    "after epoch 2",
  ]);
  FRAMES.forEach((frame, place) => assert.equal(readFrame(textOf(frame), FRAMES), place));
});

test("an address names the last frame up to its moment, and rubbish names none", () => {
  assert.equal(readFrame("0-2", FRAMES), 0);
  assert.equal(readFrame("1-7", FRAMES), 2);
  assert.equal(readFrame("99-0", FRAMES), 3);
  for (const text of ["", undefined, "x", "1", "-1-0", "1-0-0", "1e3-0"]) assert.equal(readFrame(text, FRAMES), -1);
  assert.equal(readFrame("1-0", []), -1);
});

function packed(frames, count, cut = 0) {
  let header = JSON.stringify({ count, bounds: frames.map((frame) => frame.bounds) });
  header += " ".repeat((4 - (header.length % 4)) % 4);
  const words = Uint16Array.from(frames.flatMap((frame) => frame.raw));
  const bytes = new Uint8Array(4 + header.length + words.byteLength);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(new TextEncoder().encode(header), 4);
  bytes.set(new Uint8Array(words.buffer), 4 + header.length);
  return bytes.buffer.slice(0, bytes.length - cut);
}

test("frames come as whole numbers between their bounds", () => {
  const two = [{ bounds: [-1, 1, 0, 10], raw: [0, 65535, 65535, 0] }, { bounds: [5, 5, 2, 4], raw: [7, 0, 9, 65535] }];
  const [first, second] = unpack(packed(two, 2));
  assert.deepEqual([...first.xy], [-1, 10, 1, 0]);
  assert.deepEqual([...second.xy], [5, 2, 5, 4]);
  assert.deepEqual(second.box, [5, 5, 2, 4]);
  assert.throws(() => unpack(packed(two, 2, 4)), RangeError);
});

test("what is missing is fetched in ranges, those that are looked at first", () => {
  const keys = [..."abcdefgh"];
  assert.deepEqual(missing(keys, new Map([["c", 1]]), 7, 3), [[6, 7], [3, 5], [0, 1]]);
  assert.deepEqual(missing(keys, new Map(keys.map((key) => [key, 1])), 0, 3), []);
  const ranges = missing(keys, new Map(), 0, 3);
  assert.deepEqual(ranges.flatMap(([from, to]) => keys.slice(from, to + 1)).sort(), keys);
});

test("points move straight from frame to frame", () => {
  const [xs, ys] = [new Float32Array(2), new Float32Array(2)];
  between({ xy: [0, 0, 4, 4] }, { xy: [2, 8, 4, 0] }, 0.25, xs, ys);
  assert.deepEqual([[...xs], [...ys]], [[0.5, 4], [2, 3]]);
  assert.deepEqual(boxBetween([0, 1, 0, 1], [2, 3, -2, 5], 0.5), [1, 2, -1, 3]);
  assert.deepEqual(around([[0, 1, 0, 1], [-1, 0.5, 0.5, 3]]), [-1, 1, 0, 3]);
  assert.equal(around([]), null);
});

test("all of a box is in view, one scale both ways", () => {
  const { x, y, scale } = cameraFor([-2, 2, 0, 1], 432, 232, 16);
  assert.deepEqual([x, y, scale], [0, 0.5, 100]);
  assert.ok(Number.isFinite(cameraFor([1, 1, 1, 1], 0, 0).scale));
});

test("playing ends at the last frame", () => {
  assert.deepEqual(advance(0, 0.5, 4, 10), [2, false]);
  assert.deepEqual(advance(9.5, 0.5, 4, 10), [10, true]);
});

test("the point under the cursor is the nearest shown one within reach", () => {
  const [xs, ys] = [Float32Array.of(0, 1, 5), Float32Array.of(0, 0, 5)];
  assert.equal(nearestRow(xs, ys, 0.7, 0, 1), 1);
  assert.equal(nearestRow(xs, ys, 0.7, 0, 1, (row) => row === 1), 0);
  assert.equal(nearestRow(xs, ys, 3, 3, 1), -1);
});
