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

/**
 * A kept drawing for a pad of this many channels (1 or 3): ink stands in all three, dark on a bright ground; colours
 * become ink by brightness, or by darkness where more of them is white than black, as in aelib/exchange/drawings.py.
 */
export function asChannels(bytes, side, channels, ground) {
  const own = bytes.length / (side * side);
  if (own === channels) return bytes;
  if (channels === 3) return Uint8Array.from({ length: 3 * bytes.length }, (_, at) => {
    const value = bytes[Math.floor(at / 3)];
    return ground === "#ffffff" ? 255 - value : value;
  });
  const light = Uint8Array.from({ length: side * side }, (_, at) =>
    Math.round((299 * bytes[3 * at] + 587 * bytes[3 * at + 1] + 114 * bytes[3 * at + 2]) / 1000));
  const count = (wanted) => light.reduce((sum, _, at) =>
    sum + [0, 1, 2].every((channel) => bytes[3 * at + channel] === wanted), 0);
  return count(255) > count(0) ? light.map((value) => 255 - value) : light;
}

/** All strokes of a drawing, and what was taken back. */
export class Ink {
  /**
   * @param {number} side  of the picture, pixels; strokes are in the same units
   * @param {1 | 3} channels  ink, white on black whatever it stands for; or colours
   * @param {string} ground  "#000000" or "#ffffff"; of ink always the first
   */
  constructor(side, canvas = document.createElement("canvas"), channels = 1, ground = "#000000") {
    this.side = side;
    this.channels = channels;
    this.ground = ground;
    this.canvas = canvas;
    canvas.width = canvas.height = side;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.base = null; // a kept drawing that it began with, uint8 (side * side)
    this.strokes = [];
    this.redraw();
  }

  /** Go on as another pad's ink: strokes without a colour are drawn as ink, those with one as well as ink can. */
  become(channels, ground) {
    if (this.base) this.base = asChannels(this.base, this.side, channels, ground);
    Object.assign(this, { channels, ground });
    this.redraw();
  }

  /** Begin with a kept drawing. */
  begin(bytes) {
    this.base = asChannels(bytes, this.side, this.channels, this.ground);
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

  /** Start a stroke; `erases` takes ink away. The colour is for a pad that has colours. */
  start(x, y, width, erases, colour) {
    this.strokes.push({ erases, colour, places: [[x, y, width]] });
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
    context.fillStyle = this.ground;
    context.fillRect(0, 0, side, side);
    const last = this.strokes.findLastIndex((stroke) => stroke.clear);
    if (this.base && last < 0) {
      const image = context.createImageData(side, side);
      const { base, channels } = this;
      for (let at = 0; at < side * side; at++) {
        const pixel = [0, 1, 2].map((channel) => base[channels * at + (channels === 3 ? channel : 0)]);
        image.data.set([...pixel, 255], 4 * at);
      }
      context.putImageData(image, 0, 0);
    }
    for (const stroke of this.strokes.slice(last + 1)) stroke.places.forEach((_, at) => this.#segment(stroke, at));
  }

  #segment({ places, erases, colour }, at) {
    const { context } = this;
    const [x, y, width] = places[at];
    const [fromX, fromY, fromWidth] = places[Math.max(at - 1, 0)];
    const ink = this.ground === "#ffffff" ? "#000000" : "#ffffff";
    context.strokeStyle = erases ? this.ground : this.channels === 3 ? colour ?? ink : ink;
    context.lineCap = context.lineJoin = "round";
    // Two strokes over one another leave a grey rim of their soft edges, so the eraser is a little wider.
    context.lineWidth = (width + fromWidth) / 2 + (erases ? 3 : 0);
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(x + (at ? 0 : 0.01), y); // a dot is a line of no length
    context.stroke();
  }

  /** The ink, uint8 (side * side): 0 is empty, 255 full; of colours, uint8 (side * side * 3). */
  bytes() {
    const { data } = this.context.getImageData(0, 0, this.side, this.side);
    const found = new Uint8Array(this.side * this.side * this.channels);
    for (let at = 0; at < this.side * this.side; at++)
      for (let channel = 0; channel < this.channels; channel++)
        found[this.channels * at + channel] = data[4 * at + channel];
    return found;
  }

  /** Whether these bytes are nowhere anything but the ground. */
  isEmpty(bytes) {
    const ground = this.ground === "#ffffff" ? 255 : 0;
    return bytes.every((value) => Math.abs(value - ground) < FAINT);
  }
}
