/**
 * The suite of all platforms inside a stub domain, against itself. The command line may say what
 * the domain may do beside (`offers=control,virq`) and which cases to run (`part=grants`).
 */

import { domid } from '../../../../shared/core/ids.ts';
import type { Need } from '../../../../shared/platform/cases/case.ts';
import { cases } from '../../../../shared/platform/cases/cases.ts';
import { census } from '../../../../shared/platform/cases/census.ts';
import { runCases } from '../../../../shared/platform/cases/run.ts';
import { openStubdom } from '../../../../shared/platform/stubdom/platform.ts';
import { shutdown } from '../../../../shared/platform/stubdom/shutdown.ts';

/**
 * Xen's own tables and pools grow as they are used, and never shrink; in a host that has made no
 * domain before, 22 pages were measured over the whole suite. A domain that is left behind is more.
 */
const SLACK_PAGES = 30;

const DRAIN_MS = 2000;

const platform = openStubdom();
const { kernel, console } = platform;

function option(name: string): string {
  const word = kernel.commandLine.split(' ').find((text) => text.startsWith(`${name}=`));
  return word?.slice(name.length + 1) ?? '';
}

const NEEDS: readonly Need[] = ['control', 'virq'];
const offers = NEEDS.filter((need) => option('offers').split(',').includes(need));
const part = option('part');
const self = domid(kernel.domid);
const chosen = cases.filter(({ group, name }) => `${group}: ${name}`.includes(part));
const setting = {
  platform,
  self,
  peer: platform,
  peerDomid: self,
  offers,
  slackPages: SLACK_PAGES,
  leaks: census(platform, self, offers, SLACK_PAGES),
};
const sum = await runCases(setting, chosen, ({ group, name, status, why, ms }) => {
  const reason = why === undefined ? '' : `: ${why}`;
  console.line(`${status} ${group}: ${name} (${ms.toFixed(0)} ms)${reason}`);
});
// The last cases are skipped faster than a console is read, and what has no room there is dropped.
await platform.clock.sleep(DRAIN_MS);
console.line(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
shutdown(kernel, sum.failed === 0 && sum.passed > 0 ? 'poweroff' : 'crash');
