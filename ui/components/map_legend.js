// What the colours mean: chips for classes (press one to keep its colour and grey the others, "only" for this one
// alone), a histogram over a bar for quantities, or a sentence where there is no colour.

import { shareOf } from "./map_colours.js";
import { counted, figure } from "./map_formats.js";
import { Histogram } from "./map_histogram.js";
import { icon } from "./map_toolbar.js";

/**
 * The set of classes that keep their colour after a chip is pressed; the empty set means all do.
 * @param {Set<number>} kept
 * @param {number} code the chip's class; -1 for items without one
 * @param {boolean} alone only this one, whatever was kept
 * @returns {Set<number>}
 */
export function pressed(kept, code, alone) {
  if (alone) return kept.size === 1 && kept.has(code) ? new Set() : new Set([code]);
  const next = new Set(kept);
  if (!next.delete(code)) next.add(code);
  return next;
}

/** How many rows each class has; the last entry counts rows without a class. */
export function sizes(codes, classes) {
  const out = new Array(classes + 1).fill(0);
  for (let row = 0; row < codes.length; row += 1) {
    out[codes[row] >= 0 && codes[row] < classes ? codes[row] : classes] += 1;
  }
  return out;
}

/** The legend's element and how to fill it. */
export class Legend {
  /**
   * @param {{press: (code: number, alone: boolean) => void, brushed: Histogram["on"]["brushed"]}} on
   */
  constructor(on) {
    this.on = on;
    this.element = document.createElement("div");
    this.element.className = "map-legend";
    this.chips = new Map();
    this.histogram = new Histogram({ brushed: (...what) => on.brushed(...what) });
    this.range = null; // ends of the bar that is shown
  }

  clear() {
    this.element.replaceChildren();
    this.element.classList.remove("map-legend-bar");
    this.element.removeAttribute("role");
    this.element.removeAttribute("aria-label");
    this.chips.clear();
    this.range = null;
  }

  /** A sentence in place of a legend: why there is no colour. */
  showSentence(words) {
    this.clear();
    if (words) this.element.append(text("map-legend-words", words));
  }

  /**
   * Chips for classes.
   * @param {string} name what the colours tell
   * @param {[number, string][]} classes number and name of each chip
   * @param {string[]} palette comes round again where there are more classes
   * @param {number[]} counts from `sizes`
   * @param {string} missing CSS colour
   * @param {{nameless?: string, sentence?: string}} more words for items without a class, and a sentence
   */
  showClasses(name, classes, palette, counts, missing, { nameless = "no class", sentence = "" } = {}) {
    this.clear();
    this.element.setAttribute("role", "group");
    const how = "Press a class to keep its colour and grey the others.";
    this.element.setAttribute("aria-label", `Colours: ${name}. ${how}`);
    if (sentence) this.element.append(text("map-legend-words", sentence));
    for (const [code, label] of classes) {
      this.addChip(code, label, palette[code % palette.length], counts[code] ?? 0);
    }
    const without = counts[counts.length - 1];
    if (without) this.addChip(-1, nameless, missing, without);
  }

  addChip(code, label, colour, count) {
    const pair = document.createElement("span");
    pair.className = "map-pair";
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "map-chip";
    const how = "press to grey the others, again to undo; double-click or alt: only this";
    chip.title = `${label}: ${counted(count)} (${how})`;
    chip.setAttribute("aria-pressed", "false");
    const dot = document.createElement("span");
    dot.className = "map-dot";
    dot.style.background = colour;
    chip.append(dot, text("map-chip-words", label), text("map-chip-count", counted(count)));
    chip.onclick = (event) => this.on.press(code, event.altKey);
    chip.ondblclick = () => this.on.press(code, true);
    const only = document.createElement("button");
    only.type = "button";
    only.className = "map-only";
    only.append(icon("only"));
    only.title = `Only ${label}; again: all`;
    only.setAttribute("aria-label", `only ${label}`);
    only.onclick = () => this.on.press(code, true);
    pair.append(chip, only);
    this.chips.set(code, chip);
    this.element.append(pair);
  }

  /** Show which classes keep their colour. */
  showKept(kept) {
    for (const [code, chip] of this.chips) {
      chip.setAttribute("aria-pressed", String(kept.has(code)));
      chip.classList.toggle("map-chip-off", kept.size > 0 && !kept.has(code));
    }
  }

  /**
   * A histogram over a colour bar for a quantity, with its ends and its unit.
   * @param {ArrayLike<number> | null} values null while they are on their way
   * @param {string} ink CSS colour of the histogram
   */
  showQuantity({ name, low, high, palette, unit }, values, ink) {
    this.clear();
    this.element.setAttribute("role", "group");
    const words = unit && unit !== name ? `${name} · ${unit}` : name;
    const how = "Drag over the histogram, or move its ends by arrows, to select a range.";
    this.element.setAttribute("aria-label", `Colours: ${words}, from ${figure(low)} to ${figure(high)}. ${how}`);
    this.element.classList.add("map-legend-bar");
    const title = text("map-bar-name", "");
    title.append(text("map-bar-what", name));
    if (words !== name) title.append(text("map-bar-unit", unit));
    title.title = words;
    this.histogram.show(values ?? [], { low, high, palette }, ink);
    const [from, to] = [low, high].map((value) => text("map-bar-end", figure(value)));
    this.element.append(title, from, this.histogram.element, to);
    this.range = [low, high];
  }

  /** Mark a value on the bar; NaN takes the mark away. */
  showValue(value) {
    if (this.range) this.histogram.mark(shareOf(value, ...this.range));
  }
}

function text(className, words) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = words;
  return element;
}
