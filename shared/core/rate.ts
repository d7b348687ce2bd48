/**
 * How fast a device may be used: bytes and operations a second, each a bucket of tokens that time
 * fills. Time is whole milliseconds and a token is a thousandth, so that all sums are integers
 * below 2^53: nothing drifts.
 */

/** A rate above this, 1 TiB or operations a second, is a mistake: sums of it stay exact. */
export const RATE_MAX = 2 ** 40;

/** A second; 0: as many as there are. At most RATE_MAX. */
export interface RateLimits {
  readonly bytes: number;
  readonly operations: number;
}

/** What may be saved of a rate: what comes in `ms`, or so many bytes and one operation if more. */
export interface Burst {
  readonly ms: number;
  readonly bytes: number;
}

interface Bucket {
  /** In thousandths a millisecond, which is as many as whole ones a second. */
  readonly perMs: number;
  readonly capacity: number;
  /** Below zero is a debt. */
  level: number;
}

export interface Rate {
  readonly bytes: Bucket | undefined;
  readonly operations: Bucket | undefined;
  /** Up to when the buckets were filled. */
  filledMs: number;
}

function createBucket(perSecond: number, ms: number, largest: number): Bucket | undefined {
  if (perSecond === 0) return undefined;
  const capacity = Math.max(perSecond * ms, largest * 1000);
  return { perMs: perSecond, capacity, level: capacity };
}

/** With both buckets full; undefined: there are no limits. */
export function createRate(
  { bytes, operations }: RateLimits,
  burst: Burst,
  nowMs: number,
): Rate | undefined {
  if (bytes === 0 && operations === 0) return undefined;
  return {
    bytes: createBucket(bytes, burst.ms, burst.bytes),
    operations: createBucket(operations, burst.ms, 1),
    filledMs: Math.floor(nowMs),
  };
}

function fillBucket(bucket: Bucket, elapsedMs: number): void {
  const { capacity, level, perMs } = bucket;
  // A sum of a long time need not be exact: the bucket is full.
  bucket.level = Math.min(capacity, level + perMs * elapsedMs);
}

/** Fills the buckets up to now. Time that goes back is no time. */
export function fill(rate: Rate, nowMs: number): void {
  const now = Math.floor(nowMs);
  const elapsed = now - rate.filledMs;
  if (elapsed <= 0) return;
  if (rate.bytes !== undefined) fillBucket(rate.bytes, elapsed);
  if (rate.operations !== undefined) fillBucket(rate.operations, elapsed);
  rate.filledMs = now;
}

/** One that asks for more than there can be passes a full bucket, and leaves it in debt. */
function bucketWaitMs(bucket: Bucket | undefined, count: number): number {
  if (bucket === undefined) return 0;
  const missing = Math.min(bucket.capacity, count * 1000) - bucket.level;
  return missing <= 0 ? 0 : Math.ceil(missing / bucket.perMs);
}

/** How many milliseconds after `filledMs` an operation of so many bytes may begin: 0 is now. */
export function waitMs({ bytes, operations }: Rate, count: number): number {
  return Math.max(bucketWaitMs(bytes, count), bucketWaitMs(operations, 1));
}

/** An operation of so many bytes begins. */
export function spend({ bytes, operations }: Rate, count: number): void {
  if (bytes !== undefined) bytes.level -= count * 1000;
  if (operations !== undefined) operations.level -= 1000;
}

/** It turned out to have so many bytes less. */
export function giveBack({ bytes }: Rate, count: number): void {
  if (bytes !== undefined) bytes.level = Math.min(bytes.capacity, bytes.level + count * 1000);
}
