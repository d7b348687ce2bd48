/**
 * Where ours differs from C xenstored 4.17 by choice: what either shows, so that neither changes
 * unseen. Every entry of deviations.ts has at least one row.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Peer } from '../peers/xenstored.ts';
import { startPeer } from '../peers/xenstored.ts';
import { DEVIATIONS } from './deviations.ts';
import {
  answer,
  DEATH_ORDER,
  DRIVER_DOMAIN,
  HELP,
  type Look,
  MEMORY_ERROR,
  RELEASED_TARGET,
  REMOVAL_QUOTA,
  ROOT_OWNER,
  STALE,
  TOO_MANY_EVENTS,
  TRANSACTION_MEMORY,
} from './looks.ts';
import { createOurs, type Ours } from './ours.ts';
import {
  begin,
  by,
  control,
  end,
  enter,
  inside,
  lastAnswer,
  other,
  read,
  setPerms,
  watch,
  write,
} from './script.ts';
import type { Subject } from './subject.ts';
import { createTheirs } from './theirs.ts';

let peer: Peer;
let theirs: Subject;
let ours: Ours;
beforeEach(async () => {
  peer = await startPeer('c');
  theirs = createTheirs(peer, 2);
  ours = createOurs(2, {});
});
afterEach(async () => {
  await theirs.stop();
  await peer.stop();
});

const ROWS: readonly (readonly [string, string, Look, string, string])[] = [
  [
    'merge',
    'a transaction ends after a child was created beside its own',
    answer(write('/d/x'), begin, inside(write('/d/y')), other(write('/d/z')), end),
    'OK|',
    'EAGAIN|',
  ],
  [
    'merge',
    'a transaction ends after a value that it overwrote unread has changed',
    answer(write('/d/x'), begin, inside(write('/d/x')), other(write('/d/x')), end),
    'OK|',
    'EAGAIN|',
  ],
  [
    'doomed',
    'a transaction that has read what changed looks at what it has not seen yet',
    answer(
      write('/d/x'),
      write('/d/y', '1'),
      begin,
      inside(read('/d/x')),
      other(write('/d/x', '2')),
      other(write('/d/y', '2')),
      inside(read('/d/y')),
    ),
    '1',
    '2',
  ],
  [
    'special-perms-error',
    'permissions are set of a special name that does not exist',
    answer(watch('a', 't'), setPerms('@nothing', 'n0')),
    'EINVAL|',
    'dead',
  ],
  [
    'malformed-path-error',
    'a path is due and there are two, after a request that failed',
    answer(read('/nothing'), { type: 2, payload: '/a\0/b\0' }),
    'EINVAL|',
    'ENOENT|',
  ],
  [
    'reset-in-transaction',
    'watches are reset inside a transaction (XSA-484)',
    answer(begin, inside({ type: 21, payload: '\0' })),
    'OK|',
    'dead',
  ],
  [
    'released-target',
    'a domain is released that another stands in for (XSA-233)',
    RELEASED_TARGET,
    'F|',
    'T|',
  ],
  [
    'stale-in-transaction',
    'a transaction gave rights to a domain whose number is used again',
    STALE,
    'EACCES|',
    'v',
  ],
  ['root-owner', 'a domain dies that somebody gave the root to', ROOT_OWNER, 'tool|', ''],
  [
    'death-order',
    'a domain dies that owns nodes beside its home',
    DEATH_ORDER,
    '/local/domain/1 /a',
    '/a /local/domain/1',
  ],
  ['memory-error', 'a guest writes at its memory quota', MEMORY_ERROR, 'ENOMEM|', 'EIO|'],
  ['transaction-memory', 'a guest has a transaction open', TRANSACTION_MEMORY, '152', '156'],
  [
    'transaction-removal-quota',
    'a guest removes more nodes in a transaction than it may touch',
    REMOVAL_QUOTA,
    'EIO|',
    'EIO|',
  ],
  [
    'newer-operations',
    'a watch has a depth',
    answer({ type: 4, payload: '/a\0t\x001\0' }),
    'OK|',
    'EINVAL|',
  ],
  [
    'newer-operations',
    'features are asked for',
    answer({ type: 23, payload: '' }),
    '14|',
    'ENOSYS|',
  ],
  [
    'newer-operations',
    'a quota is asked for',
    answer({ type: 25, payload: 'nodes\0' }),
    '1000|',
    'ENOSYS|',
  ],
  [
    'live-update',
    'a live update is begun',
    answer(control('live-update', '-f', '/none')),
    'live-update: this xenstored cannot be updated while it runs|',
    'File not accessible.|',
  ],
  [
    'driver-domain-quotas',
    'a domain that libxl made a driver domain has 200 watches',
    DRIVER_DOMAIN,
    'OK|',
    'E2BIG|',
  ],
  ['too-many-events', 'a guest changes much that many watch', TOO_MANY_EVENTS, 'ENOMEM|', 'OK|'],
  [
    'help-text',
    'help is asked for',
    HELP,
    '(not yet)',
    '[-c <cmdline>] [-F] [-t <timeout>] <file>',
  ],
];

describe('what ours and C xenstored 4.17 show, where', () => {
  it.each(ROWS)('%s: %s', async (_name, _when, look, our, their) => {
    expect(await look(ours)).toBe(our);
    expect(await look(theirs)).toContain(their);
  });

  it('stuck-socket: a tool leaves more unread than it may', async () => {
    const small = createOurs(2, { socketOutputMax: 10_000 });
    await lastAnswer(small, [other(watch('/', 't'))]);
    for (let i = 0; i < 1000; i++) await lastAnswer(small, [write(`/d/${i}`)]);
    small.store.flush();
    await expect(lastAnswer(small, [other(read('/d'))])).resolves.toBe('dead');
    expect(await lastAnswer(small, [read('/d/1')])).toBe('v');
  });

  it('special-perms-error: a guest may not set the permissions of special names', async () => {
    await enter(ours, 1);
    expect(await lastAnswer(ours, [by(1, setPerms('@releaseDomain', 'n1'))])).toBe('EACCES|');
  });
});

it('every deviation that is listed is shown, and no other', () => {
  const shown = new Set([...ROWS.map(([name]) => name), 'stuck-socket']);
  expect([...shown].toSorted()).toEqual(DEVIATIONS.map(({ name }) => name).toSorted());
});
