/** Keys that list devices, a string each: `disk` and `vif`. */

import type { StringValue } from '../xl-cfg/config.ts';
import type { Span } from '../xl-cfg/syntax.ts';
import type { Values } from './values.ts';

/** What is right, and cannot be done yet. */
export const LATER = 'XTL-C027';
export const WRONG = 'XTL-C029';

export interface WrongDevice {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** How a device of dom0's is said to be one. */
export const DOM0_NAMES: readonly string[] = ['', '0', 'Domain-0'];

/**
 * The strings of a key, with their places; none if it is not set. What is no string is a problem;
 * `name` is what one is called: `a disk`.
 */
export function deviceStrings(
  values: Values,
  key: string,
  name: string,
): readonly { readonly text: string; readonly at: Span }[] {
  const value = values.config.settings.get(key)?.value;
  if (value === undefined) return [];
  if (value.kind !== 'list') {
    values.blame(key, { code: WRONG, message: `${key} is a list`, hint: 'write [ "..." ]' });
    return [];
  }
  return value.items.flatMap((item) => {
    if (item.kind !== 'list') return [{ text: (item as StringValue).text, at: item.at }];
    values.blameSpan(item.at, { code: WRONG, message: `${name} is a string, not a list` });
    return [];
  });
}
