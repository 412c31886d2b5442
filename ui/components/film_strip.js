/** One strip of a film: a row of thumbnails with their support, and the current step large. */

import { frameAt, snap, stepOf, thumbWidth } from "./film_values.js";
import { Live, describeSupport, paint } from "./live.js";

const THUMB = { gap: 4, least: 44, most: 96 };
const STAGE = { gap: 20, most: 240 };

const STAGE_HTML = `
  <figure>
    <div class="frame"><canvas role="img" width="1" height="1"></canvas></div>
    <figcaption><b></b><span class="meter"><i></i></span><span class="sentence"></span></figcaption>
  </figure>`;

const STRIP_HTML = `
  <header><b></b><span class="note"></span></header>
  <div class="row"></div>
  <p class="failure" role="alert" hidden></p>`;

const THUMB_HTML = `<canvas role="img" width="1" height="1"></canvas><span class="meter"><i></i></span>`;

/** Asks for its pictures in one request and shows them. */
export class Strip {
  /**
   * @param {{name: string, codes: number[][], note?: string}} strip
   * @param {{decode: string, shape: number[], longest: number, known: Strip[],
   *   onFrames: (count: number) => void, onPick: (step: number) => void}} film  known are strips of an
   *   earlier film of the same run, whose pictures are taken over where the codes are the same
   */
  constructor(strip, film) {
    this.strip = strip;
    this.film = film;
    this.codes = JSON.stringify(strip.codes);
    this.frames = null; // {pixels, shape: [n, h, w, c], support} once answered
    this.current = 0;
    this.stage = document.createElement("div");
    this.stage.className = "stage waiting";
    this.stage.innerHTML = STAGE_HTML;
    this.element = document.createElement("section");
    this.element.className = "strip waiting";
    this.element.setAttribute("aria-label", strip.name);
    this.element.innerHTML = STRIP_HTML;
    for (const root of [this.stage, this.element]) root.querySelector("b").textContent = strip.name;
    this.element.querySelector(".note").textContent = strip.note ?? "";
    this.setRatio(film.shape);
    this.thumbs = strip.codes.map((_, frame) => this.makeThumb(frame));
    this.element.querySelector(".row").append(...this.thumbs);
    this.live = new Live(
      film.decode,
      ({ meta, pixels }) => this.setFrames({ pixels, shape: meta.shape, support: meta.support }),
      (sentence) => this.showError(sentence),
    );
  }

  /** Take the pictures over from an earlier film, or ask for them. */
  begin() {
    const known = this.film.known.find((other) => other.frames && other.codes === this.codes);
    if (known) this.setFrames(known.frames);
    else if (this.strip.codes.length) this.live.ask({ codes: this.strip.codes });
    else this.showError("This path has no steps.");
  }

  close() {
    this.live.close();
  }

  makeThumb(frame) {
    const thumb = document.createElement("div");
    thumb.className = "thumb";
    thumb.innerHTML = THUMB_HTML;
    // The slider is the way by keyboard; a click is the short cut, so thumbnails are no tab stops.
    thumb.onclick = () => this.film.onPick(stepOf(frame, this.film.longest, this.thumbs.length));
    return thumb;
  }

  setRatio([h, w]) {
    for (const root of [this.stage, this.element]) root.style.setProperty("--ratio", `${w} / ${h}`);
  }

  setFrames(frames) {
    this.frames = frames;
    const size = frames.shape.slice(1);
    this.setRatio(size);
    this.thumbs.forEach((thumb, frame) => {
      const canvas = thumb.firstElementChild;
      paint(canvas, this.picture(frame), size);
      const sentence = showSupport(thumb, frames.support[frame]);
      const label = `${this.strip.name}, step ${frame + 1}${sentence ? `: ${sentence}` : ""}`;
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
    this.current = frameAt(step, this.film.longest, this.thumbs.length);
    this.thumbs[this.current]?.classList.add("current");
    this.showLarge();
  }

  showLarge() {
    if (!this.frames) return;
    const canvas = this.stage.querySelector("canvas");
    paint(canvas, this.picture(this.current), this.frames.shape.slice(1));
    const sentence = showSupport(this.stage, this.frames.support[this.current]);
    this.stage.querySelector(".sentence").textContent = sentence;
    canvas.setAttribute("aria-label", `${this.strip.name}, step ${this.current + 1}, large`);
  }

  showError(sentence) {
    const failure = this.element.querySelector(".failure");
    failure.textContent = sentence;
    failure.hidden = false;
    this.element.querySelector(".row").hidden = true;
    this.stage.hidden = true;
    this.film.onFrames(0);
  }

  /** Fit the thumbnails and the large picture into `width`, beside `neighbours` other large ones. */
  resize(width, neighbours) {
    const [h, w] = this.frames?.shape.slice(1) ?? this.film.shape;
    const ratio = window.devicePixelRatio || 1;
    const thumb = thumbWidth(width, this.film.longest, THUMB);
    this.element.style.setProperty("--thumb", `${snap(thumb, w, ratio)}px`);
    const large = thumbWidth(width, neighbours, { gap: STAGE.gap, least: 120, most: STAGE.most });
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
