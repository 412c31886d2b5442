// Drawing points into a pixel buffer. Two ways: discs with smooth edges and a fine outline at fractions of a
// pixel, for as many as the eye can tell apart, and plain splats for the many. Both loop over the sorted
// points in view.

import { total } from "./map_nearest.js";

/** Pixels all discs in view may cover together; above it, splats (about 4 ms on a 2-core machine). */
const DISC_PIXELS = 400_000;

/** Whether so many points of a radius (device pixels) are drawn as discs. */
export function asDiscs(count, radius) {
  return count <= 12_000 && count * 3.2 * (radius + 1) ** 2 <= DISC_PIXELS;
}

/** With more points than this in view, splats have no soft rim: nobody sees single points. */
const MOST_RIMS = 150_000;

/** Width of a disc's outline for its radius, both in device pixels; the smallest have the finest. */
export function outlineOf(radius, ratio) {
  return Math.min(0.75 * ratio, 0.2 * radius);
}

/** Pixels the buffer reaches beyond the canvas on each side, so that no splat needs clipping. */
export const MARGIN = 32;

/**
 * Diameter of a point: fewer points are larger, and all grow slowly as one zooms in.
 * @param {number} count points on the whole map
 * @param {number} area of the view, CSS pixels squared
 * @param {number} zoom scale over the fitted scale
 * @returns {number} CSS pixels
 */
export function diameterOf(count, area, zoom) {
  const spacing = Math.sqrt(area / Math.max(1, count));
  return Math.min(13, Math.max(1.6, Math.min(6.8, 0.38 * spacing) * Math.max(0.5, zoom) ** 0.45));
}

/** The buffer a map is painted into: a canvas's size in device pixels, plus the margin all round. */
export class Buffer {
  /** @param {number} width @param {number} height of the canvas, device pixels */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.stride = width + 2 * MARGIN;
    this.image = new ImageData(this.stride, height + 2 * MARGIN);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  clear() {
    this.pixels.fill(0);
  }

  /** Show the part inside the margin. */
  show(context) {
    context.putImageData(this.image, -MARGIN, -MARGIN, MARGIN, MARGIN, this.width, this.height);
  }
}

/**
 * How data coordinates become places in the buffer: left = x * k + ax, top = ay - y * k.
 * @param {number} ratio device pixels per CSS pixel
 */
export function projection(buffer, camera, ratio) {
  const k = camera.scale * ratio;
  return { k, ax: buffer.width / 2 + MARGIN - camera.x * k, ay: buffer.height / 2 + MARGIN + camera.y * k };
}

const masks = new Map();

/** The disc of a diameter in whole pixels: offsets of its full pixels, and of its half-covered rim. */
function splatMask(size, stride) {
  const key = `${size}/${stride}`;
  if (masks.has(key)) return masks.get(key);
  const core = [];
  const rim = [];
  const middle = (size - 1) / 2;
  const from = -Math.floor(size / 2);
  for (let line = 0; line < size; line += 1) {
    for (let column = 0; column < size; column += 1) {
      const cover = size / 2 + 0.5 - Math.hypot(column - middle, line - middle);
      const offset = (line + from) * stride + column + from;
      if (size < 3 || cover >= 0.72) core.push(offset);
      else if (cover > 0.15) rim.push(offset);
    }
  }
  if (masks.size > 40) masks.clear();
  masks.set(key, { core: Int32Array.from(core), rim: Int32Array.from(rim) });
  return masks.get(key);
}

/**
 * Splats of whole pixels, without blending; the rim shows half through where nothing lies under it.
 * @param {Buffer} buffer
 * @param {import("./map_nearest.js").Index} index
 * @param {Int32Array} spans of the sorted points to draw
 * @param {{k: number, ax: number, ay: number}} place
 * @param {Uint32Array} paint pixel of each sorted point
 * @param {Uint8Array | null} lit with `want`: draw only points whose lit equals it
 * @param {number} want
 * @param {number} size diameter, device pixels
 */
export function splats(buffer, index, spans, place, paint, lit, want, size) {
  const { pixels, stride } = buffer;
  const { xs, ys } = index;
  const { k, ax, ay } = place;
  const { core, rim } = splatMask(size, stride);
  const edge = MARGIN >> 1;
  const right = stride - edge;
  const bottom = buffer.height + 2 * MARGIN - edge;
  const cores = core.length;
  const rims = total(spans) > MOST_RIMS ? 0 : rim.length;
  for (let span = 0; span < spans.length; span += 2) {
    const to = spans[span + 1];
    for (let at = spans[span]; at < to; at += 1) {
      if (lit !== null && lit[at] !== want) continue;
      const left = (xs[at] * k + ax) | 0;
      const top = (ay - ys[at] * k) | 0;
      if (left < edge || left >= right || top < edge || top >= bottom) continue;
      const centre = top * stride + left;
      const colour = paint[at];
      if (size === 2) {
        pixels[centre] = colour;
        pixels[centre - 1] = colour;
        pixels[centre - stride] = colour;
        pixels[centre - stride - 1] = colour;
        continue;
      }
      for (let i = 0; i < cores; i += 1) pixels[centre + core[i]] = colour;
      if (rims) {
        const soft = ((colour & 0xffffff) | 0x70000000) >>> 0;
        for (let i = 0; i < rims; i += 1) {
          const q = centre + rim[i];
          if (pixels[q] === 0) pixels[q] = soft;
        }
      }
    }
  }
}

