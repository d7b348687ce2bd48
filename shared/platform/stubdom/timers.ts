/** What is to happen at a time, earliest first; at the same time in the order of asking. */

interface Timer {
  readonly at: number;
  readonly order: number;
  call: (() => void) | undefined;
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A binary heap. A timer that is taken back stays in it, empty, until its time comes. */
export class Timers {
  readonly #heap: Timer[] = [];
  #asked = 0;
  #live = 0;

  /** Makes the call once at time `at`; the returned function takes that back. */
  add(at: number, call: () => void): () => void {
    const timer: Timer = { at, order: this.#asked++, call };
    this.#live++;
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
    return () => {
      this.#end(timer);
    };
  }

  /** Makes the calls that are due at `now`, but not what those calls add. */
  run(now: number): void {
    const before = this.#asked;
    for (let first = this.#first(); first; first = this.#first()) {
      if (first.at > now || first.order >= before) return;
      this.#end(first)?.();
    }
  }

  /** When the next one is due, or undefined when there is none. */
  next(): number | undefined {
    return this.#live === 0 ? undefined : this.#first()?.at;
  }

  /** Empties a timer; its call, if it had not happened or been taken back. */
  #end(timer: Timer): (() => void) | undefined {
    const { call } = timer;
    if (call !== undefined) this.#live--;
    timer.call = undefined;
    return call;
  }

  #first(): Timer | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.call === undefined) this.#drop();
    return this.#heap[0];
  }

  /** Takes the first timer off the heap. */
  #drop(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    const heap = this.#heap;
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!isBefore(heap[i]!, heap[parent]!)) return;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  #sink(from: number): void {
    const heap = this.#heap;
    for (let i = from; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (least === i) return;
      [heap[i], heap[least]] = [heap[least]!, heap[i]!];
      i = least;
    }
  }
}
