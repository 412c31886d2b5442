// The instruments of a map: legend, brush, search, undo and redo, walk, true distance. Each is a file of its own; here
// they are wired to the view.

import { readCamera, written } from "./map_camera.js";
import { cssOf } from "./map_colours.js";
import { TrueDistance } from "./map_distance.js";
import { counted } from "./map_formats.js";
import { historyOf } from "./map_history.js";
import { Legend, pressed } from "./map_legend.js";
import { Search } from "./map_search.js";
import { Walk } from "./map_walk.js";

const HOW = "True distance: point at an item, and all others are coloured by their distance to it in the code space.";

/** All instruments of one view. */
export class Instruments {
  /** @param {import("./map_view.js").MapView} view */
  constructor(view) {
    this.view = view;
    this.history = null;
    this.brushing = false;
    this.held = null; // the selection before the brush
    this.going = null; // the state that undo or redo is on its way to, and the number of our message that says so
    this.waiting = []; // what undo and redo were asked for before the last gesture was answered
    this.walk = new Walk(view);
    this.legend = new Legend({
      press: (code, alone) => this.keep(pressed(view.data.kept, code, alone)),
      brushed: (range, mode, done) => this.brushed(range, mode, done),
    });
    this.search = new Search({
      asked: (text, mode) => view.send("selection", { kind: "search", text, mode }),
      leave: () => view.frame.stage.focus({ preventScroll: true }),
    });
    this.distance = new TrueDistance(view.data, {
      changed: () => this.distanceChanged(),
      fault: (sentence) => view.frame.note(sentence),
      latency: (spent) => view.showLatency({ distance: spent }),
    });
    view.frame.legend.append(this.legend.element);
    view.frame.element.append(this.search.element);
    // A linked view may begin in this mode.
    this.distance.wanted = new URLSearchParams(window.location.search).has("distance");
    view.frame.element.addEventListener("keydown", (event) => this.shortcut(event));
  }

  // ---- what Python says

  /** News from Python. */
  update(given) {
    const { view } = this;
    this.given = given;
    const history = historyOf(given.run ?? "", given.points.url);
    if (history !== this.history) this.waiting = []; // what was to be undone was of another run
    this.history = history;
    this.distance.connect(given.distances);
    this.search.known = {
      classes: given.labels?.classes ?? [],
      fields: given.fields ?? [],
      count: given.points.count,
    };
    this.search.tell(given.searched);
    const { lasso = "", pick = "", seq = 0 } = given.address ?? {};
    const there = this.going && this.going.lasso === lasso && this.going.pick === pick;
    if (this.going && !there && seq < view.sent) return; // an answer to something older
    this.going = null;
    if (!there) this.history.record({ lasso, pick });
    this.showHistory();
    for (const way of this.waiting.splice(0)) this.step(way);
  }

  /** Something came from the server. */
  arrived(what) {
    if (what === "points") this.history?.amend({ camera: this.camera });
    if (what === "names" && this.distance.wanted && !this.view.data.over) this.distance.at(this.view.picked);
  }

  // ---- legend

  showLegend() {
    const { view, legend } = this;
    const { data } = view;
    const { colour } = data;
    const theme = view.stage.theme;
    if (this.distance.wanted && !data.over) legend.showSentence(HOW);
    else if (colour?.kind === "quantity") legend.showQuantity(colour, data.colourValues, cssOf(theme.missing));
    else if (colour && data.classSizes) {
      legend.showClasses(colour.name, data.chips, colour.palette, data.classSizes, cssOf(theme.missing), colour);
      legend.showKept(data.kept);
    } else legend.showSentence(view.given?.colour_fault ?? "");
    view.frame.showDistance(this.distance.wanted);
  }

  keep(kept) {
    this.view.data.kept = kept;
    this.legend.showKept(kept);
    this.view.stage.ask("paint", "points");
  }

