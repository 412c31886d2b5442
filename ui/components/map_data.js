// What the map knows: positions, colours, names and figures as they arrive, what is selected, what keeps its
// colour. No drawing and no DOM in here.

import { Arrays } from "./map_arrays.js";
import { coloursOfClasses, coloursOfQuantity } from "./map_colours.js";
import { changed, members } from "./map_lasso.js";
import { figure } from "./map_formats.js";
import { rowsBetween } from "./map_histogram.js";
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
    this.over = null; // a colour with its values that lies over the given one: true distance
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
      this.index = this.loaded = this.over = null; // its rows mean nothing any more
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

  /** The colour that is shown, and its values by row (null until they are here). */
  get colour() {
    return this.over ?? this.given?.colour ?? null;
  }

  get colourValues() {
    return this.over ? this.over.values : this.values;
  }

  /** Lay a colour with its values over the given one; null takes it away. */
  colourOver(over) {
    [this.over, this.base] = [over, null];
  }

  /** How many classes the shown colour has. */
  get classCount() {
    const { colour } = this;
    return colour.count ?? colour.classes?.length ?? colour.palette.length;
  }

  /** Number and name of the classes that have a chip. */
  get chips() {
    const { colour } = this;
    if (colour.chips) return Object.entries(colour.chips).map(([code, name]) => [Number(code), name]);
    return (colour.classes ?? colour.palette.map((_, code) => String(code))).map((name, code) => [code, name]);
  }

  /** How many rows each class of the colour has (the last entry: none); null until the colour is here. */
  get classSizes() {
    if (!this.colourValues || this.colour?.kind !== "class") return null;
    return sizes(this.colourValues, this.classCount);
  }

  /** The card's lines for a row: the figures, and the colour's own value where it is none of them. */
  linesOf(row) {
    const lines = this.figures.map(({ name, values }) => ({ name, value: figure(values[row]) }));
    const { colour, colourValues } = this;
    const known = this.figures.some(({ name }) => [colour?.key, colour?.name].includes(name));
    const told = !colour || colour.key === "class" || known;
    if (told || !colourValues) return lines;
    const value = colourValues[row];
    const words = colour.kind === "quantity" ? figure(value) : (colour.classes?.[value] ?? colour.nameless ?? "–");
    return [...lines, { name: colour.name, value: words }];
  }

  /** A row in words: its number and its class. */
  wordsOf(row) {
    const label = this.labels ? this.labels[row] : -1;
    const name = label >= 0 ? `, class ${this.given.labels.classes[label] ?? label}` : "";
    return `item ${this.items ? this.items[row] : row}${name}`;
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
    const values = this.colourValues;
    const keeping = this.kept.size > 0 && values !== null && this.colour?.kind === "class";
    const paint = new Uint32Array(rows.length);
    if (!selecting && !keeping) {
      for (let at = 0; at < rows.length; at += 1) paint[at] = this.base[rows[at]];
      return { paint, lit: null };
    }
    const lit = new Uint8Array(rows.length);
    const known = keeping ? this.classCount : 0;
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at];
      let shown = !selecting || this.selected[row] === 1;
      if (shown && keeping) {
        const code = values[row];
        shown = this.kept.has(code >= 0 && code < known ? code : -1);
      }
      lit[at] = shown ? 1 : 0;
      paint[at] = shown ? this.base[row] : theme.faded;
    }
    return { paint, lit };
  }

  baseColours(theme) {
    const { colour, colourValues } = this;
    if (!colourValues || !colour) return new Uint32Array(this.count).fill(theme.missing);
    return colour.kind === "class"
      ? coloursOfClasses(colourValues, colour.palette, theme.missing, this.classCount)
      : coloursOfQuantity(colourValues, colour.low, colour.high, colour.palette, theme.missing);
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

  /** Select what the shown colour has between two values. */
  selectBetween(low, high, mode) {
    return this.select(this.colourValues ? rowsBetween(this.colourValues, low, high) : [], mode);
  }

  close() {
    this.arrays.close();
    this.pictures?.close();
  }
}
