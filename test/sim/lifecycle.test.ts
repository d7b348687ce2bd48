// The lifecycle service on the simulator: domains that shut down, and what becomes of them.
import { describe, expect, it } from 'vitest';
import { type LifecycleHost, lifecycleService } from '../../services/lifecycle/service.ts';
import { domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import { createImageFiles, listDomains } from '../../shared/domain/build/index.ts';
import type { ShutdownReason } from '../../shared/platform/domain-control.ts';
import { fakeFiles } from '../../toolstack-cli/testing/context.ts';
import { FILES, type Machine, simMachine } from '../../toolstack-cli/testing/sim-host.ts';

async function machine(
  settings: string,
): Promise<{ machine: Machine; host: LifecycleHost; log: string[] }> {
  const made = await simMachine();
  const log: string[] = [];
  const host: LifecycleHost = {
    ...made.sim.dom0,
    xenstore: made.xenstore,
    builders: made.builders,
    files: fakeFiles(FILES, made.written),
    images: createImageFiles(fakeFiles(FILES)),
    random: (bytes) => new Uint8Array(bytes).fill(7),
    log: (line) => log.push(line),
  };
  const created = await made.xtl(`vm create vm.cfg ${settings} -q`);
  expect(created).toMatchObject({ exit: 0 });
  return { machine: made, host, log };
}

/** Names of all domains but dom0, by domid. */
async function names({ sim, xenstore }: Machine): Promise<string[]> {
  const infos = must(listDomains(sim.dom0.domainControl)).filter((info) => info.domid !== 0);
  const read = infos.map((info) => xenstore.readString(`/local/domain/${info.domid}/name`));
  return infos
    .map(({ domid: id }, i) => [id, i] as const)
    .reduce<Promise<string[]>>(
      async (all, [id, i]) => [
        ...(await all),
        `${id} ${must(await sim.run(read[i] as (typeof read)[0]))}`,
      ],
      Promise.resolve([]),
    );
}

const CASES: readonly [string, ShutdownReason, string[]][] = [
  ['on_poweroff="destroy"', 'poweroff', []],
  ['on_poweroff="preserve"', 'poweroff', ['1 web1']],
  ['on_reboot="restart"', 'reboot', ['2 web1']],
  ['on_reboot="destroy"', 'reboot', []],
  ['on_crash="destroy"', 'crash', []],
  ['on_crash="rename-restart"', 'crash', ['1 web1-1', '2 web1']],
  ['on_crash="coredump-restart"', 'crash', ['2 web1']],
  ['on_watchdog="restart"', 'watchdog', ['2 web1']],
];

describe('the lifecycle service', () => {
  it.each(CASES)('does what %s says after %s', async (setting, reason, expected) => {
    const { machine: made, host } = await machine(setting);
    const service = lifecycleService(host);
    await made.sim.advance(10);
    made.sim.domain(domid(1)).shutdown(reason);
    await made.sim.advance(5000);
    expect(await names(made)).toEqual(expected);
    if (expected.length === 0) expect(await made.sim.run(service)).toEqual({ ok: true });
  });

  it('restarts a VM with the uuid it had, and again the next time', async () => {
    const { machine: made, host } = await machine('on_reboot="restart"');
    const before = must(made.sim.dom0.domainControl.getInfo(domid(1))).uuid;
    void lifecycleService(host);
    for (const id of [1, 2, 3]) {
      await made.sim.advance(3000);
      made.sim.domain(domid(id)).shutdown('reboot');
      await made.sim.advance(3000);
    }
    expect(must(made.sim.dom0.domainControl.getInfo(domid(4))).uuid).toEqual(before);
  });

  it('acts on a domain that shut down before the service came', async () => {
    const { machine: made, host } = await machine('on_poweroff="destroy"');
    made.sim.domain(domid(1)).shutdown('poweroff');
    expect(await made.sim.run(lifecycleService(host))).toEqual({ ok: true });
    expect(await names(made)).toEqual([]);
  });

  it('leaves domains of others alone', async () => {
    const { machine: made, host } = await machine('on_poweroff="destroy"');
    const other = made.sim.addGuest();
    must(await made.sim.run(made.xenstore.write(`/local/domain/${other}/name`, 'other')));
    void lifecycleService(host);
    made.sim.domain(other).shutdown('crash');
    await made.sim.advance(3000);
    expect(await names(made)).toContain(`${other} other`);
  });

  it('logs a VM that cannot start again, and goes on', async () => {
    const { machine: made, host, log } = await machine('on_reboot="restart"');
    made.sim.faults.fail('domainControl.createDomain');
    void lifecycleService(host);
    made.sim.domain(domid(1)).shutdown('reboot');
    await made.sim.advance(3000);
    expect(log.at(-1)).toContain('web1: cannot be started again');
  });
});
