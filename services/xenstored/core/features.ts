/**
 * Wire constants newer than Xen 4.20, offered through feature bits (io/xs_wire.h @
 * RELEASE-4.22.0).
 */

import { XENSTORE_SERVER_FEATURE_ERROR } from '../../../shared/abi/xs-wire.ts';

export const XS_GET_FEATURE = 23;
export const XS_SET_FEATURE = 24;
export const XS_GET_QUOTA = 25;
export const XS_SET_QUOTA = 26;

export const XENSTORE_SERVER_FEATURE_WATCHDEPTH = 4;
export const XENSTORE_SERVER_FEATURE_DOMID_ANY = 8;

/** What this store can offer. */
export const FEATURES =
  XENSTORE_SERVER_FEATURE_ERROR |
  XENSTORE_SERVER_FEATURE_WATCHDEPTH |
  XENSTORE_SERVER_FEATURE_DOMID_ANY;
