/** The movie's canvas: points at a moment, in the colours of their classes, and a card for the one under the cursor. */

import { pixelOf, themeOf } from "./map_colours.js";
import { Buffer, diameterOf, discs, outlineOf, projection, splats } from "./map_points.js";
import { cameraFor, nearestRow } from "./movie_values.js";

const REACH = 14; // CSS pixels around the cursor
const CARD = 84; // CSS pixels, longest side of its picture

export class Stage {
  /**
   * @param {HTMLElement} root holds canvas and card
   * @param {{count: number, palette: string[], classes: string[]}} data
   * @param {import("./map_pictures.js").Pictures} pictures
   */
  constructor(root, data, pictures) {
    this.root = root;
    this.data = data;
    this.pictures = pictures;
    this.canvas = root.querySelector("canvas");
    this.card = root.querySelector(".card");
    this.xs = new Float32Array(data.count);
    this.ys = new Float32Array(data.count);
    this.box = null;
    this.cast = null; // {labels, items} once they are here
    this.only = -1; // the class that stands out; -1: all
    this.row = -1;
    this.canvas.onpointermove = (event) => this.hover(event);
    this.canvas.onpointerleave = () => this.leave();
  }

  setCast(labels, items) {
    this.cast = { labels, items };
    this.paint = null;
  }

  stressed(code) {
    this.only = code;
    this.paint = null;
    this.draw();
  }

  resize(width, height) {
    this.ratio = window.devicePixelRatio || 1;
    this.width = width;
    this.height = height;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.max(1, Math.round(width * this.ratio));
    this.canvas.height = Math.max(1, Math.round(height * this.ratio));
    this.buffer = new Buffer(this.canvas.width, this.canvas.height);
    this.draw();
  }

  /** One pixel per point: the class's colour; grey where there is none, faded where another class stands out. */
  colours(theme) {
    const { palette } = this.data;
    const plain = palette.length ? theme.missing : theme.accent;
    const table = palette.map(pixelOf);
    const labels = this.cast?.labels;
    this.paint = new Uint32Array(this.xs.length).fill(plain);
    this.lit = new Uint8Array(this.xs.length).fill(1);
    for (let row = 0; row < this.xs.length; row += 1) {
      const code = labels ? labels[row] : -1;
      if (code >= 0 && table.length) this.paint[row] = table[code % table.length];
      if (this.only >= 0 && code !== this.only) {
        this.paint[row] = theme.faded;
        this.lit[row] = 0;
      }
    }
    this.theme = theme;
  }

  draw() {
    if (!this.buffer || !this.box) return;
    const theme = themeOf(this.root);
    if (!this.paint || theme.key !== this.theme.key) this.colours(theme);
    const { buffer, ratio } = this;
    this.camera = cameraFor(this.box, this.width, this.height);
    const place = projection(buffer, this.camera, ratio);
    const spans = Int32Array.of(0, this.xs.length);
    const size = diameterOf(this.xs.length, this.width * this.height, 1);
    buffer.clear();
    for (const lit of [0, 1]) {
      if (this.xs.length <= 6000) {
        const radius = (size * ratio) / 2;
        const rim = outlineOf(radius, ratio);
        discs(buffer, this, spans, place, this.paint, this.lit, lit, radius, rim, theme.ground);
      } else {
        splats(buffer, this, spans, place, this.paint, this.lit, lit, Math.max(1, Math.round(size * ratio)));
      }
    }
    const context = this.canvas.getContext("2d");
    buffer.show(context);
    if (this.row >= 0) this.ring(context, size);
  }

  /** Where a row is on the canvas, CSS pixels. */
  placeOf(row) {
    const { x, y, scale } = this.camera;
    return [this.width / 2 + (this.xs[row] - x) * scale, this.height / 2 - (this.ys[row] - y) * scale];
  }

  ring(context, size) {
    const [left, top] = this.placeOf(this.row);
    context.beginPath();
    context.arc(left * this.ratio, top * this.ratio, (size / 2 + 4) * this.ratio, 0, 2 * Math.PI);
    context.lineWidth = 2 * this.ratio;
    context.strokeStyle = getComputedStyle(this.root).getPropertyValue("--st-text-color") || "#888";
    context.stroke();
    this.openCard(left, top);
  }

  hover(event) {
    if (!this.camera) return;
    const { x, y, scale } = this.camera;
    const there = [x + (event.offsetX - this.width / 2) / scale, y - (event.offsetY - this.height / 2) / scale];
    const row = nearestRow(this.xs, this.ys, ...there, REACH / scale, (at) => this.lit && !this.lit[at]);
    if (row === this.row) return;
    this.row = row;
    if (row < 0) this.card.hidden = true;
    this.draw();
  }

  leave() {
    this.row = -1;
    this.card.hidden = true;
    this.draw();
  }

  openCard(left, top) {
    const { card, row } = this;
    const code = this.cast ? this.cast.labels[row] : -1;
    const name = code >= 0 ? (this.data.classes[code] ?? String(code)) : "";
    card.querySelector("b").textContent = this.cast ? `item ${this.cast.items[row]}` : "";
    card.querySelector("span").textContent = name && `class ${name}`;
    this.showPicture(this.pictures.of(row));
    card.hidden = false;
    const right = left > this.width / 2;
    card.style.left = right ? "" : `${left + 14}px`;
    card.style.right = right ? `${this.width - left + 14}px` : "";
    card.style.top = `${Math.min(Math.max(0, top - 40), Math.max(0, this.height - card.offsetHeight))}px`;
  }

  showPicture(bytes) {
    const canvas = this.card.querySelector("canvas");
    canvas.hidden = !bytes;
    if (!bytes) return;
    const [height, width, channels] = this.pictures.source.shape;
    canvas.width = width;
    canvas.height = height;
    const scale = CARD / Math.max(width, height);
    canvas.style.width = `${width * scale}px`;
    canvas.style.height = `${height * scale}px`;
    const image = new ImageData(width, height);
    for (let at = 0; at < width * height; at += 1) {
      for (let part = 0; part < 3; part += 1) image.data[4 * at + part] = bytes[at * channels + (channels > 2 ? part : 0)];
      image.data[4 * at + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  }
}

/** A legend's chips: a button per class, of which one at a time stands out. */
export function legend(element, data, onChoice) {
  element.hidden = data.classes.length === 0 || data.classes.length > 24;
  element.replaceChildren();
  if (element.hidden) return;
  const chips = data.classes.map((name, code) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.setAttribute("aria-pressed", "false");
    chip.style.setProperty("--chip", data.palette[code % data.palette.length]);
    chip.append(document.createElement("i"), name);
    chip.onclick = () => {
      const on = chip.getAttribute("aria-pressed") !== "true";
      for (const other of chips) other.setAttribute("aria-pressed", String(on && other === chip));
      onChoice(on ? code : -1);
    };
    return chip;
  });
  element.append(...chips);
}

