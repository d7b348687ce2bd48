/** Our xenstored as a process of this machine, without Xen: bundled as it is shipped. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');

/** What a bundle looks up is found from here, wherever the bundle lies. */
const from = JSON.stringify(`file://${join(root, 'package.json')}`);

/** One file, whose packages are those of the source tree. */
async function bundle(outfile: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['services/xenstored/main.unix.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['koffi'],
    logLevel: 'warning',
    banner: {
      js: [
        "import { createRequire as $createRequire } from 'node:module';",
        `const require = $createRequire(${from});`,
      ].join('\n'),
    },
    define: { 'import.meta.url': from },
  });
}

export interface OwnXenstored {
  /** Its folder, with its socket and whatever a test puts there. */
  readonly dir: string;
  readonly socket: string;
  /** The program and what comes before its options. */
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  /** Starts it in the foreground, without domains; resolves once it serves. */
  start(...options: readonly string[]): Promise<ChildProcess>;
  /** Kills what it started and removes the folder. */
  stop(): Promise<void>;
}

const START_MS = 20_000;

export async function ownXenstored(): Promise<OwnXenstored> {
  const dir = mkdtempSync(join(tmpdir(), 'xtl-own-'));
  const program = join(dir, 'xenstored.mjs');
  await bundle(program);
  const socket = join(dir, 'socket');
  const env = {
    ...process.env,
    XENSTORED_RUNDIR: dir,
    XENSTORED_PATH: '',
    XENSTORED_LOG: join(dir, 'log'),
  };
  const children: ChildProcess[] = [];
  return {
    dir,
    socket,
    command: [process.execPath, program],
    env,
    start: async (...options) => {
      const child = spawn(process.execPath, [program, '-N', '-D', ...options], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      children.push(child);
      let said = '';
      child.stderr?.on('data', (data) => {
        said += data;
      });
      const give = Date.now() + START_MS;
      while (!existsSync(socket)) {
        if (child.exitCode !== null) throw new Error(`xenstored ended: ${said}`);
        if (Date.now() > give) throw new Error(`xenstored does not serve: ${said}`);
        await new Promise((done) => setTimeout(done, 10));
      }
      return child;
    },
    stop: async () => {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = new Promise((resolve) => child.on('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
