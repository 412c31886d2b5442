// The point under the cursor: its ring at once, its card after a rest.

import { Card, figureLine } from "./map_card.js";

const CARD_AFTER = 125; // ms of rest before the card
const CARD_GRACE = 260; // ms the card stays after the cursor left its point

/** Which point is hovered, and its card. */
export class Hover {
  /**
   * @param {import("./map_data.js").MapData} data
   * @param {{changed: (row: number) => void, opened: () => void}} on the ring moves; the card wants a place
   */
  constructor(data, on) {
    this.data = data;
    this.on = on;
    this.card = new Card("item");
    this.row = -1;
    this.cardRow = -1;
    this.opening = 0;
    this.closing = 0;
  }

  /** The cursor is at this row (-1: at none). An open card moves to the next point without waiting. */
  set(row) {
    if (row === this.row) return;
    this.row = row;
    clearTimeout(this.opening);
    clearTimeout(this.closing);
    if (row < 0) {
      if (this.card.shown) this.closing = setTimeout(() => this.close(), CARD_GRACE);
    } else if (this.card.shown) {
      this.open(row);
    } else {
      this.opening = setTimeout(() => this.open(row), CARD_AFTER);
    }
    this.on.changed(row);
  }

  /** Ring and card go at once: a press or a drag begins. */
  drop() {
    this.set(-1);
    this.close();
  }

  open(row) {
    const { data, card } = this;
    const place = data.placeOf(row);
    if (!place) return;
    this.cardRow = row;
    const label = data.labels ? data.labels[row] : -1;
    const name = label >= 0 ? `class ${data.given.labels.classes[label] ?? label}` : "";
    const lines = data.linesOf(row).map(({ name, value }) => figureLine(name, value));
    card.write(`item ${data.items ? data.items[row] : row}`, name, lines);
    card.room(data.pictures?.source.shape ?? null);
    card.open(...place);
    this.showPicture();
    this.on.opened();
  }

  /** News have come (names, a picture): bring an open card up to date. */
  refresh() {
    if (this.card.shown) this.open(this.cardRow);
  }

  showPicture() {
    const { pictures } = this.data;
    if (!pictures) return;
    const bytes = pictures.of(this.cardRow);
    if (bytes) this.card.show(bytes, pictures.source.shape);
    else if (pictures.failed(this.cardRow)) this.card.room(null); // words without a hole beside them
  }

  close() {
    clearTimeout(this.opening);
    clearTimeout(this.closing);
    this.card.close();
    this.cardRow = -1;
  }
}
