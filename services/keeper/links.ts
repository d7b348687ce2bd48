/**
 * The interfaces of dom0's vifs that are ours: each is held as long as there is its vif, so that no
 * bridge learns that a back end was away.
 */

import type { Result } from '../../shared/core/result.ts';
import { vifName } from '../../shared/xenbus/served-by.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { isOurs } from './kernel-devices.ts';

/** One that is held. */
export interface HeldLink {
  release(): void;
}

export interface LinksHost {
  readonly session: Pick<XenstoreSession, 'readString' | 'exists'>;
  /** ENODEV: there is no interface of this vif yet. */
  holdLink(vif: string): Result<HeldLink>;
  log(line: string): void;
}

export interface Links {
  /** Something of the vif's nodes has changed: its interface is held, or let go of. */
  look(path: string, frontend: string, device: string): Promise<void>;
  /** Vifs may be gone, with the directory that they were in. */
  lookAgain(): Promise<void>;
}

export function holdLinks(host: LinksHost): Links {
  const { session, holdLink, log } = host;
  const held = new Map<string, HeldLink>();
  /** Undefined: the store does not say. */
  const isThere = async (path: string): Promise<boolean | undefined> => {
    const there = await session.exists(`${path}/frontend`);
    if (!there.ok) return undefined;
    if (!there.value) {
      held.get(path)?.release();
      held.delete(path);
    }
    return there.value;
  };
  return {
    lookAgain: async () => {
      for (const path of [...held.keys()]) await isThere(path);
    },
    look: async (path, frontend, device) => {
      if ((await isThere(path)) !== true) return;
      if (held.has(path) || !(await isOurs(host, 'vif', path))) return;
      const vif = vifName(Number(frontend), Number(device));
      const link = holdLink(vif);
      if (link.ok) held.set(path, link.value);
      else if (link.error.errno !== 'ENODEV') log(`${vif}: cannot be held: ${link.error.what}`);
    },
  };
}
