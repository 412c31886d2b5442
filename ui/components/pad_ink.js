// Ink on the pad: strokes as data, drawn the same way each time, and read as bytes. No requests here.

export const FAINT = 16; // of 255: what is fainter is no ink, as in aelib/exchange/drawings.py

/**
 * How wide a stroke is at a place: half of the brush's width at the lightest touch of a pen, all of it at its hardest.
 * A mouse has no pressure (0, or 0.5 while pressed) and always draws the whole width.
 */
export function widthAt(size, pressure, pointer) {
  return pointer === "pen" ? size * (0.5 + 0.5 * Math.min(1, Math.max(0, pressure))) : size;
}

/** Bytes as base64. */
export function toBase64(bytes) {
  let text = "";
  for (const value of bytes) text += String.fromCharCode(value);
  return btoa(text);
}

/** All strokes of a drawing, and what was taken back. */
export class Ink {
  /** @param {number} side  of the picture, pixels; strokes are in the same units */
  constructor(side, canvas = document.createElement("canvas")) {
    this.side = side;
    this.canvas = canvas;
    canvas.width = canvas.height = side;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.base = null; // a kept drawing that it began with, uint8 (side * side)
    this.strokes = [];
    this.redraw();
  }

  /** Begin with a kept drawing. */
  begin(bytes) {
    this.base = bytes;
    this.strokes = [];
    this.redraw();
  }

  /** Take everything away, as one step that can be undone. */
  clear() {
    this.strokes.push({ clear: true });
    this.redraw();
  }

  /** Take the last stroke (or the clearing) back; false where there is none. */
  undo() {
    if (!this.strokes.pop()) return false;
    this.redraw();
    return true;
  }

  /** Start a stroke; `erases` takes ink away. */
  start(x, y, width, erases) {
    this.strokes.push({ erases, places: [[x, y, width]] });
    this.#segment(this.strokes.at(-1), 0);
  }

  /** Go on with the stroke. */
  move(x, y, width) {
    const stroke = this.strokes.at(-1);
    if (!stroke?.places) return;
    stroke.places.push([x, y, width]);
    this.#segment(stroke, stroke.places.length - 1);
  }

  redraw() {
    const { context, side } = this;
    context.globalCompositeOperation = "source-over";
    context.fillStyle = "#000";
    context.fillRect(0, 0, side, side);
    const last = this.strokes.findLastIndex((stroke) => stroke.clear);
    if (this.base && last < 0) {
      const image = context.createImageData(side, side);
      this.base.forEach((value, at) => image.data.set([value, value, value, 255], 4 * at));
      context.putImageData(image, 0, 0);
    }
    for (const stroke of this.strokes.slice(last + 1)) stroke.places.forEach((_, at) => this.#segment(stroke, at));
  }

  #segment({ places, erases }, at) {
    const { context } = this;
    const [x, y, width] = places[at];
    const [fromX, fromY, fromWidth] = places[Math.max(at - 1, 0)];
    context.strokeStyle = erases ? "#000" : "#fff";
    context.lineCap = context.lineJoin = "round";
    // Two strokes over one another leave a grey rim of their soft edges, so the eraser is a little wider.
    context.lineWidth = (width + fromWidth) / 2 + (erases ? 3 : 0);
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(x + (at ? 0 : 0.01), y); // a dot is a line of no length
    context.stroke();
  }

  /** The ink, uint8 (side * side): 0 is empty, 255 full. */
  bytes() {
    const { data } = this.context.getImageData(0, 0, this.side, this.side);
    const found = new Uint8Array(this.side * this.side);
    for (let at = 0; at < found.length; at++) found[at] = data[4 * at];
    return found;
  }
}
