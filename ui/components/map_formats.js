// Numbers as people read them: on the card, in the legend and in the foot line.

const whole = new Intl.NumberFormat("en-GB");

/**
 * A count with thousands separated: 1797 -> "1,797".
 * @param {number} count
 * @returns {string}
 */
export function counted(count) {
  return whole.format(count);
}

/**
 * A count with its noun: (1, "item") -> "1 item", (0, "item") -> "0 items".
 * @param {number} count
 * @param {string} noun singular
 * @returns {string}
 */
export function countOf(count, noun) {
  return `${counted(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * A measured value with three significant digits, never more than a card can hold.
 * @param {number} value NaN and infinities read "–": there is no value to show
 * @returns {string} "37.1", "1,234", "0.0123", "1.2e-7"
 */
export function figure(value) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-3) return value.toExponential(1).replace("e+", "e");
  if (size >= 1000) return whole.format(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/**
 * A duration for the foot line: one decimal under 10 ms, none above.
 * @param {number} duration milliseconds
 * @returns {string} "0.8 ms", "7 ms", "123 ms"
 */
export function milliseconds(duration) {
  if (!Number.isFinite(duration)) return "–";
  return `${duration < 9.95 ? Number(duration.toFixed(1)) : Math.round(duration)} ms`;
}
