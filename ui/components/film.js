/**
 * Film strips: each way from A to B as a row of decoded pictures, one slider and one play button for all.
 *
 * Streamlit runs the default export again whenever its data or the theme change. A film is built once per
 * `data.id`; with the same id or the same codes only the callbacks are renewed. A strip asks for all its
 * pictures at once.
 */

import { Strip } from "./film_strip.js";
import { bounce, readStep } from "./film_values.js";

const films = new WeakMap(); // parentElement -> Film
const SPEEDS = [2, 4, 8, 16]; // steps per second
const KEY_PAUSE_MS = 300; // held arrow keys are one change, told once they rest

const TEMPLATE = `
  <div class="controls" role="group" aria-label="Film">
    <button type="button" class="play">
      <svg viewBox="0 0 16 16" aria-hidden="true"><path/></svg><span></span>
    </button>
    <input type="range" class="steps" min="0" step="1" aria-label="Step along the paths">
    <output class="count"></output>
    <label>speed <select></select></label>
  </div>
  <div class="stages"></div>
  <div class="strips"></div>`;

const ICONS = { play: "M4 2.5v11l9-5.5z", pause: "M4 3h3v10H4zM9 3h3v10H9z" };

/** Streamlit's entry: data is {id, decode, strips: [{name, codes, note}], shape: [h, w, c], step}. */
export default function mount({ data, parentElement, setStateValue }) {
  const old = films.get(parentElement);
  if (old?.data.id !== data.id && !old?.shows(data)) {
    old?.remove();
    films.set(parentElement, new Film(data, parentElement, old));
  }
  const film = films.get(parentElement);
  film.setStateValue = setStateValue;
  return () => {
    films.get(parentElement)?.remove();
    films.delete(parentElement);
  };
}

class Film {
  constructor(data, parentElement, old) {
    this.data = data;
    this.length = Math.max(1, ...data.strips.map((strip) => strip.codes.length));
    this.step = readStep(data.step, this.length);
    this.told = this.step;
    this.direction = 1;
    this.playing = false;
    this.hook = { frames: {}, step: this.step, playing: false };
    window.__loupeFilm = this.hook;

    this.root = document.createElement("div");
    this.root.className = "loupe-film";
    this.root.innerHTML = TEMPLATE;
    parentElement.append(this.root);
    this.strips = data.strips.map(
      (strip) =>
        new Strip(strip, {
          decode: data.decode,
          shape: data.shape,
          longest: this.length,
          known: old?.data.decode === data.decode ? old.strips : [],
          onFrames: (count) => (this.hook.frames[strip.name] = count),
          onPick: (step) => this.pick(step),
        }),
    );
    this.find(".stages").append(...this.strips.map((strip) => strip.stage));
    this.find(".strips").append(...this.strips.map((strip) => strip.element));
    this.listen(old);
    this.show(this.step);
    this.observer = new ResizeObserver(([entry]) => this.resize(entry.contentRect.width));
    this.observer.observe(this.root);
    this.resize(this.root.clientWidth);
    this.strips.forEach((strip) => strip.begin());
  }

  /** Whether `data` asks for the very strips that are shown; its step is then an echo of ours. */
  shows(data) {
    const content = ({ decode, strips, shape }) => JSON.stringify([decode, strips, shape]);
    return content(data) === content(this.data);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  remove() {
    this.stop();
    clearTimeout(this.keyTimer);
    this.observer.disconnect();
    this.strips.forEach((strip) => strip.close());
    this.root.remove();
    if (window.__loupeFilm === this.hook) delete window.__loupeFilm;
  }

  listen(old) {
    this.slider = this.find(".steps");
    this.slider.max = this.length - 1;
    this.slider.disabled = this.length < 2;
    // In braces: a handler that returns false would cancel the key.
    this.slider.onpointerdown = () => { this.pointer = true; };
    this.slider.onkeydown = () => { this.pointer = false; };
    this.slider.oninput = () => {
      this.stop();
      this.show(this.slider.valueAsNumber);
    };
    this.slider.onchange = () => {
      clearTimeout(this.keyTimer);
      if (this.pointer) this.tell();
      else this.keyTimer = setTimeout(() => this.tell(), KEY_PAUSE_MS);
    };
    this.speed = this.find("select");
    this.speed.append(...SPEEDS.map((speed) => new Option(`${speed} / s`, speed)));
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.speed.value = old?.speed.value ?? (calm ? SPEEDS[0] : SPEEDS[2]);
    this.button = this.find(".play");
    this.button.disabled = this.length < 2;
    this.button.onclick = () => (this.playing ? this.pause() : this.play());
    this.showPlaying();
  }

  play() {
    this.setPlaying(true);
    const next = () => {
      // The speed is read at each step, so that it can be changed while the film runs.
      this.timer = setTimeout(() => {
        const [step, direction] = bounce(this.step, this.direction, this.length);
        this.direction = direction;
        this.show(step);
        next();
      }, 1000 / Number(this.speed.value));
    };
    next();
  }

  /** Stop where it is and tell Python, which was not told at each step. */
  pause() {
    this.stop();
    this.tell();
  }

  stop() {
    clearTimeout(this.timer);
    this.setPlaying(false);
  }

  setPlaying(playing) {
    this.playing = this.hook.playing = playing;
    if (this.button) this.showPlaying();
  }

  showPlaying() {
    const act = this.playing ? "pause" : "play";
    this.button.querySelector("path").setAttribute("d", ICONS[act]);
    this.button.querySelector("span").textContent = this.playing ? "Pause" : "Play";
  }

  pick(step) {
    this.stop();
    this.show(step);
    this.tell();
  }

  show(step) {
    this.step = this.hook.step = step;
    this.slider.value = step;
    const text = `step ${step + 1} of ${this.length}`;
    this.slider.setAttribute("aria-valuetext", text);
    this.slider.style.setProperty("--at", this.length > 1 ? step / (this.length - 1) : 0);
    this.find(".count").textContent = text;
    this.strips.forEach((strip) => strip.show(step));
  }

  tell() {
    clearTimeout(this.keyTimer);
    if (this.step === this.told) return;
    this.told = this.step;
    this.setStateValue?.("step", this.step);
  }

  resize(width) {
    if (width > 0) this.strips.forEach((strip) => strip.resize(width, this.strips.length));
  }
}
