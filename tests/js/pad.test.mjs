import assert from "node:assert/strict";
import { test } from "node:test";

import { COLOURS, Colours, byKey, firstOn } from "../../ui/components/pad_colours.js";
import { Ink, asChannels } from "../../ui/components/pad_ink.js";

const SIDE = 4;
const numbers = (colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

/** A canvas whose strokes are one pixel: the one that they end at. */
function canvas() {
  const pixels = new Uint8ClampedArray(4 * SIDE * SIDE);
  const put = (x, y, colour) => pixels.set([...numbers(colour), 255], 4 * (y * SIDE + Math.floor(x)));
  const context = {
    beginPath() {},
    moveTo() {},
    lineTo(x, y) { this.at = [x, y]; },
    stroke() { put(...this.at, this.strokeStyle); },
    fillRect() { for (let at = 0; at < SIDE * SIDE; at++) put(at % SIDE, Math.floor(at / SIDE), this.fillStyle); },
    createImageData: () => ({ data: new Uint8ClampedArray(pixels.length) }),
    putImageData: ({ data }) => pixels.set(data),
    getImageData: () => ({ data: pixels.slice() }),
  };
  return { getContext: () => context };
}

const pixel = (ink, x, y) => [...ink.bytes().subarray(3 * (y * SIDE + x), 3 * (y * SIDE + x) + 3)];
const dot = (ink, x, y, colour, erases = false) => ink.start(x, y, 1, erases, colour);

test("colours stay as they were drawn, and undo brings them back", () => {
  const ink = new Ink(SIDE, canvas(), 3, "#ffffff");
  assert.ok(ink.isEmpty(ink.bytes()));
  dot(ink, 0, 0, "#d62728");
  dot(ink, 1, 0, "#1f5fd6");
  assert.deepEqual([pixel(ink, 0, 0), pixel(ink, 1, 0)], [[0xd6, 0x27, 0x28], [0x1f, 0x5f, 0xd6]]);
  dot(ink, 0, 0, "#2ca02c", true);
  assert.deepEqual(pixel(ink, 0, 0), [255, 255, 255], "the eraser leaves the ground, whatever the colour");
  ink.undo();
  assert.deepEqual(pixel(ink, 0, 0), [0xd6, 0x27, 0x28]);
  ink.clear();
  assert.ok(ink.isEmpty(ink.bytes()));
  ink.undo();
  assert.deepEqual(pixel(ink, 1, 0), [0x1f, 0x5f, 0xd6]);
  ink.undo();
  assert.deepEqual(pixel(ink, 1, 0), [255, 255, 255]);
  assert.deepEqual(pixel(ink, 0, 0), [0xd6, 0x27, 0x28], "only the last stroke is taken back");
  assert.equal(ink.bytes().length, 3 * SIDE * SIDE);
});

test("ink is white on black as ever", () => {
  const ink = new Ink(SIDE, canvas());
  dot(ink, 2, 1, "#d62728");
  const wanted = new Uint8Array(SIDE * SIDE);
  wanted[SIDE + 2] = 255;
  assert.deepEqual(ink.bytes(), wanted, "a colour has no say where there is none");
  dot(ink, 2, 1, undefined, true);
  assert.ok(ink.isEmpty(ink.bytes()));
});

test("a drawing goes over to another pad and back without losing its colours", () => {
  const ink = new Ink(SIDE, canvas(), 3, "#ffffff");
  dot(ink, 0, 0, "#d62728");
  ink.become(1, "#000000");
  assert.equal(ink.bytes()[0], 255);
  assert.equal(ink.bytes().length, SIDE * SIDE);
  ink.become(3, "#000000");
  assert.deepEqual([pixel(ink, 0, 0), pixel(ink, 3, 3)], [[0xd6, 0x27, 0x28], [0, 0, 0]]);
  const plain = new Ink(SIDE, canvas());
  dot(plain, 0, 0);
  plain.become(3, "#ffffff");
  assert.deepEqual(pixel(plain, 0, 0), [0, 0, 0], "ink is dark on a bright ground");
});

test("a kept drawing of the other kind is taken in", () => {
  const ink = Uint8Array.from({ length: SIDE * SIDE }, (_, at) => (at === 5 ? 200 : 0));
  const dark = asChannels(ink, SIDE, 3, "#ffffff");
  assert.deepEqual([...dark.subarray(12, 18)], [255, 255, 255, 55, 55, 55]);
  assert.deepEqual(asChannels(dark, SIDE, 1, "#000000"), ink);
  assert.deepEqual(asChannels(asChannels(ink, SIDE, 3, "#000000"), SIDE, 1, "#000000"), ink);
  const drawn = new Ink(SIDE, canvas(), 3, "#ffffff");
  drawn.begin(ink);
  assert.deepEqual([pixel(drawn, 1, 1), pixel(drawn, 0, 0)], [[55, 55, 55], [255, 255, 255]]);
});

test("keys take swatches, and what one begins with shows on its ground", () => {
  assert.equal(byKey("3"), COLOURS[2][1]);
  for (const key of ["0", "9", "a", "Tab", "ArrowUp"]) assert.equal(byKey(key), undefined);
  for (const ground of ["#000000", "#ffffff"]) {
    assert.notEqual(firstOn(ground), ground);
    assert.ok(COLOURS.some(([, value]) => value === firstOn(ground)));
  }
});

test("the choice marks its swatch, or the other colour", () => {
  const swatches = COLOURS.map(([, value]) => ({ value, checked: false }));
  const other = { value: "", classList: { toggle: (name, on) => (other.chosen = on) } };
  const place = {
    querySelectorAll: () => swatches,
    querySelector: (which) => (which === "[type=color]" ? other : swatches.find((swatch) => swatch.checked) ?? null),
  };
  let called = 0;
  const colours = new Colours(place, "#000000", () => (called += 1));
  assert.deepEqual([colours.colour, swatches[0].checked, other.chosen], ["#000000", true, false]);
  place.onchange({ target: { value: "#123456" } });
  assert.deepEqual([colours.colour, swatches[0].checked, other.chosen, called], ["#123456", false, true, 1]);
});
