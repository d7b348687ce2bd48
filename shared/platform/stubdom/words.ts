/** The command line of the domain, as the words that its service is to read. */

import type { Kernel } from './kernel.ts';

/** Words that the kernel itself understands (shared/kernel/README.md). */
const OF_THE_KERNEL = /^console=/;

export function serviceWords(kernel: Pick<Kernel, 'commandLine'>): readonly string[] {
  return kernel.commandLine.split(/\s+/).filter((word) => word !== '' && !OF_THE_KERNEL.test(word));
}
