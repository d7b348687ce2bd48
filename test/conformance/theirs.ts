/** A peer's xenstored as a subject, over its socket and its guests' rings. */

import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { XS_GET_DOMAIN_PATH, XS_WATCH_EVENT } from '../../shared/abi/xs-wire.ts';
import { fromLatin1 } from '../../shared/core/text.ts';
import { createDecoder, encodePacket } from '../../shared/xenstore/wire.ts';
import type { Peer } from '../peers/xenstored.ts';
import type { Actor, Reply, Subject } from './subject.ts';
import { nameOf } from './subject.ts';

interface Line {
  readonly socket: Socket;
  readonly waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[];
  events: string[];
}

const REPLY_MS = 10_000;

function openLine(socket: Socket, name: string): Line {
  const line: Line = { socket, waiting: [], events: [] };
  const decoder = createDecoder((type, _reqId, _txId, bytes, start, end) => {
    const payload = fromLatin1(bytes.subarray(start, end));
    if (type === XS_WATCH_EVENT) line.events.push(payload);
    else line.waiting.shift()?.resolve({ type, payload });
  });
  // A moment later, so that it is known by then whether the daemon has ended.
  const lost = (): void => {
    const orphans = line.waiting.splice(0);
    const error = new Error(`${name} was cut off`);
    setTimeout(() => {
      for (const { reject } of orphans) reject(error);
    }, 200);
  };
  socket.on('data', (data) => decoder.push(data));
  socket.on('error', lost);
  socket.on('close', lost);
  return line;
}

export function createTheirs(peer: Peer, sockets: number): Subject {
  const lines = new Map<string, Line>();
  for (let i = 0; i < sockets; i++) {
    lines.set(`socket ${i}`, openLine(connect(peer.socket), `socket ${i}`));
  }

  const ask = (name: string, line: Line, type: number, txId: number, payload: string) =>
    new Promise<Reply>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${peer.ended() ?? 'no reply'}: ${name}, ${type}`)),
        REPLY_MS,
      );
      const done = (): void => clearTimeout(late);
      line.waiting.push({
        resolve: (reply) => {
          done();
          resolve(reply);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      line.socket.write(encodePacket(type, 1, txId, payload));
    });

  return {
    name: 'theirs',
    request: (actor: Actor, type, txId, payload) => {
      const name = nameOf(actor);
      const line = lines.get(name);
      if (line === undefined) throw new Error(`${name} is not there`);
      return ask(name, line, type, txId, payload);
    },
    // A reply comes after all events before it on its own connection.
    events: async () => {
      await Promise.all(
        [...lines].map(([name, line]) => ask(name, line, XS_GET_DOMAIN_PATH, 0, '0\0')),
      );
      const all = new Map<string, readonly string[]>();
      for (const [name, line] of lines) {
        if (line.events.length > 0) all.set(name, line.events);
        line.events = [];
      }
      return all;
    },
    enter: async (domid) => {
      const name = `domain ${domid}`;
      lines.get(name)?.socket.destroy();
      lines.set(name, openLine(await peer.ring(domid), name));
    },
    leave: (domid) => {
      lines.get(`domain ${domid}`)?.socket.destroy();
      lines.delete(`domain ${domid}`);
    },
    world: (what, domid) => peer.tell(what, domid),
    ended: peer.ended,
    stop: async () => {
      for (const { socket } of lines.values()) socket.destroy();
    },
  };
}
