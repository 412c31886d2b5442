/**
 * The decode console: one slider per dimension of the code, and the picture it decodes to, live.
 *
 * Streamlit runs the default export again whenever its data or the theme change. A panel is built once per
 * `data.id`; with the same id, or when `data.code` only echoes what was told, just the callbacks are renewed,
 * so that a rerun of the page never takes the slider out of the user's hand.
 */

import { MARKUP } from "./console_markup.js";
import { makeRow } from "./console_row.js";
import {
  pictureSize,
  randomCode,
  readableMs,
  sameCode,
  sliderRange,
  splitDimensions,
} from "./console_values.js";
import { Live, describeSupport, paint } from "./live.js";

const panels = new WeakMap(); // parentElement -> Panel
const KEPT_LATENCIES = 1000;
const KEPT_UNDO = 100;
const KEY_PAUSE_MS = 300; // held arrow keys are one change, told once they rest
const ECHO_TOLERANCE = 1e-4; // codes come back rounded, from an address for instance
const ROOM = 320; // side of the square for the picture, CSS pixels

let sequence = 0; // per page load, as long as a Streamlit session: a remount never counts backwards

/**
 * Streamlit's entry. `data` is {id, decode, latent_dim, code, order, inactive, shape, classes, label?,
 * dimensions: [{name, low, high, mean, std, histogram, note}], starts: [{name, code, label?}]}.
 * A change of slider is told as state "code": {code, seq, label?}; with classes, questions carry labels.
 */
export default function mount({ data, parentElement, setStateValue }) {
  const old = panels.get(parentElement);
  if (old?.data.id !== data.id && !old?.takesEcho(data)) {
    old?.remove();
    panels.set(parentElement, new Panel(data, parentElement, old));
  }
  const panel = panels.get(parentElement);
  panel.setStateValue = setStateValue;
  return () => {
    panels.get(parentElement)?.remove();
    panels.delete(parentElement);
  };
}

