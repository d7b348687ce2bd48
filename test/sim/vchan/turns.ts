/** What both threads of an interleaving and its test know. */

export interface Task {
  readonly seed: number;
  readonly packets: boolean;
  /** What the server sends, and what its client does. */
  readonly bytes: readonly [number, number];
  /** Bytes moved at a time, at most. */
  readonly most: number;
  /** One of so many steps is followed by the other end's. */
  readonly rarity: number;
  /** The indices that both rings begin with. */
  readonly start: number;
}

export const ORDERS = { left: 10, right: 11 };

/** Words that both threads and the test share; those of each end follow each other. */
export const SLOT = { holder: 0, random: 1, rarity: 2, isOn: 3, pending: 4, state: 6 };
