/** Makes sure that somebody acts on the end of the domains we make: the lifecycle service. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { LIFECYCLE_LOCK } from '../../shared/domain/build/index.ts';
import { lockHolder } from '../../shared/platform/unix/lock-holder.ts';

/** What starts it, beside the bundle of this command. */
const PROGRAM = fileURLToPath(new URL('./lifecycle', import.meta.url));

/** Whether the service runs. */
export function isAttended(): boolean {
  return lockHolder(LIFECYCLE_LOCK) !== undefined;
}

/** Starts the service unless one runs; does not wait for it. */
export async function attendDomains(): Promise<Result<void>> {
  if (isAttended()) return ok();
  if (!existsSync(PROGRAM)) return fail('ENOENT', `there is no ${PROGRAM}`);
  const child = spawn(PROGRAM, { detached: true, stdio: 'ignore', cwd: '/' });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(fail('EIO', `cannot start it: ${error.message}`)));
    child.on('spawn', () => {
      child.unref();
      resolve(ok());
    });
  });
}
