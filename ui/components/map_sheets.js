// Two sheets that hold the drawn layers: one under the points, one over them. Each is larger than the view and
// is moved and stretched with the camera, so that a frame of panning costs nothing; drawn afresh only when the
// camera has left it, when the zoom has settled, or when a layer changed.

const PAD = 0.25; // of the view's width and height, on each side
const STRETCH = 1.3; // how far a sheet may be enlarged or shrunk while the zoom is on its way
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

/** The sheets of a stage. */
export class Sheets {
  /**
   * @param {import("./map_stage.js").Stage} stage
   * @param {(under: object, over: object) => void} draw given two areas: {context, width, height, ratio, scale,
   *   place(x, y) -> [left, top] in CSS pixels, bounds: {minX, minY, maxX, maxY} in data units}
   */
  constructor(stage, draw) {
    this.stage = stage;
    this.draw = draw;
    this.used = { under: false, over: false };
    this.drawn = null; // {camera, view, ratio, pad} of what the sheets show
    this.stale = true;
    this.timer = 0;
    this.moved = 0;
    this.draws = []; // ms of the last drawings, for benches
    this.canvases = {};
    for (const [name, before] of [["under", stage.points], ["over", stage.overlay]]) {
      const canvas = document.createElement("canvas");
      canvas.className = "map-sheet";
      canvas.setAttribute("aria-hidden", "true");
      canvas.hidden = true;
      stage.element.insertBefore(canvas, before);
      this.canvases[name] = canvas;
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
    const { camera, view, ratio } = this.stage;
    for (const [name, canvas] of Object.entries(this.canvases)) canvas.hidden = !this.used[name];
    if (!this.used.under && !this.used.over) {
      this.drawn = null;
      return;
    }
    const fits = this.drawn && this.drawn.view === view && this.drawn.ratio === ratio;
    if (this.stale || !fits) {
      this.render();
      return;
    }
    const stands = standing(this.drawn.camera, camera, view, this.drawn.pad);
    for (const canvas of Object.values(this.canvases)) {
      canvas.style.transform = `translate(${stands.left}px, ${stands.top}px) scale(${stands.factor})`;
    }
    const stretched = stands.factor > STRETCH || stands.factor < 1 / STRETCH;
    if (stretched || !covers(stands, view, this.drawn.pad)) this.soon(0);
    else if (stands.factor !== 1) this.soon(SETTLED);
  }

  /** Draw afresh after the frame that is under way, so that it is not held up; a stretched sheet once it rests. */
  soon(after) {
    this.moved = performance.now();
    if (this.timer && after > 0) return;
    clearTimeout(this.timer);
    const wait = () => {
      const rest = after ? this.moved + after - performance.now() : 0;
      if (rest > 4) {
        this.timer = setTimeout(wait, rest);
        return;
      }
      this.timer = 0;
      this.change();
    };
    this.timer = setTimeout(wait, after);
  }

  render() {
    clearTimeout(this.timer);
    this.timer = 0;
    const { camera, view, ratio } = this.stage;
    const start = performance.now();
    const pad = { x: Math.round(view.width * PAD), y: Math.round(view.height * PAD) };
    const width = view.width + 2 * pad.x;
    const height = view.height + 2 * pad.y;
    const { x, y, scale } = camera;
    const areas = Object.entries(this.canvases).map(([name, canvas]) => {
      if (!this.used[name]) return null;
      const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (canvas.width !== wide || canvas.height !== high) {
        canvas.width = wide;
        canvas.height = high;
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
      }
      canvas.style.transform = `translate(${-pad.x}px, ${-pad.y}px)`;
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
    });
    this.draw(...areas);
    this.drawn = { camera, view, ratio, pad };
    this.stale = false;
    this.draws.push(performance.now() - start);
    if (this.draws.length > 200) this.draws.shift();
  }

  close() {
    clearTimeout(this.timer);
  }
}
