/** Places on a Unix host that the command and the services agree on. */

/** Where kernels are kept unpacked. */
export const KERNEL_CACHE_DIR = '/var/cache/xtl/kernels';

/** Where the one lifecycle service of a host listens. */
export const LIFECYCLE_SOCKET = '/run/xtl/lifecycle.sock';
