/** The small map of a film: every way as a line on it, and both ends as handles to drag, by mouse, pen or keys. */

import { SmallMap, frameOf } from "./small_map.js";

const KEY_STEP = 0.01; // of the map's side; with shift five times as much
const KEY_REST_MS = 400; // a row of key strokes is told once it rests
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const MAP_HTML = `
  <div class="field"><canvas class="ground" aria-hidden="true"></canvas><canvas class="over" role="img"></canvas></div>
  <p class="words"></p>`;

/** Items below, drawn when they come; what is over them is drawn again at each answer. */
class Ground extends SmallMap {
  constructor(canvas, given, onDrawn) {
    super(canvas, given);
    this.onDrawn = onDrawn;
  }

  draw(shown) {
    super.draw(shown);
    this.onDrawn?.();
  }
}

export class FilmMap {
  /**
   * @param {HTMLElement} element
   * @param {{map: object, places: number[][], colours: string[]}} data
   * @param {{move: Function, drop: Function}} on  both are given the end, its place and the time of the event
   */
  constructor(element, data, on) {
    this.element = element;
    this.data = data;
    this.on = on;
    this.places = data.places.map((place) => [...place]);
    this.trails = [];
    this.held = null; // the end that a pointer holds
    element.innerHTML = MAP_HTML;
    this.over = element.querySelector(".over");
    element.querySelector(".words").textContent = `Map: ${data.map.title}. Drag A or B, or move them with the arrow keys.`;
    this.handles = ["A", "B"].map((name, end) => this.makeHandle(name, end));
    this.ground = new Ground(element.querySelector(".ground"), data.map, () => this.draw());
    this.observer = new ResizeObserver(() => this.ground.draw({}));
    this.observer.observe(this.over);
  }

  close() {
    clearTimeout(this.timer);
    this.observer.disconnect();
  }

  /** Other ends, from outside; a handle that is held stays where it is. */
  place(places) {
    places.forEach((place, end) => {
      if (this.held !== end && !this.timer) this.places[end] = [...place];
    });
    this.draw();
  }

  /** @param {{colour: string, places: number[][]}[]} trails */
  show(trails) {
    this.trails = trails;
    this.draw();
  }

  frame() {
    return frameOf(this.ground?.corners ?? []);
  }

  makeHandle(name, end) {
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = "handle";
    handle.textContent = name;
    handle.setAttribute("aria-label", `End ${name} on the map; the arrow keys move it`);
    handle.onpointerdown = (event) => {
      handle.setPointerCapture(event.pointerId);
      this.held = end;
      this.moved = false;
      event.preventDefault();
      handle.focus();
    };
    handle.onpointermove = (event) => {
      if (this.held !== end) return;
      this.moved = true;
      this.move(end, this.placeAt(event), event.timeStamp);
    };
    handle.onpointerup = handle.onpointercancel = (event) => {
      if (this.held !== end) return;
      this.held = null;
      if (this.moved) this.on.drop(end, this.places[end], event.timeStamp);
    };
    handle.onkeydown = (event) => this.key(event, end);
    this.element.querySelector(".field").append(handle);
    return handle;
  }

  key(event, end) {
    const way = KEYS[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const size = this.frame().side * KEY_STEP * (event.shiftKey ? 5 : 1);
    this.move(end, this.within(this.places[end].map((value, axis) => value + way[axis] * size)), event.timeStamp);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.on.drop(end, this.places[end]);
    }, KEY_REST_MS);
  }

  move(end, place, time) {
    this.places[end] = place.map((value) => Number(value.toPrecision(6)));
    this.draw();
    this.on.move(end, this.places[end], time);
  }

  placeAt(event) {
    const box = this.over.getBoundingClientRect();
    const { left, top, side } = this.frame();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return this.within([left + x * side, top - y * side]);
  }

  within([x, y]) {
    const { left, top, side } = this.frame();
    return [Math.min(left + side, Math.max(left, x)), Math.min(top, Math.max(top - side, y))];
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const size = Math.round((this.over.clientWidth || 240) * ratio);
    if (this.over.width !== size) this.over.width = this.over.height = size;
    const { left, top, side } = this.frame();
    const share = ([x, y]) => [(x - left) / side, (top - y) / side];
    const context = this.over.getContext("2d");
    const paper = getComputedStyle(this.over).getPropertyValue("--st-background-color");
    context.clearRect(0, 0, size, size);
    context.lineJoin = context.lineCap = "round";
    for (const { colour, places } of this.trails) {
      for (const [style, width] of [[paper, 4.5], [colour, 2.2]]) {
        context.strokeStyle = style;
        context.lineWidth = width * ratio;
        context.beginPath();
        places.map(share).forEach(([x, y], n) => context[n ? "lineTo" : "moveTo"](x * size, y * size));
        context.stroke();
      }
    }
    this.over.setAttribute("aria-label", `${this.trails.length} ways from A to B on the map`);
    this.handles.forEach((handle, end) => {
      const [x, y] = share(this.places[end]).map((value) => Math.min(1, Math.max(0, value)));
      handle.style.left = `${100 * x}%`;
      handle.style.top = `${100 * y}%`;
    });
  }
}
