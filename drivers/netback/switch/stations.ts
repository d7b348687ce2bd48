/** What the switch learns of stations, and which are bound to their ports. */

import { getU16, getU32 } from '../../../shared/core/big-endian.ts';
import { fail, ok, type Result } from '../../../shared/core/result.ts';
import { MACS_PER_PORT } from './limits.ts';
import { addStation, find, forget, isBound, type MacTable, NOBODY, touch } from './mac-table.ts';
import type { Port } from './port.ts';

export type Ports = (Port | undefined)[];

/** One that a port has taught is forgotten. */
export function forgetLearned(macs: MacTable, ports: Ports, entry: number): void {
  const number = macs.ports[entry] as number;
  const port = number === NOBODY ? undefined : ports[number];
  if (port !== undefined) port.learned--;
  forget(macs, entry);
}

/** A port's own addresses. EEXIST: one is another port's. ENOSPC: there is no room. */
export function bindStations(
  macs: MacTable,
  ports: Ports,
  number: number,
  port: Port,
  nowS: number,
): Result<void> {
  const bytes = port.macs;
  for (let i = 0; bytes !== undefined && i < bytes.length; i += 6) {
    const [high, low] = [getU16(bytes, i), getU32(bytes, i + 2) | 0];
    if (find(macs, port.vlan, high, low)) {
      if (isBound(macs, macs.found)) {
        return fail('EEXIST', 'a MAC address that is bound already');
      }
      forgetLearned(macs, ports, macs.found);
    }
    const owner = { id: port.id, port: number, isBound: true };
    if (!addStation(macs, port.vlan, high, low, owner, nowS)) {
      return fail('ENOSPC', 'the table of stations is full');
    }
  }
  return ok();
}

/** The source of a frame is behind this port. False: it is bound to another. */
export function learn(
  macs: MacTable,
  ports: Ports,
  number: number,
  port: Port,
  vlan: number,
  bytes: Uint8Array,
  mac: number,
  nowS: number,
): boolean {
  if (port.macs !== undefined && vlan === port.vlan) return true;
  const high = getU16(bytes, mac);
  const low = getU32(bytes, mac + 2) | 0;
  if (find(macs, vlan, high, low)) {
    const entry = macs.found;
    if (macs.ports[entry] === number) {
      touch(macs, entry, nowS);
      return true;
    }
    if (isBound(macs, entry)) return false;
    forgetLearned(macs, ports, entry);
  }
  const most = port.config.isUplink === true ? macs.table.entries : MACS_PER_PORT;
  // Who is not learned is sent to as who is not known.
  if (port.learned >= most) return true;
  port.owner.port = number;
  if (addStation(macs, vlan, high, low, port.owner, nowS)) port.learned++;
  return true;
}
