/** Services that run beside the command, started by whoever needs them first. */

import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { type DeviceKind, KEEPER_LOCK, LIFECYCLE_LOCK } from '../../shared/domain/build/index.ts';
import { lockHolder } from '../../shared/platform/unix/lock-holder.ts';
import { reasonOf } from '../../shared/platform/unix/reason.ts';

/** What starts a service, beside the bundle of this command. */
const programOf = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** Whether the lifecycle service runs, which acts on the end of the domains that we make. */
export function isAttended(): boolean {
  return lockHolder(LIFECYCLE_LOCK) !== undefined;
}

/** Starts it unless one runs; does not wait for it. */
export async function attendDomains(): Promise<Result<void>> {
  return isAttended() ? ok() : start('lifecycle');
}

/** Whether the keeper runs, which starts back ends again and keeps journals. */
export function isKept(): boolean {
  return lockHolder(KEEPER_LOCK) !== undefined;
}

/** Whether devices of dom0 get a driver of the kernel's without being asked (sysfs). */
const AUTOPROBE = '/sys/bus/xen-backend/drivers_autoprobe';

/**
 * Starts the keeper of back ends and of driver domains' journals unless one runs. The kernel takes
 * no devices by itself from now on: the keeper gives it those that are not ours.
 */
export async function serve(kind: DeviceKind): Promise<Result<void>> {
  try {
    if (existsSync(AUTOPROBE)) writeFileSync(AUTOPROBE, '0');
  } catch (thrown) {
    const { errno, words } = reasonOf(thrown);
    return fail(errno, `cannot write to ${AUTOPROBE}: ${words}`);
  }
  if (isKept()) return ok();
  return kind === 'vbd' ? start('keeper', 'blkback') : start('keeper');
}

function start(name: string, ...words: readonly string[]): Promise<Result<void>> {
  const program = programOf(name);
  if (!existsSync(program)) return Promise.resolve(fail('ENOENT', `there is no ${program}`));
  const child = spawn(program, words, { detached: true, stdio: 'ignore', cwd: '/' });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(fail('EIO', `cannot start it: ${error.message}`)));
    child.on('spawn', () => {
      child.unref();
      resolve(ok());
    });
  });
}
