import assert from "node:assert/strict";
import { test } from "node:test";

import { suggestions } from "../../ui/components/map_search.js";

const KNOWN = {
  classes: ["cat", "dog", "wildcat", "7"],
  fields: [
    { name: "reconstruction error", kinds: [] },
    { name: "hair colour", kinds: ["black", "red"] },
    { name: "hair style", kinds: ["short", "long"] },
    { name: "dimension 3", kinds: [] },
  ],
  count: 100,
};
const texts = (typed) => suggestions(typed, KNOWN).map(({ text }) => text);

test("classes that begin with the word stand before those that hold it", () => {
  assert.deepEqual(texts("cat"), ["cat", "wildcat"]);
  assert.deepEqual(texts("  DO"), ["dog"]);
  assert.deepEqual(texts(""), []);
});

test("a number is a class of that name, and an item", () => {
  assert.deepEqual(texts("7"), ["7", "#7"]);
  assert.deepEqual(texts("#12"), ["#12"]);
  assert.deepEqual(texts("item 12"), ["#12"]);
});

test("fields are offered by any of their words, with their kinds", () => {
  assert.deepEqual(texts("error"), ["reconstruction error>"]);
  assert.deepEqual(texts("hair"), ["hair colour=black", "hair colour=red", "hair style=short", "hair style=long"]);
  assert.deepEqual(texts("hair=r"), ["hair colour=red"]);
  assert.deepEqual(texts("hair style != l"), ["hair style!=long"]);
  assert.deepEqual(texts("dimension_3"), ["dimension 3>"]);
  assert.deepEqual(texts("error>4"), []);
});

test("after a comma the next condition is completed, and what stands before stays", () => {
  assert.deepEqual(texts("error>4, hair=b"), ["error>4, hair colour=black"]);
  assert.deepEqual(texts("cat,do"), ["cat, dog"]);
});

test("never more than fit", () => {
  const many = { ...KNOWN, classes: Array.from({ length: 1000 }, (_, at) => `cat ${at}`) };
  assert.equal(suggestions("cat", many).length, 8);
});
