/** Deaths of a backend: at any of its stores that others may see, as SIGKILL has them. */

export class Killed extends Error {}

const { store } = Atomics;
let left = Number.POSITIVE_INFINITY;

const killing = (words: Int32Array, at: number, value: number): number => {
  if (left-- === 0) throw new Killed('killed');
  return store(words, at, value);
};

/** Runs until the n-th store from now on; how many were left, or undefined for death. */
export function diesAt(n: number, run: () => void): number | undefined {
  left = n;
  Object.assign(Atomics, { store: killing });
  try {
    run();
    return left;
  } catch (error) {
    if (error instanceof Killed) return undefined;
    throw error;
  } finally {
    Object.assign(Atomics, { store });
  }
}
