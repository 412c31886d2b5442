// A place on the empty ground: asked of the decoder, shown in a card where it lies.

import { Live } from "./live.js";
import { Card, supportMeter, wordLine } from "./map_card.js";

const TELL_AFTER = 360; // ms before Python hears of a click on the ground: it may be half of a double click

/** The place asked for and its card. */
export class Ground {
  /**
   * @param {{opened: () => void, closed: () => void, latency: (ms: number) => void,
   *          tell: (place: {x: number, y: number} | null) => void}} on tell goes to Python
   */
  constructor(on) {
    this.on = on;
    this.card = new Card("ground", () => this.close(true));
    this.place = null; // {x, y} in data coordinates while one is shown
    this.decoder = null;
    this.live = null;
    this.told = false;
    this.timer = 0;
  }

  /** The route to ask, or null where nothing can be decoded. */
  connect(decoder) {
    if (JSON.stringify(decoder) === JSON.stringify(this.decoder)) return;
    this.close(false);
    this.live?.close();
    this.decoder = decoder ?? null;
    this.live = decoder
      ? new Live(decoder.url, (answer) => this.decoded(answer), (sentence) => this.failed(sentence))
      : null;
  }

  /**
   * Decode at a place and show the answer there.
   * @param {[number, number, number] | null} shape of the picture to keep room for, if known
   */
  ask(x, y, shape) {
    if (!this.live) return;
    this.place = { x, y };
    this.write([wordLine("decoding…")], shape);
    this.card.open(x, y);
    this.on.opened();
    this.live.ask({ map: this.decoder.map, points: [[x, y]] });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.told = true;
      this.on.tell({ x, y });
    }, TELL_AFTER);
  }

  decoded({ meta, pixels, milliseconds, body }) {
    this.on.latency(milliseconds);
    // An answer for a place that was left meanwhile is not shown.
    const asked = body?.points?.[0];
    if (!this.place || (asked && (asked[0] !== this.place.x || asked[1] !== this.place.y))) return;
    const shape = meta.shape.slice(1);
    this.write([supportMeter(meta.support?.[0] ?? NaN)], shape);
    this.card.show(pixels.subarray(0, shape[0] * shape[1] * shape[2]), shape);
    this.on.opened();
  }

  failed(sentence) {
    if (!this.place) return;
    this.write([wordLine(sentence)], null);
    this.on.opened();
  }

  write(lines, shape) {
    this.card.room(shape);
    this.card.write("decoded here", "", lines);
    this.card.remeasure();
  }

  /** @param {boolean} tell whether Python is told that no place is shown any more */
  close(tell) {
    clearTimeout(this.timer);
    if (!this.place) return;
    this.place = null;
    this.card.close();
    if (tell && this.told) this.on.tell(null);
    this.told = false;
    this.on.closed();
  }

  end() {
    clearTimeout(this.timer);
    this.live?.close();
  }
}
