/** What doctor says of services that VMs need beside them: `--fix` starts those that are gone. */

import { ok, type Result } from '../../shared/core/result.ts';
import { keptDisks, readDrivers } from '../../shared/domain/build/index.ts';
import type { DomainInfo } from '../../shared/platform/domain-control.ts';
import { recordOf } from '../domains.ts';
import type { Host } from '../host.ts';
import { type Check, ok as good, warn } from './doctor-check.ts';

interface Service {
  readonly name: string;
  readonly isRunning: boolean;
  /** What is not done while it does not run. */
  readonly lack: string;
  start(): Promise<Result<void>>;
}

async function check({ name, isRunning, lack, start }: Service, fix: boolean): Promise<Check> {
  if (isRunning) return good(name, 'runs');
  const found = `does not run: ${lack}`;
  if (!fix) return warn(name, found, 'xtl doctor --fix starts it');
  const started = await start();
  return started.ok
    ? good(name, 'did not run; it is started now')
    : warn(name, found, `it cannot be started: ${started.error.what}`);
}

/** Whether somebody acts on the end of the VMs that xtl made. */
async function lifecycle(host: Host, infos: readonly DomainInfo[]): Promise<Service | undefined> {
  const records = await Promise.all(infos.map(({ domid }) => recordOf(host, domid)));
  const drivers = await readDrivers(host.xenstore);
  const hasDrivers = drivers.ok && drivers.value.length > 0;
  if (!hasDrivers && records.every((record) => record === undefined)) return undefined;
  return {
    name: 'lifecycle service',
    isRunning: host.isAttended(),
    lack: 'nobody acts on the end of the VMs that xtl made',
    start: host.attend,
  };
}

/** Whether somebody starts back ends again that end, and keeps the journals of driver domains. */
async function keeper(host: Host, infos: readonly DomainInfo[]): Promise<Service | undefined> {
  const disks = await keptDisks(
    host.xenstore,
    infos.map(({ domid }) => domid),
  );
  if (!disks.ok) return undefined;
  const { own, others } = disks.value;
  if (own === 0 && others.size === 0) return undefined;
  const lack = [
    ...(own > 0 ? [`${count(own)} of dom0 wait for ever once their back end has ended`] : []),
    ...[...others].map(
      ([driver, disks]) => `${count(disks)} may not outlive domain ${driver}, which serves them`,
    ),
  ];
  return {
    name: 'keeper',
    isRunning: host.isKept(),
    lack: lack.join('; '),
    start: async () => (await host.serve?.('vbd')) ?? ok(),
  };
}

const count = (disks: number): string => `${disks} disk${disks === 1 ? '' : 's'}`;

/** Nothing of a service that nobody needs. */
export async function checkServices(
  host: Host,
  infos: readonly DomainInfo[],
  fix: boolean,
): Promise<Check[]> {
  const services = await Promise.all([lifecycle(host, infos), keeper(host, infos)]);
  const needed = services.filter((service) => service !== undefined);
  return Promise.all(needed.map((service) => check(service, fix)));
}