class Panel {
  constructor(data, parentElement, old) {
    this.data = data;
    this.code = Array.from(data.code);
    this.committed = [...this.code];
    this.history = [];
    this.told = []; // codes told to Python that it has not sent back
    if (old && old.data.decode === data.decode && old.code.length === this.code.length) {
      this.history = old.history;
      if (!sameCode(old.code, this.code)) this.history.push(old.code);
    }
    this.asked = new WeakMap(); // question -> time of the input event behind it
    this.hook = { latencies: [], code: this.code };
    window.__loupeConsole = this.hook;

    this.root = document.createElement("div");
    this.root.className = "loupe-console";
    this.root.innerHTML = MARKUP;
    parentElement.append(this.root);
    this.canvas = this.find("canvas");
    this.live = new Live(data.decode, (answer) => this.showAnswer(answer), (text) => this.showError(text));
    this.buildRows();
    this.buildChoices();
    this.listen();
    this.showHistory();
    this.ask();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  remove() {
    clearTimeout(this.keyTimer);
    this.live.close();
    this.root.remove();
    if (window.__loupeConsole === this.hook) delete window.__loupeConsole;
  }

  /** Whether `data` is ours with a code that we told ourselves; then its id is taken and nothing rebuilt. */
  takesEcho(data) {
    const echoed = this.told.findIndex((code) => sameCode(code, data.code, ECHO_TOLERANCE));
    const rest = ({ id, code, label, ...others }) => JSON.stringify(others);
    if (echoed < 0 || rest(data) !== rest(this.data)) return false;
    this.told.splice(0, echoed + 1);
    this.data = { ...this.data, id: data.id }; // the code stays: it is where Reset leads
    return true;
  }

  buildRows() {
    const { data } = this;
    const { lively, quiet } = splitDimensions(data.latent_dim, data.order, data.inactive);
    this.rows = Array(data.latent_dim).fill(null); // quiet rows are built when they are first unfolded
    const add = (dimensions, place) => {
      const made = dimensions.map((d) => (this.rows[d] = makeRow(data.dimensions[d], d, this.code[d])));
      this.find(place).append(...made.map((row) => row.element));
    };
    add(lively, ".lively");
    if (!quiet.length) return;
    const details = this.find("details");
    details.hidden = false;
    details.firstElementChild.textContent = `${quiet.length} quiet dimension${quiet.length > 1 ? "s" : ""}`;
    details.ontoggle = () => {
      if (details.open && !this.rows[quiet[0]]) add(quiet, ".quiet");
    };
    details.open = lively.length === 0;
  }

  buildChoices() {
    const starts = (this.data.starts ?? []).filter((start) => start.name !== "mean");
    this.starts = fillSelect(this.find(".starts"), ["choose\u2026", ...starts.map((start) => start.name)]);
    this.starts.onchange = () => {
      const chosen = starts[this.starts.selectedIndex - 1];
      if (!chosen) return;
      if (chosen.label !== undefined) this.classes.selectedIndex = chosen.label;
      this.move(chosen.code, this.starts.selectedIndex);
    };
    this.classes = fillSelect(this.find(".classes"), this.data.classes ?? [], 0);
    this.classes.selectedIndex = this.data.label ?? 0;
    this.classes.onchange = () => {
      this.ask();
      this.tell();
    };
  }

  listen() {
    const board = this.find(".board");
    const dimensionOf = (event) => event.target.closest(".row")?.dataset.dimension;
    board.onpointerdown = () => { this.pointer = true; };
    board.onkeydown = (event) => {
      this.pointer = false;
      if (event.target.type !== "range") return;
      if (event.key === "Delete" || event.key === "Backspace") this.toMean(Number(dimensionOf(event)));
    };
    board.oninput = (event) => {
      if (event.target.type !== "range") return;
      const d = Number(dimensionOf(event));
      this.code[d] = event.target.valueAsNumber;
      this.rows[d].show(this.code[d]);
      this.starts.selectedIndex = 0;
      this.ask(event.timeStamp);
    };
    board.onchange = (event) => {
      if (event.target.type !== "range") return;
      clearTimeout(this.keyTimer);
      if (this.pointer) this.commit();
      else this.keyTimer = setTimeout(() => this.commit(), KEY_PAUSE_MS);
    };
    board.ondblclick = (event) => {
      const d = dimensionOf(event);
      if (d !== undefined) this.toMean(Number(d));
    };
    const acts = {
      mean: () => this.move(this.data.dimensions.map((dimension) => dimension.mean)),
      random: () => this.move(randomCode(this.data.dimensions, this.ranges())),
      reset: () => this.move(this.data.code),
      undo: () => this.undo(),
    };
    board.onclick = (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.();
    this.root.onkeydown = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      this.undo();
    };
  }

  ranges() {
    return this.data.dimensions.map((dimension, d) => this.rows[d]?.range ?? sliderRange(dimension));
  }

  toMean(d) {
    const code = [...this.code];
    code[d] = this.data.dimensions[d].mean;
    this.move(code);
  }

  /** Jump to a code, as one step that can be undone. */
  move(code, start = 0) {
    this.set(code, start);
    this.commit();
  }

  set(code, start = 0) {
    code.forEach((value, d) => {
      // A quiet row that was never unfolded has no slider yet; it reads the code when it is built.
      if (value !== this.code[d]) this.rows[d]?.show(value);
      this.code[d] = value;
    });
    this.starts.selectedIndex = start;
    this.ask();
  }

  undo() {
    this.commit(false);
    const code = this.history.pop();
    if (!code) return;
    this.set(code);
    this.committed = [...code];
    this.showHistory();
    this.tell();
  }

  commit(told = true) {
    clearTimeout(this.keyTimer);
    if (sameCode(this.code, this.committed)) return;
    this.history.push(this.committed);
    if (this.history.length > KEPT_UNDO) this.history.shift();
    this.committed = [...this.code];
    this.showHistory();
    if (told) this.tell();
  }

  showHistory() {
    this.find('[data-act="undo"]').disabled = this.history.length === 0;
  }

  tell() {
    const label = this.data.classes?.length ? { label: this.classes.selectedIndex } : {};
    this.told = [...this.told, [...this.code]].slice(-KEPT_UNDO);
    this.setStateValue?.("code", { code: [...this.code], seq: ++sequence, ...label });
  }

  ask(time) {
    const body = { codes: [[...this.code]] };
    if (this.data.classes?.length) body.labels = [this.classes.selectedIndex];
    if (time !== undefined) this.asked.set(body, time);
    this.live.ask(body);
  }

  showAnswer({ meta, pixels, milliseconds, body }) {
    const [, h, w, c] = meta.shape;
    paint(this.canvas, pixels, [h, w, c]);
    this.fit(h, w);
    this.showPicture(true);
    const speed = this.find(".speed");
    speed.textContent = `decode ${readableMs(meta.milliseconds ?? milliseconds)}`;
    speed.title = `with the way there and back ${readableMs(milliseconds)}`;
    this.showSupport(meta.support[0]);
    const time = this.asked.get(body);
    if (time === undefined) return;
    requestAnimationFrame(() => {
      const { latencies } = this.hook;
      if (latencies.push(performance.now() - time) > KEPT_LATENCIES) latencies.shift();
    });
  }

  fit(h, w) {
    const picture = this.find(".picture");
    const room = Math.min(ROOM, picture.clientWidth || ROOM);
    const { width } = pictureSize(h, w, room, window.devicePixelRatio || 1);
    this.find(".stage").style.setProperty("--shown", `${width}px`);
    this.canvas.style.aspectRatio = `${w} / ${h}`;
  }

  showPicture(shown) {
    this.canvas.hidden = !shown;
    this.find(".failure").hidden = shown;
    const picture = this.find(".picture");
    picture.classList.toggle("empty", !shown);
    picture.setAttribute("aria-busy", "false");
  }

  showSupport(share) {
    const support = this.find(".support");
    support.hidden = !Number.isFinite(share);
    if (support.hidden) return;
    const { sentence, level, percent } = describeSupport(share);
    support.dataset.level = level;
    support.style.setProperty("--share", `${percent}%`);
    support.firstElementChild.setAttribute("aria-label", `support: ${sentence}`);
    this.find(".sentence").textContent = sentence;
  }

  showError(sentence) {
    const failure = this.find(".failure");
    failure.textContent = sentence;
    this.showPicture(false);
    this.find(".speed").textContent = "";
    this.find(".support").hidden = true;
  }
}

/** Fill the select of a label, and show the label only if it has more than `least` choices. */
function fillSelect(label, names, least = 1) {
  const select = label.querySelector("select");
  select.replaceChildren(...names.map((name) => new Option(name)));
  label.hidden = names.length <= least;
  return select;
}
