/**
 * The drawing pad: mouse, pen with pressure, or finger; and while it moves, the item that the ink makes, its
 * reconstruction, its place on a small map, the nearest items and their vote.
 *
 * Streamlit runs the default export again whenever its data or the theme change; a panel is built once per `data.id`,
 * and the ink goes over from one panel to the next.
 */

import { readableMs } from "./console_values.js";
import { Live, describeSupport, paint } from "./live.js";
import { Colours, byKey, firstOn } from "./pad_colours.js";
import { Ink, toBase64, widthAt } from "./pad_ink.js";
import { MARKUP, NEAR } from "./pad_markup.js";
import { SmallMap } from "./small_map.js";

const panels = new WeakMap(); // parentElement -> Panel
const KEPT_LATENCIES = 1000;
const SIZES = [6, 24]; // of the brush, in the pad's pixels; [ and ] step

let sequence = 0;

/**
 * Streamlit's entry. `data` is {id, draw, near, question: {run, way}, side, map, classes, bright, colour, begin, drawing}. A
 * finished stroke is told as state "drawing": {id, code, label, seq}; an empty pad as {id: "", code: [], seq}.
 */
export default function mount({ data, parentElement, setStateValue }) {
  const old = panels.get(parentElement);
  if (old?.data.id !== data.id) {
    old?.remove();
    panels.set(parentElement, new Panel(data, parentElement, old?.ink));
  } else old.map.draw(old.map.shown); // the theme may be another
  panels.get(parentElement).setStateValue = setStateValue;
  return () => {
    panels.get(parentElement)?.remove();
    panels.delete(parentElement);
  };
}

