/** The frames of a movie: fetched a few at a time, those that are looked at first, and kept by their keys. */

import { fetchBytes } from "./map_arrays.js";
import { missing, unpack } from "./movie_values.js";

const AT_ONCE = 16; // frames in one request
const PATIENCE_MS = 2000; // after a refusal

export class Reel {
  /**
   * @param {string} url with {first} and {last}
   * @param {{came: () => void, failed: (sentence: string) => void}} on
   */
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.keys = [];
    this.known = new Map(); // key -> {xy, box}
    this.aborter = new AbortController();
    this.busy = false;
  }

  /** The frames there are now, by key, oldest first; `near` is looked at. */
  want(keys, near) {
    this.keys = keys;
    this.near = near;
    this.fetch();
  }

  of(place) {
    return this.known.get(this.keys[place]) ?? null;
  }

  get loaded() {
    return this.keys.reduce((sum, key) => sum + (this.known.has(key) ? 1 : 0), 0);
  }

  async fetch() {
    if (this.busy) return;
    const [range] = missing(this.keys, this.known, this.near, AT_ONCE);
    if (!range) return;
    this.busy = true;
    const keys = this.keys.slice(range[0], range[1] + 1);
    try {
      const url = this.url.replace("{first}", keys[0]).replace("{last}", keys.at(-1));
      const frames = unpack(await fetchBytes(url, "the frames", this.aborter.signal));
      keys.forEach((key, number) => this.known.set(key, frames[number]));
      this.busy = false;
      this.on.came();
      this.fetch();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.on.failed(error.message);
      this.timer = setTimeout(() => {
        this.busy = false;
        this.fetch();
      }, PATIENCE_MS);
    }
  }

  close() {
    this.aborter.abort();
    clearTimeout(this.timer);
  }
}
