/** What the store knows of a domain: its connection, its account, and its share of writes. */

import type { Connection } from './connection.ts';
import type { Limits, Quotas } from './quota.ts';
import type { WriteCredit } from './write-rate.ts';

export interface Domain {
  readonly domid: number;
  readonly privileged: boolean;
  /**
   * The store's count when the domain was first heard of: older permission entries are not its
   * own.
   */
  readonly generation: number;
  /** Its ring is known; before that it is only named in permissions. */
  introduced: boolean;
  connection: Connection | undefined;
  /** Its shutdown has been announced. */
  shutdown: boolean;
  /** XENSTORE_SERVER_FEATURE_* offered to it. */
  features: number;
  /** The store's quotas with what SET_QUOTA changed for this domain. */
  readonly ownQuotas: Partial<Quotas>;
  /** What follows from both. */
  limits: Limits;
  /** Nodes that it owns. */
  nodes: number;
  watches: number;
  /** Nodes that its open transactions have looked at. */
  accesses: number;
  /** Requests answered but not read, or whose watch events are not. */
  outstanding: number;
  /** Bytes of its nodes, watches, transactions and unread output, as C xenstored counts them. */
  memory: number;
  readonly memoryLog: {
    softReported: boolean;
    hardReported: boolean;
    /** Either of them. */
    reported: boolean;
    lastMs: number;
  };
  readonly credit: WriteCredit;
}

export function createDomain(
  domid: number,
  privileged: boolean,
  generation: number,
  features: number,
  limits: Limits,
): Domain {
  return {
    domid,
    privileged,
    generation,
    introduced: false,
    connection: undefined,
    shutdown: false,
    features,
    ownQuotas: {},
    limits,
    nodes: 0,
    watches: 0,
    accesses: 0,
    outstanding: 0,
    memory: 0,
    memoryLog: {
      softReported: false,
      hardReported: false,
      reported: false,
      lastMs: Number.NEGATIVE_INFINITY,
    },
    credit: { credit: 0, updatedMs: 0, logged: false },
  };
}
