/**
 * What a new domain has in xenstore, as data (docs/misc/xenstore-paths.pandoc @ RELEASE-4.17.0):
 * the same nodes and permissions that xl makes, so that xl's verbs work on our domains.
 */

import type { Domid, Port } from '../../core/ids.ts';

/**
 * Who may do what with a node, besides the privileged:
 * - `guest-reads`: dom0's, readable by the guest
 * - `backend-owns`: the backend's, readable by the guest
 * - `guest-owns`: the guest's own
 * - `private`: dom0's alone
 * - `backend-reads`: the guest's, readable by the backend
 * - `backend-serves`: dom0's, which the backend may write and the guest may read
 * - `inherited`: as the parent's
 */
export type Access =
  | 'guest-reads'
  | 'backend-owns'
  | 'guest-owns'
  | 'private'
  | 'backend-reads'
  | 'backend-serves'
  | 'inherited';

export interface StoreNode {
  readonly path: string;
  readonly value: string;
  readonly access: Access;
}

/** What is known of a domain as soon as it has a number. */
export interface Announced {
  readonly domid: Domid;
  readonly name: string;
  /** Lower case with dashes. */
  readonly uuid: string;
  /** Our own record of the domain, for whoever acts on its end; absent if xl made the domain. */
  readonly record?: string;
  readonly isDriverDomain?: boolean;
  /** Its back ends stay: they are those of a domain of this number before it. */
  readonly keepsBackends?: boolean;
}

/** What is known of it once it is built. */
export interface NodesOf {
  readonly domid: Domid;
  /** The backend of the console: where xenconsoled runs. */
  readonly consoleDomid: Domid;
  /** Lower case with dashes. */
  readonly uuid: string;
  readonly memoryKib: number;
  readonly vcpus: number;
  readonly maxvcpus: number;
  readonly storeGfn: number;
  readonly storePort: Port;
  readonly consoleGfn: number;
  readonly consolePort: Port;
  readonly startedAtMs: number;
}

export const domainPath = (domid: number): string => `/local/domain/${domid}`;
export const vmPath = (uuid: string): string => `/vm/${uuid}`;
export const libxlPath = (domid: number): string => `/libxl/${domid}`;
export const recordPath = (domid: number): string => `${libxlPath(domid)}/xtl`;
/** Of driver domains that come again, whatever has ended them: a record each, by number. */
export const DRIVERS_PATH = '/tool/xtl/driver';
export const driverPath = (domid: number): string => `${DRIVERS_PATH}/${domid}`;
export const consoleBackendPath = (backend: number, domid: number): string =>
  `${domainPath(backend)}/backend/console/${domid}`;

/** libxl_internal.h @ RELEASE-4.17.0: LIBXL_XENCONSOLE_LIMIT, bytes that xenconsoled may buffer. */
const CONSOLE_LIMIT = 1048576;

/** XenbusStateInitialising, io/xenbus.h @ RELEASE-4.17.0. */
const INITIALISING = '1';

const GUEST_OWNED = [
  'device/suspend/event-channel',
  'control/shutdown',
  'control/feature-poweroff',
  'control/feature-reboot',
  'control/feature-suspend',
  'control/sysrq',
  'data',
  'drivers',
  'feature',
  'attr',
  'error',
];

/**
 * The first nodes of a domain, parents first: with its name, so that it can be ended by it whatever
 * becomes of its building (libxl__domain_make in libxl_create.c @ RELEASE-4.17.0).
 */
export function announcingNodes(of: Announced): StoreNode[] {
  const top = domainPath(of.domid);
  return [
    { path: top, value: '', access: 'guest-reads' },
    { path: vmPath(of.uuid), value: '', access: 'guest-reads' },
    { path: libxlPath(of.domid), value: '', access: 'private' },
    { path: `${libxlPath(of.domid)}/device`, value: '', access: 'inherited' },
    ...below(top, [
      ['vm', vmPath(of.uuid)],
      ['name', of.name],
      ...['cpu', 'memory', 'device', 'control'].map((name) => [name, ''] as const),
    ]),
    ...GUEST_OWNED.map((name) => {
      return { path: `${top}/${name}`, value: '', access: 'guest-owns' } as const;
    }),
    // For tools that act on what it serves, in it (libxl__domain_make).
    ...(of.isDriverDomain === true
      ? [{ path: `${top}/libxl`, value: '', access: 'guest-owns' } as const]
      : []),
    ...below(top, [
      ['control/platform-feature-multiprocessor-suspend', '1'],
      ['control/platform-feature-xs_reset_watches', '1'],
    ]),
    ...below(vmPath(of.uuid), [
      ['uuid', of.uuid],
      ['name', of.name],
    ]),
    ...below(libxlPath(of.domid), [['type', 'pvh']]),
    ...(of.record === undefined ? [] : recordNodes(of.domid, of.record, of.isDriverDomain)),
  ];
}

