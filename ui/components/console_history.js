/** The codes one can go back to, and forth again. No DOM. */

export class History {
  /** @param {number} limit  steps that are kept */
  constructor(limit = 100) {
    this.limit = limit;
    this.past = [];
    this.future = [];
  }

  /** Remember a code that was left; what had been taken back is then gone. */
  push(code) {
    this.past.push(code);
    if (this.past.length > this.limit) this.past.shift();
    this.future = [];
  }

  /** The code before `current`, or undefined; `current` can be come back to. */
  undo(current) {
    return step(this.past, this.future, current);
  }

  /** The code that was taken back last, or undefined. */
  redo(current) {
    return step(this.future, this.past, current);
  }
}

function step(from, to, current) {
  const code = from.pop();
  if (code) to.push(current);
  return code;
}
