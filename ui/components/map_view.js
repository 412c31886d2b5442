// The map as one thing: stage, cards, toolbar, legend and foot line, and what goes to Python.

import { writeAddress, written } from "./map_camera.js";
import { themeOf } from "./map_colours.js";
import { MapData } from "./map_data.js";
import { countOf, counted, milliseconds } from "./map_formats.js";
import { frameOf } from "./map_frame.js";
import { gesturesOf } from "./map_acts.js";
import { listen } from "./map_gestures.js";
import { Ground } from "./map_ground.js";
import { Hover } from "./map_hover.js";
import { Instruments } from "./map_instruments.js";
import { Layers } from "./map_layers.js";
import { Stage } from "./map_stage.js";

const PICK = 14; // CSS pixels round the cursor in which a point is taken
const CAMERA_AFTER = 500; // ms after the last movement, the camera goes into the page's address

/** One mounted map. */
export class MapView {
  /** @param {Element | ShadowRoot} root what Streamlit gives the component */
  constructor(root) {
    this.component = null;
    this.given = null;
    this.frame = frameOf({
      tool: (tool) => this.setTool(tool),
      zoom: (factor) => this.stage.zoomMiddle(factor),
      reset: () => this.stage.reset(),
      retry: () => this.retry(),
      undo: () => this.instruments.undo(),
      redo: () => this.instruments.redo(),
      distance: () => this.instruments.toggleDistance(),
    });
    root.append(this.frame.element);
    const fault = (sentence, fatal) => (fatal ? this.frame.fail(sentence) : this.frame.note(sentence));
    this.data = new MapData((what) => this.arrived(what), fault);
    this.stage = new Stage(this.frame.stage, this.data, {
      scene: () => this.scene(),
      moved: (moving) => this.moved(moving),
      drawn: (spent) => this.drawn(spent),
    });
    this.hover = new Hover(this.data, {
      changed: (row) => this.hovered(row),
      opened: () => this.placeCards(),
    });
    this.ground = new Ground({
      opened: () => this.groundChanged(),
      closed: () => this.groundChanged(),
      latency: (spent) => this.showLatency({ decode: spent }),
      tell: (place) => this.send("ground", place ?? { kind: "closed" }),
    });
    this.instruments = new Instruments(this);
    this.frame.element.append(this.ground.card.element, this.hover.card.element);
    this.seen = { selection: "", picked: null, cameras: new Set() };
    this.asked = undefined; // camera to start with
    this.sent = 0;
    this.tool = "pan";
    this.picked = -1;
    this.pointer = null; // where the cursor is, CSS pixels
    this.cross = false; // the keyboard's cross in the middle
    this.dragging = false;
    this.stroke = null; // lasso being drawn: {places, mode}, CSS pixels
    this.polygon = null; // lasso last drawn, data coordinates
    this.spent = { decode: NaN, draw: NaN };
    this.cameraTimer = 0;
    this.footTimer = 0;
    this.setTool("pan");
    this.layers = new Layers(this);
    this.stopListening = listen(this.frame.stage, gesturesOf(this));
    if (!this.stage.able) {
      fault("This browser gives the map no canvas to draw on. Restart it, or take another browser.", true);
    }
  }

  // ---- what Python says

  /** Take over the component's data and theme; called at each run of the default export. */
  update(component) {
    this.component = component;
    this.readTheme();
    const given = component.data;
    this.keepAddress();
    if (!given || given.id === this.given?.id) return;
    const before = this.given;
    this.given = given;
    this.frame.element.style.setProperty("--map-height", `${given.height ?? 620}px`);
    if (before && before.points.url !== given.points.url) this.ground.close(false);
    this.ground.connect(given.decode);
    if (this.data.loaded !== given.points.url) {
      delete this.frame.element.dataset.ready;
      this.frame.say(`Loading ${countOf(given.points.count, "point")}…`, true);
    }
    this.takeCamera(given.camera);
    this.data.update(given);
    this.layers.update(given);
    this.takeSelection(given.selection);
    if (!before || given.picked !== this.seen.picked) this.picked = given.picked ?? -1;
    this.seen.picked = given.picked;
    this.instruments.update(given);
    this.showFoot();
    this.stage.ask("paint", "points", "overlay");
  }

  readTheme() {
    const theme = themeOf(this.frame.element);
    this.stage.font = getComputedStyle(this.frame.element).fontFamily || "sans-serif";
    if (this.stage.theme?.key === theme.key) return;
    this.stage.theme = theme;
    this.data.forgetColours();
    if (this.given) this.instruments.showLegend();
    this.stage.ask("paint", "points", "overlay");
  }

  /** Python's selection replaces ours when it is news: unlike its last word, not older than our gesture. */
  takeSelection(selection) {
    const key = selection ? JSON.stringify(selection) : "";
    const news = key !== this.seen.selection;
    this.seen.selection = key;
    if (!news || (selection?.seq && selection.seq < this.sent)) return;
    const held = this.data.selected;
    this.data.select(selection?.rows ?? [], "replace");
    if (!this.data.selected.some((value, row) => value !== held[row])) return;
    this.polygon = null;
    this.instruments.unbrush();
  }

  /** A camera from Python counts once, and not when it is ours come back by way of the page's address. */
  takeCamera(camera) {
    if (!camera || camera.length !== 3 || !camera.every(Number.isFinite) || !(camera[2] > 0)) return;
    const asked = { x: camera[0], y: camera[1], scale: camera[2] };
    if (this.seen.cameras.has(written(asked))) return;
    this.seen.cameras.add(written(asked));
    if (this.data.loaded === this.given.points.url) this.stage.glideTo(asked);
    else this.asked = asked;
  }

