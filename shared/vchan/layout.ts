/** Where the two rings of a vchan lie, and which sizes go together. */

import { vchanInterface } from '../abi/vchan.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { LARGE_ORDER, ORDER_MAX, PAGE_ORDER, SMALL_ORDER } from './limits.ts';

/** Sizes of both rings as powers of two. The client writes into the left one. */
export interface Orders {
  readonly left: number;
  readonly right: number;
}

/** Pages of its own that a ring has; none if it lies in the shared page. */
export function pagesOf(order: number): number {
  return order < PAGE_ORDER ? 0 : 1 << (order - PAGE_ORDER);
}

/** Where a ring begins in the shared page, or in its own pages. */
export function offsetOf(order: number): number {
  return order < PAGE_ORDER ? 1 << order : 0;
}

function leastOrder(bytes: number): number {
  let order = PAGE_ORDER;
  while (bytes > 1 << order) order++;
  return order;
}

/**
 * The sizes that a server gives who wants so many bytes at least: both in the shared page if that
 * can be, one of them if not (libxenvchan_server_init @ RELEASE-4.17.0). EINVAL beyond 1 MiB.
 */
export function ordersFor(leftMin: number, rightMin: number): Result<Orders> {
  const most = 1 << ORDER_MAX;
  const fits = (bytes: number): boolean => Number.isInteger(bytes) && bytes >= 0 && bytes <= most;
  if (!fits(leftMin) || !fits(rightMin)) {
    return fail('EINVAL', `a vchan of ${leftMin} and ${rightMin} bytes: at most ${most}`);
  }
  const [small, large] = [1 << SMALL_ORDER, 1 << LARGE_ORDER];
  if (leftMin <= small && rightMin <= large) return ok({ left: SMALL_ORDER, right: LARGE_ORDER });
  if (leftMin <= large && rightMin <= small) return ok({ left: LARGE_ORDER, right: SMALL_ORDER });
  const [left, right] = [leastOrder(leftMin), leastOrder(rightMin)];
  if (leftMin <= large) return ok({ left: LARGE_ORDER, right });
  return ok({ left, right: rightMin <= large ? LARGE_ORDER : right });
}

/**
 * Why such rings cannot be, if they cannot: too small or large, both in one place (init_gnt_cli @
 * RELEASE-4.17.0), or one of them where the references of the other's pages lie.
 */
export function orderFault({ left, right }: Orders): string | undefined {
  for (const order of [left, right]) {
    const known = Number.isInteger(order) && order >= SMALL_ORDER && order <= ORDER_MAX;
    if (!known) return `a ring of order ${order}`;
  }
  if (left === right && left < PAGE_ORDER) return `two rings of order ${left} in one page`;
  const references = vchanInterface.size + 4 * (pagesOf(left) + pagesOf(right));
  const least = Math.min(left, right);
  if (least < PAGE_ORDER && references > offsetOf(least)) {
    return `a ring of order ${least} among the references of one of order ${Math.max(left, right)}`;
  }
  return undefined;
}
