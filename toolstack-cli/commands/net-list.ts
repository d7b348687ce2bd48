/** `xtl net list`: the network interfaces of a domain, of ours or of xl's. */

import { fromUtf8 } from '../../shared/core/utf8.ts';
import { listVifs, type VifView } from '../../shared/domain/build/index.ts';
import type { Context } from '../context.ts';
import { findDomain } from '../domains.ts';
import { DONE, failed, type Outcome } from '../output/exit.ts';
import { columns, emit, type Format } from '../output/format.ts';
import { printable } from '../output/style.ts';
import type { Options } from '../table.ts';

/** One vif for people and programs; the keys are those of `-o json`. Null: nobody said one. */
interface Listed {
  readonly devid: number;
  readonly mac: string | null;
  readonly bridge: string | null;
  readonly ip: string | null;
  /** Its name in the domain that serves it. */
  readonly interface: string;
  readonly script: string | null;
  readonly gatewaydev: string | null;
  readonly vlan: string | null;
  readonly mtu: number | null;
  readonly rateBytes: number | null;
  readonly rateIntervalUs: number | null;
  readonly backendDomid: number;
  /** xtl or Linux, of dom0; null: nobody yet, or another domain. */
  readonly server: string | null;
  readonly backendState: string | null;
  readonly frontendState: string | null;
  readonly error: string | null;
}

const textOf = (bytes: string | undefined): string | null =>
  bytes === undefined ? null : fromUtf8(bytes);

const numberOf = (text: string | undefined): number | null =>
  text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : null;

function listed(vif: VifView): Listed {
  const [bytes, interval] = vif.rate?.split(',') ?? [];
  return {
    ...{ devid: vif.device, mac: textOf(vif.mac), bridge: textOf(vif.bridge), ip: textOf(vif.ip) },
    interface: fromUtf8(vif.interfaceName),
    ...{ script: textOf(vif.script), gatewaydev: textOf(vif.gatewaydev), vlan: textOf(vif.vlan) },
    mtu: numberOf(vif.mtu),
    ...{ rateBytes: numberOf(bytes), rateIntervalUs: numberOf(interval) },
    ...{ backendDomid: vif.backend, server: vif.server ?? null },
    backendState: vif.backState ?? null,
    frontendState: vif.frontState ?? null,
    error: textOf(vif.error),
  };
}

export async function netList(
  context: Context,
  [word = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, word);
  if (!info.ok) return failed(info.error);
  const vifs = await listVifs(host.value.xenstore, info.value.domid);
  if (!vifs.ok) return failed(vifs.error);
  const all = vifs.value.map(listed);
  await emit(context.terminal.out, options.output as Format, all, () => table(all));
  return DONE;
}

const HEAD = ['VIF', 'MAC', 'BRIDGE', 'INTERFACE', 'MTU', 'BACKEND', 'GUEST', 'IP'];

async function table(vifs: readonly Listed[]): Promise<string> {
  const rows = vifs.map((vif) => [
    String(vif.devid),
    printable(vif.mac ?? '-'),
    printable(vif.bridge || '-'),
    printable(vif.interface),
    String(vif.mtu ?? '-'),
    `${vif.backendDomid} ${vif.server ?? '-'} ${vif.backendState ?? 'gone'}`,
    vif.frontendState ?? 'gone',
    printable(vif.ip || '-'),
  ]);
  const wrong = vifs.flatMap(({ devid, error }) =>
    error === null ? [] : [`vif ${devid}: ${printable(error)}\n`],
  );
  return `${await columns(HEAD, rows)}${wrong.join('')}`;
}
