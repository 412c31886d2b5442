// The decoder's picture under the cursor, over empty ground: from the lattice at once, and exactly from the server
// once the cursor rests. It says which of the two it shows.

import { Live } from "./live.js";
import { Card, supportMeter, wordLine } from "./map_card.js";
import { milliseconds } from "./map_formats.js";
import { sampled } from "./map_lattice.js";

const REST = 120; // ms without movement before the server is asked
const NEAR = 16; // CSS pixels round the place that a card already shows
const MOST_KEPT = 400;

/** What lies under the cursor where no point is. */
export class Glance {
  /**
   * @param {import("./map_view.js").MapView} view
   * @param {() => import("./map_lattice.js").Lattice | null} lattice the one at hand
   */
  constructor(view, lattice) {
    this.view = view;
    this.lattice = lattice;
    this.card = new Card("glance");
    view.frame.element.append(this.card.element);
    this.decoder = null;
    this.live = null;
    this.place = null; // {left, top, x, y} under the cursor
    this.asked = null; // the place the server was last asked about
    this.frame = 0;
    this.timer = 0;
    this.spent = []; // ms from the cursor's event to the picture, from the lattice
    this.exact = []; // ms from question to answer, through the route
    this.picture = null;
    this.aborter = new AbortController();
    const { element } = view.stage;
    const on = (name, handler) => element.addEventListener(name, handler, { signal: this.aborter.signal });
    on("pointermove", (event) => this.moved(event));
    on("pointerdown", () => this.hide());
    on("pointerleave", () => this.hide());
    on("wheel", () => this.hide());
    on("blur", () => this.hide());
  }

  /** The route to ask, or null where nothing can be decoded. */
  connect(decoder) {
    if (JSON.stringify(decoder) === JSON.stringify(this.decoder)) return;
    this.hide();
    this.live?.close();
    this.decoder = decoder ?? null;
    this.live = decoder ? new Live(decoder.url, (answer) => this.answered(answer), () => this.failed()) : null;
  }

  moved(event) {
    if (!this.live || event.pointerType === "touch" || event.buttons) return;
    const box = this.view.stage.element.getBoundingClientRect();
    const place = { left: event.clientX - box.left, top: event.clientY - box.top, since: event.timeStamp };
    if (this.place && place.left === this.place.left && place.top === this.place.top) return;
    this.place = place;
    this.frame ||= requestAnimationFrame(() => this.show());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), REST);
  }

  /** Whether the ground under the cursor is free: no point, no lasso, no card that shows this place already. */
  get free() {
    const { view, place } = this;
    if (!place || view.dragging || view.stroke || !view.stage.camera || view.stage.glide) return false;
    if (!view.data.index?.placed || view.hover.row >= 0 || view.rowAt(place.left, place.top) >= 0) return false;
    const pinned = view.ground.place && view.stage.toScreen(view.ground.place.x, view.ground.place.y);
    return !pinned || Math.hypot(pinned[0] - place.left, pinned[1] - place.top) > NEAR;
  }

  /** At frame rate: the lattice's picture. */
  show() {
    this.frame = 0;
    if (!this.free) {
      this.away();
      return;
    }
    [this.place.x, this.place.y] = this.view.stage.toData(this.place.left, this.place.top);
    const lattice = this.lattice();
    const size = lattice ? lattice.tile[0] * lattice.tile[1] * lattice.tile[2] : 0;
    if (lattice && this.picture?.length !== size) this.picture = new Uint8Array(size);
    const share = lattice && sampled(lattice, this.place.x, this.place.y, this.picture);
    if (share === null) {
      this.away(); // no lattice here: the exact picture comes when the cursor rests
      return;
    }
    this.draw(this.picture, lattice.tile, share, "lattice");
    this.spent.push(performance.now() - this.place.since);
    if (this.spent.length > MOST_KEPT) this.spent.shift();
  }

  /** The cursor rests: ask the server. */
  rest() {
    if (!this.free || this.place.x === undefined) {
      if (!this.free) return;
      [this.place.x, this.place.y] = this.view.stage.toData(this.place.left, this.place.top);
    }
    this.asked = this.place;
    this.live.ask({ map: this.decoder.map, points: [[this.place.x, this.place.y]] });
  }

  answered({ meta, pixels, milliseconds: spent, body }) {
    const [x, y] = body.points[0];
    this.exact.push(spent);
    if (this.exact.length > MOST_KEPT) this.exact.shift();
    this.view.showLatency({ decode: spent });
    if (this.asked !== this.place || this.place?.x !== x || this.place.y !== y || !this.free) return;
    this.draw(pixels, meta.shape.slice(1), meta.support[0] ?? NaN, `exact · ${milliseconds(spent)}`);
  }

  failed() {
    if (!this.card.shown) return; // the lattice's picture stays, marked as such
    this.card.words.querySelector(".map-glance-note")?.replaceChildren("the server does not answer: from the lattice");
  }

  draw(pixels, shape, share, from) {
    const { card, place } = this;
    const key = `${shape}`;
    if (this.shape !== key || !card.shown) card.room(shape);
    this.shape = key;
    const note = wordLine("");
    note.classList.add("map-glance-note");
    card.write("decoded here", from, [supportMeter(share), note]);
    card.show(pixels, shape);
    if (!card.shown) card.open(place.x, place.y);
    card.element.dataset.from = from.split(" ")[0];
    card.move(place.left, place.top, this.view.stage.view);
  }

  /** No picture now; the cursor may still rest here. */
  away() {
    if (this.card.shown) this.card.close();
  }

  hide() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.place = this.asked = null;
    this.away();
  }

  close() {
    this.aborter.abort();
    this.hide();
    this.live?.close();
  }
}
