/** Everything about a new domain that can be known, and refused, before anything is made. */

import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { layoutDomain } from '../image/index.ts';
import type { VmSpec } from '../spec/vm-spec.ts';
import type { Prepared } from './create-state.ts';
import type { ImageFiles } from './image-files.ts';
import { randomUuid } from './uuid.ts';
import { withMacs } from './vif-mac.ts';

/** libxl's defaults: libxl_create.c @ RELEASE-4.17.0 (event_channels), xl.conf (grant frames). */
const TABLES = { maxEvtchnPort: 1023, maxGrantFrames: 64, maxMaptrackFrames: 1024 };

export interface PrepareOptions {
  /** 16 random bytes, for a VM whose configuration names no uuid. */
  readonly random: Uint8Array;
  readonly paused: boolean;
  /** As Prepared has it. */
  readonly again?: Domid;
}

/** Reads kernel and ramdisk and lays out the domain's memory. Needs neither Xen nor privilege. */
export async function prepareCreate(
  spec: VmSpec,
  files: ImageFiles,
  options: PrepareOptions,
): Promise<Result<Prepared>> {
  const kernel = await files.kernel(spec.kernel);
  const ramdisk = spec.ramdisk === undefined ? ok(undefined) : await files.ramdisk(spec.ramdisk);
  // Who has both to mend hears of both at once.
  if (!kernel.ok && !ramdisk.ok) {
    return fail(kernel.error.errno, `${kernel.error.what}; ${ramdisk.error.what}`);
  }
  if (!kernel.ok) return kernel;
  if (!ramdisk.ok) return ramdisk;
  const image = layoutDomain({
    kernel: kernel.value,
    ...(ramdisk.value && { ramdisk: ramdisk.value }),
    cmdline: spec.cmdline,
    memoryKib: spec.memoryKib,
    vcpus: spec.vcpus,
    maxVcpus: spec.maxvcpus,
  });
  if (!image.ok) return image;
  const uuid = spec.uuid ?? randomUuid(options.random);
  const { paused, again } = options;
  const more = again === undefined ? {} : { again };
  const named = withMacs(spec, uuid);
  return ok({ ...{ spec: named, uuid, paused, ...more }, image: image.value, tables: TABLES });
}
