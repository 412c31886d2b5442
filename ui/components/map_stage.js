// The stage: two canvases, the camera and its motion, and the one place where drawing is asked for. Nothing
// is drawn unless something changed, and never more than once a frame.

import { between, fitted, limitsOf, panned, same, toData, toScreen, zoomedAt } from "./map_camera.js";
import { stretches, total } from "./map_nearest.js";
import { drawOverlay } from "./map_overlay.js";
import { drawPictures, pictured } from "./map_picture_layer.js";
import { Buffer, MARGIN, asDiscs, diameterOf, discs, outlineOf, projection, splats } from "./map_points.js";

const GLIDE = 240; // ms of a reset or a button's zoom
const EASE = 55; // ms in which a wheel's zoom gets two thirds of the way
const MOST_DRAWS = 600; // draw times kept for benches

/** Whether this person asked the system for less motion. */
function still() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Canvases, camera, frames. */
export class Stage {
  /**
   * @param {HTMLElement} element holds the canvases and has the stage's size
   * @param {import("./map_data.js").MapData} data
   * @param {object} on `scene()` for the overlay, `moved()` after each change of the camera, `drawn(ms)`
   */
  constructor(element, data, on) {
    this.element = element;
    this.data = data;
    this.on = on;
    this.points = document.createElement("canvas");
    this.overlay = document.createElement("canvas");
    for (const canvas of [this.points, this.overlay]) {
      canvas.className = "map-canvas";
      canvas.setAttribute("aria-hidden", "true");
      element.append(canvas);
    }
    this.pointsContext = this.points.getContext("2d");
    this.overlayContext = this.overlay.getContext("2d");
    this.able = Boolean(this.pointsContext && this.overlayContext); // false: this browser gives no canvas
    this.view = { width: 0, height: 0 };
    this.ratio = 1;
    this.buffer = null;
    this.camera = null;
    this.fit = null;
    this.untouched = true; // nobody has moved the camera: a new size fits the map again
    this.glide = null;
    this.wheel = null;
    this.theme = null;
    this.font = "sans-serif";
    this.painting = null;
    this.shown = { points: true, pictures: true };
    this.sheets = null; // what is drawn under and over the points, see map_sheets.js
    this.dirty = { paint: true, points: true, overlay: true, sheets: true };
    this.frame = 0;
    this.draws = [];
    this.observer = new ResizeObserver(() => this.ask("points", "overlay"));
    this.observer.observe(element);
  }