const PHASES = 4; // fractions of a pixel told apart in x and in y
const discMasks = new Map();

/** Masks of a disc with an outline, one per fraction of a pixel. */
function discMask(radius, outline, stride) {
  const key = `${radius.toFixed(2)}/${outline.toFixed(2)}/${stride}`;
  if (discMasks.has(key)) return discMasks.get(key);
  const reach = Math.ceil(radius + outline + 1);
  const phases = [];
  for (let phase = 0; phase < PHASES * PHASES; phase += 1) {
    const middleX = ((phase % PHASES) + 0.5) / PHASES - 0.5;
    const middleY = (Math.floor(phase / PHASES) + 0.5) / PHASES - 0.5;
    const core = [];
    const rim = [];
    const share = [];
    const cover = [];
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1) {
        const far = Math.hypot(dx - middleX, dy - middleY);
        const fill = Math.min(1, Math.max(0, radius + 0.5 - far));
        const whole = Math.min(1, Math.max(0, radius + outline + 0.5 - far));
        if (whole <= 0.02) continue;
        if (fill >= 0.98) {
          core.push(dy * stride + dx);
        } else {
          rim.push(dy * stride + dx);
          share.push(fill / whole);
          cover.push(whole);
        }
      }
    }
    phases.push({
      core: Int32Array.from(core),
      rim: Int32Array.from(rim),
      share: Float32Array.from(share),
      cover: Float32Array.from(cover),
    });
  }
  if (discMasks.size > 24) discMasks.clear();
  discMasks.set(key, phases);
  return phases;
}

/** A pixel of the given colour and cover (0 to 1) laid over another; colours are not premultiplied. */
function over(under, red, green, blue, cover) {
  const below = ((under >>> 24) / 255) * (1 - cover);
  const alpha = cover + below;
  const r = (red * cover + (under & 255) * below) / alpha;
  const g = (green * cover + ((under >> 8) & 255) * below) / alpha;
  const b = (blue * cover + ((under >> 16) & 255) * below) / alpha;
  return (((alpha * 255 + 0.5) << 24) | ((b + 0.5) << 16) | ((g + 0.5) << 8) | (r + 0.5)) >>> 0;
}

/**
 * Discs with smooth edges and an outline in the colour of the ground, which parts those that overlap.
 * The arguments are those of `splats`, but for:
 * @param {number} radius device pixels, to a fraction
 * @param {number} outline its width, device pixels
 * @param {number} ground pixel of the outline
 */
export function discs(buffer, index, spans, place, paint, lit, want, radius, outline, ground) {
  const { pixels, stride } = buffer;
  const { xs, ys } = index;
  const { k, ax, ay } = place;
  const phases = discMask(Math.round(radius * 4) / 4, outline, stride);
  const edge = MARGIN >> 1;
  const right = stride - edge;
  const bottom = buffer.height + 2 * MARGIN - edge;
  const groundRed = ground & 255;
  const groundGreen = (ground >> 8) & 255;
  const groundBlue = (ground >> 16) & 255;
  for (let span = 0; span < spans.length; span += 2) {
    const to = spans[span + 1];
    for (let at = spans[span]; at < to; at += 1) {
      if (lit !== null && lit[at] !== want) continue;
      const x = xs[at] * k + ax;
      const y = ay - ys[at] * k;
      if (!(x >= edge && x < right && y >= edge && y < bottom)) continue;
      const left = x | 0;
      const top = y | 0;
      const phase = (((y - top) * PHASES) | 0) * PHASES + (((x - left) * PHASES) | 0);
      const { core, rim, share, cover } = phases[phase];
      const centre = top * stride + left;
      const colour = paint[at];
      const red = (colour & 255) - groundRed;
      const green = ((colour >> 8) & 255) - groundGreen;
      const blue = ((colour >> 16) & 255) - groundBlue;
      for (let i = 0; i < core.length; i += 1) pixels[centre + core[i]] = colour;
      for (let i = 0; i < rim.length; i += 1) {
        const q = centre + rim[i];
        const t = share[i];
        const r = groundRed + red * t;
        const g = groundGreen + green * t;
        const b = groundBlue + blue * t;
        pixels[q] = over(pixels[q], r, g, b, cover[i]);
      }
    }
  }
}
