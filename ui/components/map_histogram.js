// The histogram over a colour bar, and the brush on it that selects a range of values.

import { figure } from "./map_formats.js";

const BINS = 40;
const KEY_STEP = 1 / 40; // of the bar, per press of an arrow; a quarter of that with alt
const KEYS_AFTER = 400; // ms after the last key the range is sent
const HIGH = 26; // CSS pixels

/**
 * How many values fall in each of `bins` equal parts between low and high; those beyond count at the ends.
 * @param {ArrayLike<number>} values NaN counts nowhere
 * @returns {Uint32Array}
 */
export function binned(values, low, high, bins = BINS) {
  const out = new Uint32Array(bins);
  const scale = bins / (high - low);
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row];
    if (Number.isNaN(value)) continue;
    out[Math.max(0, Math.min(bins - 1, Math.floor((value - low) * scale)))] += 1;
  }
  return out;
}

/**
 * The range of values between two places on the bar. A place at an end of the bar takes what lies beyond it, too.
 * @param {number} from @param {number} to shares of the bar, 0 to 1
 * @param {{low: number, high: number, least: number, most: number}} scale the bar's ends, and the values' own
 * @returns {[number, number]} to seven digits: what is sent is what is selected here
 */
export function rangeOf(from, to, { low, high, least, most }) {
  const at = (share) => Number((low + share * (high - low)).toPrecision(7));
  return [from <= 0 ? Math.min(low, least) : at(from), to >= 1 ? Math.max(high, most) : at(to)];
}

/** Rows whose value lies in a range, both ends included. */
export function rowsBetween(values, low, high) {
  const out = new Int32Array(values.length);
  let count = 0;
  for (let row = 0; row < values.length; row += 1) {
    if (values[row] >= low && values[row] <= high) out[count++] = row;
  }
  return out.slice(0, count);
}

/** Smallest and largest finite value; 0 and 0 of none. */
export function extentOf(values) {
  let least = Infinity;
  let most = -Infinity;
  for (let row = 0; row < values.length; row += 1) {
    if (values[row] < least) least = values[row];
    if (values[row] > most && values[row] < Infinity) most = values[row];
  }
  return least <= most ? { least, most } : { least: 0, most: 0 };
}

/** The brush after an arrow: both ends stay on the bar and never pass each other. */
export function nudged([from, to], end, step) {
  if (end === "from") return [Math.max(0, Math.min(to, from + step)), to];
  return [from, Math.min(1, Math.max(from, to + step))];
}

/** Bars, colour bar and brush. */
export class Histogram {
  /**
   * @param {{brushed: (range: [number, number] | null, mode: string, done: boolean) => void}} on
   *   while drawn with done false, at its end with done true; null: cleared
   */
  constructor(on) {
    this.on = on;
    this.brush = null; // [from, to], shares of the bar
    this.scale = null;
    this.timer = 0;
    this.element = made("div", "map-histogram");
    this.element.title = "Drag to select a range (shift adds, alt takes away); double-click clears it";
    this.bars = made("canvas", "map-bars");
    this.bars.setAttribute("aria-hidden", "true");
    this.bar = made("div", "map-bar");
    this.tick = made("span", "map-tick");
    this.tick.hidden = true;
    this.bar.append(this.tick);
    this.window = made("div", "map-brush");
    this.window.hidden = true;
    this.ends = { from: this.end("from", "lowest value selected"), to: this.end("to", "highest value selected") };
    this.element.append(this.bars, this.bar, this.window, this.ends.from, this.ends.to);
    this.listen();
  }

  end(name, words) {
    const handle = made("span", `map-brush-end map-brush-${name}`);
    handle.tabIndex = 0;
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-label", words);
    handle.onkeydown = (event) => this.key(name, event);
    return handle;
  }

  /**
   * Show values.
   * @param {ArrayLike<number>} values @param {{low: number, high: number, palette: string[]}} colour
   * @param {string} ink CSS colour of the bars
   */
  show(values, { low, high, palette }, ink) {
    this.scale = { low, high, ...extentOf(values) };
    const every = Math.ceil(palette.length / 16);
    const steps = palette.filter((_, at) => at % every === 0 || at === palette.length - 1);
    this.bar.style.backgroundImage = `linear-gradient(to right, ${steps.join(",")})`;
    this.draw(binned(values, low, high), ink);
    this.clear();
  }

