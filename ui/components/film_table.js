/** The figures of all ways in one table: length and largest jump in picture space, lowest support. */

import { describeSupport } from "./live.js";

const TABLE_HTML = `
  <thead><tr><th scope="col">way</th>
    <th scope="col" title="Sum of the distances between successive pictures, over all their pixels">length</th>
    <th scope="col" title="The largest distance between two successive pictures">largest jump</th>
    <th scope="col" title="The lowest support on the way: the share of the data that lies farther from its neighbours">
      lowest support</th></tr></thead><tbody></tbody>`;

export class Figures {
  /** @param {HTMLTableElement} table  @param {{name: string, colour: string, help: string}[]} ways */
  constructor(table, ways) {
    table.innerHTML = TABLE_HTML;
    this.rows = new Map();
    for (const { name, colour, help } of ways) {
      const row = table.tBodies[0].insertRow();
      row.innerHTML = `<th scope="row"><i></i><span></span> <small></small></th><td></td><td></td>
        <td><span class="meter"><i></i></span> <span></span></td>`;
      row.querySelector("i").style.background = colour;
      row.querySelector("th span").textContent = name;
      row.querySelector("small").textContent = help;
      this.rows.set(name, row);
    }
  }

  /** Show what an answer says of one way; dashes where there is no such way. */
  show(way) {
    const [, length, jump, lowest] = this.rows.get(way.name).cells;
    const meter = lowest.querySelector(".meter");
    meter.hidden = !way.steps;
    length.textContent = way.steps ? way.length.toFixed(2) : "–";
    jump.textContent = way.steps ? way.jump.toFixed(2) : "–";
    if (!way.steps) return (lowest.lastElementChild.textContent = "–");
    const { level, percent, sentence } = describeSupport(way.lowest);
    meter.dataset.level = level;
    meter.style.setProperty("--share", `${percent}%`);
    lowest.lastElementChild.textContent = `${percent} %${level === "low" ? " · leaves the data" : ""}`;
    lowest.title = sentence;
    return null;
  }
}
