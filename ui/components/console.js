/**
 * The decode console: one slider per dimension of the code, and the picture it decodes to, live.
 *
 * Streamlit runs the default export again whenever its data or the theme change. A panel is built once per
 * `data.id`; with the same id, or when `data.code` only echoes what was told, just the callbacks are renewed,
 * so that a rerun of the page never takes the slider out of the user's hand.
 */

import { History } from "./console_history.js";
import { MARKUP } from "./console_markup.js";
import { Near } from "./console_near.js";
import { makeRow } from "./console_row.js";
import { Stage } from "./console_stage.js";
import { keepLocked, randomCode, sameCode, sliderRange, splitDimensions } from "./console_values.js";
import { Live } from "./live.js";

const panels = new WeakMap(); // parentElement -> Panel
const KEPT_LATENCIES = 1000;
const KEPT_UNDO = 100;
const KEY_PAUSE_MS = 300; // held arrow keys are one change, told once they rest
const ECHO_TOLERANCE = 1e-4; // codes come back rounded, from an address for instance

let sequence = 0; // per page load, as long as a Streamlit session: a remount never counts backwards

/**
 * Streamlit's entry. `data` is {id, decode, nearest, latent_dim, code, order, inactive, shape, classes, label?,
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
    this.history = new History(KEPT_UNDO);
    this.locked = new Set(); // dimensions that Random and Mean leave
    this.told = []; // codes told to Python that it has not sent back
    if (old && old.data.decode === data.decode && old.code.length === this.code.length) {
      this.history = old.history;
      this.locked = old.locked;
      if (!sameCode(old.code, this.code)) this.history.push(old.code);
    }
    this.asked = new WeakMap(); // question -> time of the input event behind it
    this.hook = { latencies: [], code: this.code };
    window.__loupeConsole = this.hook;

    this.root = document.createElement("div");
    this.root.className = "loupe-console";
    this.root.innerHTML = MARKUP;
    parentElement.append(this.root);
    this.stage = new Stage(this.find(".stage"));
    this.live = new Live(data.decode, (answer) => this.showAnswer(answer), (text) => this.stage.fail(text));
    this.near = new Near(this.find(".near"), data.nearest, (code, label) => this.move(code, 0, label));
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
    this.near.close();
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
      dimensions.forEach((d) => this.rows[d].lock(this.locked.has(d)));
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
      this.move(chosen.code, this.starts.selectedIndex, chosen.label);
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
      if (event.key.toLowerCase() === "l" && !event.ctrlKey && !event.metaKey) this.lock(Number(dimensionOf(event)));
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
      const d = event.target.closest(".lock") ? undefined : dimensionOf(event);
      if (d !== undefined) this.toMean(Number(d));
    };
    const acts = {
      mean: () => this.jump(this.data.dimensions.map((dimension) => dimension.mean)),
      random: () => this.jump(randomCode(this.data.dimensions, this.ranges())),
      reset: () => this.move(this.data.code),
      undo: () => this.goBack("undo"),
      redo: () => this.goBack("redo"),
    };
    board.onclick = (event) => {
      acts[event.target.closest("[data-act]")?.dataset.act]?.();
      if (event.target.closest(".lock")) this.lock(Number(dimensionOf(event)));
    };
    this.root.onkeydown = (event) => {
      const key = event.key.toLowerCase();
      if (!(event.ctrlKey || event.metaKey) || (key !== "z" && key !== "y")) return;
      event.preventDefault();
      this.goBack(event.shiftKey || key === "y" ? "redo" : "undo");
    };
  }

  lock(d) {
    if (!this.locked.delete(d)) this.locked.add(d);
    this.rows[d].lock(this.locked.has(d));
  }

  /** Go to a code, but for the locked dimensions. */
  jump(code) {
    this.move(keepLocked(this.code, code, this.locked));
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
  move(code, start = 0, label = undefined) {
    const other = label >= 0 && this.data.classes?.length && label !== this.classes.selectedIndex;
    if (other) this.classes.selectedIndex = label;
    this.set(code, start);
    if (!this.commit() && other) this.tell();
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

  /** Undo or redo. */
  goBack(which) {
    this.commit(false);
    const code = this.history[which](this.committed);
    if (!code) return;
    this.set(code);
    this.committed = [...code];
    this.showHistory();
    this.tell();
  }

  commit(told = true) {
    clearTimeout(this.keyTimer);
    if (sameCode(this.code, this.committed)) return false;
    this.history.push(this.committed);
    this.committed = [...this.code];
    this.showHistory();
    if (told) this.tell();
    return true;
  }

  showHistory() {
    this.find('[data-act="undo"]').disabled = this.history.past.length === 0;
    this.find('[data-act="redo"]').disabled = this.history.future.length === 0;
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
    this.near.ask([...this.code]);
  }

  showAnswer({ meta, pixels, milliseconds, body }) {
    this.stage.show(meta, pixels, milliseconds);
    const time = this.asked.get(body);
    if (time === undefined) return;
    requestAnimationFrame(() => {
      const { latencies } = this.hook;
      if (latencies.push(performance.now() - time) > KEPT_LATENCIES) latencies.shift();
    });
  }
}

/** Fill the select of a label, and show the label only if it has more than `least` choices. */
function fillSelect(label, names, least = 1) {
  const select = label.querySelector("select");
  select.replaceChildren(...names.map((name) => new Option(name)));
  label.hidden = names.length <= least;
  return select;
}
