/** Xenstore's wire protocol and shared page (io/xs_wire.h @ RELEASE-4.17.0, RELEASE-4.20.0). */

import { bytes, layout, u32 } from '../core/layout.ts';

export const XS_CONTROL = 0;
export const XS_DEBUG = 0;
export const XS_DIRECTORY = 1;
export const XS_READ = 2;
export const XS_GET_PERMS = 3;
export const XS_WATCH = 4;
export const XS_UNWATCH = 5;
export const XS_TRANSACTION_START = 6;
export const XS_TRANSACTION_END = 7;
export const XS_INTRODUCE = 8;
export const XS_RELEASE = 9;
export const XS_GET_DOMAIN_PATH = 10;
export const XS_WRITE = 11;
export const XS_MKDIR = 12;
export const XS_RM = 13;
export const XS_SET_PERMS = 14;
export const XS_WATCH_EVENT = 15;
export const XS_ERROR = 16;
export const XS_IS_DOMAIN_INTRODUCED = 17;
export const XS_RESUME = 18;
export const XS_SET_TARGET = 19;
export const XS_RESET_WATCHES = 21;
export const XS_DIRECTORY_PART = 22;
export const XS_TYPE_COUNT = 23;
/** Never a valid type. */
export const XS_INVALID = 0xffff;

/** Positions of the two strings of a watch event. */
export const XS_WATCH_PATH = 0;
export const XS_WATCH_TOKEN = 1;

/** Longest payload of a message, longest absolute path, longest relative path: bytes. */
export const XENSTORE_PAYLOAD_MAX = 4096;
export const XENSTORE_ABS_PATH_MAX = 3072;
export const XENSTORE_REL_PATH_MAX = 2048;

export const XENSTORE_RING_SIZE = 1024;

export const XENSTORE_SERVER_FEATURE_RECONNECTION = 1;
export const XENSTORE_SERVER_FEATURE_ERROR = 2;

/** Values of the page's `connection` field. */
export const XENSTORE_CONNECTED = 0;
export const XENSTORE_RECONNECT = 1;

/** Values of the page's `error` field. */
export const XENSTORE_ERROR_NONE = 0;
export const XENSTORE_ERROR_COMM = 1;
export const XENSTORE_ERROR_RINGIDX = 2;
export const XENSTORE_ERROR_PROTO = 3;

/** The errors that may travel, by name, in the header's order (its table `xsd_errors`). */
export const XSD_ERRORS = [
  'EINVAL',
  'EACCES',
  'EEXIST',
  'EISDIR',
  'ENOENT',
  'ENOMEM',
  'ENOSPC',
  'EIO',
  'ENOTEMPTY',
  'ENOSYS',
  'EROFS',
  'EBUSY',
  'EAGAIN',
  'EISCONN',
  'E2BIG',
  'EPERM',
] as const;

/** The head of every message; `len` bytes of payload follow. */
export const xsdSockmsg = layout('struct xsd_sockmsg', 16, {
  type: u32(0),
  reqId: u32(4),
  txId: u32(8),
  len: u32(12),
});

/** One page shared by a domain and xenstored: two byte rings and their free-running indices. */
export const xenstoreDomainInterface = layout('struct xenstore_domain_interface', 2076, {
  req: bytes(0, 1024),
  rsp: bytes(1024, 1024),
  reqCons: u32(2048),
  reqProd: u32(2052),
  rspCons: u32(2056),
  rspProd: u32(2060),
  serverFeatures: u32(2064),
  connection: u32(2068),
  error: u32(2072),
});