class Panel {
  constructor(data, parentElement, ink) {
    this.data = data;
    this.isEmpty = true;
    this.asked = new WeakMap(); // question -> time of the pen's event behind it
    this.hook = { latencies: [], answers: 0 };
    window.__loupePad = this.hook;
    this.root = document.createElement("div");
    this.root.className = "loupe-pad";
    this.root.innerHTML = MARKUP;
    parentElement.append(this.root);
    this.canvas = this.find(".pad canvas");
    this.root.classList.toggle("bright", data.bright && !data.colour); // ink is white on black, shown as the items are
    const ground = data.bright && data.colour ? "#ffffff" : "#000000";
    this.ink = ink ?? new Ink(data.side);
    this.ink.become(data.colour ? 3 : 1, ground);
    this.colours = new Colours(this.find(".colours"), firstOn(ground), () => this.erase(false));
    this.find(".colours").hidden = !data.colour;
    if (data.colour) this.find(".hint").append(" Keys 1 to 8 take a colour, E the eraser.");
    this.map = new SmallMap(this.find(".map canvas"), data.map);
    this.find(".map small").textContent = `${data.map.title}: where its code lies`;
    this.live = new Live(data.draw, (answer) => this.showAnswer(answer), (text) => this.showError(text));
    this.far = new Live(data.near, (answer) => this.showNear(answer), () => {});
    this.listen();
    this.show();
    if (ink) this.ask({ keep: true });
    else if (data.begin) this.fetchInk();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  remove() {
    this.live.close();
    this.far.close();
    this.root.remove();
    if (window.__loupePad === this.hook) delete window.__loupePad;
  }

  async fetchInk() {
    const response = await fetch(new URL(this.data.begin, document.baseURI).href);
    if (!response.ok || this.ink.strokes.length) return; // gone, or somebody draws already
    this.ink.begin(new Uint8Array(await response.arrayBuffer()));
    this.show();
    this.ask({ keep: true });
  }

  listen() {
    const { canvas } = this;
    this.size = this.find("[data-act=size]");
    Object.assign(this.size, { min: SIZES[0], max: SIZES[1], value: 12 });
    const acts = {
      undo: () => this.ink.undo() && this.changed(),
      clear: () => {
        if (this.isEmpty) return;
        this.ink.clear();
        this.changed();
      },
      eraser: () => this.erase(!this.erases),
    };
    this.find(".tools").onclick = (event) => {
      const button = event.target.closest("button[data-act]");
      if (button) acts[button.dataset.act](button);
    };
    const classes = this.find(".classes");
    classes.hidden = !this.data.classes.length;
    classes.querySelector("select").replaceChildren(...this.data.classes.map((name) => new Option(name)));
    classes.onchange = () => this.ask({ keep: true });
    this.root.onkeydown = (event) => {
      if (event.target.matches("select, [type=color]") || event.altKey) return;
      if (event.ctrlKey || event.metaKey) {
        if (event.key.toLowerCase() !== "z") return;
        acts.undo();
      } else if (!this.takeKey(event.key)) return;
      event.preventDefault();
    };
    canvas.onkeydown = (event) => this.walk(event);
    canvas.onpointerdown = (event) => {
      if (event.button > 0 && event.button !== 5) return; // 5 is a pen's own eraser
      event.preventDefault();
      canvas.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      this.pointer = event.pointerId;
      this.pen = null; // the keyboard's pen is put away
      this.ink.start(...this.placeOf(event), event.button === 5 || this.erases, this.colours.colour);
      this.moved(event.timeStamp);
    };
    canvas.onpointermove = (event) => {
      if (event.pointerId !== this.pointer) return;
      const parts = event.getCoalescedEvents?.() ?? [];
      for (const part of parts.length ? parts : [event]) this.ink.move(...this.placeOf(part));
      this.moved(event.timeStamp);
    };
    canvas.onpointerup = canvas.onpointercancel = (event) => {
      if (event.pointerId !== this.pointer) return;
      this.pointer = null;
      this.changed();
    };
  }

  get erases() {
    return this.find("[data-act=eraser]").getAttribute("aria-pressed") === "true";
  }

  erase(on) {
    this.find("[data-act=eraser]").setAttribute("aria-pressed", on);
  }

  /** Brush size by [ and ], the eraser by e, a colour by its number; false for any other key. */
  takeKey(key) {
    const by = { "[": -1, "]": 1 }[key];
    const colour = this.data.colour ? byKey(key) : undefined;
    if (by) this.size.value = Number(this.size.value) + by; // a range keeps itself within its ends
    else if (key.toLowerCase() === "e") this.erase(!this.erases);
    else if (colour) {
      this.colours.take(colour);
      this.erase(false);
    } else return false;
    return true;
  }

  /** A pen by keyboard: arrows move it, space sets it down or lifts it. */
  walk(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    this.pen ??= { at: [this.data.side / 2, this.data.side / 2], down: false };
    const { pen } = this;
    if (event.key === " ") {
      pen.down = !pen.down;
      if (pen.down) this.ink.start(...pen.at, Number(this.size.value), this.erases, this.colours.colour);
      this.find(".hint").textContent = pen.down ? "Pen down: arrows draw, space lifts it." : "Pen lifted.";
      if (pen.down) this.moved(event.timeStamp);
      else this.changed();
    } else if (step) {
      pen.at = pen.at.map((value, axis) => Math.min(this.data.side, Math.max(0, value + 4 * step[axis])));
      if (pen.down) {
        this.ink.move(...pen.at, Number(this.size.value));
        this.moved(event.timeStamp);
      } else this.show();
    } else return;
    event.preventDefault();
  }

  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.data.side / box.width;
    const width = widthAt(Number(this.size.value), event.pressure, event.pointerType);
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale, width];
  }

  show() {
    const { canvas, ink, pen } = this;
    const context = canvas.getContext("2d");
    context.drawImage(ink.canvas, 0, 0, canvas.width, canvas.height);
    if (!pen || pen.down) return;
    const scale = canvas.width / ink.side;
    context.strokeStyle = "#e8a317";
    context.lineWidth = 2;
    context.beginPath();
    context.arc(pen.at[0] * scale, pen.at[1] * scale, (Number(this.size.value) / 2) * scale, 0, 2 * Math.PI);
    context.stroke();
  }

  moved(time) {
    this.show();
    this.ask({}, time);
  }

  changed() {
    this.show();
    this.ask({ keep: true });
  }

  ask(more, time) {
    this.find("[data-act=undo]").disabled = this.ink.strokes.length === 0;
    const bytes = this.ink.bytes();
    this.isEmpty = this.ink.isEmpty(bytes);
    if (this.isEmpty) {
      this.showEmpty();
      if (more.keep) this.setStateValue?.("drawing", { id: "", code: [], seq: ++sequence });
      return;
    }
    const body = { ...this.data.question, ...more, ink: toBase64(bytes) };
    if (this.data.classes.length) body.label = this.find(".classes select").selectedIndex;
    if (time !== undefined) this.asked.set(body, time);
    this.live.ask(body);
  }

  showEmpty() {
    this.root.classList.add("empty");
    this.find(".failure").hidden = true;
    this.map.draw({});
  }

  showAnswer({ meta, pixels, milliseconds, body }) {
    if (this.isEmpty) return; // it was cleared meanwhile
    const [, height, width, channels] = meta.shape;
    const size = height * width * channels;
    paint(this.find(".item canvas"), pixels.subarray(0, size), [height, width, channels]);
    paint(this.find(".recon canvas"), pixels.subarray(size), [height, width, channels]);
    this.root.classList.remove("empty");
    this.find(".failure").hidden = true;
    this.find(".support").textContent = `Its code lies ${describeSupport(meta.support[0]).sentence}.`;
    this.find(".speed").textContent = readableMs(milliseconds);
    this.hook.answers += 1;
    this.hook.body = body;
    this.far.ask(body);
    if (meta.id) {
      this.hook.id = meta.id;
      this.setStateValue?.("drawing", { id: meta.id, code: meta.code, label: meta.label, seq: ++sequence });
    }
    const time = this.asked.get(body);
    if (time === undefined) return;
    requestAnimationFrame(() => {
      const { latencies } = this.hook;
      if (latencies.push(performance.now() - time) > KEPT_LATENCIES) latencies.shift();
    });
  }

  showNear({ meta, pixels }) {
    if (this.isEmpty) return;
    const [count, height, width, channels] = meta.shape;
    const size = height * width * channels;
    const place = this.find(".near");
    if (place.children.length !== count) place.innerHTML = NEAR.repeat(count);
    [...place.children].forEach((figure, at) => {
      paint(figure.firstElementChild, pixels.subarray(at * size, (at + 1) * size), [height, width, channels]);
      figure.lastElementChild.textContent = meta.names[at] || meta.distances[at].toFixed(2);
      figure.title = `item ${meta.items[at]}, at distance ${meta.distances[at].toFixed(2)}`;
    });
    const said = meta.votes.map(([name, share]) => `${name}: ${Math.round(100 * share)} %`);
    this.find(".vote").textContent = said.length ? `Their vote: ${said.join(" · ")}` : "These items have no classes.";
    this.hook.near = meta;
    this.map.draw({ here: meta.place });
  }

  showError(sentence) {
    const failure = this.find(".failure");
    failure.textContent = sentence;
    failure.hidden = false;
  }
}
