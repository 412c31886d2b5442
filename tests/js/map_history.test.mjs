import assert from "node:assert/strict";
import { test } from "node:test";

import { readCamera, withParameter } from "../../ui/components/map_camera.js";
import { History, historyOf, reloaded } from "../../ui/components/map_history.js";

test("undo and redo go back and forth over selections and views in one line", () => {
  const history = new History();
  history.record({ lasso: "", pick: "" });
  history.record({ camera: "1,2,3" });
  history.record({ lasso: "umap~t5", pick: "5" });
  assert.ok(history.canUndo && !history.canRedo);
  assert.deepEqual(history.undo(), { lasso: "", pick: "", camera: "1,2,3" });
  assert.deepEqual(history.undo(), { lasso: "", pick: "", camera: null });
  assert.equal(history.undo(), null);
  assert.equal(history.redo().camera, "1,2,3");
  assert.equal(history.redo().lasso, "umap~t5");
  assert.equal(history.redo(), null);
});

test("what changes nothing is no step; a new step takes the place of those undone", () => {
  const history = new History();
  history.record({});
  assert.equal(history.record({ lasso: "" }), false);
  history.record({ lasso: "a" });
  history.record({ lasso: "b" });
  history.undo();
  history.record({ lasso: "c" });
  assert.deepEqual(history.states.map(({ lasso }) => lasso), ["", "a", "c"]);
  assert.equal(history.canRedo, false);
});

test("the line has a bound, and the oldest go first", () => {
  const history = new History(5);
  for (let step = 0; step < 50; step += 1) history.record({ camera: String(step) });
  assert.equal(history.states.length, 5);
  assert.equal(history.now.camera, "49");
  let last = null;
  for (let state = history.undo(); state; state = history.undo()) last = state;
  assert.equal(last.camera, "45");
});

test("on another map the selections stay and the cameras go", () => {
  const history = new History();
  for (const change of [{}, { camera: "1,1,1" }, { lasso: "a" }, { camera: "2,2,2" }]) history.record(change);
  history.undo();
  history.forgetCameras();
  assert.deepEqual(history.states, [{ lasso: "", pick: "", camera: null }, { lasso: "a", pick: "", camera: null }]);
  assert.equal(history.now.lasso, "a");
  const once = historyOf("run", "points-1");
  once.record({ camera: "3,3,3" });
  assert.equal(historyOf("run", "points-1"), once);
  assert.equal(once.now.camera, "3,3,3");
  assert.equal(historyOf("run", "points-2").now.camera, null);
  assert.notEqual(historyOf("other", "points-1"), once);
});

test("the present can be told in full later", () => {
  const history = new History();
  history.amend({ camera: "1,1,1" });
  assert.equal(history.now, null);
  history.record({});
  history.amend({ camera: "1,1,1" });
  history.record({ camera: "2,2,2" });
  assert.equal(history.undo().camera, "1,1,1");
});

test("cameras and parameters of an address", () => {
  assert.deepEqual(readCamera("1.5,-2,30"), { x: 1.5, y: -2, scale: 30 });
  for (const wrong of [null, "", "1,2", "1,2,0", "1,x,3", "1,2,-3"]) assert.equal(readCamera(wrong), null);
  assert.equal(withParameter("?a=1&distances=2&b=%2C", "distance", "1"), "?a=1&distances=2&b=%2C&distance=1");
  assert.equal(withParameter("?distance=1&a=1", "distance", null), "?a=1");
});

test("a reload of the tab keeps the line; what another wrote into the store is no history", () => {
  const held = new Map();
  const store = { getItem: (name) => held.get(name) ?? null, setItem: (name, text) => held.set(name, text) };
  const before = historyOf("kept", "points-1", store);
  for (const change of [{}, { lasso: "a" }, { camera: "2,2,2" }]) before.record(change);
  before.undo();
  reloaded();
  const after = historyOf("kept", "points-1", store);
  assert.notEqual(after, before);
  assert.deepEqual([after.states, after.at], [before.states, 1]);
  assert.equal(after.redo().camera, "2,2,2");
  reloaded();
  assert.equal(historyOf("kept", "points-2", store).now.camera, null, "another map: its cameras mean nothing");
  for (const text of ["{", '{"states": [], "at": 4}', "[]"]) {
    reloaded();
    held.set("loupe-history-kept", text);
    assert.equal(historyOf("kept", "points-1", store).now, null);
  }
});
