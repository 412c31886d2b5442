// Tab through the selected points: ring, card and words for each; the map lets the focus go at the end.

/**
 * The next row of a walk.
 * @param {number[]} rows the selected rows that have a place, in order
 * @param {number} row where the walk stands; -1: it has not begun
 * @param {boolean} back
 * @returns {number} -1 when the walk ends
 */
export function nextRow(rows, row, back) {
  if (!rows.length) return -1;
  const at = rows.indexOf(row);
  if (at < 0) return back ? -1 : rows[0];
  return rows[at + (back ? -1 : 1)] ?? -1;
}

/** The walk over one map's selection. */
export class Walk {
  /** @param {import("./map_view.js").MapView} view */
  constructor(view) {
    this.view = view;
    this.row = -1;
    this.left = false; // Escape was pressed: the next Tab leaves the map
  }

  get rows() {
    const { data } = this.view;
    if (!data.selectedCount) return [];
    if (this.of !== data.selected || this.on !== data.index) {
      [this.of, this.on] = [data.selected, data.index];
      this.found = Array.from(data.selected.keys()).filter((row) => data.selected[row] && data.placeOf(row));
    }
    return this.found;
  }

  /** Tab was pressed; true when it is ours. */
  step(back) {
    if (this.left) return this.end(true);
    const { view, rows } = this;
    const next = nextRow(rows, this.row, back);
    if (next < 0) return this.end(false);
    this.row = next;
    const [left, top] = view.stage.toScreen(...view.data.placeOf(next));
    const { width, height } = view.stage.view;
    const off = left < 30 || top < 30 || left > width - 30 || top > height - 30;
    if (off) view.stage.pan(width / 2 - left, height / 2 - top);
    view.pointer = null;
    view.hover.set(next);
    view.hover.open(next);
    const place = `${rows.indexOf(next) + 1} of ${rows.length} selected`;
    view.frame.announce(`${view.data.wordsOf(next)}, ${place}. Enter inspects.`);
    return true;
  }

  /** The walk is over; `again` lets the next Tab begin anew. */
  end(again) {
    if (this.row >= 0) this.view.hover.drop();
    this.row = -1;
    if (again) this.left = false;
    return false;
  }

  /** Escape: true when a walk was on. */
  stop() {
    if (this.row < 0) return false;
    this.end(false);
    this.left = true;
    return true;
  }

  /** Enter: look closely at the point; the selection stays. */
  inspect() {
    if (this.row < 0) return false;
    const { view, row } = this;
    view.picked = row;
    view.stage.ask("overlay");
    view.send("selection", { kind: "inspect", row });
    return true;
  }
}
