// A small map of a run's items, quiet, with new codes drawn over it: where a disturbed or drawn item lands.

const MARGIN = 0.06; // of the side, around the points

/** Points (n, 2) and labels of a run, every `every`-th; fetched once per address. */
async function fetched({ points, labels, every }) {
  const [places, classes] = await Promise.all(
    [points, labels].map(async (url) => {
      const response = await fetch(new URL(url, document.baseURI).href);
      if (!response.ok) throw new Error("no map");
      return response.arrayBuffer();
    }),
  );
  const all = new Float32Array(places);
  const known = new Int32Array(classes);
  const kept = [];
  for (let row = 0; row < known.length; row += every) kept.push([all[2 * row], all[2 * row + 1], known[row]]);
  return kept;
}

/**
 * The square that holds the points, with a margin; widened to hold `more` places too, to three times at most.
 * @param {number[][]} points
 * @param {number[][]} more
 * @returns {{left: number, top: number, side: number}} in the map's own units, y upwards
 */
export function frameOf(points, more = []) {
  let [l, r, b, t] = points.length ? bounds(points) : [-1, 1, -1, 1];
  const room = Math.max(r - l, t - b, 1e-6);
  if (more.length) {
    const [ml, mr, mb, mt] = bounds(more);
    [l, r] = [Math.max(Math.min(l, ml), l - room), Math.min(Math.max(r, mr), r + room)];
    [b, t] = [Math.max(Math.min(b, mb), b - room), Math.min(Math.max(t, mt), t + room)];
  }
  const side = Math.max(r - l, t - b, 1e-6) * (1 + 2 * MARGIN);
  return { left: (l + r) / 2 - side / 2, top: (b + t) / 2 + side / 2, side };
}

/** Left, right, bottom and top of some places. */
function bounds(places) {
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  return [least(xs), most(xs), least(ys), most(ys)];
}

/** Two corners of what holds the points: their frame is that of all of them. */
export function cornersOf(points) {
  if (!points.length) return [];
  const [left, right, bottom, top] = bounds(points);
  return [[left, bottom], [right, top]];
}

/** One small map on a canvas. */
export class SmallMap {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{points: string, labels: string, every: number, colours: string[], title: string}} given
   */
  constructor(canvas, given) {
    this.canvas = canvas;
    this.given = given;
    this.points = [];
    this.corners = [];
    this.items = { key: "", canvas: document.createElement("canvas") }; // drawn once: there are thousands of them
    this.shown = {};
    fetched(given)
      .then((points) => {
        this.points = points;
        this.corners = cornersOf(points);
        this.items.key = "";
        this.draw(this.shown);
      })
      .catch(() => {
        canvas.title = "The map's points did not come.";
      });
  }

  /**
   * Draw the items and over them what is new, all in the map's own units.
   * @param {{trail?: number[][], here?: number[], cloud?: number[][], near?: number[][]}} shown
   */
  draw(shown) {
    this.shown = shown;
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const size = Math.round((canvas.clientWidth || 220) * ratio);
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const [text, accent, ground] = ["--st-text-color", "--st-primary-color", "--st-background-color"].map((name) =>
      style.getPropertyValue(name),
    );
    const news = [...(shown.trail ?? []), ...(shown.here ? [shown.here] : []), ...(shown.cloud ?? [])];
    const frame = frameOf(this.corners, news);
    const place = ([x, y]) => [((x - frame.left) / frame.side) * size, ((frame.top - y) / frame.side) * size];
    const dot = (at, radius, colour, alpha) => disc(context, place(at), radius * ratio, colour, alpha);
    context.clearRect(0, 0, size, size);
    context.globalAlpha = 1;
    if (this.points.length) context.drawImage(this.#drawnItems(place, size, text, ratio, JSON.stringify(frame)), 0, 0);
    for (const at of shown.cloud ?? []) dot(at, 1.8, text, 0.75);
    context.globalAlpha = 1;
    if (shown.trail?.length > 1) {
      context.lineJoin = "round";
      for (const [colour, width] of [[ground, 5], [accent, 2.2]]) {
        context.strokeStyle = colour;
        context.lineWidth = width * ratio;
        context.beginPath();
        shown.trail.forEach((at, n) => (n ? context.lineTo(...place(at)) : context.moveTo(...place(at))));
        context.stroke();
      }
    }
    if (shown.trail?.length) this.#ring(context, place(shown.trail[0]), 5 * ratio, ground, accent, ratio);
    if (shown.here) {
      const [x, y] = place(shown.here);
      dot(shown.here, 6.5, ground, 1);
      dot(shown.here, 5, accent, 1);
      canvas.dataset.here = `${(x / size).toFixed(4)},${(y / size).toFixed(4)}`;
    }
    context.globalAlpha = 1;
  }

  /** The items on a canvas of their own, drawn anew where frame, size or theme are others. */
  #drawnItems(place, size, text, ratio, frame) {
    const { items, points } = this;
    const { colours } = this.given;
    const key = `${frame} ${size} ${text}`;
    if (items.key === key) return items.canvas;
    items.key = key;
    items.canvas.width = items.canvas.height = size; // clears it, too
    const context = items.canvas.getContext("2d");
    for (const [x, y, label] of points) {
      disc(context, place([x, y]), 1.3 * ratio, label >= 0 ? (colours[label] ?? text) : text, 0.42);
    }
    return items.canvas;
  }

  #ring(context, [left, top], radius, fill, stroke, ratio) {
    context.beginPath();
    context.arc(left, top, radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    context.strokeStyle = stroke;
    context.lineWidth = 2.2 * ratio;
    context.stroke();
  }
}

function disc(context, [left, top], radius, colour, alpha) {
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.beginPath();
  context.arc(left, top, radius, 0, 2 * Math.PI);
  context.fill();
}
