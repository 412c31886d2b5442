/** The fixed markup of the Noise lab, and its figures in words; names and numbers are filled in as text. */

export const FIGURES = ["error", "psnr", "ssim"];

const TABLE = `
  <dl class="figures">
    <div title="Squared error from the clean item, summed over its numbers"><dt>squared error</dt><dd data-figure="error"></dd></div>
    <div title="Peak signal-to-noise ratio, decibels: more is nearer"><dt>PSNR</dt><dd data-figure="psnr"></dd></div>
    <div title="Structural similarity: 1 is the same picture"><dt>SSIM</dt><dd data-figure="ssim"></dd></div>
  </dl>`;
const PICTURE = (name, caption) => `
  <figure class="${name}"><canvas class="picture" role="img" aria-label="${caption}" width="1" height="1"></canvas>
    <figcaption>${caption}</figcaption></figure>`;

export const RUN = `
  <section class="run">
    <h4></h4>
    <div class="row">
      ${PICTURE("recon", "reconstruction")}
      ${PICTURE("recon-error", "error of the reconstruction")}
      <div class="said">${TABLE}<p class="verdict" role="status"></p><p class="moved"></p></div>
      <div class="map"><canvas role="img" aria-label="Where the code goes on the map"></canvas><small></small></div>
    </div>
  </section>`;

export const MARKUP = `
  <div class="top">
    <section class="board" aria-label="Corruptions">
      <div class="stacked">
        <ol></ol>
        <p class="empty" hidden>Nothing is disturbed: what is left is the model's own error. Add a corruption.</p>
      </div>
      <div class="on-code" hidden>
        <label>Noise on the code <output></output>
          <input type="range" class="slider" min="0" max="3" step="0.01" aria-label="Noise on the code"></label>
        <small>in standard deviations of the data's codes, each dimension in its own</small>
      </div>
      <div class="bar">
        <button type="button" data-act="add" class="stack-only">Add a corruption</button>
        <button type="button" data-act="draw">Another draw</button>
        <span class="speed"></span>
      </div>
    </section>
    <section class="inputs" aria-label="Input">
      <div class="row">
        ${PICTURE("clean", "clean item")}
        ${PICTURE("given", "input, disturbed")}
        ${PICTURE("given-error", "error of the input")}
        <div class="said">${TABLE}<p class="scale"></p></div>
      </div>
    </section>
  </div>
  <p class="failure" role="alert" hidden></p>
  <div class="runs"></div>`;

/** A figure for reading; no number where there is none. */
export function figureText(name, value) {
  if (value === undefined) return "–"; // vectors have neither PSNR nor SSIM
  if (value === null) return "∞ dB";
  if (name === "error") return value.toFixed(2);
  return name === "psnr" ? `${value.toFixed(1)} dB` : value.toFixed(3);
}

/**
 * Whether a run helped, in a sentence.
 * @param {{error: number}} given  figures of the input
 * @param {{error: number, base?: number}} out  figures of the reconstruction; base: of the undisturbed code's
 * @param {"input"|"code"} on  what is disturbed
 */
export function verdict(given, out, on) {
  const before = on === "code" ? (out.base ?? given.error) : given.error;
  const change = Math.abs(before - out.error).toFixed(2);
  if (on === "code") {
    if (out.error <= before) return { sentence: "The noise on the code did no harm here.", helped: "same" };
    return { sentence: `The noise on the code added ${change} to the error.`, helped: "no" };
  }
  if (given.error === 0) {
    return { sentence: "Nothing is disturbed: this is the model's own error.", helped: "same" };
  }
  if (out.error < given.error) {
    const share = Math.round(100 * (1 - out.error / given.error));
    return { sentence: `The model helped: it took away ${change}, ${share} % of the error.`, helped: "yes" };
  }
  return { sentence: `The model did not help: it added ${change} to the error.`, helped: "no" };
}
