/** The least service: says that it runs, sleeps once, codes a text, and ends. */

import { openStubdom } from '../../../../shared/platform/stubdom/platform.ts';

const { kernel, clock, console } = openStubdom();
const start = clock.nowMs();
console.line(`hello from ${kernel.service}, domain ${kernel.domid}, told "${kernel.commandLine}"`);
await clock.sleep(50);
console.line(`slept ${(clock.nowMs() - start) >= 50 ? 'enough' : 'too little'}`);
const text = 'h\u00e9llo \u20ac';
const bytes = new TextEncoder().encode(text);
const isSame = new TextDecoder().decode(bytes) === text;
console.line(`${bytes.length} bytes say ${isSame ? 'so' : 'something else'}`);
