/** What tests ask of a process: that it gets somewhere, how it ended, what it holds. */

import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Waits for something to happen; if it does not, the error shows what `state` gives. */
export async function until(
  what: () => boolean | Promise<boolean>,
  state: () => unknown = () => '',
): Promise<void> {
  for (let i = 0; !(await what()); i++) {
    if (i === 2000) throw new Error(`it did not happen: ${JSON.stringify(state())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Until a process has written its pid file: it is there a moment before its text. */
export const untilPidIn = (path: string): Promise<void> =>
  until(() => existsSync(path) && readFileSync(path, 'latin1').endsWith('\n'));

/** Its exit status or signal, after a signal if one is given. */
export async function exitOf(
  child: ChildProcess,
  signal?: NodeJS.Signals,
): Promise<number | NodeJS.Signals | null> {
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    child.on('exit', (code, by) => resolve(code ?? by));
  });
  if (signal !== undefined) child.kill(signal);
  return ended;
}

/** Where each open descriptor of a process leads. */
export function descriptors(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** Its sockets of TCP, by their numbers: the tenth word of a line of /proc/net/tcp. */
export function tcpSockets(pid: number): readonly string[] {
  const held = new Set(descriptors(pid));
  return ['tcp', 'tcp6'].flatMap((kind) =>
    readFileSync(`/proc/${pid}/net/${kind}`, 'utf8')
      .split('\n')
      .filter((line) => held.has(`socket:[${line.trim().split(/\s+/)[9]}]`)),
  );
}
