// Arrays from the server: each address is fetched once and kept; addresses are immutable (they carry a hash).

/** A failure with a sentence a person can act on. */
export class ArrayError extends Error {}

/** Full address of something the data names relative to the page. */
export function addressOf(url) {
  return new URL(url, document.baseURI).href;
}

/**
 * Fetch bytes, or say in a sentence why not.
 * @param {string} url relative to the page
 * @param {string} what words for the sentence: "the points", "the colours"
 * @param {AbortSignal} signal
 * @returns {Promise<ArrayBuffer>}
 */
export async function fetchBytes(url, what, signal) {
  let answer;
  try {
    answer = await fetch(addressOf(url), { signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ArrayError(`${capital(what)} could not be fetched: the server does not answer.`);
  }
  if (!answer.ok) {
    const why = await sentenceOf(answer);
    throw new ArrayError(`${capital(what)} could not be fetched: ${why}`);
  }
  return answer.arrayBuffer();
}

/** What the server says of its refusal, if it says it in words. */
async function sentenceOf(answer) {
  const told = await answer.json().catch(() => null);
  if (!told?.what) return `the server answered ${answer.status}.`;
  return [told.why ? `${told.what}: ${told.why}` : told.what, told.how_to_fix].filter(Boolean).join(". ") + ".";
}

function capital(words) {
  return words[0].toUpperCase() + words.slice(1);
}

/** Keeps the last arrays asked for, by address. */
export class Arrays {
  /** @param {number} most arrays kept; the longest unused goes first */
  constructor(most = 16) {
    this.most = most;
    this.kept = new Map();
    this.aborter = new AbortController();
  }

  /**
   * A typed array of known length.
   * @template T
   * @param {string} url
   * @param {{new (buffer: ArrayBuffer): T, BYTES_PER_ELEMENT: number}} Type 32-bit, little-endian
   * @param {number} length elements expected
   * @param {string} what words for a sentence
   * @returns {Promise<T>} rejects with an ArrayError, or an AbortError after close()
   */
  get(url, Type, length, what) {
    const known = this.kept.get(url);
    if (known) {
      this.kept.delete(url);
      this.kept.set(url, known);
      return known;
    }
    const coming = fetchBytes(url, what, this.aborter.signal).then((buffer) => {
      if (buffer.byteLength !== length * Type.BYTES_PER_ELEMENT) {
        const got = buffer.byteLength / Type.BYTES_PER_ELEMENT;
        throw new ArrayError(`${capital(what)} came with ${got} numbers where ${length} were expected.`);
      }
      return new Type(buffer);
    });
    coming.catch(() => this.kept.delete(url)); // a later try may succeed
    this.kept.set(url, coming);
    if (this.kept.size > this.most) this.kept.delete(this.kept.keys().next().value);
    return coming;
  }

  /** Abort what is under way. */
  close() {
    this.aborter.abort();
    this.kept.clear();
  }
}
