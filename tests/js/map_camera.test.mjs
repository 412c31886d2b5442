import assert from "node:assert/strict";
import { test } from "node:test";

import {
  between, fitted, limitsOf, panned, same, toData, toScreen, withCamera, written, zoomedAt,
} from "../../ui/components/map_camera.js";
import { random } from "./map_random.mjs";

const VIEW = { width: 900, height: 620 };
const NO_INSETS = { left: 0, right: 0, top: 0, bottom: 0 };
const FREE = { low: 1e-9, high: 1e9 };

const near = (got, expected, slack = 1e-6) => {
  assert.equal(got.length, expected.length);
  got.forEach((value, at) => assert.ok(Math.abs(value - expected[at]) <= slack, `${got} is not ${expected}`));
};

test("screen and data are inverse, and y points up", () => {
  const next = random(1);
  for (let round = 0; round < 200; round += 1) {
    const camera = { x: next() * 20 - 10, y: next() * 20 - 10, scale: 10 ** (next() * 6 - 3) };
    const place = [next() * VIEW.width, next() * VIEW.height];
    near(toScreen(camera, VIEW, ...toData(camera, VIEW, ...place)), place);
  }
  const camera = { x: 0, y: 0, scale: 10 };
  assert.ok(toScreen(camera, VIEW, 0, 1)[1] < toScreen(camera, VIEW, 0, 0)[1]);
});

test("zooming keeps the point under the cursor, also where the scale meets its limits", () => {
  const next = random(2);
  for (let round = 0; round < 500; round += 1) {
    let camera = { x: next() * 20 - 10, y: next() * 20 - 10, scale: 10 ** (next() * 4 - 1) };
    const place = [next() * VIEW.width, next() * VIEW.height];
    const under = toData(camera, VIEW, ...place);
    const limits = { low: camera.scale / 4, high: camera.scale * 4 };
    for (let turn = 0; turn < 6; turn += 1) {
      camera = zoomedAt(camera, VIEW, ...place, Math.exp(next() * 4 - 2), round % 2 ? limits : FREE);
    }
    near(toScreen(camera, VIEW, ...under), place);
    if (round % 2) assert.ok(camera.scale >= limits.low && camera.scale <= limits.high);
  }
});

test("dragging moves the ground with the hand", () => {
  const camera = { x: 3, y: -2, scale: 25 };
  const [left, top] = toScreen(camera, VIEW, 1, 1);
  near(toScreen(panned(camera, 40, -15), VIEW, 1, 1), [left + 40, top - 15]);
});

test("a fitted camera shows all corners inside the insets, touching them in one direction", () => {
  const insets = { left: 60, right: 20, top: 50, bottom: 40 };
  const boxes = [
    { minX: -3, maxX: 9, minY: 2, maxY: 3 },
    { minX: 0, maxX: 1e-6, minY: -5e3, maxY: 5e3 },
    { minX: 4, maxX: 4, minY: -1, maxY: 2 },
    { minX: 4, maxX: 6, minY: 2, maxY: 2 },
  ];
  for (const box of boxes) {
    const camera = fitted(box, VIEW, insets);
    const [left, bottom] = toScreen(camera, VIEW, box.minX, box.minY);
    const [right, top] = toScreen(camera, VIEW, box.maxX, box.maxY);
    assert.ok(left >= 60 - 1e-6 && right <= 880 + 1e-6 && top >= 50 - 1e-6 && bottom <= 580 + 1e-6);
    assert.ok(Math.abs(right - left - 820) < 1e-6 || Math.abs(bottom - top - 530) < 1e-6);
  }
});

test("all points in one place: a finite camera in the middle of the room", () => {
  const camera = fitted({ minX: 7, maxX: 7, minY: 7, maxY: 7 }, VIEW, NO_INSETS);
  near(toScreen(camera, VIEW, 7, 7), [450, 310]);
  assert.ok(camera.scale > 0 && Number.isFinite(camera.scale));
  assert.ok(limitsOf(camera).low < camera.scale && limitsOf(camera).high > camera.scale);
});

test("a glide starts and ends where it should and its scale never turns back", () => {
  const from = { x: 0, y: 0, scale: 2 };
  const to = { x: 5, y: -3, scale: 200 };
  assert.ok(same(between(from, to, 0), from));
  assert.deepEqual(between(from, to, 1), to);
  let last = from.scale;
  for (let t = 0.1; t < 1; t += 0.1) {
    const now = between(from, to, t);
    assert.ok(now.scale > last);
    last = now.scale;
  }
  near([between(from, { x: 4, y: 2, scale: 2 }, 0.5).x], [2]);
});

test("the address keeps its other parameters exactly", () => {
  const camera = written({ x: -1.23456789, y: 1e-7, scale: 87.6543219 });
  assert.equal(camera, "-1.23457,1e-7,87.6543");
  assert.equal(withCamera("?run=a%2Cb&camera=1,2,3&x=%20", camera), `?run=a%2Cb&x=%20&camera=${camera}`);
  assert.equal(withCamera("", camera), `?camera=${camera}`);
  assert.equal(withCamera("?camera=1,2,3", null), "");
  assert.equal(withCamera("?cameras=2&camera=1", null), "?cameras=2");
});
