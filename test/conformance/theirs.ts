/** A peer's xenstored as a subject, over its socket and its guests' rings. */

import { connect } from 'node:net';
import { XS_GET_DOMAIN_PATH } from '../../shared/abi/xs-wire.ts';
import { overSocket } from '../peers/transport.ts';
import type { Peer } from '../peers/xenstored.ts';
import { type Line, openLine } from './line.ts';
import type { Subject } from './subject.ts';
import { nameOf } from './subject.ts';

export function createTheirs(peer: Peer, sockets: number): Subject {
  const lines = new Map<string, Line>();
  for (let i = 0; i < sockets; i++) {
    const name = `socket ${i}`;
    lines.set(name, openLine(overSocket(connect(peer.socket)), name, peer.ended));
  }

  return {
    name: 'theirs',
    request: async (actor, type, txId, payload) => {
      const name = nameOf(actor);
      const line = lines.get(name);
      if (line === undefined) throw new Error(`${name} is not there`);
      return line.ask(type, txId, payload);
    },
    // A reply comes after all events before it on its own connection.
    events: async () => {
      await Promise.all([...lines.values()].map((line) => line.ask(XS_GET_DOMAIN_PATH, 0, '0\0')));
      const all = [...lines].map(([name, line]) => [name, line.takeEvents()] as const);
      return new Map(all.filter(([, events]) => events.length > 0));
    },
    enter: async (domid) => {
      const name = `domain ${domid}`;
      lines.get(name)?.close();
      lines.set(name, openLine(overSocket(await peer.ring(domid)), name, peer.ended));
    },
    leave: (domid) => {
      lines.get(`domain ${domid}`)?.close();
      lines.delete(`domain ${domid}`);
    },
    world: (what, domid) => peer.tell(what, domid),
    ended: peer.ended,
    stop: async () => {
      for (const line of lines.values()) line.close();
    },
  };
}
