// What the map knows: positions, colours, names and figures as they arrive, what is selected, what keeps its
// colour. No drawing and no DOM in here.

import { Arrays } from "./map_arrays.js";
import { coloursOfClasses, coloursOfQuantity } from "./map_colours.js";
import { changed, members } from "./map_lasso.js";
import { sizes } from "./map_legend.js";
import { indexed, nearest } from "./map_nearest.js";
import { Pictures } from "./map_pictures.js";

/** The map's state, filled from a component's data. */
export class MapData {
  /**
   * @param {(what: "points" | "colour" | "names" | "pictures") => void} onArrival something new can be shown
   * @param {(sentence: string, fatal: boolean) => void} onFault fatal: there is no map without it
   */
  constructor(onArrival, onFault) {
    this.onArrival = onArrival;
    this.onFault = onFault;
    this.arrays = new Arrays();
    this.turn = 0;
    this.given = null;
    this.count = 0;
    this.index = null; // until the positions are here
    this.loaded = null; // address of the positions in the index
    this.items = null;
    this.labels = null;
    this.values = null; // of the colour: Int32Array or Float32Array by row
    this.figures = [];
    this.pictures = null;
    this.selected = new Uint8Array(0);
    this.selectedCount = 0;
    this.kept = new Set(); // classes that keep their colour; empty: all do
    this.base = null; // pixel by row, for one theme
  }

  /** Take over what changed and fetch what is missing. */
  async update(given) {
    const before = this.given;
    const turn = (this.turn += 1);
    this.given = given;
    const current = () => turn === this.turn && !this.arrays.aborter.signal.aborted;
    const count = given.points.count;
    if (count !== this.count) {
      this.count = count;
      this.selected = new Uint8Array(count);
      this.selectedCount = 0;
      this.index = this.loaded = null; // its rows mean nothing any more
    }
    const moved = this.loaded !== given.points.url;
    if (moved) [this.items, this.labels, this.figures] = [null, null, []];
    const resized = before?.points.count !== count;
    if (resized || JSON.stringify(before?.thumbnails) !== JSON.stringify(given.thumbnails)) {
      this.pictures?.close();
      const source = given.thumbnails;
      this.pictures = source ? new Pictures(source, count, () => this.onArrival("pictures")) : null;
    }
    const recoloured = JSON.stringify(before?.colour) !== JSON.stringify(given.colour);
    if (recoloured || resized) {
      [this.values, this.base] = [null, null];
      if (before) this.kept = new Set();
      this.onArrival("colour");
    }
    const colours = this.fetchColour(given, current);
    try {
      const points = await this.arrays.get(given.points.url, Float32Array, 2 * count, "the points");
      if (!current()) return;
      if (moved) {
        this.index = indexed(points);
        this.loaded = given.points.url;
        this.onArrival("points");
      }
    } catch (error) {
      if (current()) this.onFault(error.message, true);
      return;
    }
    await Promise.all([colours, this.fetchNames(given, current)]);
  }

  async fetchColour(given, current) {
    if (!given.colour || this.values) return;
    const Type = given.colour.kind === "class" ? Int32Array : Float32Array;
    try {
      const values = await this.arrays.get(given.colour.url, Type, given.points.count, "the colours");
      if (!current()) return;
      [this.values, this.base] = [values, null];
      this.onArrival("colour");
    } catch (error) {
      if (current()) this.onFault(`${error.message} The points stay grey.`, false);
    }
  }

  /** Item numbers, labels and figures: only the card needs them, so they come last. */
  async fetchNames(given, current) {
    const get = (source, Type, what) => source && this.arrays.get(source.url, Type, given.points.count, what);
    const named = given.figures ?? [];
    try {
      const [items, labels, ...figures] = await Promise.all([
        get(given.items, Int32Array, "the item numbers"),
        get(given.labels, Int32Array, "the labels"),
        ...named.map((each) => get(each, Float32Array, `the figure '${each.name}'`)),
      ]);
      if (!current()) return;
      [this.items, this.labels] = [items ?? null, labels ?? null];
      this.figures = named.map(({ name }, at) => ({ name, values: figures[at] }));
      this.onArrival("names");
    } catch (error) {
      if (current()) this.onFault(error.message, false);
    }
  }

  /** Names of the colour's classes: its own, or the labels' when it colours by them, or numbers. */
  get classNames() {
    const { colour, labels } = this.given;
    if (!colour) return labels?.classes ?? [];
    if (colour.classes) return colour.classes;
    if (labels && labels.url === colour.url) return labels.classes;
    return colour.palette.map((_, code) => String(code));
  }

  /** How many rows each class of the colour has (the last entry: none); null until the colour is here. */
  get classSizes() {
    if (!this.values || this.given.colour?.kind !== "class") return null;
    return sizes(this.values, this.classNames.length);
  }

  /**
   * Pixels for drawing, in the order of the index.
   * @param {{missing: number, faded: number}} theme
   * @returns {{paint: Uint32Array, lit: Uint8Array | null}} lit is 1 for rows in colour; null when all are
   */
  painted(theme) {
    const { rows } = this.index;
    this.base ??= this.baseColours(theme);
    const selecting = this.selectedCount > 0;
    const keeping = this.kept.size > 0 && this.values !== null && this.given.colour.kind === "class";
    const paint = new Uint32Array(rows.length);
    if (!selecting && !keeping) {
      for (let at = 0; at < rows.length; at += 1) paint[at] = this.base[rows[at]];
      return { paint, lit: null };
    }
    const lit = new Uint8Array(rows.length);
    const known = this.given.colour?.palette?.length ?? 0;
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at];
      let shown = !selecting || this.selected[row] === 1;
      if (shown && keeping) {
        const code = this.values[row];
        shown = this.kept.has(code >= 0 && code < known ? code : -1);
      }
      lit[at] = shown ? 1 : 0;
      paint[at] = shown ? this.base[row] : theme.faded;
    }
    return { paint, lit };
  }

  baseColours(theme) {
    const colour = this.given.colour;
    if (!this.values || !colour) return new Uint32Array(this.count).fill(theme.missing);
    return colour.kind === "class"
      ? coloursOfClasses(this.values, colour.palette, theme.missing)
      : coloursOfQuantity(this.values, colour.low, colour.high, colour.palette, theme.missing);
  }

  /** The theme changed: all pixels are to be made afresh. */
  forgetColours() {
    this.base = null;
  }

  /** Row nearest to a data coordinate within a radius, or -1. */
  nearest(x, y, radius) {
    return this.index ? nearest(this.index, x, y, radius) : -1;
  }

  /** Position of a row, or null when it has none. */
  placeOf(row) {
    if (!this.index || !(row >= 0 && row < this.count)) return null;
    this.inverse ??= { index: null, at: null };
    if (this.inverse.index !== this.index) {
      const at = new Int32Array(this.count).fill(-1);
      this.index.rows.forEach((each, place) => (at[each] = place));
      this.inverse = { index: this.index, at };
    }
    const place = this.inverse.at[row];
    return place < 0 ? null : [this.index.xs[place], this.index.ys[place]];
  }

  /** Select rows; returns how many are selected now. */
  select(rows, mode) {
    const { selected, count } = changed(this.selected, rows, mode);
    [this.selected, this.selectedCount] = [selected, count];
    return count;
  }

  /** Select what lies in a polygon of data coordinates. */
  selectInside(polygon, mode) {
    return this.select(this.index ? members(this.index, polygon) : [], mode);
  }

  close() {
    this.arrays.close();
    this.pictures?.close();
  }
}
