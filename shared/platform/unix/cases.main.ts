/** Runs the suite of all platforms in a dom0: `node cases.main.js [PART OF A NAME]`, as root. */

import { readFileSync } from 'node:fs';
import { DOM0 } from '../../core/ids.ts';
import { must } from '../../core/result.ts';
import { cases } from '../cases/cases.ts';
import { census } from '../cases/census.ts';
import { type Outcome, runCases } from '../cases/run.ts';
import { openUnix, type UnixPlatform } from './platform.ts';

/** Mappings of grants and foreign memory in this process. */
function mappings(): number {
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n');
  return maps.filter((line) => /\/dev\/xen\/(privcmd|gntdev|gntalloc)/.test(line)).length;
}

function print({ group, name, status, why, ms }: Outcome): void {
  const reason = why === undefined ? '' : `: ${why}`;
  process.stdout.write(`${status} ${group}: ${name} (${ms.toFixed(0)} ms)${reason}\n`);
}

/**
 * Xen's heap shrinks a little with every vCPU that comes and goes: by some 100 bytes on 4.17 and
 * 140 to 190 on 4.20, where domains without vCPUs cost none. A domain that is left behind is more.
 */
const SLACK_PAGES = 32;

/** Lets Xen's tables of dom0's ports and mappings grow to what the suite needs. */
async function warmUp({ events, grants, domainControl, clock }: UnixPlatform): Promise<void> {
  const free = () => must(domainControl.physInfo()).freePages;
  let before = free();
  for (let quiet = 0; quiet < 3; quiet++) {
    const offer = must(grants.offer(DOM0, 400, 'rw'));
    const ports = Array.from({ length: 450 }, () => must(events.allocUnbound(DOM0)));
    grants.unmap(must(grants.map(DOM0, offer.grefs, 'rw')));
    grants.revoke(offer);
    for (const port of ports) events.close(port);
    await clock.sleep(20);
    if (free() < before) quiet = 0;
    before = free();
  }
}

async function run(platform: UnixPlatform, peer: UnixPlatform, part: string): Promise<number> {
  const offers = ['control', 'virq'] as const;
  await warmUp(platform);
  const left = census(platform, DOM0, offers, SLACK_PAGES);
  const before = mappings();
  const leaks = (): readonly string[] => {
    const more = mappings() - before;
    return more > 0 ? [...left(), `${more} mappings`] : left();
  };
  const slackPages = SLACK_PAGES;
  const setting = { platform, self: DOM0, peer, peerDomid: DOM0, offers, slackPages, leaks };
  const chosen = cases.filter(({ group, name }) => `${group}: ${name}`.includes(part));
  const { passed, failed, skipped } = await runCases(setting, chosen, print);
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

function open(): UnixPlatform {
  const opened = openUnix();
  if (opened.ok) return opened.value;
  process.stderr.write(`${opened.error.errno}: ${opened.error.what}\n`);
  process.exit(5);
}

const platform = open();
const peer = open();
process.exitCode = await run(platform, peer, process.argv[2] ?? '');
peer.close();
platform.close();
