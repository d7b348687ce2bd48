/** What commands ask of the machine they run on. Opened when a command needs it, never before. */

import type { Domid } from '../shared/core/ids.ts';
import type { Result } from '../shared/core/result.ts';
import type { BuildHost } from '../shared/domain/build/index.ts';
import type { OpenCapture } from '../shared/platform/capture.ts';

/** The other end of a domain's console. */
export interface Pty {
  /** Settles once there is room for more; undefined if there is. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /**
   * Sets the one receiver; `onEnd` once, when the other side is gone. No more is read until what
   * `onData` returns is settled.
   */
  receive(onData: (bytes: Uint8Array) => Promise<void> | undefined, onEnd: () => void): void;
  close(): void;
}

export interface Host extends BuildHost {
  /** Opens a terminal that xenconsoled published. ENOENT, EIO, EACCES. */
  openPty(path: string): Promise<Result<Pty>>;
  /** Keeps others from a domain's console, those of xl too. EBUSY names who has it. */
  lockConsole(domid: Domid): Promise<Result<{ release(): void }>>;
  /**
   * Makes sure that the lifecycle service runs, which does what on_poweroff, on_reboot and on_crash
   * ask for. Does not wait until it does.
   */
  attend(): Promise<Result<void>>;
  /** Captures what passes one of the host's network interfaces. */
  readonly capture: OpenCapture;
  /** Whether it runs. */
  isAttended(): boolean;
  /** Whether the keeper runs, which `serve` starts. */
  isKept(): boolean;
  /** Ends all connections; nothing keeps the process alive after that. */
  close(): void;
}
