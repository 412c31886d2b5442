// The stack of corruptions: one row each with its severity, in the order in which they are applied. No requests here.

export const MOST = 10;

/** A stack with the row at `from` moved to `to`; out of range it stays as it is. */
export function moved(stack, from, to) {
  if (to < 0 || to >= stack.length || from === to) return stack;
  const next = [...stack];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

/** A severity for reading. */
export function readable(severity) {
  return severity.toFixed(2);
}

const ROW = `
  <li class="part">
    <span class="number" aria-hidden="true"></span>
    <select aria-label="Corruption"></select>
    <button type="button" data-act="up" aria-label="Earlier" title="Earlier">↑</button>
    <button type="button" data-act="down" aria-label="Later" title="Later">↓</button>
    <button type="button" data-act="remove" aria-label="Remove" title="Remove">×</button>
    <input type="range" class="slider" min="0" max="1" step="0.01"><output></output>
  </li>`;

/** The rows on screen. */
export class Stack {
  /**
   * @param {HTMLElement} list  an <ol>
   * @param {{name: string, words: string, help: string}[]} known  corruptions to choose from
   * @param {{name: string, severity: number}[]} parts
   * @param {{onInput: (time: number) => void, onCommit: () => void}} calls  while a slider moves; when it is let go,
   *   or the stack is another one
   */
  constructor(list, known, parts, calls) {
    Object.assign(this, { list, known, calls, parts: parts.map((part) => ({ ...part })) });
    list.oninput = (event) => this.#slide(event);
    list.onchange = (event) => this.#change(event);
    list.onclick = (event) => this.#press(event);
    this.#build();
  }

  /** Add a corruption at the end, one that is not in the stack yet where there is one. */
  add() {
    if (this.parts.length >= MOST) return;
    const used = new Set(this.parts.map((part) => part.name));
    const { name } = this.known.find((each) => !used.has(each.name)) ?? this.known[0];
    this.#become([...this.parts, { name, severity: 0.3 }], this.parts.length);
  }

  #become(parts, focus, act = "") {
    this.parts = parts;
    this.#build();
    const row = this.list.children[Math.min(focus, parts.length - 1)];
    const wanted = row?.querySelector(act ? `[data-act="${act}"]:enabled` : "select") ?? row?.querySelector("input");
    wanted?.focus();
    this.calls.onCommit();
  }

  #build() {
    this.list.innerHTML = ROW.repeat(this.parts.length);
    this.parts.forEach((part, at) => {
      const row = this.list.children[at];
      row.dataset.at = at;
      row.querySelector(".number").textContent = at + 1;
      const select = row.querySelector("select");
      select.replaceChildren(...this.known.map(({ name, words }) => new Option(words, name)));
      select.value = part.name;
      row.querySelector("[data-act=up]").disabled = at === 0;
      row.querySelector("[data-act=down]").disabled = at === this.parts.length - 1;
      row.querySelector("input").value = part.severity;
      this.#show(row, part);
    });
  }

  #show(row, part) {
    const about = this.known.find((each) => each.name === part.name) ?? { words: part.name, help: "" };
    const input = row.querySelector("input");
    row.querySelector("output").textContent = readable(part.severity);
    input.setAttribute("aria-label", `Severity of ${about.words}`);
    input.title = row.querySelector("select").title = about.help;
    input.style.setProperty("--at", part.severity);
  }

  #slide(event) {
    if (event.target.type !== "range") return;
    const row = event.target.closest(".part");
    const part = this.parts[row.dataset.at];
    part.severity = event.target.valueAsNumber;
    this.#show(row, part);
    this.calls.onInput(event.timeStamp);
  }

  #change(event) {
    const row = event.target.closest(".part");
    if (event.target.tagName === "SELECT") {
      this.parts[row.dataset.at].name = event.target.value;
      this.#show(row, this.parts[row.dataset.at]);
    }
    this.calls.onCommit();
  }

  #press(event) {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (!act) return;
    const at = Number(event.target.closest(".part").dataset.at);
    if (act === "remove") this.#become(this.parts.filter((_, each) => each !== at), at, "remove");
    else {
      const to = at + (act === "up" ? -1 : 1);
      this.#become(moved(this.parts, at, to), to, act);
    }
  }
}
