/** Where the daemon writes: its log, and the trace of its traffic; both can be opened anew. */

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino } from 'pino';
import { fail, ok, type Result } from '../../../shared/core/result.ts';

/** The daemon's own log when it is in the background; XENSTORED_LOG names another. */
const LOG_PATH = '/var/log/xen/xenstored.log';

type Destination = ReturnType<typeof pino.destination>;

function open(dest: string | number): Destination {
  if (typeof dest === 'string') mkdirSync(dirname(dest), { recursive: true });
  const destination = pino.destination({ dest, append: true, sync: true });
  // A full disk must not end the store.
  destination.on('error', () => {});
  return destination;
}

export interface Logs {
  info(line: string): void;
  error(line: string): void;
  /** The file of the trace; undefined for none. */
  tracePath(): string | undefined;
  setTracePath(path: string): void;
  /** EBADF if the file cannot be written. */
  openTrace(): Result<(line: string) => void>;
  closeTrace(): void;
  /** After the files were renamed: writes to new ones. */
  reopen(): void;
}

/** In the foreground the log is standard error. */
export function openLogs(foreground: boolean, tracePath: string | undefined): Logs {
  const destination = open(foreground ? 2 : process.env.XENSTORED_LOG || LOG_PATH);
  const log = pino({ base: { service: 'xenstored', pid: process.pid } }, destination);
  let path = tracePath;
  let trace: Destination | undefined;

  const closeTrace = (): void => {
    trace?.end();
    trace = undefined;
  };
  const openTrace = (): Result<(line: string) => void> => {
    closeTrace();
    if (path === undefined) return fail('EBADF', 'there is no trace file');
    try {
      const opened = open(path);
      trace = opened;
      return ok((line) => void opened.write(`${line}\n`));
    } catch (thrown) {
      return fail('EBADF', `cannot open ${path}: ${(thrown as Error).message}`);
    }
  };
  return {
    info: (line) => log.info(line),
    error: (line) => log.error(line),
    tracePath: () => path,
    setTracePath: (next) => {
      path = next;
    },
    openTrace,
    closeTrace,
    reopen: () => {
      if (!foreground) destination.reopen();
      trace?.reopen();
    },
  };
}
