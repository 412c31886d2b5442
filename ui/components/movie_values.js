/** The arithmetic of the movie: moments and their words, points between two frames, what is still to fetch. No DOM. */

const EDGE = 65535; // whole numbers that a frame's points come in, see ui/movie_data.py

/** The words for a moment: epochs done, and steps done of the next. */
export function wordsOf(epoch, step) {
  if (step > 0) return `epoch ${epoch + 1}, step ${step}`;
  return epoch > 0 ? `after epoch ${epoch}` : "before the first step";
}

/** A moment as it stands in the address. */
export function textOf([, epoch, step]) {
  return `${epoch}-${step}`;
}

/**
 * The frame that an address names: the same moment, or the last before it.
 * @param {string} text "EPOCH-STEP"
 * @param {[string, number, number][]} frames key, epoch, step; oldest first
 * @returns {number} -1 where it names none
 */
export function readFrame(text, frames) {
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(text ?? "");
  if (!match || !frames.length) return -1;
  const [epoch, step] = [Number(match[1]), Number(match[2])];
  const after = frames.findIndex(([, e, s]) => e > epoch || (e === epoch && s > step));
  return Math.max(0, after < 0 ? frames.length - 1 : after - 1);
}

/**
 * Frames as they come from the server.
 * @param {ArrayBuffer} buffer uint32 length of a JSON header, the header, uint16 (frames, n, 2)
 * @returns {{xy: Float32Array, box: number[]}[]} x and y of each point; left, right, bottom, top
 */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const { count, bounds } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const from = 4 + length;
  if (buffer.byteLength !== from + bounds.length * count * 4) throw new RangeError("frames came cut short");
  return bounds.map(([left, right, bottom, top], frame) => {
    const raw = new Uint16Array(buffer.slice(from + frame * count * 4, from + (frame + 1) * count * 4));
    const xy = new Float32Array(raw.length);
    for (let at = 0; at < raw.length; at += 2) {
      xy[at] = left + (raw[at] / EDGE) * (right - left);
      xy[at + 1] = bottom + (raw[at + 1] / EDGE) * (top - bottom);
    }
    return { xy, box: [left, right, bottom, top] };
  });
}

/** Ranges [from, to] of frames to fetch: at most `most` each, those nearest to `near` first. */
export function missing(keys, known, near, most) {
  const ranges = [];
  for (let at = 0; at < keys.length; at += 1) {
    if (known.has(keys[at])) continue;
    const last = ranges.at(-1);
    if (last && last[1] === at - 1 && at - last[0] < most) last[1] = at;
    else ranges.push([at, at]);
  }
  const away = ([from, to]) => (near < from ? from - near : near > to ? near - to : 0);
  return ranges.sort((a, b) => away(a) - away(b));
}

/** x and y of each point a part `t` (0 to 1) of the way from one frame to the next. */
export function between(a, b, t, xs, ys) {
  const { xy: from } = a;
  const to = b.xy;
  for (let row = 0; row < xs.length; row += 1) {
    xs[row] = from[2 * row] + (to[2 * row] - from[2 * row]) * t;
    ys[row] = from[2 * row + 1] + (to[2 * row + 1] - from[2 * row + 1]) * t;
  }
}

/** A box a part of the way from one to another. */
export function boxBetween(a, b, t) {
  return a.map((edge, side) => edge + (b[side] - edge) * t);
}

/** The box around all boxes; null of none. */
export function around(boxes) {
  let found = null;
  for (const [left, right, bottom, top] of boxes) {
    found = found
      ? [Math.min(found[0], left), Math.max(found[1], right), Math.min(found[2], bottom), Math.max(found[3], top)]
      : [left, right, bottom, top];
  }
  return found;
}

/** Middle and scale (pixels per unit, the same both ways) that show a box in a room with a rim. */
export function cameraFor([left, right, bottom, top], width, height, rim = 16) {
  const wide = Math.max(right - left, 1e-9);
  const high = Math.max(top - bottom, 1e-9);
  const scale = Math.min(Math.max(1, width - 2 * rim) / wide, Math.max(1, height - 2 * rim) / high);
  return { x: (left + right) / 2, y: (bottom + top) / 2, scale };
}

/** Where a playing movie is `seconds` later: [place, whether it is over]. */
export function advance(at, seconds, speed, last) {
  const next = at + seconds * speed;
  return next >= last ? [last, true] : [next, false];
}

/** The shown point nearest to a place within `reach`, in the points' own units; -1 of none. */
export function nearestRow(xs, ys, x, y, reach, hidden = () => false) {
  let best = -1;
  let least = reach * reach;
  for (let row = 0; row < xs.length; row += 1) {
    const away = (xs[row] - x) ** 2 + (ys[row] - y) ** 2;
    if (away <= least && !hidden(row)) {
      least = away;
      best = row;
    }
  }
  return best;
}
