/**
 * The Noise lab: a stack of corruptions turned by sliders, and at once what goes in, what each run makes of it, how far
 * both are from the clean item, and where the code goes on a small map.
 *
 * Streamlit runs the default export again whenever its data or the theme change; a panel is built once per `data.id`.
 */

import { readableMs } from "./console_values.js";
import { Live, describeSupport, paint } from "./live.js";
import { FIGURES, MARKUP, RUN, figureText, verdict } from "./noise_markup.js";
import { Stack, MOST, readable } from "./noise_stack.js";
import { SmallMap } from "./small_map.js";

const panels = new WeakMap(); // parentElement -> Panel
const KEPT_LATENCIES = 1000;
const REST_MS = 120;
const KEY_PAUSE_MS = 300; // held arrow keys are one change, told once they rest

let sequence = 0;

/**
 * Streamlit's entry. `data` is {id, noise, places, question: {runs, item or picture, way, label}, stack, draw, level,
 * on, known: [{name, words, help}], runs: [{title, map}], shape, clean}. What was let go of is told as state "stack":
 * {stack, draw, level, seq}.
 */
export default function mount({ data, parentElement, setStateValue }) {
  const old = panels.get(parentElement);
  if (old?.data.id !== data.id) {
    old?.remove();
    panels.set(parentElement, new Panel(data, parentElement));
  } else old.redraw(); // the theme may be another
  panels.get(parentElement).setStateValue = setStateValue;
  return () => {
    panels.get(parentElement)?.remove();
    panels.delete(parentElement);
  };
}

