/** One slider of the decode console: name, note, value, and a native range over the data's histogram. */

import { formatValue, fraction, histogramPath, sliderRange } from "./console_values.js";

const TEMPLATE = `
  <div class="row-head"><b></b><span class="note"></span><output></output>
    <button type="button" class="lock" aria-pressed="false"><svg viewBox="0 0 16 16" aria-hidden="true">
      <path d="M3 7.5h10v6.5H3z"/><path class="bow" d="M5 7.5V5a3 3 0 0 1 6 0v2.5"/></svg></button></div>
  <div class="track">
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"><path/></svg>
    <i class="mean" aria-hidden="true"></i>
    <input type="range" class="slider">
  </div>`;

/**
 * Build the row of one dimension.
 * @param {{name: string, note?: string, low: number, high: number, mean: number,
 *   histogram: number[]}} dimension
 * @param {number} d  its number
 * @param {number} value  where it starts
 * @returns {{element: HTMLElement, input: HTMLInputElement, range: object, show: (value: number) => void,
 *   lock: (locked: boolean) => void}}
 *   show moves the slider without raising events, and widens its range where the value lies outside
 */
export function makeRow(dimension, d, value) {
  const element = document.createElement("div");
  element.className = "row";
  element.dataset.dimension = d;
  element.innerHTML = TEMPLATE;
  const input = element.querySelector("input");
  const output = element.querySelector("output");
  element.querySelector("b").textContent = dimension.name;
  const note = element.querySelector(".note");
  note.textContent = note.title = dimension.note ?? "";
  input.setAttribute("aria-label", dimension.name);
  input.title = "Double-click or Delete: back to the mean; L: lock";
  const button = element.querySelector(".lock");
  button.setAttribute("aria-label", `Lock ${dimension.name}`);
  button.title = "Locked: Random and Mean leave it as it is (L)";
  const row = { element, input, range: null, show, lock };

  function lock(locked) {
    button.setAttribute("aria-pressed", String(locked));
  }

  function setRange(values) {
    row.range = sliderRange(dimension, values);
    const { min, max, step } = row.range;
    Object.assign(input, { min, max, step });
    element.querySelector(".track path").setAttribute("d", histogramPath(dimension.histogram, dimension, row.range));
    element.style.setProperty("--mean", fraction(dimension.mean, row.range));
  }

  function show(next) {
    if (next < row.range.min || next > row.range.max) setRange([next]);
    input.value = next;
    const text = formatValue(next, row.range.decimals);
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
    element.style.setProperty("--at", fraction(next, row.range));
  }

  setRange([value, dimension.mean]);
  show(value);
  return row;
}
