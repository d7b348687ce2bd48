/**
 * `rate` of a vif: bytes or bits a second, and how often credit comes (xl-network-configuration(5);
 * libxlu_vif.c @ RELEASE-4.17.0).
 */

/** What a guest may send in each interval. */
export interface VifRate {
  readonly bytes: number;
  readonly intervalUs: number;
}

const RATE = /^([0-9]+)([GMK]?)([Bb])\/s$/;
const INTERVAL = /^([0-9]+)([mu]?)s?$/;

const NUMBER_MAX = 2n ** 32n - 1n;
const PRODUCT_MAX = 2n ** 64n - 1n;

const POWERS: Readonly<Record<string, bigint>> = {
  '': 1n,
  K: 1000n,
  M: 1_000_000n,
  G: 1_000_000_000n,
};

/** A number without a unit is seconds, whatever the manual says. */
const MICROSECONDS: Readonly<Record<string, bigint>> = { '': 1_000_000n, m: 1000n, u: 1n };

const DEFAULT_INTERVAL = '50ms';

/** 1 to 2^32 - 1; a leading 0, which xl takes for octal, is no number here. */
function count(digits: string): bigint | undefined {
  if (!/^[1-9][0-9]{0,9}$/.test(digits)) return undefined;
  const value = BigInt(digits);
  return value > NUMBER_MAX ? undefined : value;
}

function bytesPerSecond(text: string): bigint | string {
  const [, digits, power = '', unit] = RATE.exec(text) ?? [];
  if (digits === undefined) return 'a rate is like 10Mb/s, 250KB/s or 1MB/s@20ms';
  const value = count(digits);
  if (value === undefined) return 'the number of a rate is from 1 to 4294967295';
  const scaled = value * (POWERS[power] as bigint);
  return unit === 'b' ? scaled / 8n : scaled;
}

function microseconds(text: string): bigint | string {
  const [, digits, unit = ''] = INTERVAL.exec(text) ?? [];
  if (digits === undefined) return 'the interval of a rate is like 20ms, 500us or 1s';
  const value = count(digits);
  const scaled = value === undefined ? undefined : value * (MICROSECONDS[unit] as bigint);
  if (scaled !== undefined && scaled <= NUMBER_MAX) return scaled;
  return 'the interval of a rate is from 1us to 4294967295us';
}

/** `10Mb/s` or `1MB/s@20ms`; a text says what is wrong with it. */
export function readVifRate(text: string): VifRate | string {
  const at = text.indexOf('@');
  const perSecond = bytesPerSecond(at < 0 ? text : text.slice(0, at));
  if (typeof perSecond === 'string') return perSecond;
  const interval = microseconds(at < 0 ? DEFAULT_INTERVAL : text.slice(at + 1));
  if (typeof interval === 'string') return interval;
  const product = perSecond * interval;
  if (product > PRODUCT_MAX) return 'the rate is too large for its interval';
  const bytes = Number(product / 1_000_000n);
  // Nothing would ever be sent.
  if (bytes === 0) return 'the rate gives less than one byte in its interval';
  return { bytes, intervalUs: Number(interval) };
}
