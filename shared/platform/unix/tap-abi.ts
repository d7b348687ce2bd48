/** Linux's TUN/TAP driver as system calls have it (linux/if_tun.h, linux/if.h @ v6.1). */

export const TUNSETIFF = 0x4004_54ca;
export const TUNSETPERSIST = 0x4004_54cb;
export const TUNSETOFFLOAD = 0x4004_54d0;
export const TUNGETIFF = 0x8004_54d2;
export const TUNSETVNETHDRSZ = 0x4004_54d8;
export const TUNSETQUEUE = 0x4004_54d9;

export const IFF_TAP = 0x0002;
export const IFF_MULTI_QUEUE = 0x0100;
export const IFF_DETACH_QUEUE = 0x0400;
export const IFF_PERSIST = 0x0800;
/** No four bytes in front of each frame. */
export const IFF_NO_PI = 0x1000;
/** A virtio_net_hdr in front of each frame. */
export const IFF_VNET_HDR = 0x4000;
/** A new device, or EBUSY. */
export const IFF_TUN_EXCL = 0x8000;

/** What we take of the kernel: blank checksums, and large TCP frames. */
export const TUN_F_CSUM = 1;
export const TUN_F_TSO4 = 2;
export const TUN_F_TSO6 = 4;

/** Of an interface: it is up. */
export const IFF_UP = 1;

/** With the byte that ends it. */
export const IFNAMSIZ = 16;

/** struct ifreq: the name, and behind it here flags of 16 bits. */
export const IFREQ_BYTES = 40;

/** Queues of a device (MAX_TAP_QUEUES in drivers/net/tun.c). */
export const MAX_TAP_QUEUES = 256;
