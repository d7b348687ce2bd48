/** The part of the port DomainControl that is about HVM parameters and contexts. */

import { HVM_NR_PARAMS } from '../../abi/hvm-params.ts';
import { fail, ok } from '../../core/result.ts';
import type { DomainControl } from '../domain-control.ts';
import { type Access, dyingError, isAlive } from './control-access.ts';
import { loadContext, saveContext } from './hvm-context.ts';

type HvmControl = Pick<
  DomainControl,
  'setHvmParam' | 'getHvmParam' | 'getHvmContext' | 'setHvmContext'
>;

export function hvmControl({ onHvm }: Access): HvmControl {
  return {
    setHvmParam: (domid, index, value) =>
      onHvm(domid, (domain) => {
        if (!isParam(index)) return fail('EINVAL', `no HVM parameter ${index}`);
        domain.hvmParams[index] = BigInt.asUintN(64, value);
        return ok();
      }),
    getHvmParam: (domid, index) =>
      onHvm(domid, (domain) => {
        if (!isParam(index)) return fail('EINVAL', `no HVM parameter ${index}`);
        return ok(domain.hvmParams[index] ?? 0n);
      }),
    getHvmContext: (domid) =>
      onHvm(domid, (domain) => (isAlive(domain) ? ok(saveContext(domain)) : dyingError(domain))),
    setHvmContext: (domid, records) =>
      onHvm(domid, (domain) =>
        isAlive(domain) ? loadContext(domain, records) : dyingError(domain),
      ),
  };
}

function isParam(index: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < HVM_NR_PARAMS;
}
