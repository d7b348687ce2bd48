/** The C xenstored runs without Xen, and tests can be its guests. */

import { connect } from 'node:net';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { domid, port } from '../../shared/core/ids.ts';
import { must, ok } from '../../shared/core/result.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import { overSocket } from './transport.ts';
import { type Peer, startPeer } from './xenstored.ts';

let peer: Peer;
beforeAll(async () => {
  peer = await startPeer('c');
});
afterAll(() => peer.stop());

const tool = (name: string, ...args: string[]) =>
  execa(`${peer.tree.root}/usr/bin/${name}`, args, {
    env: { XENSTORED_PATH: peer.socket, LD_LIBRARY_PATH: peer.tree.libraries },
  });

it('the C xenstored serves its tools without a hypervisor', async () => {
  await tool('xenstore-write', '/a/b', 'c');
  expect((await tool('xenstore-read', '/a/b')).stdout).toBe('c');
});

it('a guest speaks over its ring once it is introduced, larger than the ring too', async () => {
  await peer.tell('exist', 7);
  const dom0 = createXenstoreClient(overSocket(connect(peer.socket)));
  must(await dom0.write('/local/domain/7', ''));
  must(await dom0.setPerms('/local/domain/7', [{ domid: 7, access: 'n' }]));
  must(await dom0.introduce(domid(7), 1, port(5)));
  const guest = createXenstoreClient(overSocket(await peer.ring(7)));
  const value = 'y'.repeat(1500);
  must(await guest.write('data/x', value));
  expect(await dom0.readString('/local/domain/7/data/x')).toEqual(ok(value));
  expect(await guest.write('/x', 'y')).toMatchObject({ error: { errno: 'EACCES' } });
  dom0.close();
  guest.close();
});
