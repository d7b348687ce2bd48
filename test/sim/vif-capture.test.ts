/** `xtl net capture`, with frames that a test gives. */

import { expect, it } from 'vitest';
import { ok } from '../../shared/core/result.ts';
import type { Capture, Frame, FrameReceiver } from '../../shared/platform/capture.ts';
import type { Sink } from '../../toolstack-cli/terminal.ts';
import { fakeSignals } from '../../toolstack-cli/testing/signals.ts';
import { fakeTerminal } from '../../toolstack-cli/testing/terminal.ts';
import { readPcapng } from '../lab/pcapng-reader.ts';
import { vifHost } from './vif-host.ts';

const MAC = '00:16:3e:12:34:56';

const frame = (first: number): Frame => ({
  ...{ bytes: new Uint8Array(60).fill(first), at: 0, captured: 60, length: 60, seconds: first },
  ...{ nanoseconds: 0, isOutgoing: false, to: 'host', vlan: 0, checksum: undefined },
  isSegmented: false,
});

/** Where a command writes to, as a file or as a pipe whose reader may go, or be slow. */
function createSink() {
  const parts: Uint8Array[] = [];
  let closed = (): void => {};
  const sink: Sink = {
    ...{ isTty: false, columns: 80 },
    write: (data) => void parts.push(Uint8Array.from(Buffer.from(data))),
    drained: () => undefined,
    whenClosed: (then) => {
      closed = then;
    },
    flush: async () => ok(),
  };
  return { sink, bytes: () => Buffer.concat(parts), close: () => closed() };
}

async function scene(vifs = `"mac=${MAC}"`) {
  const host = await vifHost();
  expect(await host.xtl(`vm create vm.cfg vif=[${vifs}] -q`)).toMatchObject({ exit: 0 });
  let receiver: FrameReceiver | undefined;
  const opened: string[] = [];
  const capture: Capture = {
    receive: (to) => {
      receiver = to;
    },
    stop: async () => {
      // What came until then.
      receiver?.frame(frame(99));
      return { dropped: 3 };
    },
  };
  const real = host.openHost();
  const wired = {
    ...real,
    capture: async (name: string) => {
      opened.push(name);
      return ok(capture);
    },
  };
  const output = createSink();
  const signals = fakeSignals();
  const terminal = fakeTerminal();
  const run = (line: string) =>
    host.start(line, { host: ok(wired), output: ok(output.sink), signals, terminal });
  const started = async (line: string) => {
    const ran = run(line);
    while (receiver === undefined) await host.sleep(1);
    return { ran, receiver };
  };
  return { host, opened, output, signals, terminal, run, started };
}

it('writes what passes until Ctrl-C, with what came before that', async () => {
  const { host, opened, output, signals, started } = await scene();
  const { ran, receiver } = await started('net capture web1 0 /tmp/web1.pcapng');
  receiver.frame(frame(1));
  receiver.frame(frame(2));
  expect(receiver.batch()).toBe(undefined);
  // Whoever reads the file meanwhile has them.
  expect(output.bytes().length).toBeGreaterThan(2 * 60);
  signals.send('SIGINT');
  expect(await host.sim.run(ran)).toEqual({
    ...{ exit: 0, stdout: '', stderr: '3 frames of vif1.0, 3 more were too fast\n' },
  });
  expect(opened).toEqual(['vif1.0']);
  const read = readPcapng(output.bytes());
  expect(read).toMatchObject({ interface: 'vif1.0', description: 'vif 0 of web1' });
  expect(read.packets.map(({ data }) => data[0])).toEqual([1, 2, 99]);
  expect(read.statistics).toEqual({ received: 6n, dropped: 3n });
});

it('ends by itself after as many as were asked for', async () => {
  const { host, output, started } = await scene();
  const { ran, receiver } = await started(`net capture 1 ${MAC} /f -c 2 -q`);
  for (const first of [1, 2, 3]) receiver.frame(frame(first));
  receiver.batch();
  expect(await host.sim.run(ran)).toEqual({ exit: 0, stdout: '', stderr: '' });
  expect(readPcapng(output.bytes()).packets).toHaveLength(2);
});

it('ends when its reader, or the interface, has gone', async () => {
  const first = await scene();
  const one = await first.started('net capture web1 0 /pipe -q');
  first.output.close();
  expect(await first.host.sim.run(one.ran)).toMatchObject({ exit: 0, stderr: '' });
  const second = await scene();
  const other = await second.started('net capture web1 0 /file');
  other.receiver.end('vif1.0 is gone');
  expect(await second.host.sim.run(other.ran)).toMatchObject({
    ...{ exit: 0, stderr: '1 frame of vif1.0, 3 more were too fast: vif1.0 is gone\n' },
  });
});

it('goes to standard output without a file, and holds frames back while it is full', async () => {
  const { host, terminal, signals, started } = await scene();
  const readOn = terminal.stopReading();
  const { ran, receiver } = await started('net capture web1 0');
  receiver.frame(frame(1));
  const room = receiver.batch();
  expect(room).toBeInstanceOf(Promise);
  readOn();
  await room;
  signals.send('SIGTERM');
  expect(await host.sim.run(ran)).toMatchObject({ exit: 0 });
  expect(terminal.stdout()).toContain('vif 0 of web1');
});

it('is of the name that a vif has in domain 0', async () => {
  const { host, opened, signals, started } = await scene('"vifname=lan0"');
  const { ran } = await started('net capture web1 0 /f -q');
  signals.send('SIGINT');
  await host.sim.run(ran);
  expect(opened).toEqual(['lan0']);
});

it.each([
  ['web1 7 /f', 3, /^xtl: there is no vif 7\n$/],
  ['web1 x /f', 2, /^xtl: a vif is a number or a MAC address, not 'x'\n$/],
  ['ghost 0 /f', 3, /^xtl: there is no domain 'ghost'\n$/],
  ['web1 0 /f -c 0', 2, /^xtl: a count is a number from 1 on/],
])('xtl net capture %s exits %i', async (line, exit, stderr) => {
  const { host, run } = await scene();
  const ran = await host.sim.run(run(`net capture ${line}`));
  expect(ran.stderr).toMatch(stderr);
  expect(ran.exit).toBe(exit);
});

it('is refused on a terminal, and where another domain serves the vif', async () => {
  const { host } = await scene();
  const terminal = fakeTerminal({ isTty: true });
  expect(await host.xtl('net capture web1 0', { terminal })).toMatchObject({ exit: 2 });
  expect(terminal.stdout()).toBe('');
  const { sim, xenstore } = host;
  const back = '/local/domain/5/backend/vif/1/0';
  await sim.run(xenstore.write('/libxl/1/device/vif/0/backend', back));
  expect(await host.xtl('net capture web1 0 /f')).toMatchObject({
    ...{ exit: 4, stderr: expect.stringContaining('domain 5 serves vif 0: its frames do not') },
  });
});
