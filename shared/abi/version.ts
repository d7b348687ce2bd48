/** What Xen says about itself (version.h, features.h @ RELEASE-4.17.0 and RELEASE-4.20.0). */

import { layout, u32 } from '../core/layout.ts';

/** Its value is major in the high 16 bits, minor in the low. */
export const XENVER_version = 0;
export const XENVER_extraversion = 1;
export const XENVER_compile_info = 2;
export const XENVER_capabilities = 3;
export const XENVER_changeset = 4;
export const XENVER_get_features = 6;
export const XENVER_pagesize = 7;
export const XENVER_guest_handle = 8;
export const XENVER_commandline = 9;
export const XENVER_build_id = 10;

export const XEN_EXTRAVERSION_LEN = 16;
export const XEN_CAPABILITIES_INFO_LEN = 1024;
export const XEN_CHANGESET_INFO_LEN = 64;

export const XENFEAT_writable_page_tables = 0;
export const XENFEAT_auto_translated_physmap = 2;
export const XENFEAT_supervisor_mode_kernel = 3;
export const XENFEAT_hvm_callback_vector = 8;
export const XENFEAT_hvm_safe_pvclock = 9;
export const XENFEAT_hvm_pirqs = 10;
export const XENFEAT_dom0 = 11;
export const XENFEAT_linux_rsdp_unrestricted = 15;
export const XENFEAT_NR_SUBMAPS = 1;

export const xenFeatureInfo = layout('struct xen_feature_info', 8, {
  submapIdx: u32(0),
  submap: u32(4),
});
