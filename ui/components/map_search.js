// The search field: what may be meant while one types, and what is asked when Enter is pressed. What a search finds
// is for Python to say; here it is only text.

const MOST = 8;

/**
 * Completions of what is typed.
 * @param {string} text
 * @param {{classes: string[], fields: {name: string, kinds: string[]}[], count: number}} known
 * @returns {{text: string, note: string}[]} text is what would be asked
 */
export function suggestions(text, { classes, fields, count }) {
  const comma = text.lastIndexOf(",");
  const before = text.slice(0, comma + 1) + (comma >= 0 ? " " : "");
  const part = text.slice(comma + 1).trimStart();
  const word = part.trim().toLowerCase();
  if (!word) return [];
  const found = [];
  const add = (whole, note) => found.push({ text: before + whole, note });
  const [, name, sign, value] = part.match(/^(.+?)\s*(<=|>=|!=|=|<|>)\s*(.*)$/) ?? [];
  if (sign) {
    for (const field of fields.filter((each) => isMeant(each.name, name))) {
      for (const kind of field.kinds) {
        if (kind.toLowerCase().startsWith(value.trim().toLowerCase())) add(`${field.name}${sign}${kind}`, "value");
      }
    }
    return found.slice(0, MOST);
  }
  const named = classes.filter((label) => label.toLowerCase().includes(word));
  named.sort((a, b) => Number(b.toLowerCase().startsWith(word)) - Number(a.toLowerCase().startsWith(word)));
  for (const label of named.slice(0, MOST)) add(label, "class");
  const item = word.match(/^(?:item\s*|#\s*)?(\d+)$/);
  if (item && Number(item[1]) < 1e9) add(`#${item[1]}`, count === 1 ? "the item" : "item");
  for (const { name: field, kinds } of fields) {
    if (!isMeant(field, word)) continue;
    if (kinds.length) kinds.slice(0, 4).forEach((kind) => add(`${field}=${kind}`, "value"));
    else add(`${field}>`, "value");
  }
  return found.slice(0, MOST);
}

/** Whether a name, or one of its words, begins with what was typed. */
function isMeant(name, typed) {
  const word = typed.trim().toLowerCase().replace(/[\s_-]+/g, " ");
  const words = name.toLowerCase().split(" ");
  return words.some((_, at) => words.slice(at).join(" ").startsWith(word));
}

/** The field, its list and its answer. */
export class Search {
  /**
   * @param {{asked: (text: string, mode: string) => void, leave: () => void}} on
   */
  constructor(on) {
    this.on = on;
    this.known = { classes: [], fields: [], count: 0 };
    this.chosen = -1;
    this.found = [];
    this.element = made("div", "map-search", { role: "search" });
    this.input = made("input", "map-search-field", {
      type: "text",
      role: "combobox",
      "aria-label": "Search the map: a class, #item, or value such as error>30",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": "map-search-list",
      placeholder: "Search  ( / )",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: "200",
    });
    this.input.title = "A class, an item as #42, or a value: hair=red, error>30 (press / to come here; Enter selects,"
      + " shift adds)";
    this.list = made("ul", "map-search-list", { role: "listbox", id: "map-search-list", "aria-label": "meant" });
    this.list.hidden = true;
    this.answer = made("p", "map-search-answer", { role: "status" });
    this.answer.hidden = true;
    this.element.append(this.input, this.list, this.answer);
    this.input.oninput = () => this.suggest();
    this.input.onblur = () => this.fold();
    this.input.onkeydown = (event) => this.key(event);
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  /** What Python found: how many, or a sentence. */
  tell(searched) {
    const mine = searched && searched.text === this.asked;
    const words = mine ? searched.sentence || `${searched.count.toLocaleString("en-GB")} found` : "";
    this.answer.textContent = words;
    this.answer.hidden = !words;
    this.answer.classList.toggle("map-search-none", Boolean(mine && searched.sentence));
  }

  suggest() {
    this.answer.hidden = true;
    this.chosen = -1;
    this.found = suggestions(this.input.value, this.known);
    this.list.replaceChildren(...this.found.map(({ text, note }, at) => {
      const line = made("li", "map-search-line", { role: "option", id: `map-search-${at}`, "aria-selected": "false" });
      const words = made("span", "");
      words.textContent = text;
      const aside = made("small", "");
      aside.textContent = note;
      line.append(words, aside);
      line.onpointerdown = (event) => {
        event.preventDefault(); // the field keeps the focus
        this.complete(text, event.shiftKey);
      };
      return line;
    }));
    this.unfold(this.found.length > 0);
  }

  unfold(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (!open) this.input.removeAttribute("aria-activedescendant");
  }

  fold() {
    this.chosen = -1;
    this.unfold(false);
  }

  choose(step) {
    if (this.list.hidden) return;
    const count = this.found.length;
    this.chosen = (this.chosen + step + count + (this.chosen < 0 && step < 0 ? 1 : 0)) % count;
    [...this.list.children].forEach((line, at) => line.setAttribute("aria-selected", String(at === this.chosen)));
    this.list.children[this.chosen].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", `map-search-${this.chosen}`);
  }

  /** Take a completion: ask for it, or put it into the field when it still lacks its value. */
  complete(text, adding) {
    this.input.value = text;
    if (/[<>=]$/.test(text)) this.suggest();
    else this.take(text, adding);
  }

  /** Ask for a text. */
  take(text, adding) {
    this.fold();
    this.asked = text.trim();
    if (this.asked) this.on.asked(this.asked, adding ? "add" : "replace");
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.choose(step);
    else if (event.key === "Enter" && this.chosen >= 0) this.complete(this.found[this.chosen].text, event.shiftKey);
    else if (event.key === "Enter") this.take(this.input.value, event.shiftKey);
    else if (event.key === "Escape" && !this.list.hidden) this.fold();
    else if (event.key === "Escape") this.on.leave();
    else {
      event.stopPropagation(); // letters are text here, not the page's shortcuts
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

function made(tag, className, attributes = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
