/** The arithmetic of the browser of code words. No DOM. */

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** A grid with one cell's word exchanged; the given grid stays as it is. */
export function exchange(words, [row, column], word) {
  return words.map((line, r) => (r === row ? line.map((own, c) => (c === column ? word : own)) : line));
}

/** Whether two grids say the same. */
export function isSame(a, b) {
  return a.every((line, r) => line.every((word, c) => word === b[r][c]));
}

/** The cell that an arrow key leads to, kept on the grid; undefined for any other key. */
export function step([row, column], key, words) {
  const by = STEPS[key];
  if (!by) return undefined;
  const keep = (value, count) => Math.min(count - 1, Math.max(0, value));
  return [keep(row + by[0], words.length), keep(column + by[1], words[0].length)];
}
