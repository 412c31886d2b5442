/**
 * The latent movie: codes of the same items at moments of a training, with a slider, play, and a card on hover.
 *
 * Streamlit runs the default export again whenever its data or the theme change: each second while a run trains. A
 * movie is built once per `data.id`; later data bring new frames only. Frames are fetched once, by keys that say all.
 */

import { fetchBytes } from "./map_arrays.js";
import { Pictures } from "./map_pictures.js";
import { Reel } from "./movie_reel.js";
import { Stage, legend } from "./movie_stage.js";
import { advance, around, between, boxBetween, readFrame, textOf, wordsOf } from "./movie_values.js";

const movies = new WeakMap(); // parentElement -> Movie
const SPEEDS = [1, 2, 4, 8, 16]; // frames per second
const GLIDE = 3; // frames per second, at least, on the way to a frame that was asked for or has just come
const TELL_MS = 300; // held keys are one change, told once they rest
const HEIGHT = { least: 260, most: 460, share: 0.72 }; // of the canvas, CSS pixels and share of its width

const TEMPLATE = `
  <div class="stage"><canvas role="img" tabindex="-1"></canvas>
    <div class="card" hidden><canvas></canvas><b></b><span></span></div></div>
  <div class="controls" role="group" aria-label="Movie">
    <button type="button" class="play"><svg viewBox="0 0 16 16" aria-hidden="true"><path/></svg><span></span></button>
    <input type="range" class="steps slider" min="0" step="1" aria-label="Moment of the training">
    <output class="count"></output>
    <label>speed <select></select></label>
    <label title="On: each frame fills the canvas. Off: all frames on one scale">
      <input type="checkbox" class="fit"> fit each frame</label>
  </div>
  <div class="legend" role="group" aria-label="Classes"></div>
  <p class="failure" role="status" hidden></p>`;

const ICONS = { play: "M4 2.5v11l9-5.5z", pause: "M4 3h3v10H4zM9 3h3v10H9z" };

/** Streamlit's entry; the data are those of `ui/components/movie.py`. */
export default function mount({ data, parentElement, setStateValue }) {
  const old = movies.get(parentElement);
  if (old?.data.id !== data.id) {
    old?.remove();
    movies.set(parentElement, new Movie(data, parentElement, old));
  }
  const movie = movies.get(parentElement);
  movie.setStateValue = setStateValue;
  movie.update(data);
  return () => {
    movies.get(parentElement)?.remove();
    movies.delete(parentElement);
  };
}

