// In a network namespace of its own: a pair of interfaces, some traffic, and a capture of it.

import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { connect } from 'node:net';
import { make } from '../../shared/core/layout.ts';
import { must } from '../../shared/core/result.ts';
import { bind } from '../../shared/platform/unix/ffi.ts';
import { openCapture } from '../../shared/platform/unix/packet-capture.ts';
import { AF_PACKET, SOCK_RAW, sockaddrLl } from '../../shared/platform/unix/packet-socket-abi.ts';
import { interfaceBlock, sectionBlock, statisticsBlock } from '../../shared/telemetry/pcapng.ts';
import { packFrames } from '../../toolstack-cli/commands/capture-file.ts';

const ip = (line: string): void => void execFileSync('ip', line.split(' '));

/**
 * A namespace of its own, whose end of the pair takes what comes and answers nothing. It goes on
 * with a line from us, and ends when we do.
 */
const PEER = `echo apart
read line && ip addr add 10.9.0.2/24 dev right && ip link set lo up && ip link set right up || exit
exec node -e '
  process.stdin.resume().on("end", () => process.exit());
  require("net").createServer((s) => s.resume()).listen(9000, () => console.log("up"))'`;

const BYTES = 1 << 20;

/** A megabyte to the peer, and what is for everybody. */
async function traffic(): Promise<void> {
  const peer = spawn('unshare', ['-n', 'sh', '-c', PEER], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(peer.stdout, 'data');
  ip(`link set right netns ${peer.pid}`);
  peer.stdin.write('\n');
  await once(peer.stdout, 'data');
  const shout = createSocket('udp4');
  await new Promise<void>((resolve) => shout.bind(resolve));
  shout.setBroadcast(true);
  await new Promise((resolve) => shout.send('to all', 9000, '10.9.0.255', resolve));
  shout.close();
  const socket = connect(9000, '10.9.0.2');
  await once(socket, 'connect');
  socket.end(Buffer.alloc(BYTES, 0x5a));
  await once(socket, 'close');
  peer.kill();
}

/** A frame with a tag, from the other end of the pair. */
function sendTagged(): void {
  const calls = must(
    bind('libc.so.6', {
      socket: ['int', 'int', 'int', 'int'],
      bind: ['int', 'int', 'void *', 'uint'],
      if_nametoindex: ['uint', 'void *'],
    }),
  );
  ip('link set right up');
  const fd = calls.socket(AF_PACKET, SOCK_RAW, 0);
  const index = calls.if_nametoindex(Buffer.from('right\0'));
  const address = make(sockaddrLl, { sllFamily: AF_PACKET, sllIfindex: index });
  if (calls.bind(fd, address, address.length) !== 0) throw new Error('cannot send');
  const to = 'ffffffffffff020000000001';
  writeSync(fd, Buffer.from(`${to}8100600788b5${'5a'.repeat(60)}`, 'hex'));
}

async function main(kind: string): Promise<void> {
  ip('link set lo up');
  ip('link add left type veth peer name right');
  ip('addr add 10.9.0.1/24 dev left');
  ip('link set left up');
  const parts = [sectionBlock('test'), interfaceBlock('left', kind)];
  const packets = packFrames((blocks) => void parts.push(blocks));
  const capture = must(await openCapture('left'));
  let frames = 0;
  const ended = new Promise<string>((resolve) => {
    capture.receive({
      frame: (frame) => {
        packets.add(frame);
        frames++;
      },
      batch: () => undefined,
      end: resolve,
    });
  });
  if (kind === 'traffic') await traffic();
  else if (kind === 'tagged') sendTagged();
  else {
    ip('link del left');
    process.stderr.write(await ended);
  }
  const { dropped } = await capture.stop();
  packets.flush();
  parts.push(statisticsBlock(0, frames, dropped));
  process.stdout.write(Buffer.concat(parts));
}

await main(process.argv[2] ?? '');
