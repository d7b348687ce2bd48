/** A packet in the words of rules, for `explain`: `in tcp from 203.0.113.7 to 10.0.0.5 port 80`. */

import { getU32 } from '../../../shared/core/big-endian.ts';
import { type Cidr, parseCidr } from '../../../shared/net/address-text.ts';
import { createFacts, type Facts } from './facts.ts';
import { readRules } from './read.ts';
import { DIRECTIONS, type Place, type Rule, STATES } from './rule.ts';

/**
 * The facts, or what is wrong with the words. What is not said is: `out`, `new`, IPv4, of no vif.
 * `portOf` knows the port of a vif by its name; -1: there is none.
 */
export function readPacket(text: string, portOf: (name: string) => number): Facts | string {
  const { set, problems } = readRules('packet', `allow ${text}\ndefault deny`);
  const rule = set?.rules[0];
  if (rule === undefined || set?.rules.length !== 1) {
    return problems[0]?.message ?? 'a packet is one line';
  }
  const source = only(rule.from);
  const target = only(rule.to);
  if (typeof source === 'string') return source;
  if (typeof target === 'string') return target;
  if ((rule.states?.length ?? 0) > 1) return 'a packet has one state';
  return factsOf(rule, source, target, rule.on === undefined ? -1 : portOf(rule.on));
}

interface End {
  readonly address: Cidr | undefined;
  readonly port: number;
}

/** The one address and port of an end. */
function only(place: Place | undefined): End | string {
  const { addresses = [], ports = [] } = place ?? {};
  const [range] = ports;
  if (addresses.length > 1 || ports.length > 1) return 'a packet has one address and one port';
  if (range !== undefined && range[0] !== range[1]) return 'a packet has one port at each end';
  const address = addresses[0] === undefined ? undefined : parseCidr(addresses[0]);
  if (address !== undefined && address.bits !== address.address.length * 8) {
    return 'a packet has an address, no network';
  }
  return { address, port: range?.[0] ?? -1 };
}

function put(words: Int32Array, address: Cidr | undefined): void {
  const bytes = address?.address ?? new Uint8Array(4);
  for (let i = 0; 4 * i < bytes.length; i++) words[i] = getU32(bytes, 4 * i);
}

function factsOf(rule: Rule, source: End, target: End, port: number): Facts | string {
  const sizes = [source.address, target.address].flatMap((one) => one?.address.length ?? []);
  const family = rule.family ?? (sizes[0] === 16 ? 6 : 4);
  if (sizes.some((size) => size !== (family === 6 ? 16 : 4))) return 'addresses of two families';
  const facts = createFacts();
  facts.family = family;
  facts.protocol = rule.protocol ?? -1;
  put(facts.source, source.address);
  put(facts.target, target.address);
  facts.sourcePort = source.port;
  facts.targetPort = target.port;
  facts.icmpType = rule.icmpType ?? -1;
  facts.icmpCode = rule.icmpCode ?? -1;
  facts.direction = 1 << DIRECTIONS.indexOf(rule.direction ?? 'out');
  facts.state = 1 << STATES.indexOf(rule.states?.[0] ?? 'new');
  if (facts.direction === 1) facts.to = port;
  else facts.from = port;
  return facts;
}
