// Which Debian packages the lab's images are made of, and from which release.

export type Suite = 'bookworm' | 'trixie';

/** `name/suite`, the form that apt-get itself takes. */
export type Spec = `${string}/${Suite}`;

const from = (suite: Suite, names: string): Spec[] =>
  names
    .trim()
    .split(/\s+/)
    .map((name): Spec => `${name}/${suite}`);

/** The libraries whose name or ABI changes with every Xen, once for each Xen that the lab has. */
const xen: Spec[] = [
  ...from('bookworm', 'xen-hypervisor-4.17-amd64 xen-utils-4.17 libxenmisc4.17'),
  ...from('trixie', 'xen-hypervisor-4.20-amd64 xen-utils-4.20 libxenmisc4.20 libext2fs2t64'),
  ...from(
    'trixie',
    `xen-utils-common xenstore-utils libxencall1 libxendevicemodel1 libxenevtchn1 libxenhypfs1
     libxenforeignmemory1 libxengnttab1 libxenstore4 libxentoolcore1 libxentoollog1 libyajl2`,
  ),
];

/**
 * dom0's userland, by hand instead of by dependencies: those would bring systemd, perl and python,
 * which no dom0 process of the lab runs. `checkTree` tells when a library is missing.
 */
const userland: Spec[] = from(
  'trixie',
  `base-files busybox-static bash libc6 libc-bin libgcc-s1 libstdc++6 zlib1g libtinfo6 libncurses6
   libzstd1 liblzma5 libbz2-1.0 libuuid1 libcom-err2 libblkid1 libcrypt1 libssl3t64 kmod libkmod2
   dropbear-bin libtomcrypt1 libtommath1 libgmp10 iproute2 libbpf1 libcap2 libdb5.3t64 libelf1t64
   libmnl0 libselinux1 libpcre2-8-0 libtirpc3t64 libgssapi-krb5-2 libkrb5-3 libk5crypto3
   libkrb5support0 libkeyutils1 libxtables12`,
);

/** Node without npm. */
const node: Spec[] = from(
  'trixie',
  `nodejs libnode115 libbrotli1 libcares2 libicu76 libnghttp2-14 libuv1t64 node-acorn
   node-cjs-module-lexer node-minimatch node-brace-expansion node-balanced-match node-undici`,
);

/** The programs of the fuller guest and the libraries that they load beside those of dom0. */
export const guestSpecs: readonly Spec[] = from(
  'trixie',
  `fio iperf3 libiperf0 libsctp1 ethtool libaio1t64 libgfapi0 libgfrpc0 libgfxdr0 libglusterfs0
   libacl1 libibverbs1 libnl-3-200 libnl-route-3-200 libnbd0 libgnutls30t64 libnettle8t64
   libhogweed6t64 libunistring5 libidn2-0 libp11-kit0 libffi8 libtasn1-6 libxml2 libnfs14 libnuma1
   libpmem1 libdaxctl1 libndctl6 libudev1 librados2 librbd1 librdmacm1t64 libfmt10 libcryptsetup12
   libdevmapper1.02.1 libjson-c5 libboost-iostreams1.83.0 libboost-thread1.83.0`,
);

/**
 * What the larger image has beside that, with all that it depends on. libxl starts a device model
 * that is linked with the libraries of its own Xen: each release's `qemu-system-xen`.
 */
export const moreSpecs: readonly Spec[] = from(
  'trixie',
  `systemd-sysv udev python3 dmsetup qemu-utils nbdkit iptables grub-xen-host qemu-system-xen
   util-linux procps`,
);
export const deviceModel417: Spec = 'qemu-system-xen/bookworm';

/** Debian's names for "the current kernel"; each depends on the package that holds it. */
export const kernelMetas: readonly Spec[] = [
  'linux-image-amd64/bookworm',
  'linux-image-amd64/trixie',
];

export const dom0Specs: readonly Spec[] = [...xen, ...userland, ...node];
