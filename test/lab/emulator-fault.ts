// What QEMU's processor emulation broke, by what Xen logged.

/** What the emulator killed, and the words that say so. */
export interface Fault {
  /** `d7`, `Domain-0`, or `the host`. */
  readonly guest: string;
  readonly words: string;
}

/**
 * Lines of guests that died in a triple fault. On Xen 4.20 the emulated VMRUN now and then enters a
 * healthy guest with its address space not in place, so that the first fetch faults, and so do its
 * handlers. A mistake of a domain builder's looks the same, but happens every time.
 */
export const tripleFaults = (xenLog: string): string[] =>
  xenLog.split('\n').filter((line) => line.includes('Triple fault'));

/**
 * Whether a Linux died of a breakpoint that was no longer there, by what it said. It puts one where
 * it changes its own code, and takes it away when all processors have seen the change; an emulated
 * one now and then runs the old translation, and its trap has no owner (seen once, in dom0).
 */
const isStaleBreakpoint = (text: string): boolean => text.includes('exc_int3');

/**
 * Whether a Linux died of faults in its entry code, each met by the next until that code's stack
 * was full: with its address space not in place, as above, but late enough for it to tell (seen on
 * both Xens).
 */
const RECURSION = 'RIP: 0010:error_entry';
const isEntryRecursion = (text: string): boolean =>
  text.includes(RECURSION) && text.includes('</ENTRY_TRAMPOLINE>');

const lineWith = (text: string, word: string): string =>
  text
    .split('\n')
    .find((line) => line.includes(word))
    ?.trim() ?? word;

/** Flags up to ID, the last one that a processor has. */
const FLAGS_MAX = 0x3f_ffff;

/**
 * The line of a Linux's fault whose flags no processor can have: the emulator mixed up the
 * registers when it went between Linux and Xen (seen in dom0 as it booted).
 */
const impossibleFlags = (text: string): string | undefined => {
  const [line] =
    [...text.matchAll(/RSP: .* EFLAGS: ([0-9a-f]{8})\b/g)].find(
      ([, flags = '']) => Number.parseInt(flags, 16) > FLAGS_MAX,
    ) ?? [];
  return line;
};

/**
 * What Xen or dom0's kernel says of its death, in a boot that has run nothing of ours yet: whose
 * fault it was does not matter, for it is not ours.
 */
export const bootFault = (xenLog: string): string | undefined =>
  /^.*(Hardware Dom0 crashed|Kernel panic - not syncing|\bOops: |\(XEN\) FATAL).*$/m
    .exec(xenLog)?.[0]
    .trim();

/** dom0's death by the emulator; the host is gone with it. */
export const dom0Fault = (xenLog: string): Fault | undefined => {
  const flags = impossibleFlags(xenLog);
  if (flags !== undefined) return { guest: 'Domain-0', words: flags };
  const crashed = 'Hardware Dom0 crashed';
  if (!isStaleBreakpoint(xenLog) || !xenLog.includes(crashed)) return undefined;
  const words = `${lineWith(xenLog, 'exc_int3')}; ${lineWith(xenLog, crashed)}`;
  return { guest: 'Domain-0', words };
};

/** A guest's death by the emulator since Xen's log was `earlier` triple faults long. */
export const guestFault = (xenLog: string, earlier: number, error: string): Fault | undefined => {
  const line = tripleFaults(xenLog)[earlier];
  if (line !== undefined) {
    return { guest: /\b(d\d+)v\d+/.exec(line)?.[1] ?? 'a guest', words: line.trim() };
  }
  if (isEntryRecursion(error)) return { guest: 'a guest', words: lineWith(error, RECURSION) };
  if (!isStaleBreakpoint(error)) return undefined;
  return { guest: 'a guest', words: lineWith(error, 'exc_int3') };
};
