/** Building and ending domains. */

export { type Builder, type Builders, builderOf, markOf } from './builder.ts';
export { planCreate } from './create.ts';
export { type CreateState, newCreateState, type Prepared } from './create-state.ts';
export { type DestroyState, newDestroyState, planDestroy } from './destroy.ts';
export { type DeviceKind, findBackend } from './device-nodes.ts';
export type { DeviceState } from './device-plan.ts';
export { type AttachOptions, planAttach } from './disk-attach.ts';
export { planDetach } from './disk-detach.ts';
export { type DiskView, listDisks } from './disk-list.ts';
export { planMedium } from './disk-medium.ts';
export { planMove } from './disk-move.ts';
export { type DiskState, newDiskState } from './disk-plan.ts';
export { planResize, type Resize } from './disk-resize.ts';
export type { BuildHost, DomainHost, KernelBlock, KernelDisk } from './host.ts';
export { createImageFiles, type ImageFiles } from './image-files.ts';
export { keptDisks } from './kept-disks.ts';
export { listDomains } from './list.ts';
export { type Need, neededBy } from './needed.ts';
export { domainPath, libxlPath, vmPath } from './nodes.ts';
export {
  BLKBACK_LOCK,
  BLKBACK_STATE,
  KEEPER_LOCK,
  KERNEL_CACHE_DIR,
  LIFECYCLE_LOCK,
  NETBACK_LOCK,
  NETBACK_STATE,
  STORE_LOSS_MARK,
} from './places.ts';
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
export { forgetDriver, readDrivers, readRecord, type VmRecord } from './record.ts';
export { forgottenDomains, restoreDomain } from './restore.ts';
export { findByName } from './store.ts';
export {
  newStoreDomainState,
  planStoreDomain,
  prepareStoreDomain,
  type StoreDomainHost,
  startStoreDomain,
} from './store-domain.ts';
export type { KeptDomain } from './userdata.ts';
export { formatUuid, parseUuid } from './uuid.ts';
export { numberVif, planAttachVif } from './vif-attach.ts';
export { planDetachVif } from './vif-detach.ts';
export { listVifs, type VifView } from './vif-list.ts';
