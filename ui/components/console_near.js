/** The nearest items of the data under the decoded picture: asked for once the code rests, pressed to go there. */

import { Live, paint } from "./live.js";

const REST_MS = 160; // without a change: a search over all codes is not for each step of a drag

export class Near {
  /**
   * @param {HTMLElement} place  gets a heading and a row of pictures
   * @param {string} url  the route that finds them
   * @param {(code: number[], label: number) => void} onPick  an item was pressed
   */
  constructor(place, url, onPick) {
    this.list = place.querySelector("ol");
    this.note = place.querySelector(".near-note");
    this.onPick = onPick;
    this.live = new Live(url, (answer) => this.show(answer), (text) => this.fail(text));
  }

  /** Ask for the nearest of a code as soon as no other is asked for. */
  ask(code) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.live.ask({ codes: [code] }), REST_MS);
  }

  close() {
    clearTimeout(this.timer);
    this.live.close();
  }

  show({ meta, pixels }) {
    const [count, h, w, c] = meta.shape;
    const size = h * w * c;
    this.note.textContent = "";
    while (this.list.children.length > count) this.list.lastChild.remove();
    while (this.list.children.length < count) this.list.append(makeItem());
    for (let n = 0; n < count; n += 1) {
      const button = this.list.children[n].firstElementChild;
      paint(button.querySelector("canvas"), pixels.subarray(n * size, (n + 1) * size), [h, w, c]);
      const name = meta.names[n] ? ` · ${meta.names[n]}` : "";
      button.querySelector("b").textContent = meta.distances[n].toFixed(2);
      button.title = `Item ${meta.items[n]}${name}, ${meta.distances[n].toFixed(3)} away: start from it`;
      button.setAttribute("aria-label", button.title);
      button.onclick = () => this.onPick(meta.codes[n], meta.labels[n]);
    }
  }

  fail(sentence) {
    this.list.replaceChildren();
    this.note.textContent = sentence;
  }
}

function makeItem() {
  const item = document.createElement("li");
  item.innerHTML = '<button type="button"><canvas width="1" height="1"></canvas><b></b></button>';
  return item;
}
