/** All ports of a simulated domain, with every call traced and open to faults. */

import { assert } from '../../core/assert.ts';
import type { Errno } from '../../core/errno.ts';
import { fail } from '../../core/result.ts';
import type { Console } from '../console.ts';
import type { Platform } from '../platform.ts';
import { clock } from './clock.ts';
import type { SimDomain } from './domain.ts';
import { domainControl } from './domain-control.ts';
import { events } from './events.ts';
import { grants } from './grants.ts';
import { memory } from './memory.ts';
import { show } from './trace.ts';
import { note, type World } from './world.ts';

const platforms = new WeakMap<SimDomain, Platform>();

/** The one platform of a domain. */
export function platformOf(world: World, domain: SimDomain): Platform {
  const known = platforms.get(domain);
  if (known) return known;
  const made: Platform = {
    events: watched(world, domain, 'events', events(world, domain)),
    grants: watched(world, domain, 'grants', grants(world, domain)),
    memory: watched(world, domain, 'memory', memory(world, domain)),
    domainControl: watched(world, domain, 'domainControl', domainControl(world, domain)),
    clock: clock(world, domain),
    console: consoleOf(world, domain),
  };
  platforms.set(domain, made);
  return made;
}

function consoleOf(world: World, domain: SimDomain): Console {
  return {
    line(text) {
      domain.consoleLines.push(text);
      note(world, `d${domain.domid} says ${text}`);
    },
  };
}

type Method = (...args: unknown[]) => unknown;

/** What a call that is made to fail gives; every other method's failure is a Result. */
const FAILED: Record<string, (errno: Errno, args: unknown[]) => unknown> = {
  'events.notify': () => undefined,
};

/** The same port, whose calls are boundaries: replicas carried over, faults struck, a line each. */
function watched<P extends object>(world: World, domain: SimDomain, name: string, port: P): P {
  const methods = Object.entries(port).map(([method, call]: [string, Method]) => {
    const op = `${name}.${method}`;
    const wrapped: Method = (...args) => {
      assert(domain.life === 'alive', `domain ${domain.domid} is no more, its code cannot run`);
      world.views.sync();
      const errno = world.faults.strike(op, domain.domid);
      const failed = FAILED[op] ?? ((why: Errno) => fail(why, `${op}, as asked for`));
      const result = errno === undefined ? call(...args) : failed(errno, args);
      world.views.sync();
      const shown = args.map(show).join(' ');
      const fault = errno === undefined ? '' : ' (fault)';
      note(world, `d${domain.domid} ${op} ${shown} -> ${show(result)}${fault}`);
      return result;
    };
    return [method, wrapped];
  });
  return Object.fromEntries(methods) as P;
}
