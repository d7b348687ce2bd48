/** The words of the command line, whatever bytes are in them. */

import { readFileSync } from 'node:fs';
import { textOfBytes } from '../../shared/core/utf8.ts';

/** What Node puts in place of bytes that are no UTF-8. */
const REPLACED = '\ufffd';

/** As Node has them, but with nothing lost: `utf8` gives the bytes that the shell gave. */
export function givenWords(words: readonly string[] = process.argv.slice(2)): readonly string[] {
  if (!words.some((word) => word.includes(REPLACED))) return words;
  const given = commandLine().slice(-words.length);
  const same = words.every((word, i) => Buffer.from(given[i] ?? '', 'latin1').toString() === word);
  return same ? given.map(textOfBytes) : words;
}

/** Each char a byte. Empty where there is no /proc. */
function commandLine(): readonly string[] {
  try {
    return readFileSync('/proc/self/cmdline', 'latin1').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
