// Two sheets that hold the drawn layers: one under the points, one over them. Each is larger than the view and
// is moved and stretched with the camera, so that a frame of panning costs nothing; drawn afresh only when the
// camera has left it, when the zoom has settled, or when a layer changed.

const PAD = 0.25; // of the view's width and height, on each side
const STRETCH = 1.3; // how far a sheet may be enlarged or shrunk while the zoom is on its way
const MOST_DRAWS = 600;
const SETTLED = 120; // ms after the last movement: then a stretched sheet is drawn sharp

/**
 * Where a sheet drawn with one camera stands under another: as a translation in CSS pixels and a factor.
 * @param {{x: number, y: number, scale: number}} drawn @param {{x: number, y: number, scale: number}} now
 * @param {{width: number, height: number}} view
 * @param {{x: number, y: number}} pad of the sheet beyond the view, CSS pixels
 * @returns {{left: number, top: number, factor: number}} of the sheet's top left corner
 */
export function standing(drawn, now, view, pad) {
  const factor = now.scale / drawn.scale;
  return {
    left: view.width / 2 + (drawn.x - now.x) * now.scale - factor * (view.width / 2 + pad.x),
    top: view.height / 2 - (drawn.y - now.y) * now.scale - factor * (view.height / 2 + pad.y),
    factor,
  };
}

/** Whether a sheet that stands so still covers the view. */
export function covers({ left, top, factor }, view, pad) {
  const right = left + factor * (view.width + 2 * pad.x);
  const bottom = top + factor * (view.height + 2 * pad.y);
  return left <= 0 && top <= 0 && right >= view.width && bottom >= view.height;
}

/** The sheets of a stage: of each two canvases, one shown and one that is drawn meanwhile. */
export class Sheets {
  /**
   * @param {import("./map_stage.js").Stage} stage
   * @param {(under: object | null, over: object | null) => (() => void)[]} draw given two areas, the steps that draw
   *   on them: {context, width, height, ratio, scale, place(x, y) -> [left, top] in CSS pixels,
   *   bounds: {minX, minY, maxX, maxY} in data units}; null for a sheet with nothing on it
   */
  constructor(stage, draw) {
    this.stage = stage;
    this.draw = draw;
    this.used = { under: false, over: false };
    this.drawn = null; // {camera, view, ratio, pad} of what the sheets show
    this.stale = true;
    this.timer = 0;
    this.waiting = false; // for the zoom to rest
    this.moved = 0;
    this.turn = 0; // a later drawing ends the one under way
    this.draws = []; // ms of each step of the last drawings, for benches
    this.shown = {};
    this.spare = {};
    for (const [name, before] of [["under", stage.points], ["over", stage.overlay]]) {
      for (const which of [this.shown, this.spare]) {
        const canvas = document.createElement("canvas");
        canvas.className = "map-sheet";
        canvas.setAttribute("aria-hidden", "true");
        canvas.hidden = true;
        stage.element.insertBefore(canvas, before);
        which[name] = canvas;
      }
    }
    stage.sheets = this;
  }

  /** Which sheets have something on them; an unused one is not even there. */
  use(used) {
    this.used = used;
    this.change();
  }

  /** A layer changed: draw afresh with the next frame. */
  change() {
    this.stale = true;
    this.stage.ask("sheets");
  }

  get busy() {
    return (this.used.under || this.used.over) && (this.stale || this.timer > 0);
  }

  /** Bring the sheets to where the camera is; called in each frame in which something moved or changed. */
  follow() {
    const { view, ratio } = this.stage;
    if (!this.used.under && !this.used.over) {
      this.drawn = null;
      this.stale = false;
      for (const canvas of Object.values(this.shown)) canvas.hidden = true;
      return;
    }
    const fits = this.drawn && this.drawn.view === view && this.drawn.ratio === ratio;
    if (this.stale || !fits) {
      this.begin().forEach((step) => step());
      return;
    }
    const stands = this.stand();
    const stretched = stands.factor > STRETCH || stands.factor < 1 / STRETCH;
    if (stretched || !covers(stands, view, this.drawn.pad)) this.soon(0);
    else if (stands.factor !== 1) this.soon(SETTLED);
  }

  /** Move and stretch what is shown to where the camera is. */
  stand() {
    const stands = standing(this.drawn.camera, this.stage.camera, this.stage.view, this.drawn.pad);
    for (const canvas of Object.values(this.shown)) {
      canvas.style.transform = `translate(${stands.left}px, ${stands.top}px) scale(${stands.factor})`;
    }
    return stands;
  }

  /** Draw afresh, step by step between the frames, so that none is held up; a stretched sheet once it rests. */
  soon(after) {
    this.moved = performance.now();
    if (this.timer && (after > 0 || !this.waiting)) return;
    clearTimeout(this.timer);
    const wait = () => {
      const rest = after ? this.moved + after - performance.now() : 0;
      if (rest > 4) {
        this.timer = setTimeout(wait, rest);
        return;
      }
      this.waiting = false;
      const steps = this.begin();
      walk(steps, this.turn);
    };
    const walk = (steps, turn) => {
      if (turn !== this.turn) return;
      steps.shift()();
      this.timer = steps.length ? setTimeout(() => walk(steps, turn), 0) : 0;
    };
    this.waiting = after > 0;
    this.timer = setTimeout(wait, after);
  }

  /** The steps of a drawing on the spare canvases; the last one shows them. */
  begin() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.turn += 1;
    this.stale = false;
    const { camera, view, ratio } = this.stage;
    const pad = { x: Math.round(view.width * PAD), y: Math.round(view.height * PAD) };
    const areas = Object.keys(this.spare).map((name) => (this.used[name] ? this.area(name, camera, pad) : null));
    const timed = (step) => () => {
      const start = performance.now();
      step();
      this.draws.push(performance.now() - start);
      if (this.draws.length > MOST_DRAWS) this.draws.shift();
    };
    return [...this.draw(...areas).map(timed), () => this.swap({ camera, view, ratio, pad })];
  }

  /** A spare canvas, cleared, and how to draw on it. */
  area(name, { x, y, scale }, pad) {
    const { view, ratio } = this.stage;
    const canvas = this.spare[name];
    const [width, height] = [view.width + 2 * pad.x, view.height + 2 * pad.y];
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
    }
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return {
      context, width, height, ratio, scale,
      place: (dataX, dataY) => [width / 2 + (dataX - x) * scale, height / 2 - (dataY - y) * scale],
      bounds: {
        minX: x - width / 2 / scale, maxX: x + width / 2 / scale,
        minY: y - height / 2 / scale, maxY: y + height / 2 / scale,
      },
    };
  }

  swap(drawn) {
    [this.shown, this.spare] = [this.spare, this.shown];
    this.drawn = drawn;
    for (const canvas of Object.values(this.spare)) canvas.hidden = true;
    for (const [name, canvas] of Object.entries(this.shown)) canvas.hidden = !this.used[name];
    this.stand();
    this.stage.ask(); // the camera may have gone on: look again with the next frame
  }

  close() {
    clearTimeout(this.timer);
    this.turn += 1;
  }
}
