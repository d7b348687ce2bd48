/** A binary heap whose items know their places, so that any of them can be taken out at once. */

export interface Placed {
  /** The heap's own; NOWHERE while the item is in none. */
  place: number;
}

export const NOWHERE = -1;

export class Heap<T extends Placed> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  /** `isBefore` must order any two items, and an item's rank may not change while it is in. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#rise(item, this.#items.push(item) - 1);
  }

  /** False if the item is not in. */
  remove(item: T): boolean {
    const at = item.place;
    if (at === NOWHERE) return false;
    item.place = NOWHERE;
    const last = this.#items.pop()!;
    if (last === item) return true;
    this.#rise(last, at);
    if (last.place === at) this.#sink(last, at);
    return true;
  }

  #rise(item: T, from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(item, this.#items[parent]!)) break;
      this.#put(this.#items[parent]!, at);
      at = parent;
    }
    this.#put(item, at);
  }

  #sink(item: T, from: number): void {
    const items = this.#items;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#isBefore(items[child + 1]!, items[child]!)) child++;
      if (!this.#isBefore(items[child]!, item)) break;
      this.#put(items[child]!, at);
      at = child;
    }
    this.#put(item, at);
  }

  #put(item: T, at: number): void {
    this.#items[at] = item;
    item.place = at;
  }
}
