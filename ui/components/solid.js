// Clicks on Plotly's 3-D chart: a Streamlit component (v2) that draws nothing. Streamlit tells Python of lassos and of
// clicks on flat charts only, so this listens to the chart beside it, which it finds by its key on the page.
//
// Data: {chart: the chart's key}. To Python (setStateValue): click = {row, seq}, row being the point's customdata.

const mounted = new WeakMap();

/**
 * Listen, or go on listening.
 * @param {{data: object, parentElement: Element | ShadowRoot,
 *          setStateValue: (name: string, value: unknown) => void}} component
 * @returns {() => void} called by Streamlit when the chart leaves the page
 */
export default function solid(component) {
  const { parentElement } = component;
  let ear = mounted.get(parentElement);
  if (!ear) {
    ear = new Ear();
    mounted.set(parentElement, ear);
  }
  ear.component = component;
  return () => {
    ear.end();
    mounted.delete(parentElement);
  };
}

/** What a click says: the row of the first point that has one, or null. */
export function rowOf(event) {
  for (const { customdata } of event?.points ?? []) {
    const row = Array.isArray(customdata) ? customdata[0] : customdata;
    if (Number.isInteger(row) && row >= 0) return row;
  }
  return null;
}

class Ear {
  constructor() {
    this.component = null;
    this.plot = null;
    this.sent = 0;
    this.heard = (event) => this.tell(rowOf(event));
    // The chart may come after us, and another one may take its place.
    this.watch = new MutationObserver(() => this.find());
    this.watch.observe(document.body, { childList: true, subtree: true });
    requestAnimationFrame(() => this.find());
  }

  find() {
    if (!this.component) return;
    const plot = document.querySelector(`.st-key-${this.component.data.chart} .js-plotly-plot`);
    if (plot === this.plot || !plot?.on) return;
    this.plot = plot;
    plot.on("plotly_click", this.heard);
  }

  tell(row) {
    if (row === null) return;
    this.sent = Math.max(Date.now(), this.sent + 1);
    this.component.setStateValue("click", { row, seq: this.sent });
  }

  end() {
    this.watch.disconnect();
    this.plot?.removeListener?.("plotly_click", this.heard);
    this.component = null;
  }
}
