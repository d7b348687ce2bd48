/** Standard output and standard error as others left them to us: they may take nothing. */

import { fail, ok, type Result } from '../../core/result.ts';
import { reasonOf } from './reason.ts';

/** A pipe or socket whose reader has gone, and a terminal that was closed. */
const READER_GONE: readonly unknown[] = ['EPIPE', 'ECONNRESET', 'EIO'];

/** What an error of a write comes to: no failure if its reader has gone, who wants no more. */
export function endOfWrites(name: string, error: NodeJS.ErrnoException): Result<void> {
  if (READER_GONE.includes(error.code)) return ok();
  const { errno, words } = reasonOf(error);
  return fail(errno, `cannot write to ${name}: ${words}`);
}

/** Prints `text` on standard output, and waits until it is taken or never will be. */
export function print(text: string): Promise<Result<void>> {
  return new Promise((resolve) => {
    const end = (error: NodeJS.ErrnoException): void =>
      resolve(endOfWrites('standard output', error));
    process.stdout.on('error', end);
    process.stdout.write(text, (error) => (error ? end(error) : resolve(ok())));
  });
}
