/** The slave side of a pseudo terminal that xenconsoled published. */

import { closeSync, constants, openSync } from 'node:fs';
import { isatty, ReadStream, WriteStream } from 'node:tty';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { reasonOf } from '../../shared/platform/unix/reason.ts';
import type { Pty } from '../host.ts';
import { drained, pauseUntil } from './flow.ts';

const { O_NOCTTY, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/**
 * Opens it without making it ours to be controlled by. xenconsoled has set it to raw mode. The path
 * comes from xenstore: only a character device below /dev is opened.
 */
export function openPty(path: string): Result<Pty> {
  if (!/^\/dev\/[A-Za-z0-9/_-]+$/.test(path)) return fail('EINVAL', `${path} is no terminal`);
  try {
    const reader = new ReadStream(openTerminal(path, O_RDONLY));
    const writer = new WriteStream(openTerminal(path, O_WRONLY));
    return ok(join(reader, writer));
  } catch (error) {
    const { errno, words } = reasonOf(error);
    return fail(errno, `cannot open ${path}: ${words}`);
  }
}

function openTerminal(path: string, mode: number): number {
  const fd = openSync(path, mode | O_NOCTTY | O_NONBLOCK);
  if (isatty(fd)) return fd;
  closeSync(fd);
  throw Object.assign(new Error(path), { code: 'ENOTTY' });
}

function join(reader: ReadStream, writer: WriteStream): Pty {
  let ended = false;
  let onEnd = (): void => {};
  let onData: Parameters<Pty['receive']>[0] = () => undefined;
  const take = (bytes: Uint8Array): void => {
    const room = onData(bytes);
    if (room !== undefined) pauseUntil(reader, room);
  };
  const end = (): void => {
    if (ended) return;
    ended = true;
    // What was read while there was no room for it is not lost.
    reader.off('data', take);
    for (let rest = reader.read(); rest !== null; rest = reader.read()) void onData(rest);
    reader.destroy();
    writer.destroy();
    onEnd();
  };
  // A terminal whose master is gone reads as EIO.
  for (const stream of [reader, writer]) stream.on('error', end);
  reader.on('end', end).on('close', end);
  return {
    write: (bytes) => {
      if (ended) return undefined;
      writer.write(bytes);
      return drained(writer);
    },
    receive: (whenData, whenEnded) => {
      onData = whenData;
      onEnd = whenEnded;
      reader.on('data', take);
    },
    close: () => {
      onEnd = () => {};
      end();
    },
  };
}
