/** The fixed markup of the decode console; names and numbers are filled in as text by console.js. */

export const MARKUP = `
  <div class="layout">
    <section class="stage" aria-label="Decoded picture">
      <div class="picture empty" aria-busy="true">
        <canvas role="img" aria-label="decoded picture" width="1" height="1" hidden></canvas>
        <p class="failure" role="alert" hidden></p>
      </div>
      <div class="under"><span class="speed"></span></div>
      <div class="support" hidden>
        <div class="meter" role="img"><i></i></div>
        <span class="sentence"></span>
      </div>
      <div class="near">
        <p>Nearest items <span>distance in the code space</span></p>
        <ol aria-label="Nearest items"></ol>
        <p class="near-note" role="status"></p>
      </div>
    </section>
    <section class="board" aria-label="Code">
      <div class="bar">
        <button type="button" data-act="mean" title="Every dimension that is not locked to the mean of the data">Mean</button>
        <button type="button" data-act="random" title="A normal draw, as spread as the data; locked dimensions stay">Random</button>
        <button type="button" data-act="reset" title="Back to where this page began">Reset</button>
        <button type="button" data-act="undo" title="Undo (Ctrl+Z)" disabled>Undo</button>
        <button type="button" data-act="redo" title="Redo (Ctrl+Shift+Z)" disabled>Redo</button>
        <label class="starts" hidden>Start from <select></select></label>
        <label class="classes" hidden>Class <select></select></label>
      </div>
      <div class="scroller">
        <div class="rows lively"></div>
        <details hidden><summary></summary><div class="rows quiet"></div></details>
      </div>
    </section>
  </div>`;
