// The menu of layers: a button of the toolbar that opens a small list of switches, each with its name, what it
// shows, and, where a layer cannot be had, why.

import { iconButton } from "./map_toolbar.js";

/** The button and the list. */
export class LayerMenu {
  /** @param {(name: string) => void} onToggle a switch was pressed */
  constructor(onToggle) {
    this.onToggle = onToggle;
    this.lines = new Map();
    this.button = iconButton("layers", "Layers of the map", () => this.open(this.element.hidden));
    this.button.setAttribute("aria-expanded", "false");
    this.element = document.createElement("div");
    this.element.className = "map-layers";
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Layers of the map");
    this.element.hidden = true;
    this.element.onkeydown = (event) => this.key(event);
    this.element.onfocusout = (event) => {
      const inside = this.element.contains(event.relatedTarget) || event.relatedTarget === this.button;
      if (event.relatedTarget && !inside) this.open(false);
    };
  }

  open(opens) {
    this.element.hidden = !opens;
    this.button.setAttribute("aria-expanded", String(opens));
    if (opens) this.switches()[0]?.focus();
  }

  switches() {
    return [...this.lines.values()].map(({ box }) => box).filter((box) => !box.disabled);
  }

  key(event) {
    const all = this.switches();
    const at = all.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && all.length) all[(at + step + all.length) % all.length].focus();
    else if (event.key === "Escape") {
      this.open(false);
      this.button.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * Show the list; lines that are there already keep their place and the focus.
   * @param {{name: string, title: string, help: string, why: string, on: boolean, note: string}[]} layers
   */
  show(layers) {
    const names = layers.map(({ name }) => name);
    if (names.join() !== [...this.lines.keys()].join()) {
      this.lines = new Map(names.map((name) => [name, this.line(name)]));
      this.element.replaceChildren(...[...this.lines.values()].map(({ element }) => element));
    }
    for (const { name, title, help, why, on, note } of layers) {
      const { element, box, words, small } = this.lines.get(name);
      box.checked = on;
      box.disabled = Boolean(why);
      words.textContent = title;
      small.textContent = why || note;
      small.hidden = !small.textContent;
      element.title = help;
      element.classList.toggle("map-layer-off", Boolean(why));
      element.dataset.layer = name;
    }
    const count = layers.filter(({ on }) => on).length;
    this.button.title = `Layers of the map: ${count} on`;
    this.button.setAttribute("aria-label", this.button.title);
  }

  line(name) {
    const element = document.createElement("label");
    element.className = "map-layer";
    const box = document.createElement("input");
    box.type = "checkbox";
    box.onchange = () => this.onToggle(name);
    const words = document.createElement("span");
    words.className = "map-layer-name";
    const small = document.createElement("small");
    const both = document.createElement("span");
    both.append(words, small);
    element.append(box, both);
    return { element, box, words, small };
  }
}
