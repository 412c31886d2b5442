/** The colours of the pad: swatches to choose from by mouse or keyboard, and any other colour. */

/** Name and colour of each swatch; the keys 1 to 8 take them. */
export const COLOURS = [
  ["black", "#000000"], ["white", "#ffffff"], ["red", "#d62728"], ["orange", "#ff9f1c"],
  ["yellow", "#f7e03c"], ["green", "#2ca02c"], ["blue", "#1f5fd6"], ["brown", "#8c564b"],
];

export const COLOUR_MARKUP = `
  <fieldset class="colours">
    <legend>Colour</legend>
    ${COLOURS.map(([name, value], at) => `<input type="radio" name="colour" value="${value}" aria-label="${name}"
      title="${name} (${at + 1})" style="--swatch: ${value}">`).join("")}
    <input type="color" aria-label="Another colour" title="Another colour" value="#d62728">
  </fieldset>`;

/** The swatch that a key takes, or undefined. */
export function byKey(key) {
  return COLOURS[Number.parseInt(key, 10) - 1]?.[1];
}

/** The colour that a drawing begins with: what shows best on its ground. */
export function firstOn(ground) {
  return ground === "#ffffff" ? "#000000" : "#ffffff";
}

/** The choice on the page: its colour, and a call when it changes. */
export class Colours {
  /** @param {Element} place  where the markup stands  @param {string} colour  it begins with  @param {() => void} chosen */
  constructor(place, colour, chosen) {
    this.place = place;
    this.other = place.querySelector("[type=color]");
    this.take(colour);
    place.onchange = place.oninput = (event) => {
      this.take(event.target.value);
      chosen();
    };
  }

  take(colour) {
    this.colour = colour;
    for (const swatch of this.place.querySelectorAll("[type=radio]")) swatch.checked = swatch.value === colour;
    this.other.value = colour;
    this.other.classList.toggle("chosen", !this.place.querySelector(":checked"));
  }
}
