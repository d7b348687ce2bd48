/** `xtl vm console`: this terminal joined with the one that xenconsoled gave the domain. */

import type { Domid } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { domainPath } from '../../shared/domain/build/index.ts';
import type { Watch } from '../../shared/xenstore/watch-queue.ts';
import type { Context } from '../context.ts';
import { findDomain } from '../domains.ts';
import type { Host, Pty } from '../host.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';
import { readSeconds } from '../seconds.ts';
import type { Options } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** ^], as xl console and telnet have it. */
const ESCAPE = 0x1d;

export async function console(
  context: Context,
  [word = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const timeoutMs = readSeconds(options.timeout);
  if (!timeoutMs.ok) return failure(EXIT.usage, timeoutMs.error.what);
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, word);
  if (!info.ok) return failed(info.error);
  const { domid } = info.value;
  if (domid === 0) return failure(EXIT.wrongState, 'domain 0 has no console: it is the host');
  const result = await attachConsole(context.terminal, host.value, domid, {
    ...(timeoutMs.value !== undefined && { timeoutMs: timeoutMs.value }),
  });
  return result.ok ? DONE : failed(result.error, `console of '${word}': `);
}

export interface AttachOptions {
  /** How long the console may take to appear; for ever if absent. */
  readonly timeoutMs?: number;
  /** Called once, when the console is connected and before anything is read of it. */
  readonly onAttached?: () => Promise<Result<void>> | Result<void>;
  /** Told how to end the session early; the returned function takes that back. */
  readonly until?: (end: () => void) => () => void;
}

/**
 * Joins the terminal with the domain's console until the user detaches or the domain is gone. The
 * end of the input is no reason to stop: a log is read by `xtl console vm </dev/null`. EBUSY if
 * another console is.
 */
export async function attachConsole(
  terminal: Terminal,
  host: Host,
  domid: Domid,
  options: AttachOptions = {},
): Promise<Result<void>> {
  const lock = await host.lockConsole(domid);
  if (!lock.ok) return lock;
  const result = await attachLocked(terminal, host, domid, options);
  lock.value.release();
  return result;
}

async function attachLocked(
  terminal: Terminal,
  host: Host,
  domid: Domid,
  options: AttachOptions,
): Promise<Result<void>> {
  const path = `${domainPath(domid)}/console/tty`;
  const watch = await host.xenstore.watch(path);
  if (!watch.ok) return watch;
  const session = new Session(terminal, host, watch.value, path);
  const gone = await endWithDomain(host, domid, session);
  let late = false;
  const { timeoutMs } = options;
  const expire = (): void => {
    late = true;
    session.end();
  };
  const cancel = timeoutMs === undefined ? () => {} : host.clock.after(timeoutMs, expire);
  const forget = options.until?.(() => session.end()) ?? (() => {});
  const attached = async (): Promise<Result<void>> => {
    cancel();
    return (await options.onAttached?.()) ?? ok();
  };
  const result = await session.run(attached);
  cancel();
  forget();
  gone();
  if (late) return fail('ETIMEDOUT', `no console after ${(timeoutMs ?? 0) / 1000} s`);
  return result;
}

/**
 * Ends the session when the domain does, in case its nodes stay. The returned function stops that.
 */
async function endWithDomain(host: Host, domid: Domid, session: Session): Promise<() => void> {
  const watch = await host.xenstore.watch('@releaseDomain');
  if (!watch.ok) return () => {};
  const follow = async (): Promise<void> => {
    for await (const _ of watch.value) {
      const info = host.domainControl.getInfo(domid);
      if (!info.ok || info.value.dying) void session.domainGone();
    }
  };
  void follow();
  return () => void watch.value.return();
}

/** How long what the domain printed last may be on its way once it is gone. */
const LAST_WORDS_MS = 200;

class Session {
  readonly #terminal: Terminal;
  readonly #host: Host;
  readonly #watch: Watch;
  readonly #path: string;
  #pty: Pty | undefined;
  #ptyPath = '';

  constructor(terminal: Terminal, host: Host, watch: Watch, path: string) {
    this.#terminal = terminal;
    this.#host = host;
    this.#watch = watch;
    this.#path = path;
  }

  /** Ends `run`, and with it the session. */
  end(): void {
    void this.#watch.return();
  }

  async domainGone(): Promise<void> {
    await this.#lastWords();
    this.end();
  }

  /** All that a domain said is shown, however slow the reader. */
  async #lastWords(): Promise<void> {
    for (;;) {
      await this.#host.clock.sleep(LAST_WORDS_MS);
      const slow = this.#terminal.out.drained();
      if (slow === undefined) return;
      await slow;
    }
  }

  /** Follows the console wherever xenconsoled moves it. */
  async run(onAttached: () => Promise<Result<void>>): Promise<Result<void>> {
    let release: (() => void) | undefined;
    try {
      for await (const _ of this.#watch) {
        const tty = await this.#host.xenstore.readString(this.#path);
        if (!tty.ok) {
          if (tty.error.errno !== 'ENOENT') return tty;
          if (this.#pty === undefined) continue;
          await this.#lastWords();
          return ok();
        }
        if (tty.value === '' || tty.value === this.#ptyPath) continue;
        const opened = await this.#open(tty.value);
        // A terminal that is gone already: xenconsoled will publish another, or the domain ends.
        if (!opened.ok && ['ENOENT', 'EIO', 'ENXIO'].includes(opened.error.errno)) continue;
        if (!opened.ok) return opened;
        if (release !== undefined) continue;
        release = this.#takeInput();
        const ready = await onAttached();
        if (!ready.ok) return ready;
      }
      const lost = this.#watch.failure();
      return lost === undefined ? ok() : { ok: false, error: lost };
    } finally {
      release?.();
      this.#pty?.close();
      this.end();
    }
  }

  async #open(path: string): Promise<Result<void>> {
    this.#pty?.close();
    const pty = await this.#host.openPty(path);
    if (!pty.ok) return pty;
    this.#pty = pty.value;
    this.#ptyPath = path;
    pty.value.receive(
      (bytes) => {
        this.#terminal.out.write(bytes);
        return this.#terminal.out.drained();
      },
      () => {
        // xenconsoled let go: what comes next, a new terminal or the domain's end, a watch will
        // tell.
        if (this.#pty === pty.value) this.#ptyPath = '';
      },
    );
    return ok();
  }

  #takeInput(): () => void {
    const { input, out, err } = this.#terminal;
    if (input.isTty) err.write('Connected; ^] detaches.\r\n');
    input.setRaw(true);
    // Nobody sees what it prints: what is typed shall not go on.
    out.whenClosed(() => this.end());
    const stop = input.receive(
      (bytes) => {
        const end = bytes.indexOf(ESCAPE);
        const typed = end < 0 ? bytes : bytes.subarray(0, end);
        const room = typed.length > 0 ? this.#pty?.write(typed) : undefined;
        if (end >= 0) this.end();
        return room;
      },
      () => {},
    );
    return () => {
      stop();
      input.setRaw(false);
      if (input.isTty) err.write('\r\n');
    };
  }
}