class Panel {
  constructor(data, parentElement) {
    this.data = data;
    this.draw = data.draw;
    this.level = data.level;
    this.asked = new WeakMap(); // question -> time of the input event behind it
    this.hook = { latencies: [], answers: 0 };
    window.__loupeNoise = this.hook;
    this.root = document.createElement("div");
    this.root.className = "loupe-noise";
    this.root.innerHTML = MARKUP;
    parentElement.append(this.root);
    this.live = new Live(data.noise, (answer) => this.showAnswer(answer), (text) => this.showError(text));
    this.far = new Live(data.places, ({ meta }) => this.showPlaces(meta.places), () => this.showPlaces([]));
    this.buildRuns();
    this.buildBoard();
    this.ask();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  remove() {
    clearTimeout(this.keyTimer);
    clearTimeout(this.farTimer);
    this.live.close();
    this.far.close();
    this.root.remove();
    if (window.__loupeNoise === this.hook) delete window.__loupeNoise;
  }

  redraw() {
    this.maps.forEach((map) => map.draw(map.shown));
  }

  buildRuns() {
    const { runs, on, clean } = this.data;
    this.find(".clean figcaption").textContent = clean;
    this.find(".given figcaption").textContent = on === "code" ? "decoded, undisturbed" : "input, disturbed";
    this.find(".given-error figcaption").textContent = on === "code" ? "error, undisturbed" : "error of the input";
    this.find(".runs").innerHTML = RUN.repeat(runs.length);
    this.cards = [...this.find(".runs").children];
    this.maps = runs.map((run, at) => {
      const card = this.cards[at];
      card.querySelector("h4").textContent = run.title;
      card.querySelector(".map small").textContent = `${run.map.title}: trail from clean (ring) to the worst, 64 draws`;
      return new SmallMap(card.querySelector(".map canvas"), run.map);
    });
  }

  buildBoard() {
    const { known, stack, on } = this.data;
    const calls = { onInput: (time) => this.ask(time), onCommit: () => this.commit() };
    this.stack = new Stack(this.find("ol"), known, stack, calls);
    const onCode = on === "code";
    this.find(".stacked").hidden = onCode;
    this.find(".on-code").hidden = !onCode;
    const slider = this.find(".on-code input");
    slider.value = this.level;
    this.find(".on-code output").textContent = readable(this.level);
    slider.style.setProperty("--at", this.level / 3);
    slider.oninput = (event) => {
      this.level = slider.valueAsNumber;
      this.find(".on-code output").textContent = readable(this.level);
      slider.style.setProperty("--at", this.level / 3);
      this.ask(event.timeStamp);
    };
    slider.onchange = () => this.commit();
    this.find("[data-act=add]").onclick = () => this.stack.add();
    this.find("[data-act=draw]").onclick = () => {
      this.draw = (this.draw + 1) % 10_000;
      this.commit();
    };
    this.showStack();
  }

  showStack() {
    const { length } = this.stack.parts;
    this.find("[data-act=add]").disabled = length >= MOST;
    this.find(".empty").hidden = length > 0;
    this.find("[data-act=draw]").title = `Other noise of the same strength; this is draw ${this.draw}`;
  }

  commit() {
    this.showStack();
    this.ask();
    clearTimeout(this.keyTimer);
    this.keyTimer = setTimeout(() => {
      const stack = this.stack.parts.map((part) => ({ ...part }));
      this.setStateValue?.("stack", { stack, draw: this.draw, level: this.level, seq: ++sequence });
    }, KEY_PAUSE_MS);
  }

  ask(time) {
    const onCode = this.data.on === "code";
    const body = { ...this.data.question, draw: this.draw };
    body.stack = onCode ? [] : this.stack.parts.map((part) => ({ ...part }));
    if (onCode) body.on_code = this.level;
    if (time !== undefined) this.asked.set(body, time);
    this.live.ask(body);
  }

  showAnswer({ meta, pixels, milliseconds, body }) {
    const [count, height, width, channels] = meta.shape;
    const size = height * width * channels;
    const canvases = [...this.root.querySelectorAll("canvas.picture")];
    for (let at = 0; at < count; at++) {
      paint(canvases[at], pixels.subarray(at * size, (at + 1) * size), [height, width, channels]);
    }
    const [given, ...outs] = meta.figures;
    this.showFigures(this.find(".inputs"), given);
    outs.forEach((out, at) => {
      const card = this.cards[at];
      this.showFigures(card, out);
      this.maps[at].draw({ ...this.maps[at].shown, here: out.here });
      const said = card.querySelector(".verdict");
      const { sentence, helped } = verdict(given, out, this.data.on);
      said.textContent = sentence;
      said.dataset.helped = helped;
      card.querySelector(".moved").textContent =
        `The code moved by ${out.moved.toFixed(2)}; it lies ${describeSupport(out.support).sentence}.`;
    });
    this.find(".scale").textContent = `Error maps on one scale: black is 0, brightest is ${meta.worst.toFixed(2)}.`;
    const speed = this.find(".speed");
    speed.textContent = readableMs(milliseconds);
    speed.title = `from question to answer; ${readableMs(meta.milliseconds)} of it on the server`;
    this.find(".failure").hidden = true;
    this.hook.answers += 1;
    this.hook.body = body;
    this.hook.figures = meta.figures;
    clearTimeout(this.farTimer); // the trail and the cloud cost more than the pictures: they come when the slider rests
    this.farTimer = setTimeout(() => this.far.ask(body), REST_MS);
    const time = this.asked.get(body);
    if (time === undefined) return;
    requestAnimationFrame(() => {
      const { latencies } = this.hook;
      if (latencies.push(performance.now() - time) > KEPT_LATENCIES) latencies.shift();
    });
  }

  showFigures(place, figures) {
    for (const name of FIGURES) {
      const cell = place.querySelector(`[data-figure="${name}"]`);
      if (cell) cell.textContent = figureText(name, figures[name]);
    }
  }

  showPlaces(places) {
    this.hook.places = places;
    places.forEach((place, at) => this.maps[at]?.draw({ ...this.maps[at].shown, ...place }));
  }

  showError(sentence) {
    const failure = this.find(".failure");
    failure.textContent = sentence;
    failure.hidden = false;
  }
}
