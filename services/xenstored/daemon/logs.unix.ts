/** The daemon's own log: standard error in the foreground, else a file that can be opened anew. */

import { pino } from 'pino';
import { ok, type Result } from '../../../shared/core/result.ts';
import {
  droppedRecord,
  type LineFile,
  openLineFile,
} from '../../../shared/platform/unix/line-file.ts';
import { linesToStderr } from '../../../shared/platform/unix/standard-lines.ts';

/** XENSTORED_LOG names another. */
const LOG_PATH = '/var/log/xen/xenstored.log';

export interface Logs {
  info(line: string): void;
  error(line: string): void;
  /**
   * After the file was renamed: writes to a new one. If that cannot be opened, the old one goes on;
   * the same at the start, with standard error for the old one.
   */
  reopen(): Result<void>;
}

/** `toFile`: the process is in the background. Nothing is opened before `reopen`. */
export function createLogs(toFile: boolean, env: NodeJS.ProcessEnv = process.env): Logs {
  const stderr = linesToStderr(droppedRecord);
  let file: LineFile | undefined;
  const log = pino(
    { base: { service: 'xenstored', pid: process.pid } },
    { write: (line) => (file ?? stderr).write(line.trimEnd()) },
  );
  return {
    info: (line) => log.info(line),
    error: (line) => log.error(line),
    reopen: () => {
      if (!toFile) return ok();
      const opened = openLineFile(env.XENSTORED_LOG || LOG_PATH, droppedRecord);
      if (!opened.ok) return opened;
      file?.close();
      file = opened.value;
      return ok();
    },
  };
}
