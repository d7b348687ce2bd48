/**
 * The quotas of C xenstored with its names, defaults and words (xenstored_control.c and
 * xenstored_core.c @ RELEASE-4.17.7; names of GET_QUOTA from tools/xenstored/domain.c @
 * RELEASE-4.22.0).
 */

import { XENSTORE_REL_PATH_MAX } from '../../../shared/abi/xs-wire.ts';

export interface Quotas {
  nodes: number;
  watches: number;
  transactions: number;
  outstanding: number;
  transactionNodes: number;
  /** Bytes; 0 switches it off. */
  memory: number;
  softMemory: number;
  /** Bytes of one node: permissions, value and children's names. */
  nodeSize: number;
  pathMax: number;
  permissions: number;
}

export const DEFAULT_QUOTAS: Readonly<Quotas> = {
  nodes: 1000,
  watches: 128,
  transactions: 10,
  outstanding: 20,
  transactionNodes: 1024,
  memory: 2 * 1024 * 1024 + 512 * 1024,
  softMemory: 2 * 1024 * 1024,
  nodeSize: 2048,
  pathMax: XENSTORE_REL_PATH_MAX,
  permissions: 5,
};

/** What holds for somebody: a quota that is off, which 0 means as of Xen 4.22, is Infinity. */
export interface Limits extends Readonly<Quotas> {
  /** From so many bytes of memory on there is something to tell. */
  readonly toldMemory: number;
}

export function limitsOf(quotas: Readonly<Quotas>, own: Readonly<Partial<Quotas>> = {}): Limits {
  const all = { ...quotas, ...own };
  const limit = (value: number): number => (value === 0 ? Number.POSITIVE_INFINITY : value);
  const memory = limit(all.memory);
  const softMemory = limit(all.softMemory);
  return {
    nodes: limit(all.nodes),
    watches: limit(all.watches),
    transactions: limit(all.transactions),
    outstanding: limit(all.outstanding),
    transactionNodes: limit(all.transactionNodes),
    memory,
    softMemory,
    nodeSize: limit(all.nodeSize),
    // No limit here means what every client may rely on.
    pathMax: all.pathMax === 0 ? XENSTORE_REL_PATH_MAX : all.pathMax,
    permissions: limit(all.permissions),
    toldMemory: Math.min(memory, softMemory),
  };
}

/** What a driver domain gets instead: it holds watches and nodes for all guests that it serves. */
export const DRIVER_DOMAIN_QUOTAS: Readonly<Partial<Quotas>> = {
  nodes: 20_000,
  watches: 4096,
  transactions: 64,
  outstanding: 256,
  memory: 32 * 1024 * 1024,
  softMemory: 24 * 1024 * 1024,
};

export interface QuotaName {
  readonly key: keyof Quotas;
  /** In `xenstore-control quota`. */
  readonly name: string;
  /** In GET_QUOTA and SET_QUOTA, where it differs. */
  readonly wire?: string;
  readonly what: string;
}

/** In the order that `xenstore-control quota` prints. */
export const HARD: readonly QuotaName[] = [
  { key: 'nodes', name: 'nodes', what: 'Nodes per domain' },
  { key: 'watches', name: 'watches', what: 'Watches per domain' },
  { key: 'transactions', name: 'transactions', what: 'Transactions per domain' },
  { key: 'outstanding', name: 'outstanding', what: 'Outstanding requests per domain' },
  {
    key: 'transactionNodes',
    name: 'transaction-nodes',
    what: 'Max. number of accessed nodes per transaction',
  },
  { key: 'memory', name: 'memory', what: 'Total Xenstore memory per domain (error level)' },
  { key: 'nodeSize', name: 'node-size', what: 'Max. size of a node' },
  { key: 'pathMax', name: 'path-max', what: 'Max. length of a node path' },
  {
    key: 'permissions',
    name: 'permissions',
    wire: 'node-permissions',
    what: 'Max. number of permissions per node',
  },
];

export const SOFT: readonly QuotaName[] = [
  {
    key: 'softMemory',
    name: 'memory',
    wire: 'soft-memory',
    what: 'Total Xenstore memory per domain (warning level)',
  },
];

/** The names that GET_QUOTA lists, in Xen 4.22's order. */
export const WIRE_ORDER = [
  'nodes',
  'watches',
  'outstanding',
  'memory',
  'soft-memory',
  'transactions',
  'transaction-nodes',
  'node-permissions',
  'path-max',
  'node-size',
] as const;

const BY_WIRE_NAME = new Map(
  [...HARD, ...SOFT].map((quota) => [quota.wire ?? quota.name, quota.key]),
);

export function quotaByWireName(name: string): keyof Quotas | undefined {
  return BY_WIRE_NAME.get(name);
}
