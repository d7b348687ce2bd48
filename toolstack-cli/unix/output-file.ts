/** A file of the user's that a command writes without end. */

import { open } from 'node:fs/promises';
import { fail, type Result } from '../../shared/core/result.ts';
import { reasonOf } from '../../shared/platform/unix/reason.ts';
import type { Sink } from '../terminal.ts';
import { sink } from './terminal.ts';

/** ENOENT, EACCES, EISDIR and their like. A pipe that nobody reads yet is waited for. */
export async function openOutput(path: string): Promise<Result<Sink>> {
  try {
    const file = await open(path, 'w', 0o600);
    const stream = file.createWriteStream();
    const written = sink(stream, path);
    const value: Sink = {
      ...written,
      flush: async () => {
        const all = await written.flush();
        // Without a reader there is no end to be waited for.
        if (!stream.destroyed) await new Promise<void>((resolve) => stream.end(resolve));
        return all;
      },
    };
    return { ok: true, value };
  } catch (thrown) {
    const { errno, words } = reasonOf(thrown);
    return fail(errno, `cannot write to ${path}: ${words}`);
  }
}
