// Undo and redo: what was selected and where the camera stood, one line of steps with a bound.

const MOST = 100;

/**
 * A bounded line of states, with a place in it.
 * A state is {lasso, pick, camera}: the selection as the page's address carries it, and the camera ("x,y,scale", or
 * null for the whole map).
 */
export class History {
  constructor(most = MOST) {
    this.most = most;
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
    return true;
  }

  /** The present was not known in full before. */
  amend(change) {
    if (this.now) this.states[this.at] = { ...this.now, ...change };
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
  }

  /** @returns {object | null} the state to go to */
  undo() {
    return this.canUndo ? this.states[(this.at -= 1)] : null;
  }

  redo() {
    return this.canRedo ? this.states[(this.at += 1)] : null;
  }
}

const kept = new Map(); // by run: a page that is left and opened again has its history still

/** The history of a run in this browser tab, for the map with these points. */
export function historyOf(run, points) {
  if (!kept.has(run)) kept.set(run, { history: new History(), points });
  const found = kept.get(run);
  if (found.points !== points) found.history.forgetCameras();
  found.points = points;
  return found.history;
}
