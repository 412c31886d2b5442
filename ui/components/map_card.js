// The cards: one for the point under the cursor, one for a decoded place on the ground.

import { describeSupport, paint } from "./live.js";
import { shownSize } from "./map_pictures.js";
import { iconButton } from "./map_toolbar.js";

const GAP = 16; // between a place and its card, CSS pixels

/**
 * Where a card goes: right of its place, left where there is no room, always inside the view.
 * @param {number} left @param {number} top of the place
 * @param {{width: number, height: number}} card @param {{width: number, height: number}} view
 * @returns {[number, number]} the card's top left corner
 */
export function cardPlace(left, top, card, view) {
  const right = left + GAP + card.width <= view.width - 8;
  const x = right ? left + GAP : left - GAP - card.width;
  const held = (value, most) => Math.max(8, Math.min(value, most - 8));
  return [held(x, view.width - card.width), held(top - card.height / 3, view.height - card.height)];
}

/** A small panel with a picture, a title and lines of figures. */
export class Card {
  /**
   * @param {string} kind "item" or "ground", for CSS
   * @param {(() => void) | null} onClose with it, the card has a button to close it
   */
  constructor(kind, onClose = null) {
    this.element = document.createElement("div");
    this.element.className = `map-card map-card-${kind}`;
    this.element.hidden = true;
    this.picture = document.createElement("canvas");
    this.picture.className = "map-picture";
    this.picture.setAttribute("aria-hidden", "true");
    this.frame = document.createElement("div");
    this.frame.className = "map-picture-frame";
    this.frame.append(this.picture);
    this.words = document.createElement("div");
    this.words.className = "map-card-words";
    this.element.append(this.frame, this.words);
    if (onClose) {
      const button = iconButton("close", "Close (Esc)", onClose);
      button.classList.add("map-close");
      this.element.append(button);
    }
    this.anchor = null;
    this.size = null;
  }

  get shown() {
    return !this.element.hidden;
  }

  /** Keep room for a picture of this shape; null: the card has none. */
  room(shape) {
    this.frame.hidden = !shape;
    if (!shape) return;
    const { width, height, hard } = shownSize(shape[0], shape[1]);
    this.frame.style.width = `${width}px`;
    this.frame.style.height = `${height}px`;
    this.picture.classList.toggle("map-hard", hard);
    this.picture.hidden = true;
  }

  /** Show a picture's bytes. */
  show(pixels, shape) {
    paint(this.picture, pixels, shape);
    this.picture.hidden = false;
  }

  /** Set the title and the lines; text only, nothing is read as markup. */
  write(title, aside, lines) {
    const head = document.createElement("div");
    head.className = "map-card-title";
    const strong = document.createElement("strong");
    strong.textContent = title;
    head.append(strong);
    if (aside) head.append(` · ${aside}`);
    this.words.replaceChildren(head, ...lines);
  }

  /** Open at a data coordinate; `move` then places it. */
  open(x, y) {
    this.anchor = [x, y];
    this.element.hidden = false;
    this.size = null;
  }

  close() {
    this.element.hidden = true;
    this.anchor = null;
  }

  /** Forget the measured size after the words changed. */
  remeasure() {
    this.size = null;
  }

  /** Place the card beside (left, top). */
  move(left, top, view) {
    this.size ??= { width: this.element.offsetWidth, height: this.element.offsetHeight };
    const [x, y] = cardPlace(left, top, this.size, view);
    this.element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }
}

/** A line of a card: a name, and its value in words. */
export function figureLine(name, value) {
  const line = document.createElement("div");
  line.className = "map-figure";
  const label = document.createElement("span");
  label.textContent = name;
  const number = document.createElement("b");
  number.textContent = value;
  line.append(label, number);
  return line;
}

/** A line of plain words. */
export function wordLine(words) {
  const line = document.createElement("div");
  line.className = "map-figure";
  line.textContent = words;
  return line;
}

/** The support meter: words, and a bar that shows when a place is off the data. */
export function supportMeter(share) {
  if (!Number.isFinite(share)) return wordLine("support unknown");
  const { sentence, level, percent } = describeSupport(Math.max(0, Math.min(1, share)));
  const line = document.createElement("div");
  line.className = `map-support map-support-${level}`;
  const words = document.createElement("div");
  words.textContent = sentence;
  const bar = document.createElement("div");
  bar.className = "map-meter";
  bar.setAttribute("role", "meter");
  bar.setAttribute("aria-label", "support");
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  bar.setAttribute("aria-valuenow", String(percent));
  const tick = document.createElement("span");
  tick.className = "map-tick";
  tick.style.left = `${percent}%`;
  bar.append(tick);
  line.append(words, bar);
  return line;
}
