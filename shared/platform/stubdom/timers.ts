/** What is to happen at a time, earliest first; at the same time in the order of asking. */

interface Timer {
  readonly at: number;
  readonly order: number;
  then: (() => void) | undefined;
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A binary heap. A timer that is taken back stays in it, empty, until its time comes. */
export class Timers {
  readonly #heap: Timer[] = [];
  #asked = 0;
  #live = 0;

  /** Calls `then` once at time `at`; the returned function takes that back. */
  add(at: number, then: () => void): () => void {
    const timer: Timer = { at, order: this.#asked++, then };
    this.#live++;
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
    return () => {
      if (timer.then === undefined) return;
      timer.then = undefined;
      this.#live--;
    };
  }

  /** Calls what is due at `now`, but not what those calls add. */
  run(now: number): void {
    const before = this.#asked;
    for (let first = this.#first(); first; first = this.#first()) {
      if (first.at > now || first.order >= before) return;
      const { then } = this.#take();
      this.#live--;
      then?.();
    }
  }

  /** When the next one is due, or undefined when there is none. */
  next(): number | undefined {
    return this.#live === 0 ? undefined : this.#first()?.at;
  }

  #first(): Timer | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.then === undefined) this.#take();
    return this.#heap[0];
  }

  #take(): Timer {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink(0);
    }
    const { then } = first;
    first.then = undefined;
    return { ...first, then };
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
