/** The end that a bug of ours makes: told, and nothing is left for others to stumble over. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { connectSocket } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import { type OwnXenstored, ownXenstored } from './own-xenstored.ts';
import { exitOf, until, untilPidIn } from './process.ts';

let own: OwnXenstored;
beforeAll(() => {
  own = ownXenstored();
});
afterEach(() => own.kill());
afterAll(() => own.stop());

/** Words for Node: at SIGUSR2 `script` is run. */
function atSignal(script: string): string[] {
  const code = `process.on('SIGUSR2', () => { ${script} })`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

it('ends with status 1, a line that tells of it, and nothing left', async () => {
  const pidFile = join(own.dir, 'pid');
  const node = atSignal("throw new Error('made by the test')");
  const child = await own.startWith({ node }, '-F', pidFile);
  await untilPidIn(pidFile);
  expect(await exitOf(child, 'SIGUSR2')).toBe(1);
  await until(() => own.said(child).includes('made by the test'));
  expect(readdirSync(own.dir)).toEqual([]);
});

it('is not met again by what cleans up, when it is met at the end', async () => {
  const node = atSignal(
    "Set.prototype.delete = () => { throw new Error('no set') }; console.error('armed')",
  );
  const child = await own.startWith({ node }, '-F', join(own.dir, 'pid'));
  const open = createXenstoreClient(must(await connectSocket(own.socket)));
  must(await open.read('/tool'));
  child.kill('SIGUSR2');
  // Of two signals that wait the later one may be met first.
  await until(() => own.said(child).includes('armed'));
  expect(await exitOf(child, 'SIGTERM')).toBe(1);
  await until(() => own.said(child).includes('no set'));
  expect(readdirSync(own.dir)).toEqual([]);
  open.close();
});
