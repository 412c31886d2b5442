/** One strip of a film: a row of thumbnails with their support, and the current step large. */

import { snap, thumbWidth } from "./film_values.js";
import { describeSupport, paint } from "./live.js";

const THUMB = { gap: 4, least: 44, most: 96 };
const STAGE = { gap: 20, most: 240 };

const STAGE_HTML = `
  <figure>
    <div class="frame"><canvas role="img" width="1" height="1"></canvas></div>
    <figcaption><b></b><span class="meter"><i></i></span><span class="sentence"></span></figcaption>
  </figure>`;

const STRIP_HTML = `
  <header><i class="swatch"></i><b></b><span class="note"></span></header>
  <div class="row"></div>
  <p class="failure" role="alert" hidden></p>`;

const THUMB_HTML = `<canvas role="img" width="1" height="1"></canvas><span class="meter"><i></i></span>`;

/** Shows the pictures of one way. */
export class Strip {
  /**
   * @param {{name: string, colour: string, help: string}} way
   * @param {{shape: number[], steps: number, onFrames: (count: number) => void,
   *   onPick: (step: number) => void}} film
   */
  constructor(way, film) {
    this.way = way;
    this.film = film;
    this.frames = null; // {pixels, shape: [n, h, w, c], support} once answered
    this.current = 0;
    this.stage = document.createElement("div");
    this.stage.className = "stage waiting";
    this.stage.innerHTML = STAGE_HTML;
    this.element = document.createElement("section");
    this.element.className = "strip waiting";
    this.element.setAttribute("aria-label", way.name);
    this.element.innerHTML = STRIP_HTML;
    for (const root of [this.stage, this.element]) {
      root.querySelector("b").textContent = way.name;
      root.style.setProperty("--way", way.colour);
    }
    this.element.querySelector(".note").textContent = way.help;
    this.setRatio(film.shape);
    this.thumbs = Array.from({ length: film.steps }, (_, frame) => this.makeThumb(frame));
    this.element.querySelector(".row").append(...this.thumbs);
  }

  /** Show what an answer says of this way: its pictures, or the sentence why there is none. */
  take(way) {
    const progress = way.share < 1 ? `searching, ${Math.round(100 * way.share)} %` : "";
    this.element.setAttribute("aria-busy", String(way.share < 1));
    this.element.querySelector(".note").textContent = [this.way.help, progress, way.frames ? way.note : ""]
      .filter(Boolean)
      .join(" · ");
    if (way.frames) this.setFrames(way.frames);
    else this.showError(way.note || "There is no such way.");
  }

  makeThumb(frame) {
    const thumb = document.createElement("div");
    thumb.className = "thumb";
    thumb.innerHTML = THUMB_HTML;
    // The slider is the way by keyboard; a click is the short cut, so thumbnails are no tab stops.
    thumb.onclick = () => this.film.onPick(frame);
    return thumb;
  }

  setRatio([h, w]) {
    for (const root of [this.stage, this.element]) root.style.setProperty("--ratio", `${w} / ${h}`);
  }

  setFrames(frames) {
    this.frames = frames;
    const size = frames.shape.slice(1);
    this.showRow(true);
    this.setRatio(size);
    this.thumbs.forEach((thumb, frame) => {
      const canvas = thumb.firstElementChild;
      paint(canvas, this.picture(frame), size);
      const sentence = showSupport(thumb, frames.support[frame]);
      const label = `${this.way.name}, step ${frame + 1}${sentence ? `: ${sentence}` : ""}`;
      canvas.setAttribute("aria-label", label);
      thumb.title = sentence || label;
    });
    this.element.classList.remove("waiting");
    this.stage.classList.remove("waiting");
    this.film.onFrames(this.thumbs.length);
    this.showLarge();
  }

  picture(frame) {
    const [, h, w, c] = this.frames.shape;
    return this.frames.pixels.subarray(frame * h * w * c, (frame + 1) * h * w * c);
  }

  /** Show a step of the whole film: mark its thumbnail and draw it large. */
  show(step) {
    this.thumbs[this.current]?.classList.remove("current");
    this.current = step;
    this.thumbs[this.current]?.classList.add("current");
    this.showLarge();
  }

  showLarge() {
    if (!this.frames) return;
    const canvas = this.stage.querySelector("canvas");
    paint(canvas, this.picture(this.current), this.frames.shape.slice(1));
    const sentence = showSupport(this.stage, this.frames.support[this.current]);
    this.stage.querySelector(".sentence").textContent = sentence;
    canvas.setAttribute("aria-label", `${this.way.name}, step ${this.current + 1}, large`);
  }

  showError(sentence) {
    this.frames = null;
    this.element.querySelector(".failure").textContent = sentence;
    this.showRow(false);
    this.film.onFrames(0);
  }

  showRow(has) {
    this.element.querySelector(".failure").hidden = has;
    this.element.querySelector(".row").hidden = !has;
    this.stage.hidden = !has;
  }

  /** Fit the thumbnails into `width`, and the large picture into `room` with its `neighbours`. */
  resize(width, room, neighbours) {
    const [h, w] = this.frames?.shape.slice(1) ?? this.film.shape;
    const ratio = window.devicePixelRatio || 1;
    const thumb = thumbWidth(width, this.film.steps, THUMB);
    this.element.style.setProperty("--thumb", `${snap(thumb, w, ratio)}px`);
    const large = thumbWidth(room, neighbours, { gap: STAGE.gap, least: 120, most: STAGE.most });
    this.stage.style.setProperty("--large", `${snap(Math.round((large * w) / Math.max(h, w)), w, ratio)}px`);
  }
}

/** Set the support bar inside `root`; the sentence, or "" where support is unknown. */
function showSupport(root, share) {
  const meter = root.querySelector(".meter");
  meter.hidden = !Number.isFinite(share);
  if (meter.hidden) return "";
  const { sentence, level, percent } = describeSupport(share);
  meter.dataset.level = level;
  meter.style.setProperty("--share", `${percent}%`);
  meter.title = sentence;
  return sentence;
}
