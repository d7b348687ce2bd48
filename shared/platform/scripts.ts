/** Programs of the host's administrator that connect devices, run to their end. */

import type { Result } from '../core/result.ts';

export interface ScriptRun {
  /** Absolute. */
  readonly path: string;
  readonly args: readonly string[];
  /** Beside what all of them get: a path to search, no more. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/**
 * EIO says how it failed, with its last words; ETIMEDOUT: it was ended, and all that it had
 * started; ENOENT, EACCES and their like: it cannot be started.
 */
export type RunScript = (script: ScriptRun) => Promise<Result<void>>;
