/** Asks for the pictures of all ways: the quick ones at once, the one that is searched for round by round. */

import { Live } from "./live.js";

export class Asker {
  /**
   * @param {string} url
   * @param {(ways: object[], event: object) => void} onWays  each with its `frames` {pixels, shape, support},
   *   or without where there is no such way; and the event that `ask` was told of
   * @param {(sentence: string, names: string[]) => void} onError
   */
  constructor(url, onWays, onError) {
    this.quick = new Live(url, (answer) => this.told(answer), (sentence) => onError(sentence, this.names));
    this.slow = new Live(url, (answer) => this.searched(answer), (sentence) => onError(sentence, this.searches));
    this.onWays = onWays;
    this.names = [];
    this.searches = [];
    this.events = new WeakMap(); // question -> what it was asked for
  }

  /** Ask for `names` at once; and, unless the ends still move, for `searches` until each has settled. */
  ask(ends, names, searches, event) {
    [this.names, this.searches] = [names, searches];
    const quick = { ...ends, ways: names };
    this.current = searches.length ? { ...ends, ways: searches } : null;
    for (const body of [quick, this.current]) if (body) this.events.set(body, event);
    this.quick.ask(quick);
    if (this.current) this.slow.ask(this.current);
  }

  close() {
    this.quick.close();
    this.slow.close();
  }

  told(answer) {
    this.onWays(split(answer), this.events.get(answer.body));
  }

  searched(answer) {
    if (answer.body !== this.current) return; // the ends have moved on
    const ways = split(answer);
    this.onWays(ways, this.events.get(answer.body));
    if (ways.some((way) => way.share < 1)) this.slow.ask(this.current);
  }
}

/** One answer's pictures, way by way. */
export function split({ meta, pixels }) {
  const [, h, w, c] = meta.shape;
  let first = 0;
  return meta.ways.map((way) => {
    if (!way.steps) return way;
    const [from, to] = [first, (first += way.steps)];
    const frames = {
      pixels: pixels.subarray(from * h * w * c, to * h * w * c),
      shape: [way.steps, h, w, c],
      support: meta.support.slice(from, to),
    };
    return { ...way, frames };
  });
}