class Movie {
  constructor(data, parentElement, old) {
    this.data = data;
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.root = document.createElement("div");
    this.root.className = "loupe-movie";
    this.root.innerHTML = TEMPLATE;
    parentElement.append(this.root);
    this.pictures = new Pictures(data.pictures, data.count, () => this.stage.draw());
    this.stage = new Stage(this.find(".stage"), data, this.pictures);
    this.reel = new Reel(data.points, { came: () => this.came(), failed: (sentence) => this.fail(sentence) });
    legend(this.find(".legend"), data, (code) => this.stage.stressed(code));
    this.playing = false;
    this.at = -1; // place on the reel, between two frames while it moves; -1 before the first came
    this.box = null;
    const asked = readFrame(data.frame, data.frames);
    this.following = asked < 0 || asked === data.frames.length - 1;
    this.goal = asked < 0 ? data.frames.length - 1 : asked;
    this.told = this.text;
    this.listen(old);
    this.hook = { frames: 0, loaded: 0, at: -1, moment: "", playing: false, following: this.following };
    window.__loupeMovie = this.hook;
    this.getCast();
    this.observer = new ResizeObserver(([entry]) => this.resize(entry.contentRect.width));
    this.observer.observe(this.root);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  get last() {
    return this.data.frames.length - 1;
  }

  /** The moment as the address holds it; empty while the newest is followed. */
  get text() {
    return this.following || this.goal < 0 ? "" : textOf(this.data.frames[Math.min(this.goal, this.last)]);
  }

  async getCast() {
    this.aborter = new AbortController();
    try {
      const both = new Int32Array(await fetchBytes(this.data.cast, "the classes", this.aborter.signal));
      this.stage.setCast(both.subarray(0, this.data.count), both.subarray(this.data.count));
      this.stage.draw();
    } catch (error) {
      if (error.name !== "AbortError") this.fail(error.message);
    }
  }

  /** New frames have come, or the theme has changed. */
  update(data) {
    this.data = data;
    this.slider.max = Math.max(0, this.last);
    this.slider.disabled = this.button.disabled = this.last < 1;
    this.goal = Math.min(this.following && !this.playing ? this.last : this.goal, this.last);
    this.at = Math.min(this.at, this.last);
    this.reel.want(data.frames.map(([key]) => key), this.goal);
    this.came();
  }

  came() {
    this.find(".failure").hidden = true;
    if (this.at < 0 && this.reel.of(this.goal)) this.at = this.goal;
    this.move();
    this.show();
  }

  fail(sentence) {
    const place = this.find(".failure");
    place.textContent = sentence;
    place.hidden = false;
  }

  remove() {
    this.playing = false;
    cancelAnimationFrame(this.asked);
    clearTimeout(this.timer);
    this.observer.disconnect();
    this.aborter.abort();
    this.reel.close();
    this.pictures.close();
    this.root.remove();
    if (window.__loupeMovie === this.hook) delete window.__loupeMovie;
  }

  listen(old) {
    this.slider = this.find(".steps");
    this.slider.oninput = () => this.go(this.slider.valueAsNumber);
    this.speed = this.find("select");
    this.speed.append(...SPEEDS.map((speed) => new Option(`${speed} / s`, speed)));
    this.speed.value = old?.speed.value ?? (this.calm ? SPEEDS[0] : SPEEDS[2]);
    this.fit = this.find(".fit");
    this.fit.checked = old?.fit.checked ?? this.data.fit;
    this.fit.onchange = () => this.move();
    this.button = this.find(".play");
    this.button.onclick = () => (this.playing ? this.pause() : this.play());
    this.root.onkeydown = (event) => this.key(event);
    this.showPlaying();
  }

  /** Space plays and pauses, arrows step, wherever in the movie the focus is and does not need them itself. */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const own = event.target.closest?.("button, select, input[type=checkbox]");
    if (event.key === " " && !own) {
      event.preventDefault();
      if (this.last > 0) this.playing ? this.pause() : this.play();
    } else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && !event.target.closest?.("input, select")) {
      event.preventDefault();
      this.go(this.goal + (event.key === "ArrowRight" ? 1 : -1));
    }
  }

  /** To a frame that somebody asked for. */
  go(place) {
    this.playing = false;
    this.goal = Math.min(this.last, Math.max(0, place));
    this.at = this.reel.of(this.goal) ? this.goal : this.at;
    this.following = this.goal === this.last;
    this.reel.want(this.reel.keys, this.goal);
    this.showPlaying();
    this.move();
    this.show();
    this.tell();
  }

  play() {
    if (this.at >= this.last) this.at = 0;
    this.playing = true;
    this.following = false;
    this.showPlaying();
    this.move();
  }

  pause() {
    this.playing = false;
    this.goal = Math.round(this.at);
    this.following = this.goal === this.last;
    this.showPlaying();
    this.move();
    this.show();
    this.tell();
  }

  showPlaying() {
    this.button.querySelector("path").setAttribute("d", ICONS[this.playing ? "pause" : "play"]);
    this.button.querySelector("span").textContent = this.playing ? "Pause" : "Play";
  }

  /** Go on moving, from the next time the browser draws. */
  move() {
    cancelAnimationFrame(this.asked);
    let before = performance.now();
    const step = (now) => {
      const seconds = Math.min(0.1, Math.max(0, (now - before) / 1000));
      before = now;
      if (this.advance(seconds)) this.asked = requestAnimationFrame(step);
    };
    this.asked = requestAnimationFrame(step);
  }

  /** A moment later; whether there is more to move. */
  advance(seconds) {
    if (this.playing) this.playOn(seconds);
    else if (this.at >= 0 && this.at !== this.goal) this.glide(seconds);
    const resting = this.drawNow(seconds);
    this.show();
    return this.playing || !resting || (this.at !== this.goal && this.reel.of(this.goal) !== null);
  }

  playOn(seconds) {
    const [next, over] = advance(this.at, seconds, Number(this.speed.value), this.last);
    if (!this.reel.of(Math.floor(next)) || !this.reel.of(Math.ceil(next))) return; // still on its way
    this.at = next;
    this.goal = Math.floor(next);
    if (over) this.pause();
  }

  glide(seconds) {
    const far = this.goal - this.at;
    const pace = Math.max(GLIDE, Math.abs(far) * 4) * seconds;
    const next = Math.abs(far) <= pace || this.calm ? this.goal : this.at + Math.sign(far) * pace;
    if (this.reel.of(Math.floor(next)) && this.reel.of(Math.ceil(next))) this.at = next;
    else if (this.reel.of(this.goal)) this.at = this.goal; // what lies between has not come yet
  }

  /** Draw the points where they are now; whether the view has come to rest. */
  drawNow(seconds) {
    const place = this.calm ? Math.floor(this.at) : this.at;
    const a = this.reel.of(Math.floor(place));
    const b = this.reel.of(Math.ceil(place));
    if (!a || !b) return true;
    const t = place - Math.floor(place);
    between(a, b, t, this.stage.xs, this.stage.ys);
    const wanted = this.fit.checked
      ? boxBetween(this.boxAt(Math.floor(place)), this.boxAt(Math.ceil(place)), t)
      : around([...this.reel.known.values()].map((frame) => frame.box));
    const rest = !this.box || this.calm || this.fit.checked;
    this.box = rest ? wanted : boxBetween(this.box, wanted, Math.min(1, seconds * 8));
    const off = Math.max(...this.box.map((edge, side) => Math.abs(edge - wanted[side])));
    const settled = off < 1e-3 * Math.max(wanted[1] - wanted[0], wanted[3] - wanted[2], 1e-9);
    this.stage.box = settled ? (this.box = wanted) : this.box;
    this.stage.draw();
    return settled;
  }

  /** The box around a frame and those beside it, so that the view does not twitch with one stray point. */
  boxAt(place) {
    const near = [-2, -1, 0, 1, 2].map((away) => this.reel.of(place + away)?.box).filter(Boolean);
    return around(near);
  }

  show() {
    const place = this.playing ? Math.floor(this.at) : this.goal;
    const frame = this.data.frames[place];
    if (!frame) return;
    const words = wordsOf(frame[1], frame[2]);
    this.slider.value = place;
    this.slider.style.setProperty("--at", this.last > 0 ? place / this.last : 0);
    this.slider.setAttribute("aria-valuetext", words);
    this.find(".count").textContent = this.data.live && this.following ? `${words} · newest` : words;
    this.find(".stage canvas").setAttribute("aria-label", `Points of ${this.data.count} items, ${words}`);
    const { playing, following, at, last } = this;
    Object.assign(this.hook, { frames: last + 1, loaded: this.reel.loaded, at, moment: textOf(frame), playing, following });
  }

  tell() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.text === this.told) return;
      this.told = this.text;
      this.setStateValue?.("frame", this.told);
    }, TELL_MS);
  }

  resize(width) {
    if (width <= 0) return;
    this.stage.resize(width, Math.min(HEIGHT.most, Math.max(HEIGHT.least, Math.round(width * HEIGHT.share))));
  }
}
