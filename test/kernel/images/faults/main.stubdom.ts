/** What a service may do wrong, by the words of its command line. */

import { openStubdom } from '../../../../shared/platform/stubdom/platform.ts';

const platform = openStubdom();
const { kernel, clock, console } = platform;

interface Wrong {
  readonly word: string;
  run(): Promise<void> | void;
}

function recurse(depth: number): number {
  return depth + recurse(depth + 1) + 1;
}

/** Fills the heap until the engine says no, lets go, and says how it went. */
function exhaust(): void {
  const kept: Uint8Array[] = [];
  let refused = '';
  try {
    for (;;) kept.push(new Uint8Array(10_000));
  } catch (thrown) {
    refused = String(thrown);
  }
  const blocks = kept.length;
  kept.length = 0;
  console.line(`${blocks > 100 ? 'many' : 'few'} blocks, then ${refused}; still here`);
}

/** Takes all pages, offers among them. */
function exhaustPages(): void {
  const regions = [];
  for (;;) {
    const made = platform.memory.pages(64);
    if (!made.ok) {
      console.line(`after ${regions.length > 1 ? 'some' : 'no'} regions: ${made.error.errno}`);
      break;
    }
    regions.push(made.value);
  }
  for (const region of regions) platform.memory.unmap(region);
  console.line(`and back: ${platform.memory.pages(64).ok}`);
}

const WRONGS: readonly Wrong[] = [
  {
    word: 'throw',
    run: () => {
      throw new RangeError('thrown on purpose');
    },
  },
  {
    word: 'reject',
    run: async () => {
      await clock.sleep(1);
      throw new Error('rejected on purpose');
    },
  },
  {
    word: 'recurse',
    run: () => {
      try {
        recurse(0);
      } catch (thrown) {
        console.line(`recursion: ${String(thrown)}`);
      }
    },
  },
  { word: 'heap', run: exhaust },
  { word: 'pages', run: exhaustPages },
];

for (const word of kernel.commandLine.split(' ')) {
  await WRONGS.find((wrong) => wrong.word === word)?.run();
}
console.line('done');
