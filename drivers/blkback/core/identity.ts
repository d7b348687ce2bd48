/** What a journal is about: in its header, behind the count of requests. */

/** Of the layout of journals. Another one's are not read, but for what tells whose they are. */
export const JOURNAL_VERSION = 2;
const MAGIC = 0x6c74_7862;

export interface Identity {
  readonly domid: number;
  /** What no other domain of this host has, if Xen tells; in two words. */
  readonly uniqueId: bigint;
  readonly device: number;
  readonly queue: number;
  readonly slotBytes: number;
  readonly slots: number;
  readonly port: number;
  readonly ringRefs: readonly number[];
}

/** As a claim has it (shared/backend/claim.ts). */
export function identityWords(identity: Identity): readonly number[] {
  const { domid, uniqueId, device, queue, slotBytes, slots, port, ringRefs } = identity;
  const unique = [Number(uniqueId & 0xffff_ffffn), Number(uniqueId >> 32n)];
  return [
    ...[MAGIC, JOURNAL_VERSION, domid, ...unique, device, queue, slotBytes, slots, port],
    ...[ringRefs.length, ...ringRefs],
  ].map((word) => word | 0);
}
