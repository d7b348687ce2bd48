/**
 * Shows the traffic, a line a packet, in the shape of C xenstored's trace file (trace_io in
 * xenstored_core.c @ RELEASE-4.17.7): `IN d5 20260820 09:15:07 READ (/vm )`.
 */

import * as wire from '../../shared/abi/xs-wire.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { createDecoder, type Decoder } from '../../shared/xenstore/wire.ts';
import type { Connection } from './core/connection.ts';

export interface Tap {
  /** Whether anybody looks: asked for each packet. */
  readonly isActive: boolean;
  /**
   * Lines go to `line`, too, from now on, until the returned function is called; not those for
   * which `wants` says no: one that nobody wants is not even written down.
   */
  show(line: (text: string) => void, wants?: () => boolean): () => void;
  received(from: Connection, type: number, bytes: Uint8Array, start: number, end: number): void;
  /** Bytes that are about to be taken from `to.output`. */
  sent(to: Connection, bytes: Uint8Array): void;
}

interface Sink {
  readonly line: (text: string) => void;
  readonly wants: () => boolean;
}

const NAMES = new Map<number, string>(
  Object.entries(wire)
    .filter(([name, value]) => /^XS_[A-Z_]+$/.test(name) && typeof value === 'number')
    .filter(([name]) => !/^XS_(WATCH_(PATH|TOKEN)|TYPE_COUNT|INVALID|DEBUG)$/.test(name))
    .map(([name, value]) => [value as number, name.slice(3)]),
);

export function typeName(type: number): string {
  return NAMES.get(type) ?? `UNKNOWN-${type}`;
}

/** Payloads are shown up to here. */
const SHOWN = 256;

function payloadText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < Math.min(end, start + SHOWN); i++) {
    const byte = bytes[i] as number;
    if (byte === 0) text += ' ';
    else if (byte >= 0x20 && byte < 0x7f && byte !== 0x5c) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return end - start > SHOWN ? `${text}...` : text;
}

/** `20260820 09:15:07`, UTC. */
function stamp(second: number): string {
  const iso = new Date(second * 1000).toISOString();
  return `${iso.slice(0, 10).replaceAll('-', '')} ${iso.slice(11, 19)}`;
}

/** The time as a stamp, which is made once a second. */
function stamps(clock: Pick<Clock, 'wallMs'>): () => string {
  let made = Number.NaN;
  let text = '';
  return () => {
    const second = Math.floor(clock.wallMs() / 1000);
    if (second !== made) text = stamp(second);
    made = second;
    return text;
  };
}

function nameOf({ domain, number }: Connection): string {
  return domain === undefined ? `s${number}` : `d${domain.domid}`;
}

/** `connections` are those that exist when somebody begins to look. */
export function createTap(
  clock: Pick<Clock, 'wallMs'>,
  connections: () => Iterable<Connection>,
): Tap {
  const sinks = new Set<Sink>();
  const now = stamps(clock);
  let decoders = new WeakMap<Connection, Decoder>();
  /** Their next bytes may be the rest of a packet whose head nobody saw. */
  let midway = new WeakSet<Connection>();

  const begin = (): void => {
    decoders = new WeakMap();
    midway = new WeakSet();
    for (const connection of connections()) {
      if (connection.output.size > 0) midway.add(connection);
    }
  };

  const show = (
    way: string,
    who: Connection,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void => {
    let text: string | undefined;
    for (const { line, wants } of sinks) {
      if (!wants()) continue;
      text ??=
        `${way} ${nameOf(who)} ${now()} ` + `${typeName(type)} (${payloadText(bytes, start, end)})`;
      line(text);
    }
  };

  const decoderOf = (to: Connection): Decoder => {
    let decoder = decoders.get(to);
    if (decoder === undefined) {
      decoder = createDecoder((type, _reqId, _txId, packet, start, end) =>
        show('OUT', to, type, packet, start, end),
      );
      decoders.set(to, decoder);
    }
    return decoder;
  };

  const tap = {
    isActive: false,
    show: (line: Sink['line'], wants: Sink['wants'] = () => true) => {
      if (sinks.size === 0) begin();
      const sink = { line, wants };
      sinks.add(sink);
      tap.isActive = true;
      return () => {
        sinks.delete(sink);
        tap.isActive = sinks.size > 0;
      };
    },
    received: (
      from: Connection,
      type: number,
      bytes: Uint8Array,
      start: number,
      end: number,
    ): void => show('IN', from, type, bytes, start, end),
    sent: (to: Connection, bytes: Uint8Array): void => {
      if (!midway.has(to)) decoderOf(to).push(bytes);
      else if (bytes.length === to.output.size) midway.delete(to);
    },
  };
  return tap;
}
