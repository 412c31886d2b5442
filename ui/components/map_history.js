// Undo and redo: what was selected and where the camera stood, one line of steps with a bound.

const MOST = 100;

/**
 * A bounded line of states, with a place in it.
 * A state is {lasso, pick, camera}: the selection as the page's address carries it, and the camera ("x,y,scale", or
 * null for the whole map).
 */
export class History {
  /** @param {number} most @param {(history: History) => void} moved told after every change */
  constructor(most = MOST, moved = () => {}) {
    this.most = most;
    this.moved = moved;
    this.forget();
  }

  forget() {
    this.states = [];
    this.at = -1;
  }

  get now() {
    return this.states[this.at] ?? null;
  }

  get canUndo() {
    return this.at > 0;
  }

  get canRedo() {
    return this.at < this.states.length - 1;
  }

  /**
   * Something changed. What equals the present is no step; a step after an undo takes the place of what was undone.
   * @param {{lasso?: string, pick?: string, camera?: string | null}} change
   */
  record(change) {
    const next = { lasso: "", pick: "", camera: null, ...this.now, ...change };
    if (this.now && ["lasso", "pick", "camera"].every((key) => this.now[key] === next[key])) return false;
    this.states = [...this.states.slice(0, this.at + 1), next].slice(-this.most);
    this.at = this.states.length - 1;
    this.moved(this);
    return true;
  }

  /** The present was not known in full before. */
  amend(change) {
    if (this.now) this.states[this.at] = { ...this.now, ...change };
    this.moved(this);
  }

  /** Another map of the same run: its cameras mean nothing here, the selections do. */
  forgetCameras() {
    const kept = [];
    let at = -1;
    this.states.forEach((state, place) => {
      const bare = { ...state, camera: null };
      const last = kept[kept.length - 1];
      if (!last || last.lasso !== bare.lasso || last.pick !== bare.pick) kept.push(bare);
      if (place === this.at) at = kept.length - 1;
    });
    [this.states, this.at] = [kept, at];
    this.moved(this);
  }

  /** @returns {object | null} the state to go to */
  undo() {
    return this.canUndo ? this.go(this.at - 1) : null;
  }

  redo() {
    return this.canRedo ? this.go(this.at + 1) : null;
  }

  go(at) {
    this.at = at;
    this.moved(this);
    return this.now;
  }
}

const kept = new Map(); // by run: a page that is left and opened again has its history still

/** The history of a run in this browser tab, for the map with these points; it outlives a reload of the tab. */
export function historyOf(run, points, store = tabStore()) {
  if (!kept.has(run)) kept.set(run, restored(run, points, store));
  const found = kept.get(run);
  if (found.points !== points) {
    found.points = points;
    found.history.forgetCameras();
  }
  return found.history;
}

/** Forget what this page holds in memory, as a reload does. */
export function reloaded() {
  kept.clear();
}

function restored(run, points, store) {
  const name = `loupe-history-${run}`;
  const found = { points, history: null };
  found.history = new History(MOST, ({ states, at }) => {
    try {
      store?.setItem(name, JSON.stringify({ states, at, points: found.points }));
    } catch {
      // a full or forbidden store: undo then ends with the page
    }
  });
  try {
    const before = JSON.parse(store?.getItem(name) ?? "null");
    if (Array.isArray(before?.states) && before.states[before.at]) {
      [found.history.states, found.history.at, found.points] = [before.states, before.at, before.points];
    }
  } catch {
    // written by something else: a new history
  }
  return found;
}

function tabStore() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}