  /** Ask for a frame in which the named parts are drawn afresh: "paint" (colours), "points", "overlay", "sheets". */
  ask(...parts) {
    for (const part of parts) this.dirty[part] = true;
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.step(now));
  }

  /** New positions: fit them, or keep a camera given from outside. */
  place(camera) {
    this.measure();
    this.refit();
    this.glide = this.wheel = null;
    this.untouched = !camera;
    this.camera = camera ?? this.fit;
    this.ask("paint", "points", "overlay");
    this.on.moved(false);
  }

  refit() {
    if (!this.data.index || !this.view.width) return;
    this.fit = fitted(this.data.index.box, this.view);
    this.limits = limitsOf(this.fit);
    if (this.untouched) this.camera = this.fit;
  }

  /** Match the canvases to the element; true when anything changed. */
  measure() {
    const width = this.element.clientWidth;
    const height = this.element.clientHeight;
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    const fits = width === this.view.width && height === this.view.height && ratio === this.ratio;
    if (fits && this.buffer) return false;
    this.view = { width, height };
    this.ratio = ratio;
    for (const canvas of [this.points, this.overlay]) {
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    this.buffer = new Buffer(this.points.width, this.points.height);
    this.refit();
    this.dirty.points = this.dirty.overlay = true;
    return true;
  }

  step(now) {
    this.frame = 0;
    const resized = this.measure();
    const moving = this.move(now);
    if (moving || resized) this.on.moved(moving);
    if (moving) this.dirty.points = this.dirty.overlay = true;
    if (!this.camera || !this.theme || !this.view.width || !this.data.index || !this.able) return;
    if (this.dirty.paint) this.sheets?.change();
    if (this.dirty.points || this.dirty.paint) this.drawPoints();
    this.dirty.sheets = false;
    this.sheets?.follow();
    this.on.stepped?.();
    if (this.dirty.overlay) this.drawOverlay();
    if (this.glide || this.wheel) this.ask("points", "overlay");
  }

  /** Bring the camera one frame on its way; true when it moved. */
  move(now) {
    if (!this.camera) return false;
    if (this.glide) {
      this.glide.start ??= now;
      const t = Math.min(1, (now - this.glide.start) / GLIDE);
      this.camera = between(this.glide.from, this.glide.to, 1 - (1 - t) ** 3);
      if (t >= 1) this.glide = null;
      return true;
    }
    if (this.wheel) {
      const part = still() ? 1 : 1 - Math.exp(-Math.min(64, now - (this.wheel.last ?? now - 16)) / EASE);
      const rest = Math.abs(this.wheel.power) < 0.004;
      const power = rest ? this.wheel.power : this.wheel.power * part;
      this.wheel.last = now;
      this.wheel.power -= power;
      const { left, top } = this.wheel;
      this.camera = zoomedAt(this.camera, this.view, left, top, Math.exp(power), this.limits);
      if (rest || Math.abs(this.wheel.power) < 1e-6) this.wheel = null;
      return true;
    }
    return false;
  }

  /** The camera was moved by hand. */
  touch(camera) {
    this.camera = camera;
    this.untouched = false;
    this.ask("points", "overlay");
    this.on.moved(true);
  }

  pan(dx, dy) {
    if (!this.camera) return;
    this.glide = null;
    this.touch(panned(this.camera, dx, dy));
  }

  /** Zoom at once about a place (a pinch). */
  zoom(left, top, factor) {
    if (!this.camera) return;
    this.glide = this.wheel = null;
    this.touch(zoomedAt(this.camera, this.view, left, top, factor, this.limits));
  }

  /** Zoom smoothly about a place by e to the `power` (the wheel); turns of the wheel add up. */
  wheelBy(left, top, power) {
    if (!this.camera) return;
    this.glide = null;
    this.untouched = false;
    this.wheel = { power: (this.wheel?.power ?? 0) + power, left, top, last: this.wheel?.last };
    this.ask("points", "overlay");
  }

  /** Glide to a camera; at once for those who want no motion. */
  glideTo(camera) {
    if (!this.camera) return;
    this.wheel = null;
    if (still()) {
      this.touch(camera);
    } else {
      this.untouched = false;
      this.glide = { from: this.camera, to: camera };
      this.ask("points", "overlay");
    }
  }

  /** Zoom about the middle by a factor (buttons and keys); presses in a row add up. */
  zoomMiddle(factor) {
    if (!this.camera) return;
    const from = this.glide?.to ?? this.camera;
    this.glideTo(zoomedAt(from, this.view, this.view.width / 2, this.view.height / 2, factor, this.limits));
  }

  reset() {
    if (!this.fit) return;
    this.glideTo(this.fit);
    this.untouched = true;
  }

  /** Whether the whole map is shown as it was at first. */
  get whole() {
    return this.untouched || !this.fit || same(this.camera, this.fit);
  }

  toScreen(x, y) {
    return toScreen(this.camera, this.view, x, y);
  }

  toData(left, top) {
    return toData(this.camera, this.view, left, top);
  }

  /** Radius of a point as drawn, CSS pixels. */
  get radius() {
    if (!this.fit || !this.data.index) return 3;
    const area = this.view.width * this.view.height;
    return diameterOf(this.data.index.placed, area, this.camera.scale / this.fit.scale) / 2;
  }

  drawPoints() {
    const start = performance.now();
    const { data, buffer, camera, ratio, theme, view } = this;
    const { index } = data;
    if (this.dirty.paint || !this.painting) this.painting = data.painted(theme);
    const { paint, lit } = this.painting;
    const [minX, maxY] = this.toData(-MARGIN / 2, -MARGIN / 2);
    const [maxX, minY] = this.toData(view.width + MARGIN / 2, view.height + MARGIN / 2);
    const spans = stretches(index, minX, minY, maxX, maxY);
    const place = projection(buffer, camera, ratio);
    const radius = this.radius * ratio;
    buffer.clear();
    const rim = outlineOf(radius, ratio);
    const draw = asDiscs(total(spans), radius)
      ? (want) => discs(buffer, index, spans, place, paint, lit, want, radius, rim, theme.ground)
      : (want) => splats(buffer, index, spans, place, paint, lit, want, Math.max(2, Math.round(2 * radius)));
    if (this.shown.points) draw(0);
    if (this.shown.points && lit) draw(1); // what is selected lies on top
    const zoom = camera.scale / this.fit.scale;
    if (this.shown.pictures && pictured(data, buffer, place.k, zoom)) {
      drawPictures(data, buffer, place, paint, lit, ratio, theme);
    }
    buffer.show(this.pointsContext);
    this.dirty.paint = this.dirty.points = false;
    const spent = performance.now() - start;
    this.draws.push(spent);
    if (this.draws.length > MOST_DRAWS) this.draws.shift();
    this.on.drawn(spent);
  }

  /** Pixel of a row as it is painted now. */
  colourOf(row) {
    this.data.base ??= this.data.baseColours(this.theme);
    return this.data.base[row] ?? this.theme.missing;
  }

  drawOverlay() {
    this.dirty.overlay = false;
    drawOverlay(this.overlayContext, this.ratio, this.view, this.on.scene(), this.theme, this.font);
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.frame = -1; // ask() asks no more
  }
}
