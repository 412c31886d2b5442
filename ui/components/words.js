/**
 * The browser of code words: the picture under a grid of cells; the words nearest to the chosen cell's, each shown as
 * the picture that it would make. Streamlit runs the default export again whenever its data or the theme change; a
 * panel is built once per `data.id`.
 */

import { History } from "./console_history.js";
import { Live, paint } from "./live.js";
import { exchange, isSame, step } from "./words_values.js";

const panels = new WeakMap(); // parentElement -> Panel
const MARKUP = `
  <section class="stage" aria-label="Decoded picture">
    <div class="ground"><canvas role="img" aria-label="decoded picture" width="1" height="1"></canvas>
      <div class="cells" role="group" aria-label="Cells"></div></div>
    <p class="said" role="status"></p>
  </section>
  <section class="board" aria-label="Words">
    <div class="bar">
      <button type="button" data-act="reset">Reset</button>
      <button type="button" data-act="undo" title="Undo (Ctrl+Z)" disabled>Undo</button>
      <button type="button" data-act="redo" title="Redo (Ctrl+Shift+Z)" disabled>Redo</button>
    </div>
    <p class="head"></p>
    <ol aria-label="Nearest words"></ol>
  </section>`;

let sequence = 0;

/** Streamlit's entry. `data` is {id, url, words}; a change is told as state "words": {words, seq}. */
export default function mount({ data, parentElement, setStateValue }) {
  const old = panels.get(parentElement);
  if (old?.data.id !== data.id) {
    old?.remove();
    panels.set(parentElement, new Panel(data, parentElement));
  }
  panels.get(parentElement).setStateValue = setStateValue;
  return () => {
    panels.get(parentElement)?.remove();
    panels.delete(parentElement);
  };
}

class Panel {
  constructor(data, parentElement) {
    this.data = data;
    this.words = data.words;
    this.cell = [Math.floor(data.words.length / 2), Math.floor(data.words[0].length / 2)];
    this.history = new History();
    this.root = document.createElement("div");
    this.root.className = "loupe-words";
    this.root.innerHTML = MARKUP;
    parentElement.append(this.root);
    this.find = (selector) => this.root.querySelector(selector);
    this.live = new Live(data.url, (answer) => this.show(answer), (text) => this.fail(text));
    this.buildCells();
    this.listen();
    this.choose(this.cell);
  }

  remove() {
    this.live.close();
    this.root.remove();
  }

  buildCells() {
    const cells = this.find(".cells");
    cells.style.gridTemplateColumns = `repeat(${this.words[0].length}, 1fr)`;
    this.buttons = this.words.map((line, row) => line.map((_, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.onclick = () => this.choose([row, column]);
      cells.append(button);
      return button;
    }));
  }

  listen() {
    this.find(".cells").onkeydown = (event) => {
      const next = step(this.cell, event.key, this.words);
      if (!next) return;
      event.preventDefault();
      this.choose(next);
      this.buttons[next[0]][next[1]].focus();
    };
    const acts = {
      reset: () => this.put(this.data.words),
      undo: () => this.goBack("undo"),
      redo: () => this.goBack("redo"),
    };
    this.find(".bar").onclick = (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.();
    this.root.onkeydown = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      this.goBack(event.shiftKey ? "redo" : "undo");
    };
  }

  choose(cell) {
    this.cell = cell;
    this.ask();
  }

  put(words) {
    if (isSame(words, this.words)) return;
    this.history.push(this.words);
    this.take(words);
  }

  goBack(which) {
    const words = this.history[which](this.words);
    if (words) this.take(words);
  }

  take(words) {
    this.words = words;
    this.ask();
    this.setStateValue?.("words", { words, seq: ++sequence });
  }

  ask() {
    this.words.forEach((line, row) => line.forEach((word, column) => {
      const button = this.buttons[row][column];
      const chosen = row === this.cell[0] && column === this.cell[1];
      button.setAttribute("aria-pressed", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      button.classList.toggle("changed", word !== this.data.words[row][column]);
      button.title = `row ${row + 1}, column ${column + 1}: word ${word}`;
      button.setAttribute("aria-label", button.title);
    }));
    this.find('[data-act="undo"]').disabled = this.history.past.length === 0;
    this.find('[data-act="redo"]').disabled = this.history.future.length === 0;
    this.live.ask({ words: this.words, cell: this.cell });
  }

  show({ meta, pixels, body }) {
    const [count, h, w, c] = meta.shape;
    const size = h * w * c;
    paint(this.find(".ground canvas"), pixels.subarray(0, size), [h, w, c]);
    this.find(".ground").style.aspectRatio = `${w} / ${h}`;
    const changed = this.words.flat().filter((word, n) => word !== this.data.words.flat()[n]).length;
    this.find(".said").textContent =
      changed ? `${changed} of ${this.words.flat().length} words changed` : "The item's own words";
    const [row, column] = body.cell;
    this.find(".head").textContent =
      `Row ${row + 1}, column ${column + 1} says word ${meta.words[0]}. The words nearest to it, and what they make:`;
    const list = this.find("ol");
    while (list.children.length > count - 1) list.lastChild.remove();
    while (list.children.length < count - 1) list.append(makeWord());
    meta.words.forEach((word, n) => {
      const button = list.children[n].firstElementChild;
      paint(button.querySelector("canvas"), pixels.subarray((n + 1) * size, (n + 2) * size), [h, w, c]);
      button.querySelector("b").textContent = n ? `${word} · ${meta.distances[n].toFixed(2)}` : `${word}`;
      button.title = n ? `Word ${word}, ${meta.distances[n].toFixed(3)} away` : `Word ${word}, as it is`;
      button.setAttribute("aria-label", button.title);
      button.setAttribute("aria-pressed", String(n === 0));
      button.onclick = () => this.put(exchange(body.words, body.cell, word));
    });
  }

  fail(sentence) {
    this.find(".said").textContent = sentence;
  }
}

function makeWord() {
  const item = document.createElement("li");
  item.innerHTML = '<button type="button"><canvas width="1" height="1"></canvas><b></b></button>';
  return item;
}
