/** What goes into a PVH guest's memory: kernels read, domains laid out, all as data. */

export {
  type Compression,
  type Decompress,
  findPacked,
  type Packed,
  readKernel,
} from './bzimage.ts';
export {
  type DomainImage,
  type DomainParts,
  HVM_MAX_VCPUS,
  layoutDomain,
} from './domain-image.ts';
export type { KernelImage, Segment } from './elf.ts';
export type { Extents } from './memory-layout.ts';
export { type RingGrants, seedGrantTable } from './special-pages.ts';
export { entryContext } from './vcpu.ts';
export type { Write } from './writes.ts';
