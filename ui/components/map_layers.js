// The map's layers: which are on, their data, and the order in which they are drawn under and over the points.
// Nothing of a layer that is off is fetched or computed, and a change of layers never touches the points' data.

import { drawArrows } from "./map_arrows.js";
import { fetchBytes } from "./map_arrays.js";
import { writeAddress } from "./map_camera.js";
import { cssOf } from "./map_colours.js";
import { densityOf, lineDensity, shadeDensity } from "./map_density.js";
import { drawEllipses } from "./map_ellipses.js";
import { Glance } from "./map_glance.js";
import { drawLattice, latticeOf, unpacked } from "./map_lattice.js";
import { LayerMenu } from "./map_layer_menu.js";
import { drawOutlines } from "./map_outlines.js";
import { Sheets } from "./map_sheets.js";
import { drawPath, drawTrail } from "./map_trail.js";
import { drawVeil } from "./map_veil.js";

const UNDER = ["lattice", "support", "density"];
const OVER = ["density", "outlines", "ellipses", "arrows", "path", "trail"];
const VEIL = 0x5a524a; // pixel of the veil on light ground
const MOST_ROWS = 300; // of a selection, told to the server
const NONE = "none"; // the address of a map without any layer

/**
 * The layers an address asks for.
 * @param {string[] | null} asked names; null: nothing said
 * @param {string[]} start those on at first
 * @param {{name: string}[]} list all there are
 * @returns {Set<string>}
 */
export function wanted(asked, start, list) {
  const known = new Set(list.map(({ name }) => name));
  return new Set((asked ?? start).filter((name) => known.has(name)));
}

/** What the address says for layers that are on: null when they are those of the start. */
export function worded(on, start, list) {
  const same = on.size === start.length && start.every((name) => on.has(name));
  if (same) return null;
  return list.map(({ name }) => name).filter((name) => on.has(name)).join(",") || NONE;
}

/** At most so many of the selected rows, evenly taken. */
export function someOf(selected, most = MOST_ROWS) {
  const rows = [];
  for (let row = 0; row < selected.length; row += 1) if (selected[row]) rows.push(row);
  const every = Math.max(1, rows.length / most);
  return rows.filter((_, at) => Math.floor(at / every) !== Math.floor((at - 1) / every));
}

/** The layers of one map. */
export class Layers {
  /** @param {import("./map_view.js").MapView} view */
  constructor(view) {
    this.view = view;
    this.given = { list: [], start: [], asked: null };
    this.on = new Set();
    this.seen = ""; // the words of the given layers
    this.asked = undefined; // Python's last word about which are on
    this.held = new Map(); // name -> {url, found, fault}
    this.selected = null; // as of the last look
    this.selecting = 0;
    this.aborter = new AbortController();
    this.sheets = new Sheets(view.stage, (under, over) => this.draw(under, over));
    this.menu = new LayerMenu((name) => this.toggle(name));
    view.stage.on.stepped = () => this.look();
    view.frame.element.querySelector(".map-toolbar").append(this.menu.button);
    view.frame.element.append(this.menu.element);
    this.glance = new Glance(view, () => this.lattice);
  }

  /** Take over what Python gives; the layers it names as on count once, as a camera does. */
  update(given) {
    const text = JSON.stringify(given);
    if (!given?.layers || text === this.seen) return;
    this.seen = text;
    this.given = given.layers;
    const asked = JSON.stringify(this.given.asked);
    if (asked !== this.asked) this.on = wanted(this.given.asked, this.given.start, this.given.list);
    this.asked = asked;
    this.glance.connect(given.decode);
    this.apply();
  }

  /** The layer's own switch. */
  toggle(name) {
    if (!this.on.delete(name)) this.on.add(name);
    const words = worded(this.on, this.given.start, this.given.list);
    this.asked = JSON.stringify(words?.split(",") ?? null);
    writeAddress("layers", words);
    const { title } = this.entry(name);
    this.view.frame.announce(`${title} ${this.on.has(name) ? "on" : "off"}`);
    this.apply();
  }

  /** The layers that are on belong into the address; Python, which does not write them, may have dropped them. */
  keepAddress() {
    if (this.given) writeAddress("layers", worded(this.on, this.given.start, this.given.list));
  }

  entry(name) {
    return this.given.list.find((each) => each.name === name);
  }

  /** Whether a layer is on and can be had. */
  has(name) {
    return this.on.has(name) && this.entry(name)?.why === "";
  }

  /** A layer's data when it is on and they are here. */
  found(name) {
    return (this.has(name) && this.held.get(name)?.found) || null;
  }

  get lattice() {
    return this.found("lattice");
  }

  /** All that is on is here and drawn. */
  get ready() {
    const waiting = this.given.list.some(({ name, url }) => url && this.has(name) && !this.settled(name));
    const coming = this.view.data.pictures?.coming.size ?? 0;
    return this.seen !== "" && !waiting && !coming && !this.sheets.busy && !this.selecting;
  }

  settled(name) {
    const held = this.held.get(name);
    return Boolean(held && (held.found || held.fault));
  }

