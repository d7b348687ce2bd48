/** Boots an image on a bare machine in QEMU: everything of the kernel but Xen. */

import { execa } from 'execa';

/** QEMU's isa-debug-exit ends it with twice the value written, plus 1. */
const EXIT = 'isa-debug-exit,iobase=0xf4,iosize=1';

export interface BareRun {
  /** What it printed, from the kernel's first line on. */
  readonly lines: readonly string[];
  /** SHUTDOWN_* that it ended with, or undefined if it did not end. */
  readonly reason: number | undefined;
}

/** Runs an image with a command line and `memoryMib` until it ends, 60 s at most. */
export async function bootBare(
  image: string,
  commandLine: string,
  memoryMib = 16,
): Promise<BareRun> {
  const machine = ['-accel', 'tcg', '-cpu', 'max', '-m', String(memoryMib), '-nodefaults'];
  const output = ['-display', 'none', '-serial', 'stdio', '-no-reboot', '-device', EXIT];
  const boot = ['-kernel', image, '-append', commandLine];
  const { stdout, exitCode } = await execa('qemu-system-x86_64', [...machine, ...output, ...boot], {
    reject: false,
    timeout: 60_000,
    stdin: 'ignore',
  });
  // Firmware speaks first, if it speaks on the serial port at all.
  const [first = '', second] = stdout.split('Booting from ROM..');
  const text = second ?? first;
  const lines = text
    .replaceAll('\r', '')
    .split('\n')
    .filter((line) => line !== '');
  return { lines, reason: exitCode === undefined ? undefined : (exitCode - 1) / 2 };
}
