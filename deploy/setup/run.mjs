// @ts-check
// Runs a program on this terminal, and ends it when this process is told to end or dies.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fail } from './say.mjs';

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
const watchMs = 500;
/** Noted before there is a program that could be waited for: who ends us then may be quick. */
const parent = process.ppid;
/** What a shell reports of a program that a signal ended. */
const statusOfSignals = 128;
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** util-linux's setpriv asks the kernel for a signal when our process dies, however it dies. */
const setpriv = '/usr/bin/setpriv';

/**
 * Runs a program and returns its status. npm's own shell passes no signal on when it is killed:
 * then our parent changes, and the program ends, too.
 * @type {(command: string, ...args: string[]) => Promise<number>}
 */
export const run = (command, ...args) =>
  new Promise((resolve) => {
    const argv = [command, ...args];
    if (existsSync(setpriv)) argv.unshift(setpriv, '--pdeathsig', 'TERM', '--');
    const child = spawn(/** @type {string} */ (argv[0]), argv.slice(1), { stdio: 'inherit' });
    const pass = (/** @type {NodeJS.Signals} */ signal) => void child.kill(signal);
    const watch = setInterval(() => {
      if (process.ppid !== parent) child.kill('SIGTERM');
    }, watchMs);
    // A terminal's ^C reaches the program by itself; here it must only not end this process first.
    const ignore = () => {};
    for (const signal of signals) process.on(signal, signal === 'SIGINT' ? ignore : pass);
    /** @type {(status: number) => void} */
    const done = (status) => {
      clearInterval(watch);
      for (const signal of signals) process.off(signal, signal === 'SIGINT' ? ignore : pass);
      resolve(status);
    };
    child.on('error', ({ message }) => done(fail(`cannot run ${command}: ${message}`)));
    child.on('exit', (code, signal) => {
      const number = signalNumbers[/** @type {keyof typeof signalNumbers} */ (signal)] ?? 1;
      done(code ?? statusOfSignals + number);
    });
  });
