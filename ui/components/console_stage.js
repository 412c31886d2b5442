/** The picture of the decode console, what stands under it, and the sentence in its place. */

import { pictureSize, readableMs } from "./console_values.js";
import { describeSupport, paint } from "./live.js";

const ROOM = 320; // side of the square for the picture, CSS pixels

export class Stage {
  /** @param {HTMLElement} element  the stage of `console_markup.js` */
  constructor(element) {
    this.element = element;
    this.canvas = this.find("canvas");
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  /** Show a decoded picture, how long it took and how near to the data its code is. */
  show(meta, pixels, milliseconds) {
    const [, h, w, c] = meta.shape;
    paint(this.canvas, pixels, [h, w, c]);
    this.fit(h, w);
    this.showPicture(true);
    const speed = this.find(".speed");
    speed.textContent = `decode ${readableMs(meta.milliseconds ?? milliseconds)}`;
    speed.title = `with the way there and back ${readableMs(milliseconds)}`;
    this.showSupport(meta.support[0]);
  }

  /** Show a sentence in the picture's place. */
  fail(sentence) {
    const failure = this.find(".failure");
    failure.textContent = sentence;
    this.showPicture(false);
    this.find(".speed").textContent = "";
    this.find(".support").hidden = true;
  }

  fit(h, w) {
    const room = Math.min(ROOM, this.find(".picture").clientWidth || ROOM);
    const { width } = pictureSize(h, w, room, window.devicePixelRatio || 1);
    this.element.style.setProperty("--shown", `${width}px`);
    this.canvas.style.aspectRatio = `${w} / ${h}`;
  }

  showPicture(shown) {
    this.canvas.hidden = !shown;
    this.find(".failure").hidden = shown;
    const picture = this.find(".picture");
    picture.classList.toggle("empty", !shown);
    picture.setAttribute("aria-busy", "false");
  }

  showSupport(share) {
    const support = this.find(".support");
    support.hidden = !Number.isFinite(share);
    if (support.hidden) return;
    const { sentence, level, percent } = describeSupport(share);
    support.dataset.level = level;
    support.style.setProperty("--share", `${percent}%`);
    support.firstElementChild.setAttribute("aria-label", `support: ${sentence}`);
    this.find(".sentence").textContent = sentence;
  }
}
