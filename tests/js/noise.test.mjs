import assert from "node:assert/strict";
import { test } from "node:test";

import { figureText, verdict } from "../../ui/components/noise_markup.js";
import { moved } from "../../ui/components/noise_stack.js";
import { toBase64, widthAt } from "../../ui/components/pad_ink.js";
import { cornersOf, frameOf } from "../../ui/components/small_map.js";

test("a row moves up and down, and not beyond the ends", () => {
  const stack = ["a", "b", "c"];
  assert.deepEqual(moved(stack, 2, 0), ["c", "a", "b"]);
  assert.deepEqual(moved(stack, 0, 1), ["b", "a", "c"]);
  assert.deepEqual(moved(stack, 0, -1), stack);
  assert.deepEqual(moved(stack, 2, 3), stack);
  assert.deepEqual(stack, ["a", "b", "c"], "the given one is left alone");
});

test("a figure that is not there is no number", () => {
  assert.equal(figureText("psnr", null), "∞ dB");
  assert.equal(figureText("ssim", undefined), "–");
  assert.equal(figureText("ssim", 0.12345), "0.123");
  assert.equal(figureText("error", 2), "2.00");
});

test("the verdict says whether the model helped", () => {
  assert.deepEqual(verdict({ error: 4 }, { error: 1 }, "input"), {
    sentence: "The model helped: it took away 3.00, 75 % of the error.",
    helped: "yes",
  });
  assert.equal(verdict({ error: 1 }, { error: 4 }, "input").helped, "no");
  assert.equal(verdict({ error: 0 }, { error: 4 }, "input").helped, "same");
  assert.match(verdict({ error: 1 }, { error: 4 }, "code").sentence, /added 3.00/);
});

test("a small map holds its points and widens for new ones, but not without end", () => {
  const points = [[0, 0], [10, 4]];
  const { left, top, side } = frameOf(points);
  assert.ok(left < 0 && left + side > 10 && top > 4 && top - side < 0);
  const wider = frameOf(points, [[15, 2]]);
  assert.ok(wider.left + wider.side > 15);
  assert.ok(frameOf(points, [[1e6, 0]]).side < 40, "a code far off does not shrink the map to a dot");
  assert.ok(frameOf([[1, 1]]).side > 0);
  for (const more of [[], [[15, 2]]]) assert.deepEqual(frameOf(cornersOf(points), more), frameOf(points, more));
  assert.deepEqual(cornersOf([]), []);
});

test("a pen's pressure makes the stroke wide, a mouse has none", () => {
  assert.equal(widthAt(10, 0.5, "mouse"), 10);
  assert.equal(widthAt(10, 0, "pen"), 5);
  assert.equal(widthAt(10, 1, "pen"), 10);
  assert.equal(widthAt(10, 9, "pen"), 10);
});

test("bytes become base64", () => {
  assert.equal(toBase64(new Uint8Array([0, 255, 16])), "AP8Q");
});