  draw(counts, ink) {
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    const wide = 4 * counts.length;
    this.bars.width = wide * ratio;
    this.bars.height = HIGH * ratio;
    const context = this.bars.getContext("2d");
    if (!context) return;
    const most = Math.max(1, ...counts);
    context.fillStyle = ink;
    counts.forEach((count, at) => {
      if (!count) return;
      const high = Math.max(ratio, Math.round((count / most) * HIGH * ratio));
      context.fillRect(at * 4 * ratio, HIGH * ratio - high, 3 * ratio, high);
    });
  }

  /** Mark a value on the bar by its share; NaN takes the mark away. */
  mark(share) {
    this.tick.hidden = Number.isNaN(share);
    if (!this.tick.hidden) this.tick.style.left = `${(share * 100).toFixed(1)}%`;
  }

  /** Take the brush away, and tell nobody. */
  clear() {
    clearTimeout(this.timer);
    this.brush = null;
    this.place();
  }

  get range() {
    return this.brush && rangeOf(...this.brush, this.scale);
  }

  place() {
    const [from, to] = this.brush ?? [0, 1];
    this.window.hidden = !this.brush;
    this.window.style.left = `${from * 100}%`;
    this.window.style.width = `${(to - from) * 100}%`;
    const values = this.scale ? rangeOf(from, to, this.scale) : [0, 1];
    [["from", from], ["to", to]].forEach(([name, share], at) => {
      const handle = this.ends[name];
      handle.style.left = `${share * 100}%`;
      handle.classList.toggle("map-brush-on", Boolean(this.brush));
      handle.setAttribute("aria-valuenow", figure(values[at]));
      if (this.scale) handle.setAttribute("aria-valuemin", figure(Math.min(this.scale.low, this.scale.least)));
      if (this.scale) handle.setAttribute("aria-valuemax", figure(Math.max(this.scale.high, this.scale.most)));
    });
  }

  key(end, event) {
    const side = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (event.key === "Escape" && this.brush) {
      this.clear();
      this.on.brushed(null, "replace", true);
    } else if (side && this.scale) {
      const step = side * KEY_STEP * (event.altKey ? 0.25 : 1);
      this.brush = nudged(this.brush ?? [0, 1], end, step);
      this.place();
      this.on.brushed(this.range, "replace", false);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.on.brushed(this.range, "replace", true), KEYS_AFTER);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  listen() {
    let drag = null; // {end: the share that stays, mode, moved}
    const shareAt = (event) => {
      const box = this.bar.getBoundingClientRect();
      return Math.max(0, Math.min(1, (event.clientX - box.left) / Math.max(1, box.width)));
    };
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button || !this.scale) return;
      event.preventDefault();
      const [share, name] = [shareAt(event), event.target.classList.contains("map-brush-from") ? "from" : "to"];
      const held = this.brush && event.target.classList.contains("map-brush-end");
      drag = {
        end: held ? this.brush[name === "from" ? 1 : 0] : share,
        mode: event.altKey ? "remove" : event.shiftKey ? "add" : "replace",
        at: event.clientX,
        moved: false,
      };
      this.element.setPointerCapture(event.pointerId);
      if (held) this.ends[name].focus({ preventScroll: true });
    });
    this.element.addEventListener("pointermove", (event) => {
      if (!drag || (!drag.moved && Math.abs(event.clientX - drag.at) < 3)) return;
      drag.moved = true;
      const share = shareAt(event);
      this.brush = [Math.min(drag.end, share), Math.max(drag.end, share)];
      this.place();
      this.on.brushed(this.range, drag.mode, false);
    });
    const finish = () => {
      if (drag?.moved) this.on.brushed(this.range, drag.mode, true);
      drag = null;
    };
    this.element.addEventListener("pointerup", finish);
    this.element.addEventListener("pointercancel", finish);
    this.element.addEventListener("dblclick", () => {
      if (!this.brush) return;
      this.clear();
      this.on.brushed(null, "replace", true);
    });
  }
}

function made(tag, className) {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}
