import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { must } from '../../core/result.ts';
import { bind } from './ffi.ts';
import { notifyReady } from './notify-ready.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK = 0o4002;

/** A datagram socket, as systemd's, and what came to it. */
function listen(name: Buffer): { received: () => string; close: () => void } {
  const libc = must(
    bind('libc.so.6', {
      socket: ['int', 'int', 'int', 'int'],
      bind: ['int', 'int', 'void *', 'uint'],
      recv: ['long', 'int', 'void *', 'size_t', 'int'],
      close: ['int', 'int'],
    }),
  );
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0);
  const address = Buffer.concat([Uint8Array.of(AF_UNIX, 0), name]);
  expect(libc.bind(fd, address, address.length)).toBe(0);
  return {
    received: () => {
      const buffer = new Uint8Array(1000);
      const count = libc.recv(fd, buffer, buffer.length, 0);
      return Buffer.from(buffer.subarray(0, Math.max(0, count))).toString();
    },
    close: () => void libc.close(fd),
  };
}

it('tells systemd that the service is ready, and which process it is', () => {
  const dir = mkdtempSync(join(tmpdir(), 'xtl-notify-'));
  const path = join(dir, 'socket');
  const socket = listen(Buffer.from(path));
  expect(notifyReady(path)).toBe(true);
  expect(socket.received()).toBe(`READY=1\nMAINPID=${process.pid}\n`);
  socket.close();
  rmSync(dir, { recursive: true });
});

it('knows names of no file', () => {
  const name = `xtl-notify-${process.pid}`;
  const socket = listen(Buffer.from(`\0${name}`));
  expect(notifyReady(`@${name}`)).toBe(true);
  expect(socket.received()).toContain('READY=1');
  socket.close();
});

it.each(['', 'relative', '@', '/nobody/listens/here', `/${'x'.repeat(200)}`])(
  'says nothing to %j',
  (path) => expect(notifyReady(path)).toBe(false),
);
