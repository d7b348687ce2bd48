/** Places on a Unix host that the command and the services agree on. */

/** Where kernels are kept unpacked. */
export const KERNEL_CACHE_DIR = '/var/cache/xtl/kernels';

/** Where libxl keeps what it knows of domains (XEN_LIB_DIR of Debian and of upstream). */
export const USERDATA_DIR = '/var/lib/xen';

/** There since a xenstored was started anew under the kernel of dom0; gone with the next boot. */
export const STORE_LOSS_MARK = '/run/xtl/xenstored-restarted';

/** Who locks it is the one block backend of dom0. */
export const BLKBACK_LOCK = '/run/xtl/blkback.lock';

/** What that keeps of its disks over its death: journals and counters. */
export const BLKBACK_STATE = '/run/xtl/blkback';

/** Who locks it is the one network backend of dom0. */
export const NETBACK_LOCK = '/run/xtl/netback.lock';

/** What that keeps of its vifs over its death: journals and counters. */
export const NETBACK_STATE = '/run/xtl/netback';

/** Who locks it is the one keeper of a host. */
export const KEEPER_LOCK = '/run/xtl/keeper.lock';

/** Who locks it is the one lifecycle service of a host. */
export const LIFECYCLE_LOCK = '/run/xtl/lifecycle.lock';
