import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Live, describeSupport, errorSentence, fillRgba, paint, readMeta } from "../../ui/components/live.js";

globalThis.document = { baseURI: "http://host/base/" };

/** A server that answers only when told to; each question is kept with its `answer` and `fail`. */
let questions;
beforeEach(() => {
  questions = [];
  globalThis.fetch = (address, { body, signal }) =>
    new Promise((answer, fail) => {
      signal.addEventListener("abort", () => fail(Object.assign(new Error(), { name: "AbortError" })));
      questions.push({ address, body: JSON.parse(body), answer, fail });
    });
});

const settle = () => new Promise((done) => setImmediate(done));
const pixels = (values, shape = [1, 1, values.length, 1]) =>
  new Response(new Uint8Array(values), {
    headers: { "X-Loupe": JSON.stringify({ shape, support: [0.5], milliseconds: 6 }) },
  });

function open() {
  const log = { answers: [], errors: [] };
  const live = new Live("api/decode", (a) => log.answers.push(a), (sentence) => log.errors.push(sentence));
  return { live, ...log };
}

test("the address is taken from the base, so that a base path works", async () => {
  const { live } = open();
  live.ask({ n: 1 });
  assert.equal(questions[0].address, "http://host/base/api/decode");
  live.close();
});

test("one request in flight; of those that wait the newest wins", async () => {
  const { live, answers } = open();
  for (let n = 1; n <= 50; n += 1) live.ask({ n });
  assert.equal(questions.length, 1);
  questions[0].answer(pixels([1]));
  await settle();
  assert.deepEqual(questions.map((q) => q.body.n), [1, 50]);
  questions[1].answer(pixels([50]));
  await settle();
  assert.deepEqual(answers.map((a) => [a.body.n, a.pixels[0]]), [[1, 1], [50, 50]]);
  live.ask({ n: 51 });
  assert.equal(questions.length, 3, "after a pause it asks again");
  live.close();
});

test("an answer carries the header, the raw pixels and the round trip", async () => {
  const { live, answers } = open();
  live.ask({});
  questions[0].answer(pixels([7, 8]));
  await settle();
  assert.deepEqual(answers[0].meta, { shape: [1, 1, 2, 1], support: [0.5], milliseconds: 6 });
  assert.deepEqual([...answers[0].pixels], [7, 8]);
  assert.ok(answers[0].milliseconds >= 0);
});

test("a refusal becomes one sentence, and the next question is still asked", async () => {
  const { live, answers, errors } = open();
  live.ask({ n: 1 });
  live.ask({ n: 2 });
  const refusal = { code: "E_SHAPE", what: "Cannot decode", why: "it has 3 numbers", how_to_fix: "Send 4" };
  questions[0].answer(new Response(JSON.stringify(refusal), { status: 422 }));
  await settle();
  questions[1].answer(pixels([2]));
  await settle();
  assert.deepEqual(errors, ["Cannot decode: it has 3 numbers. Send 4."]);
  assert.equal(answers.length, 1);
});

test("a dead server, a proxy's page and mangled pixels are sentences too", async () => {
  const { live, answers, errors } = open();
  const replies = [
    (q) => q.fail(new TypeError("Failed to fetch")),
    (q) => q.answer(new Response("<html>", { status: 502 })),
    (q) => q.answer(pixels([1, 2, 3], [1, 2, 2, 1])),
    (q) => q.answer(new Response(new Uint8Array(4))),
  ];
  for (const [n, reply] of replies.entries()) {
    live.ask({ n });
    reply(questions[n]);
    await settle();
  }
  assert.equal(answers.length, 0);
  assert.match(errors[0], /does not answer/);
  assert.match(errors[1], /HTTP 502/);
  assert.match(errors[2], /not pictures/);
  assert.match(errors[3], /not pictures/);
});

test("a fault in a callback does not stop later answers", async (t) => {
  t.mock.method(console, "error", () => {});
  let calls = 0;
  const live = new Live("x", () => { calls += 1; throw new Error("broken painter"); }, () => {});
  for (const n of [0, 1]) {
    live.ask({ n });
    questions[n].answer(pixels([1]));
    await settle();
  }
  assert.equal(calls, 2);
});

test("after close nothing is called back and nothing is asked", async () => {
  const { live, answers, errors } = open();
  live.ask({ n: 1 });
  live.ask({ n: 2 });
  live.close();
  await settle();
  live.ask({ n: 3 });
  assert.equal(questions.length, 1);
  assert.deepEqual([answers, errors], [[], []]);
});

test("a request that hangs is given up after 30 s, with a sentence", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { live, errors } = open();
  live.ask({});
  t.mock.timers.tick(29_999);
  await settle();
  assert.deepEqual(errors, []);
  t.mock.timers.tick(1);
  await settle();
  assert.match(errors[0], /No answer within 30 s/);
});

test("errorSentence keeps a question mark, leaves out empty parts", () => {
  assert.equal(errorSentence({ what: "No run 'vea'", why: "", how_to_fix: "Did you mean 'vae'?" }, 404),
    "No run 'vea'. Did you mean 'vae'?");
  assert.match(errorSentence(null, 500), /HTTP 500/);
});

test("readMeta refuses what is not four sizes", () => {
  assert.equal(readMeta(null), null);
  assert.equal(readMeta("not json"), null);
  assert.equal(readMeta('{"shape":[2,2]}'), null);
  assert.deepEqual(readMeta('{"shape":[1,2,2,1]}').support, []);
});

test("support is worded as a share of the data, with a level", () => {
  const sentence = "nearer than 63 % of the data";
  assert.deepEqual(describeSupport(0.631), { sentence, level: "good", percent: 63 });
  assert.equal(describeSupport(0.04).level, "low");
  assert.equal(describeSupport(0.1).level, "some");
});

test("fillRgba spreads grey and colour, opaque", () => {
  const two = (pixels, channels) => [...fillRgba(new Uint8ClampedArray(8), pixels, channels)];
  assert.deepEqual(two([9, 200], 1), [9, 9, 9, 255, 200, 200, 200, 255]);
  assert.deepEqual(two([1, 2, 3, 4, 5, 6], 3), [1, 2, 3, 255, 4, 5, 6, 255]);
});

test("paint gives the canvas the picture's own size", () => {
  let put;
  const context = {
    createImageData: (width, height) => ({ width, height, data: new Uint8ClampedArray(4 * width * height) }),
    putImageData: (image) => { put = image; },
  };
  const canvas = { width: 300, height: 150, getContext: () => context };
  paint(canvas, new Uint8Array([1, 2, 3, 4, 5, 6]), [2, 3, 1]);
  assert.deepEqual([canvas.width, canvas.height, put.width, put.height], [3, 2, 3, 2]);
  assert.deepEqual([...put.data.slice(20)], [6, 6, 6, 255]);
});
