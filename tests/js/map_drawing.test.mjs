import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.ImageData = class {
  constructor(width, height) {
    this.data = new Uint8ClampedArray(4 * width * height);
  }
};

const { Buffer, MARGIN, asDiscs, diameterOf, discs, outlineOf, projection, splats } = await import(
  "../../ui/components/map_points.js"
);
const { indexed, stretches } = await import("../../ui/components/map_nearest.js");
const { shownSize, stamp } = await import("../../ui/components/map_pictures.js");
const { cardPlace } = await import("../../ui/components/map_card.js");
const { lassoMode, wheelZoom } = await import("../../ui/components/map_gestures.js");

const RED = 0xff0000ff;
const BLUE = 0xffff0000;
const BLACK = 0xff000000;
const ALL = [-1e9, -1e9, 1e9, 1e9];

/** A 40 x 30 buffer with a camera on (0, 0) at one pixel per unit: data (x, y) is at (20 + x, 15 - y). */
function ground() {
  const buffer = new Buffer(40, 30);
  const at = (left, top) => buffer.pixels[(top + MARGIN) * buffer.stride + left + MARGIN];
  return { buffer, at, place: projection(buffer, { x: 0, y: 0, scale: 1 }, 1) };
}

test("a splat lies on its point; what is far outside draws nothing and breaks nothing", () => {
  for (const size of [2, 3, 5, 8]) {
    const { buffer, at, place } = ground();
    const index = indexed(Float32Array.of(5, 5, 1e7, 3, -25, -20, -1e7, -1e7));
    const paint = new Uint32Array(4).fill(RED);
    splats(buffer, index, stretches(index, ...ALL), place, paint, null, 0, size);
    assert.equal(at(25, 10), RED);
    assert.equal(at(25 + size, 10), 0);
    const painted = buffer.pixels.filter((value) => value === RED).length;
    assert.ok(painted >= size * size * 0.6 && painted <= size * size * 2, `size ${size}: ${painted}`);
  }
});

test("only the wanted points are drawn, and those drawn later lie on top", () => {
  const index = indexed(Float32Array.of(0, 0, 0, 0, 10, 0));
  const lit = Uint8Array.of(1, 0, 0);
  const paint = Uint32Array.of(RED, BLUE, BLUE);
  const spans = stretches(index, ...ALL);
  for (const draw of [
    (each, want) => splats(each.buffer, index, spans, each.place, paint, lit, want, 3),
    (each, want) => discs(each.buffer, index, spans, each.place, paint, lit, want, 2.5, 0.5, BLACK),
  ]) {
    const each = ground();
    const first = index.rows.indexOf(0);
    [lit, paint].forEach((array) => array.fill(array === lit ? 0 : BLUE));
    lit[first] = 1;
    paint[first] = RED;
    draw(each, 0);
    assert.equal(each.at(20, 15), BLUE);
    assert.equal(each.at(30, 15), BLUE);
    draw(each, 1);
    assert.equal(each.at(20, 15), RED);
    assert.equal(each.at(30, 15), BLUE);
  }
});

test("a disc covers its area, with soft edges and the outline in the ground's colour", () => {
  const { buffer, place } = ground();
  const index = indexed(Float32Array.of(0.25, -0.25));
  discs(buffer, index, stretches(index, ...ALL), place, Uint32Array.of(RED), null, 0, 5, 1, 0xff000000);
  let red = 0;
  let soft = 0;
  for (const value of buffer.pixels) {
    red += ((value & 255) / 255) * ((value >>> 24) / 255);
    soft += value >>> 24 > 0 && value >>> 24 < 255;
  }
  assert.ok(Math.abs(red - Math.PI * 25) < 4, `covers ${red} of ${Math.PI * 25} pixels`);
  assert.ok(soft > 8);
});

test("discs while they are few, splats for the many; outlines finer than their discs", () => {
  assert.ok(asDiscs(1797, 3.4) && asDiscs(1797, 6.8) && !asDiscs(70_000, 1) && !asDiscs(9000, 6));
  for (const radius of [0.8, 2, 6]) assert.ok(outlineOf(radius, 1) <= Math.min(0.75, radius / 2));
});

test("points are larger when few and when near, within bounds", () => {
  const area = 900 * 620;
  assert.ok(diameterOf(1797, area, 1) > diameterOf(10_000, area, 1));
  assert.ok(diameterOf(70_000, area, 20) > diameterOf(70_000, area, 1));
  for (const count of [0, 1, 1e6]) {
    for (const zoom of [0.1, 1, 3000]) {
      const size = diameterOf(count, area, zoom);
      assert.ok(size >= 1.6 && size <= 13);
    }
  }
});

test("pictures: hard pixels in whole multiples, clipped at the edge", () => {
  assert.deepEqual(shownSize(28, 28), { width: 84, height: 84, hard: true });
  assert.deepEqual(shownSize(8, 8), { width: 96, height: 96, hard: true });
  assert.deepEqual(shownSize(128, 64), { width: 48, height: 96, hard: false });
  const { buffer, at } = ground();
  stamp(buffer, 20 + MARGIN, 15 + MARGIN, 4, Uint8Array.of(10, 20, 30, 40), [2, 2, 1], RED, 1, 0, 0);
  const corners = [[18, 13], [21, 13], [18, 16], [21, 16]].map(([left, top]) => at(left, top) & 255);
  assert.deepEqual(corners, [10, 20, 30, 40]);
  assert.equal(at(17, 13), RED);
  assert.equal(at(16, 13), 0);
  const lines = buffer.pixels.length / buffer.stride;
  for (const [left, top] of [[0, 0], [buffer.stride, lines]]) {
    stamp(buffer, left, top, 60, Uint8Array.of(9), [1, 1, 1], RED, 1, 0, 0);
  }
  assert.equal(buffer.pixels[0] & 255, 9);
});

test("a card stands beside its place and inside the view", () => {
  const view = { width: 900, height: 600 };
  const card = { width: 200, height: 100 };
  assert.deepEqual(cardPlace(300, 300, card, view)[0], 316);
  assert.ok(cardPlace(880, 300, card, view)[0] + 200 < 880, "turned to the left");
  for (const [left, top] of [[2, 2], [899, 599], [450, -50], [-40, 700]]) {
    const [x, y] = cardPlace(left, top, card, view);
    assert.ok(x >= 8 && y >= 8 && x + 200 <= 892 && y + 100 <= 592);
  }
});

test("the wheel turned away zooms in, a pinch zooms more; keys choose the lasso's mode", () => {
  const turn = (deltaY, deltaMode = 0, ctrlKey = false) => wheelZoom({ deltaY, deltaMode, ctrlKey });
  assert.ok(turn(-100) > 0 && turn(100) < 0);
  assert.ok(turn(-10, 0, true) > turn(-10));
  assert.ok(Math.abs(turn(-3, 1) - turn(-99)) < 1e-9, "three lines are a notch");
  assert.ok(turn(-1e6) < 1, "no single event leaps");
  assert.equal(lassoMode({ shiftKey: false, altKey: false }), "replace");
  assert.equal(lassoMode({ shiftKey: true, altKey: false }), "add");
  assert.equal(lassoMode({ shiftKey: true, altKey: true }), "remove");
});
