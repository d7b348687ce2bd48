/** A service that asks for what few domains have. */

import { openStubdom } from '../../../../shared/platform/stubdom/platform.ts';

openStubdom().console.line('permitted');
