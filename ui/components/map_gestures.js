// Pointers, wheel and keys, told apart into what they mean. Knows nothing of data: all places are CSS pixels
// from the stage's top left corner.

const STILL = 4; // CSS pixels a press may wander and still be a click
const STILL_TOUCH = 9;
const LONG = 450; // ms a finger rests before it draws a lasso
const SILENT = ["Shift", "Control", "Alt", "Meta", "Escape"]; // keys a hand on the mouse presses, too
const DOUBLE = 350; // ms between the clicks of a double click

/**
 * Wheel movement as a power of e to zoom by: the same feel for notches, trackpads and pinches.
 * @param {{deltaY: number, deltaMode: number, ctrlKey: boolean}} event
 * @returns {number} positive zooms in
 */
export function wheelZoom(event) {
  const unit = event.deltaMode === 1 ? 33 : event.deltaMode === 2 ? 400 : 1;
  const pixels = Math.max(-240, Math.min(240, event.deltaY * unit));
  return -pixels * (event.ctrlKey ? 0.011 : 0.0024);
}

/**
 * Mode of a lasso from the keys held when it starts: alt takes away, shift adds.
 * @returns {"replace" | "add" | "remove"}
 */
export function lassoMode(event) {
  return event.altKey ? "remove" : event.shiftKey ? "add" : "replace";
}

/**
 * Listen on a stage. Handlers:
 * hover(left, top), leave(), press(), release(), pan(dx, dy), zoom(left, top, factor),
 * wheel(left, top, power to which e is the factor),
 * lassoStart(left, top, mode), lassoMove(left, top), lassoEnd(), lassoCancel(),
 * click(left, top, {toggle, touch, twice}), hold(left, top) (a finger rested: it draws a lasso now), blur(),
 * key(event) -> handled, and tool() -> "pan" | "lasso".
 * @param {HTMLElement} stage
 * @param {object} on the handlers
 * @returns {() => void} stop listening
 */
export function listen(stage, on) {
  const pointers = new Map();
  let act = null; // {kind: "press" | "pan" | "lasso" | "pinch", …}
  let resting = 0; // timer of a finger that rests
  let lastClick = { time: -1e9, left: 0, top: 0 };
  const aborter = new AbortController();
  const add = (name, handler, options = {}) =>
    stage.addEventListener(name, handler, { signal: aborter.signal, ...options });

  const placeOf = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const pinch = () => {
    const [[ax, ay], [bx, by]] = [...pointers.values()];
    return { left: (ax + bx) / 2, top: (ay + by) / 2, apart: Math.max(8, Math.hypot(ax - bx, ay - by)) };
  };
  const rest = (left, top) => {
    if (act?.kind !== "press") return;
    act = { ...act, kind: "lasso" };
    on.hold(left, top);
    on.lassoStart(act.left, act.top, act.mode);
  };
  const finish = () => {
    clearTimeout(resting);
    if (act?.kind === "lasso") on.lassoCancel();
    act = null;
    on.release();
  };

  add("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button > 1) return;
    event.preventDefault(); // no text selection, no middle-button scrolling
    stage.focus({ preventScroll: true });
    stage.classList.add("map-by-hand");
    const [left, top] = placeOf(event);
    pointers.set(event.pointerId, [left, top]);
    try {
      stage.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that is already gone cannot be captured; moves over the stage still come.
    }
    on.press();
    clearTimeout(resting);
    if (pointers.size === 2) {
      if (act?.kind === "lasso") on.lassoCancel();
      act = { kind: "pinch", ...pinch() };
    } else if (pointers.size === 1) {
      const lassoing = event.button === 0 && (event.shiftKey || on.tool() === "lasso");
      const toggle = event.shiftKey || event.ctrlKey || event.metaKey;
      act = { kind: "press", left, top, lassoing, mode: lassoMode(event), toggle };
      if (event.pointerType === "touch" && !lassoing) resting = setTimeout(() => rest(left, top), LONG);
    }
  });

  add("pointermove", (event) => {
    const [left, top] = placeOf(event);
    if (!pointers.has(event.pointerId)) {
      if (event.pointerType !== "touch") on.hover(left, top);
      return;
    }
    const [wasLeft, wasTop] = pointers.get(event.pointerId);
    pointers.set(event.pointerId, [left, top]);
    if (act?.kind === "press") {
      const still = event.pointerType === "touch" ? STILL_TOUCH : STILL;
      if (Math.hypot(left - act.left, top - act.top) < still) {
        pointers.set(event.pointerId, [wasLeft, wasTop]);
        return;
      }
      clearTimeout(resting);
      act = { ...act, kind: act.lassoing ? "lasso" : "pan" };
      if (act.kind === "lasso") on.lassoStart(act.left, act.top, act.mode);
    }
    if (act?.kind === "pan") on.pan(left - wasLeft, top - wasTop);
    else if (act?.kind === "lasso") on.lassoMove(left, top);
    else if (act?.kind === "pinch" && pointers.size === 2) {
      const now = pinch();
      on.pan(now.left - act.left, now.top - act.top);
      on.zoom(now.left, now.top, now.apart / act.apart);
      act = { kind: "pinch", ...now };
    }
  });

  add("pointerup", (event) => {
    if (!pointers.delete(event.pointerId)) return;
    clearTimeout(resting);
    const [left, top] = placeOf(event);
    const done = act;
    if (done?.kind === "pinch") {
      // The finger that stays goes on panning.
      act = pointers.size ? { kind: "pan" } : null;
      if (!act) on.release();
      return;
    }
    act = null;
    on.release();
    if (done?.kind === "lasso") on.lassoEnd();
    else if (done?.kind === "press" && event.button === 0) {
      const near = Math.hypot(left - lastClick.left, top - lastClick.top) < STILL_TOUCH;
      const twice = near && event.timeStamp - lastClick.time < DOUBLE;
      lastClick = twice ? { time: -1e9, left, top } : { time: event.timeStamp, left, top };
      on.click(left, top, { toggle: done.toggle, touch: event.pointerType === "touch", twice });
    }
    if (event.pointerType !== "touch") on.hover(left, top);
  });

  add("pointercancel", (event) => {
    if (pointers.delete(event.pointerId)) finish();
  });
  add("pointerleave", (event) => {
    if (!pointers.has(event.pointerId)) on.leave();
  });
  add("wheel", (event) => {
    event.preventDefault();
    on.wheel(...placeOf(event), wheelZoom(event));
  }, { passive: false });
  add("contextmenu", (event) => {
    if (event.ctrlKey || act) event.preventDefault(); // ctrl-click toggles on a Mac, too; a resting finger draws
  });
  add("blur", () => {
    stage.classList.remove("map-by-hand");
    on.blur();
  });
  add("keydown", (event) => {
    if (!SILENT.includes(event.key)) stage.classList.remove("map-by-hand");
    if (event.key === "Escape" && act?.kind === "lasso") {
      finish();
      pointers.clear();
    } else if (event.ctrlKey || event.metaKey || event.altKey || !on.key(event)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation(); // the page has shortcuts of its own
  });
  return () => {
    clearTimeout(resting);
    aborter.abort();
  };
}
