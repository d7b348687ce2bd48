/** Ports of the outer address: the guest's own number if nobody has it, else one that is random. */

import { PROTOCOL_ICMP, PROTOCOL_UDP } from '../../../shared/net/numbers.ts';
import { type FlowKey, findWithout } from './flow-table.ts';
import { isLive } from './flows.ts';
import type { Gate } from './gate.ts';
import { NAT_PORT_MAX, NAT_PORT_MIN, NAT_PORT_TRIES } from './limits.ts';
import { isAsking } from './question-table.ts';

function isFree(gate: Gate, protocol: number, remote: number, remotePort: number, port: number) {
  const { flows, config, questions } = gate;
  if (isLive(flows, findWithout(flows, protocol, remote, remotePort, port))) return false;
  if (protocol === PROTOCOL_UDP && isAsking(questions, port, gate.nowS)) return false;
  const { forwards = [] } = config;
  for (let i = 0; i < forwards.length; i++) {
    if (forwards[i]?.port === port && forwards[i]?.protocol === protocol) return false;
  }
  return true;
}

const randomPort = (gate: Gate): number =>
  NAT_PORT_MIN + (gate.random() % (NAT_PORT_MAX - NAT_PORT_MIN + 1));

/** A port for a connection that begins; 0: none was found. */
export function outerPortFor(gate: Gate, key: FlowKey): number {
  const { protocol, innerPort, remotePort } = key;
  const remote = key.remote[0] as number;
  const mayKeep = innerPort >= NAT_PORT_MIN || (protocol === PROTOCOL_ICMP && innerPort > 0);
  if (mayKeep && isFree(gate, protocol, remote, remotePort, innerPort)) return innerPort;
  for (let i = 0; i < NAT_PORT_TRIES; i++) {
    const port = randomPort(gate);
    if (isFree(gate, protocol, remote, remotePort, port)) return port;
  }
  return 0;
}

/** A port for a question of ours to a name server; 0: none was found. */
export function questionPort(gate: Gate, server: number, serverPort: number): number {
  for (let i = 0; i < NAT_PORT_TRIES; i++) {
    const port = randomPort(gate);
    if (isFree(gate, PROTOCOL_UDP, server, serverPort, port)) return port;
  }
  return 0;
}
