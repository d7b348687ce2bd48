/** What can be fuzzed: worlds made by a seed, in each of which a number of hostile inputs comes. */

/**
 * Makes the world of `seed`, gives it `cases` hostile inputs and calls `done` after each; the last
 * time after what is only looked at in the end. Throws what went wrong; same arguments, same run.
 */
export type World = (seed: number, cases: number, done: () => void) => Promise<void>;

export interface Target {
  /** A seed picks one of these. */
  readonly worlds: Readonly<Record<string, World>>;
  /** Cases in one world. */
  readonly cases: number;
}

export function worldOf(target: Target, seed: number): { name: string; world: World } {
  const names = Object.keys(target.worlds);
  const name = names[seed % names.length] as string;
  return { name, world: target.worlds[name] as World };
}
