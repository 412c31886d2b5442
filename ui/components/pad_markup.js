/** The fixed markup of the drawing pad; names and numbers are filled in as text by pad.js. */

import { COLOUR_MARKUP } from "./pad_colours.js";

export const NEAR = `<figure><canvas class="picture" width="1" height="1"></canvas><figcaption></figcaption></figure>`;

export const MARKUP = `
  <div class="layout">
    <section class="pad" aria-label="Drawing pad">
      <canvas width="512" height="512" tabindex="0" role="application"
        aria-label="Drawing pad: draw with mouse, pen or finger; by keyboard, arrows move the pen and space sets it down"></canvas>
      <div class="tools">
        <label>Brush <input type="range" step="1" data-act="size" aria-label="Brush size" title="Brush size ([ and ])"></label>
        ${COLOUR_MARKUP}
        <button type="button" data-act="eraser" aria-pressed="false">Eraser</button>
        <button type="button" data-act="undo" title="Undo (Ctrl+Z)" disabled>Undo</button>
        <button type="button" data-act="clear">Clear</button>
        <label class="classes" hidden>As class <select></select></label>
      </div>
      <small class="hint" role="status">Mouse, pen or finger. By keyboard: arrows move, space sets the pen down.</small>
    </section>
    <section class="answer" aria-label="What the model makes of it">
      <p class="nothing">Draw a stroke: the item it makes, its reconstruction and its nearest items follow the pen.</p>
      <p class="failure" role="alert" hidden></p>
      <div class="pair">
        <figure class="item"><canvas class="picture" role="img" aria-label="the drawing as an item" width="1" height="1"></canvas>
          <figcaption>as the model sees it</figcaption></figure>
        <figure class="recon"><canvas class="picture" role="img" aria-label="reconstruction" width="1" height="1"></canvas>
          <figcaption>reconstruction <span class="speed"></span></figcaption></figure>
      </div>
      <p class="support"></p>
      <h4>Nearest items in the code space</h4>
      <div class="near"></div>
      <p class="vote" role="status"></p>
    </section>
    <section class="map"><canvas role="img" aria-label="Where the drawing lies on the map"></canvas><small></small></section>
  </div>`;
