/** Frames as guests send them and get them. */

import { createHash } from 'node:crypto';
import type { Prng } from '../../../shared/core/prng.ts';
import {
  type Bytes,
  ether,
  IPV4,
  IPV6,
  packet4,
  packet6,
  type Sum,
  TCP,
  tcp,
  UDP,
  udp,
} from '../../net/frames.ts';

export const MAC_A = '00:16:3e:00:00:01';
export const MAC_B = '00:16:3e:00:00:02';

export function randomBytes(random: Prng, length: number): Bytes {
  return Array.from({ length }, () => random.below(256));
}

/** TCP over IPv4 with so many bytes of payload. */
export function tcp4(
  payload: Bytes,
  sum: Sum = 'right',
  ports: readonly [number, number] = [1, 2],
) {
  const body = tcp(ports[0], ports[1], 0x18, payload);
  const packet = packet4({ from: '10.0.0.1', to: '10.0.0.2', protocol: TCP, id: 7, sum }, body);
  return Uint8Array.from(ether(MAC_B, MAC_A, IPV4, packet));
}

export function tcp6(payload: Bytes, sum: Sum = 'right') {
  const body = tcp(1, 2, 0x18, payload);
  const packet = packet6({ from: 'fd00::1', to: 'fd00::2', protocol: TCP, sum }, body);
  return Uint8Array.from(ether(MAC_B, MAC_A, IPV6, packet));
}

export function udp4(
  payload: Bytes,
  sum: Sum = 'right',
  ports: readonly [number, number] = [1, 2],
) {
  const body = udp(ports[0], ports[1], payload);
  const packet = packet4({ from: '10.0.0.1', to: '10.0.0.2', protocol: UDP, sum }, body);
  return Uint8Array.from(ether(MAC_B, MAC_A, IPV4, packet));
}

/** Of no protocol that anybody knows. */
export function unknown(payload: Bytes, to = MAC_B) {
  return Uint8Array.from(ether(to, MAC_A, 0x88b5, payload));
}

/** The same of so many bytes, quickly. */
export function someFrame(random: Prng, length: number, to = MAC_B): Uint8Array {
  const frame = new Uint8Array(length);
  for (let at = 0; at < length; at += 1 + (at >> 6)) frame[at] = random.next();
  frame.set(unknown([], to).subarray(0, length));
  return frame;
}

/** What is compared in place of many bytes. */
export function digest(frame: Uint8Array | undefined): string | undefined {
  return frame && createHash('sha1').update(frame).digest('hex');
}
