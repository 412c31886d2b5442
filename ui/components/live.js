/**
 * Live decoding over our own route, shared by every component that shows decoded pictures.
 *
 * A drag gives far more events than a server can answer. So one request is in flight at a time and at most
 * one waits; a newer question replaces the waiting one. The last value asked is therefore always the last
 * one shown, and a slow server gets fewer questions instead of a growing queue.
 */

const PATIENCE_MS = 30_000;

/** Asks a decoding route; one request in flight, the newest question wins. */
export class Live {
  /**
   * @param {string} url  address of the route, relative to document.baseURI (so base paths and proxies work)
   * @param {(answer: {meta: {shape: number[], support: number[], milliseconds: number}, pixels: Uint8Array,
   *   milliseconds: number, body: object}) => void} onAnswer  meta is the X-Loupe header, milliseconds the
   *   whole round trip as seen here, body the question that is being answered
   * @param {(sentence: string) => void} onError  one sentence to show in place of the picture
   */
  constructor(url, onAnswer, onError) {
    this.address = new URL(url, document.baseURI).href;
    this.onAnswer = onAnswer;
    this.onError = onError;
    this.waiting = null;
    this.abort = null; // the AbortController of the request in flight, or null
    this.closed = false;
  }

  /** Ask for the pictures of `body` (JSON); replaces a question that is still waiting. */
  ask(body) {
    if (this.closed) return;
    this.waiting = body;
    if (!this.abort) this.#pump();
  }

  /** Forget what waits and drop the request in flight; nothing is called back afterwards. */
  close() {
    this.closed = true;
    this.waiting = null;
    this.abort?.abort();
  }

  async #pump() {
    while (this.waiting !== null && !this.closed) {
      const body = this.waiting;
      this.waiting = null;
      this.abort = new AbortController();
      const timer = setTimeout(() => this.abort.abort(), PATIENCE_MS);
      let answer;
      try {
        answer = await fetchPixels(this.address, body, this.abort.signal);
      } catch (error) {
        answer = { sentence: error.sentence ?? failureSentence(error) };
      }
      clearTimeout(timer);
      if (this.closed) break;
      // A fault in a callback must not stop the pump: the next drag still has to be answered.
      try {
        if (answer.sentence) this.onError(answer.sentence);
        else this.onAnswer(answer);
      } catch (fault) {
        console.error(fault);
      }
    }
    this.abort = null;
  }
}

async function fetchPixels(address, body, signal) {
  const start = performance.now();
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) throw Object.assign(new Error("refused"), { sentence: await refusal(response) });
  const meta = readMeta(response.headers.get("X-Loupe"));
  const pixels = new Uint8Array(await response.arrayBuffer());
  if (!meta || meta.shape.reduce((a, b) => a * b, 1) !== pixels.length) {
    throw Object.assign(new Error("mangled"), {
      sentence: "The server's answer was not pictures: reload the page, it may come from an older version.",
    });
  }
  return { meta, pixels, milliseconds: performance.now() - start, body };
}

/** The X-Loupe header as an object, or null where it is absent or not of four sizes. */
export function readMeta(header) {
  try {
    const meta = JSON.parse(header);
    if (!Array.isArray(meta?.shape) || meta.shape.length !== 4) return null;
    return { ...meta, support: meta.support ?? [] };
  } catch {
    return null;
  }
}

async function refusal(response) {
  let error = null;
  try {
    error = await response.json();
  } catch {
    // Not ours (a proxy's page, for instance): the status has to do.
  }
  return errorSentence(error, response.status);
}

/** The sentence of an AelibError {code, what, why, how_to_fix}, worded as its Python `str` is. */
export function errorSentence(error, status) {
  if (!error?.what) return `The server could not decode this (HTTP ${status}).`;
  const ended = (part) => (/[.?!]$/.test(part) ? part : `${part}.`);
  const sentence = error.why ? `${error.what}: ${error.why}` : error.what;
  return [sentence, error.how_to_fix].filter(Boolean).map(ended).join(" ");
}

function failureSentence(error) {
  if (error.name === "AbortError") return `No answer within ${PATIENCE_MS / 1000} s: the server is busy.`;
  return "The server does not answer: check that the app is still running, then move a slider or reload.";
}

/**
 * What a support share means, in the one wording used everywhere, and a level for its colour.
 * @param {number} share  0..1, the share of the data's items that lie farther from their neighbours
 * @returns {{sentence: string, level: "low"|"some"|"good", percent: number}}
 */
export function describeSupport(share) {
  const percent = Math.round(100 * share);
  const level = share < 0.05 ? "low" : share < 0.25 ? "some" : "good";
  return { sentence: `nearer than ${percent} % of the data`, level, percent };
}

/** Spread raw pixels (1 grey or 3 colour channels) into RGBA; `out` has 4 bytes per pixel. */
export function fillRgba(out, pixels, channels) {
  const [green, blue] = channels === 3 ? [1, 2] : [0, 0];
  for (let from = 0, to = 0; to < out.length; from += channels, to += 4) {
    out[to] = pixels[from];
    out[to + 1] = pixels[from + green];
    out[to + 2] = pixels[from + blue];
    out[to + 3] = 255;
  }
  return out;
}

/**
 * Draw one picture at its own size; CSS enlarges it (image-rendering: pixelated).
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} pixels  h*w*c values, 0..255
 * @param {number[]} shape  [h, w, c] with c 1 or 3
 */
export function paint(canvas, pixels, [h, w, c]) {
  // Setting the size clears the canvas, so only where it changes.
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext("2d");
  const image = context.createImageData(w, h);
  fillRgba(image.data, pixels, c);
  context.putImageData(image, 0, 0);
}
