// What the colours mean: chips for classes (press one to keep its colour and grey the others), a bar for
// quantities.

import { shareOf } from "./map_colours.js";
import { counted, figure } from "./map_formats.js";

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
  /** @param {(code: number, alone: boolean) => void} onPress a chip was pressed */
  constructor(onPress) {
    this.onPress = onPress;
    this.element = document.createElement("div");
    this.element.className = "map-legend";
    this.chips = new Map();
    this.tick = null;
  }

  clear() {
    this.element.replaceChildren();
    this.chips.clear();
    this.tick = null;
  }

  /**
   * Chips for classes.
   * @param {string} name what the colours tell
   * @param {string[]} classes @param {string[]} palette
   * @param {number[]} counts from `sizes`
   * @param {string} missing CSS colour
   */
  showClasses(name, classes, palette, counts, missing) {
    this.clear();
    this.element.setAttribute("role", "group");
    const how = "Press a class to keep its colour and grey the others.";
    this.element.setAttribute("aria-label", `Colours: ${name}. ${how}`);
    classes.forEach((label, code) => {
      if (code < palette.length) this.addChip(code, label, palette[code], counts[code]);
    });
    if (counts[classes.length]) this.addChip(-1, "no class", missing, counts[classes.length]);
  }

  addChip(code, label, colour, count) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "map-chip";
    chip.title = `${label}: ${counted(count)} (press to grey the others, again to undo; alt: only this)`;
    chip.setAttribute("aria-pressed", "false");
    const dot = document.createElement("span");
    dot.className = "map-dot";
    dot.style.background = colour;
    const words = document.createElement("span");
    words.className = "map-chip-words";
    words.textContent = label;
    chip.append(dot, words);
    chip.onclick = (event) => this.onPress(code, event.altKey);
    this.chips.set(code, chip);
    this.element.append(chip);
  }

  /** Show which classes keep their colour. */
  showKept(kept) {
    for (const [code, chip] of this.chips) {
      chip.setAttribute("aria-pressed", String(kept.has(code)));
      chip.classList.toggle("map-chip-off", kept.size > 0 && !kept.has(code));
    }
  }

  /** A colour bar for a quantity, with its ends and its unit. */
  showQuantity({ name, low, high, palette, unit }) {
    this.clear();
    this.element.setAttribute("role", "img");
    const words = unit && unit !== name ? `${name} · ${unit}` : name;
    this.element.setAttribute("aria-label", `Colours: ${words}, from ${figure(low)} to ${figure(high)}.`);
    const bar = document.createElement("span");
    bar.className = "map-bar";
    const every = Math.ceil(palette.length / 16);
    const steps = palette.filter((_, at) => at % every === 0 || at === palette.length - 1);
    bar.style.backgroundImage = `linear-gradient(to right, ${steps.join(",")})`;
    this.tick = document.createElement("span");
    this.tick.className = "map-tick";
    this.tick.hidden = true;
    bar.append(this.tick);
    const title = document.createElement("span");
    title.className = "map-bar-name";
    title.textContent = words;
    this.element.append(title, text(figure(low)), bar, text(figure(high)));
    this.range = [low, high];
  }

  /** Mark a value on the bar; NaN takes the mark away. */
  showValue(value) {
    if (!this.tick) return;
    const share = shareOf(value, ...this.range);
    this.tick.hidden = Number.isNaN(share);
    if (!this.tick.hidden) this.tick.style.left = `${(share * 100).toFixed(1)}%`;
  }
}

function text(words) {
  const element = document.createElement("span");
  element.className = "map-bar-end";
  element.textContent = words;
  return element;
}
