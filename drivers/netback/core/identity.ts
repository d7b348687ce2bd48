/** What a vif's journal is about: in front of it (shared/backend/claim.ts). */

/** Of the layout of journals. Another one's are not read. */
const VERSION = 1;
const MAGIC = 0x6c74_7866;

export interface QueueIdentity {
  readonly sendRef: number;
  readonly receiveRef: number;
  readonly sendPort: number;
  readonly receivePort: number;
}

export interface Identity {
  readonly domid: number;
  /** What no other domain of this host has, if Xen tells; in two words. */
  readonly uniqueId: bigint;
  readonly device: number;
  /** The control ring's page and port; zeros where there is none. */
  readonly controlRef: number;
  readonly controlPort: number;
  readonly queues: readonly QueueIdentity[];
}

export function identityWords(identity: Identity): readonly number[] {
  const { domid, uniqueId, device, controlRef, controlPort, queues } = identity;
  const unique = [Number(uniqueId & 0xffff_ffffn), Number(uniqueId >> 32n)];
  const rings = queues.flatMap(({ sendRef, receiveRef, sendPort, receivePort }) => [
    ...[sendRef, receiveRef, sendPort, receivePort],
  ]);
  return [
    ...[MAGIC, VERSION, domid, ...unique, device, controlRef, controlPort, queues.length],
    ...rings,
  ].map((word) => word | 0);
}
