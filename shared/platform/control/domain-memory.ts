/** Memory of domains that we build: populating it, and the map that the guest can ask for. */

import {
  E820MAX,
  e820entry,
  XENMEM_populate_physmap,
  XENMEM_set_memory_map,
  xenForeignMemoryMap,
  xenMemoryReservation,
} from '../../abi/memory.ts';
import { __HYPERVISOR_memory_op } from '../../abi/xen.ts';
import type { Domid } from '../../core/ids.ts';
import { encode } from '../../core/layout.ts';
import { fail, type Result } from '../../core/result.ts';
import type { MemoryRange } from '../domain-control.ts';
import { outcome } from './control-ops.ts';
import type { Hypercalls } from './hypercalls.ts';

/** Frame numbers as an array of u64. */
export function writeFrames(
  into: Uint32Array,
  frames: readonly number[],
  from: number,
  to: number,
) {
  for (let i = from, at = 0; i < to; i++, at += 2) {
    const frame = frames[i] as number;
    into[at] = frame;
    into[at + 1] = frame / 0x1_0000_0000;
  }
}

/** How many leading extents were done; a negative errno if not even one was and Xen says why. */
export function populate(
  { args, argsAddress, data, dataAddress, call2 }: Hypercalls,
  domid: Domid,
  gfns: readonly number[],
  extentOrder: number,
): number {
  // All that fit, so that the usual guest takes one hypercall.
  const mostExtents = Math.floor(data.length / 8);
  const frames = new Uint32Array(data.buffer, data.byteOffset, mostExtents * 2);
  let done = 0;
  while (done < gfns.length) {
    const count = Math.min(gfns.length - done, mostExtents);
    writeFrames(frames, gfns, done, done + count);
    args.fill(0, 0, xenMemoryReservation.size);
    encode(xenMemoryReservation, args, 0, {
      extentStart: BigInt(dataAddress),
      nrExtents: BigInt(count),
      extentOrder,
      domid,
    });
    const now = call2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, argsAddress);
    if (now < 0) return done === 0 ? now : done;
    done += now;
    if (now < count) break;
  }
  return done;
}

export function setMemoryMap(
  { args, argsAddress, data, dataAddress, call2 }: Hypercalls,
  domid: Domid,
  map: readonly MemoryRange[],
): Result<void> {
  if (map.length > E820MAX) {
    return fail('E2BIG', `a memory map of ${map.length} ranges, more than ${E820MAX}`);
  }
  map.forEach(({ start, bytes, type }, i) => {
    const values = { addr: BigInt(start), size: BigInt(bytes), type };
    encode(e820entry, data, i * e820entry.size, values);
  });
  args.fill(0, 0, xenForeignMemoryMap.size);
  const values = { domid, nrEntries: map.length, buffer: BigInt(dataAddress) };
  encode(xenForeignMemoryMap, args, 0, values);
  const result = call2(__HYPERVISOR_memory_op, XENMEM_set_memory_map, argsAddress);
  return outcome(result, `cannot set the memory map of domain ${domid}`);
}
