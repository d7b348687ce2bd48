/** Makes code of text, which only an image for debugging can. */

import { openStubdom } from '../../../../shared/platform/stubdom/platform.ts';

const { console } = openStubdom();
console.line(`parsed: ${String(new Function('return 6 * 7')())}`);
