import assert from "node:assert/strict";
import { test } from "node:test";

import { exchange, isSame, step } from "../../ui/components/words_values.js";

const GRID = [[1, 2, 3], [4, 5, 6]];

test("one cell is exchanged, and the grid before stays as it was", () => {
  assert.deepEqual(exchange(GRID, [1, 2], 9), [[1, 2, 3], [4, 5, 9]]);
  assert.deepEqual(GRID, [[1, 2, 3], [4, 5, 6]]);
  assert.ok(isSame(GRID, exchange(GRID, [0, 0], 1)));
  assert.ok(!isSame(GRID, exchange(GRID, [0, 0], 2)));
});

test("arrow keys stay on the grid, other keys are none of ours", () => {
  assert.deepEqual(step([0, 0], "ArrowLeft", GRID), [0, 0]);
  assert.deepEqual(step([0, 2], "ArrowDown", GRID), [1, 2]);
  assert.deepEqual(step([1, 2], "ArrowDown", GRID), [1, 2]);
  assert.deepEqual(step([1, 1], "ArrowRight", GRID), [1, 2]);
  assert.deepEqual(step([1, 1], "ArrowUp", GRID), [0, 1]);
  assert.equal(step([1, 1], "Enter", GRID), undefined);
});
