import assert from "node:assert/strict";
import { test } from "node:test";

import {
  coloursOfClasses, coloursOfQuantity, cssOf, mixed, pixel, pixelOf, shareOf,
} from "../../ui/components/map_colours.js";
import { countOf, counted, figure, milliseconds } from "../../ui/components/map_formats.js";
import { pressed, sizes } from "../../ui/components/map_legend.js";

const GREY = pixel(128, 128, 128);

test("a pixel's bytes are red, green, blue, alpha in memory", () => {
  const bytes = new Uint8Array(Uint32Array.of(pixelOf("#E69F00")).buffer);
  assert.deepEqual([...bytes], [0xe6, 0x9f, 0x00, 255]);
  assert.equal(pixelOf("#fa0"), pixelOf("#ffaa00"));
  assert.equal(cssOf(pixelOf("#E69F00")), "rgb(230 159 0)");
  for (const wrong of ["red", "#12", "#gg0000", ""]) assert.throws(() => pixelOf(wrong), RangeError);
});

test("mixing goes from one to the other", () => {
  const [black, white] = [pixel(0, 0, 0), pixel(255, 255, 255)];
  assert.equal(mixed(black, white, 0), black);
  assert.equal(mixed(black, white, 1), white);
  assert.equal(mixed(black, white, 0.5), pixel(128, 128, 128));
});

test("classes: missing and unknown are grey", () => {
  const got = coloursOfClasses(Int32Array.of(0, 1, -1, 2), ["#000000", "#ffffff"], GREY);
  assert.deepEqual([...got], [pixelOf("#000000"), pixelOf("#ffffff"), GREY, GREY]);
});

test("quantities: ends, middle, beyond the ends, missing, and a palette for a constant", () => {
  const palette = ["#000000", "#400000", "#800000", "#c00000"];
  const got = coloursOfQuantity(Float32Array.of(0, 1, 0.5, -9, 9, NaN, 0.24), 0, 1, palette, GREY);
  const expected = [0, 3, 2, 0, 3, null, 0].map((at) => (at === null ? GREY : pixelOf(palette[at])));
  assert.deepEqual([...got], expected);
  const constant = coloursOfQuantity(Float32Array.of(5, 5), 5, 5, palette, GREY);
  assert.deepEqual([...constant], [pixelOf("#800000"), pixelOf("#800000")]);
  assert.ok(Number.isNaN(shareOf(NaN, 0, 1)));
  assert.equal(shareOf(Infinity, 0, 1), 1);
});

test("chips: press adds, press again takes away, alone replaces", () => {
  assert.deepEqual([...pressed(new Set(), 4, false)], [4]);
  assert.deepEqual([...pressed(new Set([4]), 9, false)], [4, 9]);
  assert.deepEqual([...pressed(new Set([4, 9]), 4, false)], [9]);
  assert.deepEqual([...pressed(new Set([4, 9]), 1, true)], [1]);
  assert.deepEqual([...pressed(new Set([1]), 1, true)], []);
  assert.deepEqual(sizes(Int32Array.of(0, 2, 2, -1, 7), 3), [1, 0, 2, 2]);
});

test("numbers as people read them", () => {
  assert.equal(counted(1797), "1,797");
  assert.equal(countOf(1, "item"), "1 item");
  assert.equal(countOf(0, "item"), "0 items");
  const read = [[37.104, "37.1"], [0, "0"], [1234.4, "1,234"],
    [0.01234, "0.0123"], [1.23e-7, "1.2e-7"], [-2.5, "-2.5"]];
  for (const [value, words] of read) assert.equal(figure(value), words);
  assert.equal(figure(2.1e9), "2.1e9");
  for (const value of [NaN, Infinity]) assert.equal(figure(value), "–");
  const times = [0.81, 7, 9.99, 123.4, NaN].map(milliseconds);
  assert.deepEqual(times, ["0.8 ms", "7 ms", "10 ms", "123 ms", "–"]);
});