  brushed(range, mode, done) {
    const { view } = this;
    const { data } = view;
    if (!range) {
      data.select([], "replace");
      view.picked = -1;
      view.selectionChanged();
      view.send("selection", { kind: "clear" });
      return;
    }
    const [low, high] = range;
    this.held ??= { selected: data.selected, count: data.selectedCount };
    [data.selected, data.selectedCount] = [this.held.selected, this.held.count];
    data.selectBetween(low, high, mode);
    view.polygon = null;
    if (!done) {
      view.showFoot();
      view.stage.ask("paint", "points");
      return;
    }
    this.held = null;
    view.picked = -1;
    this.brushing = true;
    view.selectionChanged();
    this.brushing = false;
    view.send("selection", { kind: "range", colour: data.colour.key, low, high, mode });
  }

  /** Another gesture took the selection over: the brush is no longer what is selected. */
  unbrush() {
    if (this.brushing) return;
    this.held = null;
    this.legend.histogram.clear();
  }

  hovered(row) {
    const { data, picked } = this.view;
    const values = data.colour?.kind === "quantity" ? data.colourValues : null;
    this.legend.showValue(values && row >= 0 ? values[row] : NaN);
    this.distance.at(row >= 0 ? row : picked);
  }

  // ---- true distance

  toggleDistance() {
    this.distance.toggle(this.view.hover.row >= 0 ? this.view.hover.row : this.view.picked);
    this.view.keepAddress();
  }

  distanceChanged() {
    const { view } = this;
    this.showLegend();
    view.showFoot();
    view.hover.refresh();
    view.stage.ask("paint", "points");
  }

  // ---- undo and redo

  get camera() {
    const { camera, whole } = this.view.stage;
    return camera && !whole ? written(camera) : null;
  }

  /** The camera came to rest. */
  rested() {
    if (!this.history) return;
    this.history.record({ camera: this.camera });
    this.showHistory();
  }

  undo() {
    this.step("undo");
  }

  redo() {
    this.step("redo");
  }

  /** Whether Python still owes an answer to a gesture: only it knows what that selected, so it is no step yet. */
  get owed() {
    const { sent } = this.view;
    return (this.given?.address?.seq ?? sent) < sent && this.going?.seq !== sent;
  }

  /** @param {"undo" | "redo"} way */
  step(way) {
    if (this.owed) this.waiting.push(way);
    else this.go(this.history?.[way](), way === "undo" ? "Undone" : "Done again");
  }

  go(state, words) {
    if (!state) return;
    const { view } = this;
    const { lasso, pick } = this.going ?? this.given.address ?? {};
    const camera = readCamera(state.camera);
    if (state.camera !== this.camera) camera ? view.stage.glideTo(camera) : view.stage.reset();
    if (state.lasso !== lasso || state.pick !== pick) {
      this.unbrush();
      view.send("selection", { kind: "restore", lasso: state.lasso, pick: state.pick });
      this.going = { ...state, seq: view.sent };
    }
    view.frame.announce(`${words}. ${counted(view.data.selectedCount)} selected.`);
    this.showHistory();
  }

  showHistory() {
    this.view.frame.showHistory(Boolean(this.history?.canUndo), Boolean(this.history?.canRedo));
  }

  // ---- keys

  /** Keys while the stage has the focus; true when the key was ours. */
  key(event) {
    if (event.key === "Tab") return this.walk.step(event.shiftKey);
    if (event.key === "Escape" && this.walk.stop()) return true;
    if (event.key === "Enter" && this.walk.inspect()) return true;
    if (event.key === "d" || event.key === "D") this.toggleDistance();
    else if (event.key === "f" || event.key === "F") this.view.frame.switchFull();
    else return false;
    return true;
  }

  /** Keys anywhere in the map: search, undo, redo. */
  shortcut(event) {
    const typing = event.composedPath()[0]?.tagName === "INPUT";
    const ctrl = event.ctrlKey || event.metaKey;
    const letter = event.key.toLowerCase();
    if (typing) return;
    if (event.key === "/" && !ctrl) this.search.focus();
    else if (ctrl && letter === "z") event.shiftKey ? this.redo() : this.undo();
    else if (ctrl && letter === "y") this.redo();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  close() {
    this.distance.close();
  }
}
