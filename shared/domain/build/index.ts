/** Building and ending domains. */

export { type Builder, type Builders, builderOf, markOf } from './builder.ts';
export { planCreate } from './create.ts';
export { type CreateState, newCreateState, type Prepared } from './create-state.ts';
export { type DestroyState, newDestroyState, planDestroy } from './destroy.ts';
export type { BuildHost } from './host.ts';
export { createImageFiles, type ImageFiles } from './image-files.ts';
export { listDomains } from './list.ts';
export { domainPath, libxlPath, recordPath } from './nodes.ts';
export { KERNEL_CACHE_DIR, LIFECYCLE_SOCKET } from './places.ts';
export {
  type Plan,
  type PlanFailure,
  type PlanOptions,
  type PlanResult,
  runPlan,
  type Step,
  type StepEvent,
  takeBack,
} from './plan.ts';
export { type PrepareOptions, prepareCreate } from './prepare.ts';
export { parseRecord, type VmRecord } from './record.ts';
export { findByName } from './store.ts';
export {
  newStoreDomainState,
  planStoreDomain,
  prepareStoreDomain,
  registerStoreDomain,
  type StoreDomainHost,
} from './store-domain.ts';
export { formatUuid, parseUuid } from './uuid.ts';
