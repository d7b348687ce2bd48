/** A qemu-nbd of ours, when the process that started it is killed. */

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { clock } from '../../shared/platform/unix/clock.ts';
import { type ImageServer, serveImage } from '../../shared/platform/unix/image-server.ts';
import { isAlive, processId } from '../../shared/platform/unix/process-id.ts';
import { numberIn } from '../../shared/platform/unix/server-process.ts';

const NAME = 'vbd-1-51712';
const root = new URL('../..', import.meta.url).pathname;

let dir: string;
let path: string;
let pidPath: string;
const servers: ImageServer[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-server-'));
  path = join(dir, 'image');
  pidPath = join(dir, `${NAME}.pid`);
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', path, '1M']);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  rmSync(dir, { recursive: true });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await clock.sleep(5);
}

async function serve(): Promise<ImageServer> {
  const image = { path, format: 'qcow2' as const, isReadOnly: false };
  const server = must(
    await serveImage({ image, folder: dir, name: NAME, clock, report: () => {} }),
  );
  servers.push(server);
  return server;
}

/** Another process of ours serves the image, and is killed; the number of its server. */
async function leaveServer(): Promise<number> {
  const contents = `
    import { serveImage } from './shared/platform/unix/image-server.ts';
    import { clock } from './shared/platform/unix/clock.ts';
    const image = { path: '${path}', format: 'qcow2', isReadOnly: false };
    const options = { image, folder: '${dir}', name: '${NAME}', clock, report: console.log };
    console.log((await serveImage(options)).ok);
    setInterval(() => {}, 1000);`;
  const program = join(dir, 'other.mjs');
  await build({
    ...{ stdin: { contents, resolveDir: root, loader: 'ts' }, bundle: true, outfile: program },
    ...{ platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' },
  });
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await new Promise<Buffer>((resolve) => child.stdout.once('data', resolve));
  expect(said.toString()).toBe('true\n');
  const pid = numberIn(pidPath) as number;
  child.kill('SIGKILL');
  return pid;
}

it('ends by itself', async () => {
  const id = processId(await leaveServer());
  await until(() => !isAlive(id));
});

it('is no hindrance to the next process', async () => {
  const left = await leaveServer();
  expect((await serve()).pid()).not.toBe(left);
});

it('if it has outlived that, is ended by the next', async () => {
  const options = ['--persistent', '--format=qcow2', `--socket=${join(dir, `${NAME}.sock`)}`];
  const left = spawn('qemu-nbd', [...options, `--pid-file=${pidPath}`, path], { stdio: 'ignore' });
  await until(() => numberIn(pidPath) === left.pid);
  const ended = new Promise((resolve) => left.once('exit', resolve));
  await serve();
  expect(await ended).toBe(0);
});

it('another program that has its number is left alone', async () => {
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  writeFileSync(pidPath, `${other.pid}\n`);
  await serve();
  expect([other.exitCode, other.signalCode]).toEqual([null, null]);
  other.kill();
});
