// Pictures of the items: fetched in chunks when somebody looks, and stamped on the map when few points are in
// view.

import { fetchBytes } from "./map_arrays.js";
import { mixed } from "./map_colours.js";

const MOST_BYTES = 64 * 2 ** 20; // of chunks kept
const MOST_UNDER_WAY = 4;

/** The items' pictures, by row. */
export class Pictures {
  /**
   * @param {{url: string, chunk: number, shape: [number, number, number]}} source url holds "{chunk}"
   * @param {number} count rows
   * @param {() => void} onArrival called when a chunk has come
   */
  constructor(source, count, onArrival) {
    this.source = source;
    this.count = count;
    this.onArrival = onArrival;
    this.size = source.shape.reduce((product, side) => product * side, 1);
    this.chunks = new Map(); // chunk -> Uint8Array | null (failed)
    this.coming = new Map();
    this.aborter = new AbortController();
  }

  /** Bytes of all pictures together. */
  get bytes() {
    return this.size * this.count;
  }

  /** Whether the picture of a row could not be had. */
  failed(row) {
    return this.chunks.get(Math.floor(row / this.source.chunk)) === null;
  }

  /**
   * The picture of a row if it is here; else undefined, and with `fetching` it is on its way.
   * @returns {Uint8Array | undefined} height * width * channels bytes
   */
  of(row, fetching = true) {
    const chunk = Math.floor(row / this.source.chunk);
    const bytes = this.chunks.get(chunk);
    if (bytes) {
      this.chunks.delete(chunk); // the last used stands last
      this.chunks.set(chunk, bytes);
      const from = (row - chunk * this.source.chunk) * this.size;
      return from + this.size <= bytes.length ? bytes.subarray(from, from + this.size) : undefined;
    }
    if (fetching && bytes === undefined) this.fetch(chunk);
    return undefined;
  }

  /** Whether another chunk may be asked for without crowding the line. */
  get idle() {
    return this.coming.size < MOST_UNDER_WAY;
  }

  fetch(chunk) {
    if (this.coming.has(chunk)) return;
    const url = this.source.url.replace("{chunk}", String(chunk)).replace("%7Bchunk%7D", String(chunk));
    const coming = fetchBytes(url, "the pictures", this.aborter.signal)
      .then((buffer) => this.keep(chunk, new Uint8Array(buffer)))
      .catch((error) => {
        if (error.name !== "AbortError") this.chunks.set(chunk, null);
      })
      .finally(() => {
        this.coming.delete(chunk);
        if (!this.aborter.signal.aborted) this.onArrival();
      });
    this.coming.set(chunk, coming);
  }

  keep(chunk, bytes) {
    this.chunks.set(chunk, bytes);
    let held = 0;
    for (const kept of this.chunks.values()) held += kept ? kept.length : 0;
    for (const [oldest, kept] of this.chunks) {
      if (held <= MOST_BYTES || oldest === chunk) break;
      held -= kept ? kept.length : 0;
      this.chunks.delete(oldest);
    }
  }

  close() {
    this.aborter.abort();
    this.chunks.clear();
  }
}

/**
 * CSS size of a picture with hard pixels: whole pixels per pixel where it fits, never above `most`.
 * @param {number} height @param {number} width of the picture
 * @param {number} most longest side, CSS pixels
 * @returns {{width: number, height: number, hard: boolean}} hard: enlarged, so show the pixels as they are
 */
export function shownSize(height, width, most = 96) {
  const longest = Math.max(height, width);
  const factor = longest <= most ? Math.floor(most / longest) : most / longest;
  return { width: Math.round(width * factor), height: Math.round(height * factor), hard: factor >= 1 };
}

/**
 * Stamp a picture with a frame into a pixel buffer, hard pixels, clipped at the buffer's edge.
 * @param {import("./map_points.js").Buffer} buffer
 * @param {number} left @param {number} top of the middle, in the buffer
 * @param {number} side of the longest edge, device pixels
 * @param {Uint8Array} picture @param {[number, number, number]} shape height, width, channels (1 or 3)
 * @param {number} frame pixel of the frame @param {number} border its width, device pixels
 * @param {number} fade 0 to 1, how far the picture goes towards `ground`
 */
export function stamp(buffer, left, top, side, picture, shape, frame, border, fade, ground) {
  const [height, width, channels] = shape;
  const longest = Math.max(height, width);
  const wide = Math.max(1, Math.round((side * width) / longest));
  const high = Math.max(1, Math.round((side * height) / longest));
  const fromX = Math.round(left - wide / 2);
  const fromY = Math.round(top - high / 2);
  const { pixels, stride } = buffer;
  const lines = pixels.length / stride;
  for (let y = -border; y < high + border; y += 1) {
    const line = fromY + y;
    if (line < 0 || line >= lines) continue;
    const edge = y < 0 || y >= high;
    const sourceLine = edge ? 0 : Math.floor((y * height) / high) * width;
    for (let x = -border; x < wide + border; x += 1) {
      const column = fromX + x;
      if (column < 0 || column >= stride) continue;
      let colour = frame;
      if (!edge && x >= 0 && x < wide) {
        const q = (sourceLine + Math.floor((x * width) / wide)) * channels;
        const red = picture[q];
        const green = channels > 2 ? picture[q + 1] : red;
        const blue = channels > 2 ? picture[q + 2] : red;
        colour = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
        if (fade > 0) colour = mixed(colour, ground, fade);
      }
      pixels[line * stride + column] = colour;
    }
  }
}
