/** The port Events of a simulated domain. */

import { NR_VIRQS } from '../../abi/xen.ts';
import { assert } from '../../core/assert.ts';
import type { Port } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Events } from '../events.ts';
import type { SimDomain } from './domain.ts';
import {
  allocPort,
  bindPort,
  bindVirq,
  closePort,
  listenAt,
  notifyPeer,
  type SimPort,
  unmaskPort,
} from './event-channels.ts';
import type { World } from './world.ts';

function numberOf(made: Result<SimPort>): Result<Port> {
  return made.ok ? ok(made.value.number) : made;
}

export function events(world: World, domain: SimDomain): Events {
  const local = (number: Port): SimPort => {
    const found = domain.ports.open.get(number);
    assert(found !== undefined, `port ${number} of domain ${domain.domid} is not open`);
    return found;
  };
  return {
    allocUnbound: (remote) => numberOf(allocPort(domain, { state: 'unbound', remote })),
    bindInterdomain: (remote, theirs) => numberOf(bindPort(world, domain, remote, theirs)),
    bindVirq: (virq) => {
      if (virq < 0 || virq >= NR_VIRQS) return fail('EINVAL', `no virq ${virq}`);
      return numberOf(bindVirq(world, domain, virq));
    },
    notify: (number) => notifyPeer(world, local(number)),
    unmask: (number) => unmaskPort(world, domain, local(number)),
    close: (number) => closePort(domain, local(number)),
    listen: (number, heard, closed) => listenAt(local(number), heard, closed),
  };
}
