/**
 * Film strips: each way from A to B as a row of decoded pictures, one slider and one play button for all; a small map
 * whose handles are the ends, and the ways' figures.
 *
 * Streamlit runs the default export again whenever its data or the theme change. A film stays as long as its run,
 * class and number of steps do; other ends are asked for in place, so that the old pictures stand until the new ones
 * come.
 */

import { Asker } from "./film_ask.js";
import { FilmMap } from "./film_map.js";
import { Strip } from "./film_strip.js";
import { Figures } from "./film_table.js";
import { bounce, readStep } from "./film_values.js";

const films = new WeakMap(); // parentElement -> Film
const SPEEDS = [2, 4, 8, 16]; // steps per second
const KEY_PAUSE_MS = 300; // held arrow keys are one change, told once they rest
const SEARCHED = ["geodesic"]; // too slow to follow a drag
const KEPT_LATENCIES = 1000;
const TELL_MS = 1000; // a drop is told by then, whatever has come

const TEMPLATE = `
  <div class="controls" role="group" aria-label="Film">
    <button type="button" class="play">
      <svg viewBox="0 0 16 16" aria-hidden="true"><path/></svg><span></span>
    </button>
    <input type="range" class="steps slider" min="0" step="1" aria-label="Step along the paths">
    <output class="count"></output>
    <label>speed <select></select></label>
  </div>
  <div class="bench"><div class="map"></div><div><div class="stages"></div><table class="figures"></table></div></div>
  <div class="strips"></div>`;

const ICONS = { play: "M4 2.5v11l9-5.5z", pause: "M4 3h3v10H4zM9 3h3v10H9z" };

/**
 * Streamlit's entry: data is {id, paths, ways: [{name, colour, help}], a, b, places: [[x, y], [x, y]], steps, label,
 * shape: [h, w, c], step, map}; a and b are {code} or {place}, as the route wants them.
 */
export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  const old = films.get(parentElement);
  if (old?.data.id !== data.id) {
    old?.remove();
    films.set(parentElement, new Film(data, parentElement, old));
  } else old.take(data);
  const film = films.get(parentElement);
  Object.assign(film, { setStateValue, setTriggerValue });
  return () => {
    films.get(parentElement)?.remove();
    films.delete(parentElement);
  };
}

class Film {
  constructor(data, parentElement, old) {
    this.data = data;
    this.length = data.steps;
    this.step = readStep(data.step, this.length);
    this.told = this.step;
    this.direction = 1;
    this.playing = false;
    // latencies: ms from a drag's event to the frame after its strips; dropped: the same of each answer to the last drop
    const seen = { latencies: [], dropped: [], answers: 0 };
    this.hook = { frames: {}, figures: {}, ...seen, step: this.step, playing: false };
    window.__loupeFilm = this.hook;

    this.root = document.createElement("div");
    this.root.className = "loupe-film";
    this.root.innerHTML = TEMPLATE;
    parentElement.append(this.root);
    this.strips = data.ways.map(
      (way) =>
        new Strip(way, {
          shape: data.shape,
          steps: this.length,
          onFrames: (count) => (this.hook.frames[way.name] = count),
          onPick: (step) => this.pick(step),
        }),
    );
    this.find(".stages").append(...this.strips.map((strip) => strip.stage));
    this.find(".strips").append(...this.strips.map((strip) => strip.element));
    this.figures = new Figures(this.find(".figures"), data.ways);
    this.trails = new Map();
    this.map = new FilmMap(this.find(".map"), data, {
      move: (end, place, time) => this.move(end, place, true, time),
      drop: (end, place, time) => this.drop(end, place, time),
    });
    this.asker = new Asker(
      data.paths,
      (ways, event) => this.showWays(ways, event),
      (sentence, names) => this.strips.filter(({ way }) => names.includes(way.name)).forEach((s) => s.showError(sentence)),
    );
    this.listen(old);
    this.show(this.step);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.root);
    this.resize();
    this.ask();
  }

  /** Data that came again: an echo of what stands here, or other ends. */
  take(data) {
    const { a, b } = this.data;
    const same = JSON.stringify([data.a, data.b]) === JSON.stringify([a, b]);
    this.data = { ...data, ...(this.dropped ? { a, b } : {}), step: this.step }; // Python does not know of the drop yet
    if (same || this.dropped) return;
    this.map.place(data.places);
    this.ask();
  }

  ask(isMoving = false, time = performance.now()) {
    const { a, b, steps, label } = this.data;
    const names = this.data.ways.map((way) => way.name);
    const quick = names.filter((name) => !SEARCHED.includes(name));
    const searches = isMoving ? [] : names.filter((name) => SEARCHED.includes(name));
    const event = { time, isMoving, waits: new Set(names), seen: [] };
    if (!isMoving) this.hook.dropped = event.seen;
    this.asker.ask({ a, b, steps, label }, quick, searches, event);
    this.asked = event;
    for (const strip of this.strips) {
      const waits = isMoving && SEARCHED.includes(strip.way.name);
      strip.element.classList.toggle("stale", waits);
      strip.stage.classList.toggle("stale", waits);
    }
    if (isMoving) for (const name of SEARCHED) this.trails.delete(name);
  }

  showWays(ways, event) {
    for (const way of ways) {
      this.strips.find((strip) => strip.way.name === way.name)?.take(way);
      this.figures.show(way);
      this.hook.figures[way.name] = { ...way, frames: undefined };
      if (way.places) this.trails.set(way.name, way.places);
      else this.trails.delete(way.name);
    }
    this.hook.answers += 1;
    const trails = this.data.ways.filter(({ name }) => this.trails.has(name));
    this.map.show(trails.map(({ name, colour }) => ({ colour, places: this.trails.get(name) })));
    requestAnimationFrame(() => this.painted(ways, event));
  }

  /** A frame is shown with these ways: keep how long it took. */
  painted(ways, { time, isMoving, waits, seen }) {
    const [milliseconds, { latencies }] = [performance.now() - time, this.hook];
    for (const { name, share } of ways) {
      waits.delete(name);
      seen.push({ name, share, milliseconds });
    }
    if (isMoving && latencies.push(milliseconds) > KEPT_LATENCIES) latencies.shift();
    if (!waits.size && this.asked.waits === waits) this.tellDrop();
  }

  /** An end moves on the map: the strips follow, newest wins; the search waits until it is let go. */
  move(end, place, isMoving, time) {
    this.stop();
    this.data = { ...this.data, [end ? "b" : "a"]: { place } };
    this.ask(isMoving, time);
  }

  drop(end, place, time) {
    this.move(end, place, false, time);
    this.tellDrop(); // of another end, a moment ago
    this.dropped = { end: end ? "B" : "A", place, paths: this.data.paths };
    this.dropTimer = setTimeout(() => this.tellDrop(), TELL_MS);
  }

  /** Tell Python where an end was let go, once all ways are on screen: its script would share their processor. */
  tellDrop() {
    clearTimeout(this.dropTimer);
    if (this.dropped) this.setTriggerValue?.("drop", this.dropped);
    this.dropped = null;
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  remove() {
    this.stop();
    this.tellDrop();
    clearTimeout(this.keyTimer);
    this.observer.disconnect();
    this.asker.close();
    this.map.close();
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

  resize() {
    const [width, room] = [this.root.clientWidth, this.find(".stages").clientWidth];
    if (width > 0) this.strips.forEach((strip) => strip.resize(width, room, this.strips.length));
  }
}
