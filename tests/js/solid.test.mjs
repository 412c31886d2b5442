import assert from "node:assert/strict";
import test from "node:test";

import { rowOf } from "../../ui/components/solid.js";

test("the row of a click is the point's customdata", () => {
  assert.equal(rowOf({ points: [{ customdata: 7 }] }), 7);
  assert.equal(rowOf({ points: [{ customdata: [12] }] }), 12);
  assert.equal(rowOf({ points: [{}, { customdata: 0 }] }), 0);
});

test("a click beside the points, or on something else, is none", () => {
  for (const event of [undefined, {}, { points: [] }, { points: [{ customdata: "7" }] }, { points: [{ customdata: -1 }] }]) {
    assert.equal(rowOf(event), null);
  }
});
