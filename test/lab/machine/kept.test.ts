// Records of hosts that were left running, and the processes that they name.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Machine } from './boot.ts';
import { keptIn, parseRecord } from './kept.ts';
import { isAlive, parseStat, processId } from './process-id.ts';

const machine = {
  xen: '4.17',
  qemu: { pid: 7, startTicks: '99' },
  sshPort: 2222,
  dir: '/d',
  key: '/k',
  image: '/i',
} as const;
const record = { ...machine, tree: '/src' };

it('a record is read back', () => {
  expect(parseRecord(JSON.stringify(record))).toEqual({ machine, tree: '/src' });
});

it.each([
  ['', '{', 'null', '[]', '{}', '"x"'],
  [JSON.stringify({ ...record, qemu: { pid: '7', startTicks: '99' } })],
  [JSON.stringify({ ...record, sshPort: undefined })],
  [JSON.stringify({ ...record, dir: 3 })],
  [JSON.stringify(machine)],
])('no record: %j', (...texts) => {
  for (const text of texts) expect(parseRecord(text)).toBeUndefined();
});

describe('hosts of several source trees', () => {
  let dir: string;
  let ssh: Server;
  const tree = (name: string): string => join(dir, name);
  const of = (name: string) => keptIn(dir, tree(name));

  /** A process in place of QEMU, and one server that greets as dom0's. */
  const start = async (xen: Machine['xen']): Promise<Machine> => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const { port } = ssh.address() as { port: number };
    const own = mkdtempSync(join(dir, 'host-'));
    return { ...machine, xen, qemu: processId(child.pid as number), sshPort: port, dir: own };
  };
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'xtl-kept-'));
    mkdirSync(tree('a'));
    mkdirSync(tree('b'));
    ssh = createServer((socket) => void socket.end('SSH-2.0-x\r\n')).listen(0, '127.0.0.1');
    await once(ssh, 'listening');
  });
  afterEach(async () => {
    for (const name of ['a', 'b']) await of(name).stop();
    ssh.close();
    rmSync(dir, { recursive: true });
  });

  it('each finds its own, and none that is another tree’s or another Xen’s', async () => {
    const [a, b] = [await start('4.17'), await start('4.17')];
    of('a').record(a);
    expect(await of('b').find('4.17', () => {})).toBeUndefined();
    of('b').record(b);
    expect(await of('a').find('4.17', () => {})).toEqual(a);
    expect(await of('b').find('4.17', () => {})).toEqual(b);
    expect(await of('a').find('4.20', () => {})).toBeUndefined();
  });

  it('each ends its own, and those of trees that are gone', async () => {
    const [a, other, b] = [await start('4.17'), await start('4.20'), await start('4.17')];
    for (const host of [a, other]) of('a').record(host);
    of('b').record(b);
    expect(await of('a').stop('4.20')).toEqual(['4.20']);
    expect([a, other, b].map(({ qemu }) => isAlive(qemu))).toEqual([true, false, true]);
    expect(await of('b').stop()).toEqual(['4.17']);
    expect([isAlive(a.qemu), existsSync(a.dir)]).toEqual([true, true]);
    rmSync(tree('a'), { recursive: true });
    expect(await of('b').stop()).toEqual(['4.17']);
    expect([isAlive(a.qemu), existsSync(a.dir)]).toEqual([false, false]);
  });

  it('one whose process has ended is forgotten', async () => {
    const host = await start('4.17');
    of('a').record(host);
    process.kill(host.qemu.pid, 'SIGKILL');
    while (isAlive(host.qemu)) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await of('a').find('4.17', () => {})).toBeUndefined();
    expect(existsSync(host.dir)).toBe(false);
    expect(await of('a').stop()).toEqual([]);
  });
});

it('a process name may hold anything', () => {
  const rest = Array.from({ length: 30 }, (_, i) => i + 3).map(String);
  const text = `12 (a) b) (c) S ${rest.slice(1).join(' ')}`;
  expect(parseStat(text)).toEqual({ state: 'S', startTicks: '22' });
  expect(parseStat('')).toBeUndefined();
});

it('a process is alive until it ends, and its number in another life is not it', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const id = processId(child.pid as number);
  expect(isAlive(id)).toBe(true);
  expect(isAlive({ ...id, startTicks: `${id.startTicks}1` })).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(id)).toBe(false);
});
