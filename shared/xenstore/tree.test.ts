/** Nodes written into a store that does not know all their owners any more. */

import { expect, test } from 'vitest';
import { domid } from '../core/ids.ts';
import { fail, must, ok } from '../core/result.ts';
import type { XenstoreClient } from './client.ts';
import { writeTree } from './tree.ts';

type Node = Parameters<typeof writeTree>[1][number];

/** Of a store in which domain 9 is gone. */
function storeWithout9() {
  const rights = new Map<string, Node['permissions']>();
  const client: Pick<XenstoreClient, 'write' | 'setPerms'> = {
    write: async () => ok(),
    setPerms: async (path, permissions) => {
      if (permissions[0]?.domid === 9) return fail('ENOENT', `setPerms ${path}`);
      rights.set(path, permissions);
      return ok();
    },
  };
  return { rights, client: client as XenstoreClient };
}

const node = (path: string, owner: number): Node => ({
  path,
  value: new Uint8Array(0),
  permissions: [
    { domid: domid(owner), access: 'n' },
    { domid: domid(2), access: 'r' },
  ],
});

test('what belonged to a domain that is gone is dom0’s, and no more open than it was', async () => {
  const { rights, client } = storeWithout9();
  must(await writeTree(client, [node('/a', 1), node('/b', 9)]));
  expect(rights.get('/a')).toEqual(node('/a', 1).permissions);
  expect(rights.get('/b')).toEqual(node('/b', 0).permissions);
});
