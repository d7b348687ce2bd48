// The lifecycle service on the simulator: domains that shut down, and what becomes of them.
import { describe, expect, it } from 'vitest';
import { ATTEMPTS_MAX } from '../../services/lifecycle/limits.ts';
import { lifecycleService } from '../../services/lifecycle/service.ts';
import { domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import { markOf } from '../../shared/domain/build/index.ts';
import type { ShutdownReason } from '../../shared/platform/domain-control.ts';
import { machine, names } from './lifecycle-scene.ts';

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

  it('gives up a VM that is ended by its name while it is started again', async () => {
    const { machine: made, host, log } = await machine('on_reboot="restart"');
    const { sim, xenstore } = made;
    // Virtual time does not wait for the command's code to be loaded: it is from here on.
    await made.xtl('vm destroy ghost');
    // The nodes of the end, those of the name, and then, after a while, all others.
    let transactions = 0;
    const transaction: typeof xenstore.transaction = async (...args) => {
      if (++transactions === 3) await host.clock.sleep(5000);
      return host.xenstore.transaction(...args);
    };
    void lifecycleService({ ...host, xenstore: { ...host.xenstore, transaction } });
    sim.domain(domid(1)).shutdown('reboot');
    const named = async () => (await sim.run(xenstore.readString('/local/domain/2/name'))).ok;
    while (!(await named())) await sim.advance(10);
    expect(must(sim.dom0.domainControl.getInfo(domid(2))).paused).toBe(true);
    expect(await made.xtl('vm destroy web1 -q')).toEqual({ exit: 0, stdout: '', stderr: '' });
    await sim.advance(10_000);
    expect(await names(made)).toEqual([]);
    expect(log.at(-1)).toContain('domain 2 was ended while it was built');
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

  it('tells what came of what it decided', async () => {
    const { machine: made, host, log } = await machine('on_crash="rename-restart"');
    void lifecycleService(host);
    made.sim.domain(domid(1)).shutdown('crash');
    await made.sim.advance(3000);
    made.sim.domain(domid(2)).shutdown('poweroff');
    await made.sim.advance(3000);
    expect(log).toEqual([
      'domain 1 (web1): crash: rename-restart',
      "domain 1 (web1): stays as 'web1-1'",
      'web1: runs again as domain 2',
      'domain 2 (web1): poweroff: destroy',
      'domain 2 (web1): destroyed',
    ]);
  });

  it('starts a VM under the name that somebody gave it meanwhile', async () => {
    const { machine: made, host } = await machine('on_reboot="restart"');
    // As xl rename does (libxl_domain_rename @ RELEASE-4.17.0).
    must(await made.sim.run(made.xenstore.write('/local/domain/1/name', 'renamed')));
    void lifecycleService(host);
    for (const id of [1, 2]) {
      made.sim.domain(domid(id)).shutdown('reboot');
      await made.sim.advance(3000);
    }
    expect(await names(made)).toEqual(['3 renamed']);
  });

  it.each([1, 3, ATTEMPTS_MAX - 1])(
    'tries a VM that cannot start again until it does (after %i failures)',
    async (failures) => {
      const { machine: made, host, log } = await machine('on_reboot="restart"');
      made.sim.faults.fail('domainControl.createDomain', { times: failures });
      void lifecycleService(host);
      made.sim.domain(domid(1)).shutdown('reboot');
      await made.sim.advance(300_000);
      expect(log.filter((line) => line.includes('cannot be started again'))).toHaveLength(failures);
      expect(log[2]).toMatch(
        /^web1: cannot be started again \(attempt 1 of 8, the next in 2 s\): /,
      );
      expect(log.at(-1)).toBe('web1: runs again as domain 2');
      expect(await names(made)).toEqual(['2 web1']);
    },
  );

  it('gives a VM up in the end, says so with its record, and ends', async () => {
    const { machine: made, host, log } = await machine('on_reboot="restart"');
    made.sim.faults.fail('domainControl.createDomain', { times: 100 });
    const service = lifecycleService(host);
    made.sim.domain(domid(1)).shutdown('reboot');
    expect(await made.sim.run(service)).toEqual({ ok: true });
    expect(log.at(-2)).toMatch(/^web1: given up after 8 attempts: /);
    expect(log.at(-1)).toContain('"kernel":"/boot/k"');
  });

  it('leaves a domain that cannot be destroyed, and says why', async () => {
    const { machine: made, host, log } = await machine('on_poweroff="destroy"');
    made.sim.faults.fail('domainControl.destroyDomain', { errno: 'EBUSY' });
    void lifecycleService(host);
    made.sim.domain(domid(1)).shutdown('poweroff');
    await made.sim.advance(60_000);
    expect(log).toHaveLength(2);
    expect(log[1]).toMatch(/^domain 1 \(web1\): left as it is: /);
  });

  it('acts on each VM for itself: one whose back end is stuck holds up no other', async () => {
    const { machine: made, host, log } = await machine('on_poweroff="destroy"');
    await made.xtl('vm create other.cfg on_poweroff="destroy" -q');
    const back = '/local/domain/0/backend/vbd/1/51712';
    const nodes = [
      { path: '/libxl/1/device/vbd/51712/backend', value: back },
      { path: `${back}/state`, value: '4' },
    ];
    must(await made.sim.run(made.xenstore.writeAll(nodes)));
    void lifecycleService(host);
    for (const id of [1, 2]) made.sim.domain(domid(id)).shutdown('poweroff');
    await made.sim.advance(1000);
    expect(log).toContain('domain 2 (db): destroyed');
    expect(log).not.toContain('domain 1 (web1): destroyed');
    await made.sim.advance(20_000);
    expect(log).toContain('domain 1 (web1): destroyed');
    expect(await names(made)).toEqual([]);
  });

  it('does not wait for what a killed create has left', async () => {
    const { machine: made, host } = await machine('on_poweroff="destroy"');
    const left = markOf(host.builders.self, new Uint8Array(16));
    must(made.sim.dom0.domainControl.setUuid(domid(1), left));
    made.killCommand();
    expect(await made.sim.run(lifecycleService(host))).toEqual({ ok: true });
  });
});
