/** The least service: says that it runs, sleeps once, and ends. */

import { openStubdom } from '../../../../shared/platform/stubdom/platform.ts';

const { kernel, clock, console } = openStubdom();
const start = clock.nowMs();
console.line(`hello from ${kernel.service}, domain ${kernel.domid}, told "${kernel.commandLine}"`);
await clock.sleep(50);
console.line(`slept ${(clock.nowMs() - start) >= 50 ? 'enough' : 'too little'}`);
