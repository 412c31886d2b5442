import assert from "node:assert/strict";
import { test } from "node:test";

import { Asker, split } from "../../ui/components/film_ask.js";
import { bounce, readStep, snap, thumbWidth } from "../../ui/components/film_values.js";

test("a step from outside is kept within the film", () => {
  assert.deepEqual([3, 99, -1, 2.4, undefined, NaN].map((s) => readStep(s, 12)), [3, 11, 0, 2, 0, 0]);
});

test("the film runs to and fro, and shows each step of a round", () => {
  let [step, direction] = [0, 1];
  const seen = [];
  for (let n = 0; n < 7; n += 1) {
    [step, direction] = bounce(step, direction, 4);
    seen.push(step);
  }
  assert.deepEqual(seen, [1, 2, 3, 2, 1, 0, 1]);
  assert.deepEqual(bounce(0, 1, 1), [0, 1]);
});

test("thumbnails fill one row while legible, then wrap into rows of equal length", () => {
  const sizes = { gap: 4, least: 44, most: 96 };
  assert.equal(thumbWidth(1000, 5, sizes), 96, "never larger than most");
  assert.equal(thumbWidth(1000, 16, sizes), Math.floor((1000 - 60) / 16));
  const wrapped = thumbWidth(500, 16, sizes); // ten would fit: two rows of eight
  assert.equal(wrapped, Math.floor((500 - 28) / 8));
  for (const [width, count] of [[300, 64], [1600, 64], [30, 3]]) {
    const size = thumbWidth(width, count, sizes);
    assert.ok(size >= 1 && size <= width, `${width} ${count} ${size}`);
  }
});

test("a picture snaps to whole pixels where that costs little", () => {
  assert.equal(snap(60, 28), 56);
  assert.equal(snap(54, 28), 54, "28 would lose half");
  assert.equal(snap(40, 64), 40, "smaller than native");
  assert.equal(snap(60, 28, 2), 56);
  assert.equal(snap(44, 28, 2), 42);
});

test("an answer is parted way by way; one that has no steps takes no pictures", () => {
  const meta = {
    shape: [3, 1, 2, 1],
    support: [0.1, 0.2, 0.3],
    ways: [{ name: "line", steps: 2 }, { name: "road", steps: 0, note: "No road." }, { name: "sphere", steps: 1 }],
  };
  const [line, road, sphere] = split({ meta, pixels: Uint8Array.from([1, 2, 3, 4, 5, 6]) });
  assert.deepEqual([[...line.frames.pixels], line.frames.support], [[1, 2, 3, 4], [0.1, 0.2]]);
  assert.deepEqual([road.frames, road.note], [undefined, "No road."]);
  assert.deepEqual([[...sphere.frames.pixels], sphere.frames.shape], [[5, 6], [1, 1, 2, 1]]);
});

test("an answer comes with the event that it was asked for, also round by round", async () => {
  const asked = [];
  globalThis.document = { baseURI: "http://host/" };
  globalThis.fetch = async (_, { body }) => {
    const { ways } = JSON.parse(body);
    asked.push(ways);
    const share = asked.filter((names) => names[0] === "geodesic").length / 2;
    const meta = { shape: [0, 1, 1, 1], ways: ways.map((name) => ({ name, steps: 0, share })) };
    return new Response(new Uint8Array(0), { headers: { "X-Loupe": JSON.stringify(meta) } });
  };
  const seen = [];
  const asker = new Asker("api/paths", (ways, event) => seen.push([ways[0].name, ways[0].share, event]), assert.fail);
  asker.ask({ steps: 3 }, ["line"], ["geodesic"], { time: 5 });
  while (seen.length < 3) await new Promise((done) => setImmediate(done));
  assert.deepEqual(seen.map(([name, , event]) => [name, event.time]), [["line", 5], ["geodesic", 5], ["geodesic", 5]]);
  assert.equal(seen[2][1], 1);
  asker.close();
});
