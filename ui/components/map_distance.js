// True distance: colours all points by their distance in the code space to the point one is on. Asked of the server
// row by row; one request under way, the newest wins.

import { fetchBytes } from "./map_arrays.js";

/**
 * The scale of distances: from zero to what 98 % lie within, so that one far item does not darken all.
 * @param {Float32Array} values
 * @returns {{low: number, high: number}}
 */
export function scaleOf(values) {
  const every = Math.max(1, Math.floor(values.length / 4096));
  const some = values.filter((value, row) => row % every === 0 && Number.isFinite(value)).sort();
  const high = some.length ? some[Math.min(some.length - 1, Math.floor(0.98 * some.length))] : 1;
  return { low: 0, high: high > 0 ? high : 1 };
}

/** The mode, and what it shows. */
export class TrueDistance {
  /**
   * @param {import("./map_data.js").MapData} data
   * @param {{changed: () => void, fault: (sentence: string) => void, latency: (ms: number) => void}} on
   */
  constructor(data, on) {
    this.data = data;
    this.on = on;
    this.wanted = false;
    this.item = null; // the item asked for last
    this.busy = false;
    this.source = null;
    this.aborter = new AbortController();
  }

  /** @param {{url: string, palette: string[]} | null} source url holds "{item}" */
  connect(source) {
    if (source?.url === this.source?.url) return;
    this.source = source ?? null;
    const { item } = this;
    this.forget();
    if (this.wanted && item !== null) this.ask(item);
  }

  /** Switch the mode; `row` is where one is, or -1. */
  toggle(row) {
    this.wanted = Boolean(this.source) && !this.wanted;
    if (this.wanted) this.at(row);
    else this.forget();
    this.on.changed();
  }

  /** One is on a row now; -1 keeps what is shown. */
  at(row) {
    if (!this.wanted || row < 0 || !this.source) return;
    const item = this.data.items ? this.data.items[row] : null;
    if (item !== null) this.ask(item);
  }

  ask(item) {
    if (item === this.item) return;
    this.item = item;
    if (!this.busy) this.fetch();
  }

  async fetch() {
    this.busy = true;
    const { item, source } = this;
    const start = performance.now();
    try {
      const url = source.url.replace("{item}", String(item));
      const values = new Float32Array(await fetchBytes(url, "the distances", this.aborter.signal));
      this.busy = false;
      if (!this.wanted || source !== this.source) return;
      if (values.length === this.data.count) this.show(item, values);
      this.on.latency(performance.now() - start);
    } catch (error) {
      this.busy = false;
      if (error.name === "AbortError") return;
      if (this.item === item) this.item = null;
      this.on.fault(error.message);
      return;
    }
    if (this.item !== null && this.item !== item) this.fetch();
  }

  show(item, values) {
    this.data.colourOver({
      key: `distance-${item}`,
      name: `distance to item ${item}`,
      kind: "quantity",
      unit: "in the code space, not on the map",
      palette: this.source.palette,
      values,
      ...scaleOf(values),
    });
    this.on.changed();
  }

  forget() {
    this.item = null;
    this.data.colourOver(null);
  }

  close() {
    this.aborter.abort();
  }
}
