/** The arithmetic of the decode console: slider ranges, histogram outlines, random codes. No DOM. */

const STEPS_ACROSS = 200; // about one step per two pixels of a slider

/** The power of ten times 1, 2 or 5 that cuts `span` (> 0) into at least `STEPS_ACROSS` steps. */
export function niceStep(span) {
  const rough = span / STEPS_ACROSS;
  const power = 10 ** Math.floor(Math.log10(rough) + 1e-9);
  const digit = [5, 2].find((d) => d * power <= rough * (1 + 1e-9)) ?? 1;
  return digit * power;
}

/**
 * The range of one slider: the data's own, widened to hold `values`, on whole steps so that zero can be met.
 * @param {{low: number, high: number}} dimension
 * @param {number[]} values  values the slider must be able to show
 * @returns {{min: number, max: number, step: number, decimals: number}}
 */
export function sliderRange({ low, high }, values = []) {
  const all = [low, high, ...values].filter(Number.isFinite);
  let [from, to] = all.length ? [Math.min(...all), Math.max(...all)] : [-1, 1];
  if (to - from < 1e-6) [from, to] = [from - 0.5, to + 0.5]; // a dead dimension: still something to move
  const step = niceStep(to - from);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const whole = (count) => Number((count * step).toFixed(decimals));
  const [min, max] = [whole(Math.floor(from / step + 1e-9)), whole(Math.ceil(to / step - 1e-9))];
  return { min, max, step, decimals };
}

/** Where `value` lies in a range, 0..1, clamped. */
export function fraction(value, { min, max }) {
  return Math.min(1, Math.max(0, (value - min) / (max - min)));
}

/**
 * The outline of a histogram as an SVG path in a 100 x 100 box that spans the slider's range.
 * @param {number[]} counts  equal bins from low to high
 * @param {{low: number, high: number}} dimension
 * @param {{min: number, max: number}} range  the slider's
 */
export function histogramPath(counts, { low, high }, range) {
  const top = Math.max(0, ...(counts ?? []));
  if (!top || !(high > low)) return "";
  const x = (bin) => (100 * fraction(low + ((high - low) * bin) / counts.length, range)).toFixed(2);
  // An occupied bin never vanishes: at least 4 % high.
  const bar = (count, bin) =>
    count ? `M${x(bin)} 100V${(100 - Math.max(4, (100 * count) / top)).toFixed(1)}H${x(bin + 1)}V100Z` : "";
  return counts.map(bar).join("");
}

/** A normal draw with the data's mean and spread in each dimension, kept on the sliders. */
export function randomCode(dimensions, ranges, random = Math.random) {
  return dimensions.map(({ mean, std, low, high }, d) => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()); // Box-Muller
    const value = mean + (std ?? (high - low) / 5) * normal;
    return Math.min(ranges[d].max, Math.max(ranges[d].min, value));
  });
}

/** `wanted`, but for the locked dimensions (a Set), which keep what `code` has. */
export function keepLocked(code, wanted, locked) {
  return wanted.map((value, d) => (locked.has(d) ? code[d] : value));
}

/** A number for reading: fixed decimals, a true minus sign, no negative zero. */
export function formatValue(value, decimals) {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
}

/** A time for reading: "6.2 ms", "48 ms". */
export function readableMs(milliseconds) {
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

/** Whether two codes are the same, number by number, up to `tolerance`. */
export function sameCode(a, b, tolerance = 0) {
  return a.length === b.length && a.every((value, d) => Math.abs(value - b[d]) <= tolerance);
}

/** Dimension numbers in slider order: the lively ones (most informative first) and the quiet ones. */
export function splitDimensions(latentDim, order, inactive) {
  const quiet = new Set(inactive ?? []);
  const all = [...new Set([...(order ?? []), ...Array(latentDim).keys()])].filter((d) => d < latentDim);
  return { lively: all.filter((d) => !quiet.has(d)), quiet: all.filter((d) => quiet.has(d)) };
}

/**
 * The size on screen, in CSS pixels, of an h x w picture in a square of `room`: each of its pixels becomes a
 * whole number of device pixels, so that hard pixels are all of one size.
 */
export function pictureSize(h, w, room, ratio = 1) {
  const largest = Math.max(h, w);
  const whole = Math.floor((room * ratio) / largest) / ratio;
  const scale = whole > 0 ? whole : room / largest;
  return { width: w * scale, height: h * scale };
}