/** The rest, once the domain is built (libxl__build_post in libxl_dom.c @ RELEASE-4.17.0). */
export function domainNodes(of: NodesOf): StoreNode[] {
  return [
    ...below(domainPath(of.domid), builtNodes(of)),
    ...below(vmPath(of.uuid), [['start_time', startTime(of.startedAtMs)]]),
    ...consoleNodes(of),
  ];
}

/** As much of a record as one node holds: xenstored in OCaml takes 2048 bytes, of dom0, too. */
export const RECORD_PIECE = 1536;

/**
 * The nodes of a record, as they are written. A driver domain's stands twice: the first one goes
 * with the domain, whoever ends it, and the second only with xtl's end of it.
 */
export function recordNodes(
  domid: number,
  record: string,
  isDriverDomain = false,
): readonly StoreNode[] {
  const first = pieces(recordPath(domid), record, 'inherited');
  return isDriverDomain ? [...first, ...pieces(driverPath(domid), record, 'private')] : first;
}

/** A record in nodes: the first piece, then those below it; only the last one is not full. */
function pieces(path: string, record: string, access: Access): StoreNode[] {
  const count = Math.floor(record.length / RECORD_PIECE) + 1;
  return Array.from({ length: count }, (_, i) => ({
    path: i === 0 ? path : `${path}/${i}`,
    value: record.slice(i * RECORD_PIECE, (i + 1) * RECORD_PIECE),
    access,
  }));
}

function below(path: string, entries: readonly (readonly [string, string])[]): StoreNode[] {
  return entries.map(([name, value]) => ({ path: `${path}/${name}`, value, access: 'inherited' }));
}

function builtNodes(of: NodesOf): [string, string][] {
  const nodes: [string, string][] = [
    ['domid', String(of.domid)],
    ['store/port', String(of.storePort)],
    ['store/ring-ref', String(of.storeGfn)],
    // Linux takes what static-max exceeds its memory map by for memory that it lost at boot, and
    // gives that much back (watch_target of drivers/xen/xen-balloon.c): it is what the map has.
    ['memory/static-max', String(of.memoryKib)],
    ['memory/target', String(of.memoryKib)],
    ['memory/videoram', '0'],
  ];
  for (let vcpu = 0; vcpu < of.maxvcpus; vcpu++) {
    nodes.push([`cpu/${vcpu}/availability`, vcpu < of.vcpus ? 'online' : 'offline']);
  }
  return nodes;
}

/** Seconds with hundredths, as xl writes it. */
function startTime(ms: number): string {
  return (ms / 1000).toFixed(2);
}

export function consoleNodes(
  of: Pick<NodesOf, 'domid' | 'consoleDomid' | 'consolePort' | 'consoleGfn'>,
): StoreNode[] {
  const front = `${domainPath(of.domid)}/console`;
  const back = `${consoleBackendPath(of.consoleDomid, of.domid)}/0`;
  const trusted = `${libxlPath(of.domid)}/device/console/0`;
  const backend: [string, string][] = [
    ['frontend-id', String(of.domid)],
    ['online', '1'],
    ['state', INITIALISING],
    ['protocol', 'vt100'],
  ];
  const readOnly: [string, string][] = [
    ['backend', back],
    ['limit', String(CONSOLE_LIMIT)],
    ['type', 'xenconsoled'],
    ['output', 'pty'],
    ['tty', ''],
    ['port', String(of.consolePort)],
    ['ring-ref', String(of.consoleGfn)],
  ];
  return [
    ...below(trusted, [['frontend', front], ['backend', back], ...backend]),
    { path: front, value: '', access: 'backend-owns' },
    ...below(front, readOnly),
    { path: `${front}/backend-id`, value: String(of.consoleDomid), access: 'backend-reads' },
    { path: back, value: '', access: 'backend-owns' },
    ...below(back, [['frontend', front], ...backend]),
  ];
}