  /** Bring everything into line with what is on. */
  apply() {
    const { stage } = this.view;
    const shown = { points: this.has("points"), pictures: this.has("pictures") };
    if (shown.points !== stage.shown.points || shown.pictures !== stage.shown.pictures) {
      stage.shown = shown;
      this.view.hover.drop();
      stage.ask("points");
    }
    for (const layer of this.given.list) {
      if (layer.url && this.has(layer.name)) this.fetch(layer);
      else if (layer.url) this.forget(layer);
    }
    const any = (names) => names.some((name) => this.has(name));
    this.sheets.use({ under: any(UNDER), over: any(OVER) });
    this.tell();
  }

  /** Data of another map, or of a layer without an address here, are of no use any more. */
  forget(layer) {
    const held = this.held.get(layer.name);
    if (held && held.url !== this.addressOf(layer)) this.held.delete(layer.name);
  }

  addressOf({ url }) {
    return url.includes("{rows}") || url.includes("%7Brows%7D")
      ? url.replace(/\{rows\}|%7Brows%7D/, someOf(this.view.data.selected).join("."))
      : url;
  }

  fetch(layer) {
    const url = this.addressOf(layer);
    if (this.held.get(layer.name)?.url === url) return;
    const before = this.held.get(layer.name);
    const held = { url, found: url.split("?")[0] === before?.url.split("?")[0] ? before.found : null, fault: "" };
    if (held.found && !url.includes("rows=")) held.found = null; // of another map: its places mean nothing here
    this.held.set(layer.name, held);
    fetchBytes(url, `the layer '${layer.title}'`, this.aborter.signal)
      .then((buffer) => {
        const found = unpacked(buffer);
        held.found = layer.name === "lattice" ? latticeOf(found) : found;
      })
      .catch((error) => {
        if (error.name === "AbortError") return;
        held.found = null;
        held.fault = error.message;
        this.held.delete(layer.name); // switched off and on again, it is asked for again
        this.held.set(layer.name, { ...held, url: "" });
      })
      .finally(() => {
        if (this.aborter.signal.aborted || this.held.get(layer.name)?.url !== held.url && !held.fault) return;
        this.sheets.change();
        this.tell();
      });
  }

  /** The menu's words: what is on, what is on its way, what failed, what cannot be had. */
  tell() {
    this.menu.show(this.given.list.map((layer) => ({ ...layer, on: this.has(layer.name), note: this.noteOf(layer) })));
  }

  noteOf({ name, url }) {
    if (!this.has(name) || !url) return "";
    const held = this.held.get(name);
    if (held?.fault) return held.fault;
    if (!held?.found) return "coming…";
    const { about } = held.found;
    if (name === "arrows") return `${about.count} of ${about.of === "selection" ? "the selection" : `${about.all} items`}`;
    if (name === "ellipses" && about.count < about.all) return `of ${about.count} of ${about.all} items`;
    if (name === "outlines" && about.outlines.length < about.count) {
      return `of ${about.outlines.length} of ${about.count} groups`;
    }
    return "";
  }

  /** Called by the stage in each of its frames: a new selection moves the arrows to it. */
  look() {
    const { selected } = this.view.data;
    if (selected === this.selected) return;
    this.selected = selected;
    if (!this.has("arrows")) return;
    clearTimeout(this.selecting);
    this.selecting = setTimeout(() => {
      this.selecting = 0;
      const layer = this.entry("arrows");
      if (layer && this.has("arrows")) this.fetch(layer);
    }, 200);
  }

  // ---- drawing

  /** The steps that draw what is on, in a fixed order. */
  draw(under, over) {
    const { stage, data } = this.view;
    const pixels = stage.theme;
    const theme = { text: cssOf(pixels.text), ground: cssOf(pixels.ground), accent: cssOf(pixels.accent) };
    const behind = stage.shown.points; // points lie over it: the ground stays quiet
    const [most, dark] = behind ? [0.5, 0.4] : [0.95, 0.85];
    const only = data.selectedCount ? data.selected : null;
    const colourOf = (row) => cssOf(stage.colourOf(row));
    const steps = [];
    const add = (name, step) => {
      const found = this.found(name);
      if (found) steps.push(() => step(found, found.about));
    };
    add("lattice", (lattice) => drawLattice(under, lattice, most));
    add("support", (grid) => drawVeil(under, grid, pixels.dark ? 0 : VEIL, pixels.dark ? 0.62 : 0.24));
    if (this.has("density") && data.index) {
      let density = null;
      steps.push(
        () => (density = densityOf(data.index, under)),
        () => shadeDensity(under, density, behind ? pixels.text : pixels.accent, dark),
        () => lineDensity(over, density, theme.text, theme.ground),
      );
    }
    add("outlines", (_, about) => drawOutlines(over, about, data.pictures, theme, stage.font));
    add("ellipses", (found) => drawEllipses(over, found, colourOf, only, theme.ground));
    add("arrows", (_, about) => drawArrows(over, about, theme));
    add("path", (_, about) => drawPath(over, about, theme, stage.font));
    add("trail", (_, about) => drawTrail(over, about, theme, stage.font));
    return steps;
  }

  close() {
    clearTimeout(this.selecting);
    this.aborter.abort();
    this.sheets.close();
    this.glance.close();
  }
}
