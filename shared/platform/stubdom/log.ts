/** The log of a service on its console: JSON lines of the same shape as those of a daemon. */

import type { Kernel } from './kernel.ts';

/** pino's numbers, which its readers know. */
const INFO = 30;
const ERROR = 50;

export type Fields = Readonly<Record<string, string | number>>;

export interface Log {
  info(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export function openLog(kernel: Pick<Kernel, 'print' | 'wall' | 'service' | 'domid'>): Log {
  const { service, domid } = kernel;
  const write = (level: number, msg: string, fields: Fields = {}): void => {
    const time = Math.round(kernel.wall());
    kernel.print(JSON.stringify({ level, time, service, domid, ...fields, msg }));
  };
  return {
    info: (message, fields) => write(INFO, message, fields),
    error: (message, fields) => write(ERROR, message, fields),
  };
}
