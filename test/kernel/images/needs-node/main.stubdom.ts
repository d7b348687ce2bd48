/** A service that cannot be linked: one of its files wants Node. */

import { readGreeting } from './reads-files.ts';

console.log(readGreeting());
