/**
 * Assertions: a broken invariant of ours ends the service; the world's errors are values
 * (result.ts).
 */

export class AssertionError extends Error {
  override name = 'AssertionError';
}

/** Throws an AssertionError unless `condition` holds. For bugs only, never for input. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new AssertionError(why);
}

/** Marks a branch that the types rule out. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
