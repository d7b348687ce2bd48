/** What is there: everything that somebody must give back some day, one line each. */

import type { SimDomain } from './domain.ts';
import type { World } from './world.ts';

export interface Baseline {
  readonly items: readonly string[];
  readonly usedPages: number;
}

export function takeStock(world: World): Baseline {
  return { items: [...world.domains.values()].flatMap(itemsOf), usedPages: world.memory.used() };
}

/** What is there now and was not then. */
export function leaksSince(world: World, then: Baseline): readonly string[] {
  const now = takeStock(world);
  const known = [...then.items];
  const left = now.items.filter((item) => {
    const at = known.indexOf(item);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
  const pages = now.usedPages - then.usedPages;
  if (pages > 0) left.push(`${pages} pages of the host`);
  return left;
}

function itemsOf(domain: SimDomain): string[] {
  const name = `d${domain.domid}`;
  const items = [`${name}${domain.life === 'alive' ? '' : ' dying'}`];
  for (const { number, channel } of domain.ports.open.values()) {
    const to = channel.state === 'virq' ? channel.virq : 'remote' in channel ? peerOf(channel) : '';
    items.push(`${name} port ${number} ${channel.state} ${to}`);
  }
  for (const { kind, what, view } of domain.held.values()) {
    items.push(`${name} region ${kind} ${what} of ${view.frames.length} pages`);
  }
  for (const ref of domain.grants.pins.keys()) items.push(`${name} grant ${ref} mapped`);
  for (let timer = 0; timer < domain.timers; timer++) items.push(`${name} timer`);
  return items;
}

function peerOf(channel: { remote: number | SimDomain }): string {
  return `d${typeof channel.remote === 'number' ? channel.remote : channel.remote.domid}`;
}
