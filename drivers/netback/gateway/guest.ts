/** Whose a packet is that comes from the other side, and which pieces belong together. */

import type { Packet } from '../../../shared/net/packet.ts';
import { INSIDE } from '../switch/passing.ts';
import type { PieceKey } from './fragments.ts';
import { type Gate, INNER_SIDE } from './gate.ts';
import { findNeighbour, kindOf } from './neighbour-table.ts';

/** The port behind which the packet's target was heard; INSIDE: it was not. */
export function guestPort(gate: Gate, words: Int32Array): number {
  const { neighbours } = gate;
  const entry = findNeighbour(neighbours, kindOf(INNER_SIDE, gate.facts.family), words);
  const port = entry < 0 ? -1 : (neighbours.ports[entry] as number);
  return port < 0 ? INSIDE : port;
}

/** Which pieces belong together: of a side, by protocol. */
export function pieceKey(
  gate: Pick<Gate, 'piece' | 'facts'>,
  side: number,
  packet: Packet,
): PieceKey {
  const { piece, facts } = gate;
  piece.kind = (side << 8) | packet.protocol;
  piece.id = packet.identification;
  for (let i = 0; i < 4; i++) {
    piece.source[i] = facts.source[i] as number;
    piece.target[i] = facts.target[i] as number;
  }
  return piece;
}