  /** Something came from the server. */
  arrived(what) {
    if (what !== "points") this.instruments.arrived(what);
    if (what === "points") {
      this.frame.say(this.emptyWords(), false);
      const first = !this.stage.camera;
      this.stage.place(this.asked);
      this.asked = undefined;
      this.hover.drop();
      this.frame.element.dataset.ready = "true";
      this.instruments.arrived(what);
      if (first) this.keepAddress();
      else this.writeCamera(); // the old map's camera means nothing on the new one
    } else if (what === "colour") {
      this.instruments.showLegend();
    } else {
      this.hover.refresh();
      this.layers.sheets.change(); // a picture for an outline's name may be among them
      this.stage.ask("points");
      return;
    }
    this.showFoot();
    this.stage.ask("paint", "points", "overlay");
  }

  emptyWords() {
    if (!this.data.count) return "There are no points to show yet.";
    return this.data.index.placed ? "" : "None of the points has a place: their coordinates are missing.";
  }

  /** Fetch again what failed. */
  retry() {
    this.frame.fail("");
    this.frame.note("");
    if (this.given) this.data.update(this.given);
  }

  // ---- what the hand does (the rest is in map_acts.js)

  setTool(tool) {
    this.frame.showTool((this.tool = tool));
  }

  rowAt(left, top) {
    if (!this.data.index || !this.stage.camera || !this.stage.shown.points) return -1;
    return this.data.nearest(...this.stage.toData(left, top), PICK / this.stage.camera.scale);
  }

  hovered(row) {
    this.frame.element.dataset.hover = String(row);
    this.frame.stage.classList.toggle("map-over-point", row >= 0);
    this.instruments.hovered(row);
    this.stage.ask("overlay");
  }

  groundChanged() {
    this.placeCards();
    this.stage.ask("overlay");
  }

  selectionChanged() {
    this.instruments.unbrush();
    this.showFoot();
    const { selectedCount, count } = this.data;
    this.frame.announce(`${counted(selectedCount)} of ${countOf(count, "item")} selected`);
    this.stage.ask("paint", "points", "overlay");
  }

  /** Tell Python; each message has a higher number, so that the same gesture twice is news. */
  send(name, value) {
    this.sent = Math.max(Date.now(), this.sent + 1);
    this.component.setStateValue(name, value && { ...value, seq: this.sent });
  }

  // ---- what is shown

  placeCards() {
    if (!this.stage.camera) return;
    for (const { card } of [this.hover, this.ground]) {
      if (card.shown) card.move(...this.stage.toScreen(...card.anchor), this.stage.view);
    }
  }

  scene() {
    const on = (place) => (place ? this.stage.toScreen(...place) : null);
    const onAll = (places) => places.map(([x, y]) => this.stage.toScreen(x, y));
    const drawn = this.polygon && { places: onAll(this.polygon), drawing: false };
    return {
      hover: on(this.data.placeOf(this.hover.row)),
      picked: on(this.data.placeOf(this.picked)),
      ground: this.ground.place && on([this.ground.place.x, this.ground.place.y]),
      lasso: this.stroke ? { places: this.stroke.places, drawing: true } : drawn,
      marks: (this.given?.marks ?? []).map(({ x, y, name }) => ({ place: on([x, y]), name })),
      cross: this.cross,
      radius: this.stage.radius,
    };
  }

  showFoot() {
    const { count, selectedCount, index } = this.data;
    const parts = [countOf(count, "item")];
    if (selectedCount) parts.push(`${counted(selectedCount)} selected`);
    if (index && index.placed < count) parts.push(`${counted(count - index.placed)} without a place`);
    this.frame.showCounts(parts.join(" · "));
    this.frame.element.dataset.selected = String(selectedCount);
    const words = this.data.colour ? `, coloured by ${this.data.colour.name}` : "";
    this.frame.describe(`Map of ${countOf(count, "item")}${words}.`);
  }

  drawn(spent) {
    this.spent.draw = spent;
    // The words change at most four times a second: they cost a layout, and nobody reads faster.
    this.footTimer ||= setTimeout(() => {
      this.footTimer = 0;
      this.showLatency({});
    }, 250);
  }

  showLatency(spent) {
    Object.assign(this.spent, spent);
    const named = Object.entries(this.spent).filter(([, ms]) => Number.isFinite(ms));
    this.frame.showLatency(named.map(([name, ms]) => `${name} ${milliseconds(ms)}`).join(" · "));
  }

  // ---- the camera and the page

  moved(moving) {
    this.placeCards();
    if (!moving) return;
    if (this.pointer && !this.dragging) this.hover.set(this.rowAt(...this.pointer));
    clearTimeout(this.cameraTimer);
    this.cameraTimer = setTimeout(() => this.writeCamera(), CAMERA_AFTER);
  }

  /** Put the camera into the page's address, without a rerun; a whole map needs none. */
  writeCamera() {
    this.keepAddress();
    this.instruments.rested();
  }

  /** What the address says of this view; Python, which does not know it, drops it when it writes its own part. */
  keepAddress() {
    const { camera, whole } = this.stage;
    if (!camera || this.data.loaded !== this.given?.points.url) return;
    const value = whole ? null : written(camera);
    if (value) this.seen.cameras.add(value);
    writeAddress("camera", value);
    writeAddress("distance", this.instruments.distance.wanted ? "1" : null);
    this.layers.keepAddress();
  }

  close() {
    this.stopListening();
    this.layers.close();
    clearTimeout(this.cameraTimer);
    clearTimeout(this.footTimer);
    this.hover.close();
    this.ground.end();
    this.instruments.close();
    this.data.close();
    this.stage.close();
    this.frame.element.remove();
  }
}
