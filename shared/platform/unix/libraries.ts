/**
 * The Xen libraries that are used: those whose names stay the same from one Xen to the next
 * (xencall.h, xenevtchn.h, xengnttab.h, xenforeignmemory.h, xentoollog.h @ RELEASE-4.17.0).
 */

import { bind, ffi, once } from './ffi.ts';

/** A handle or an address. */
const PTR = 'uintptr_t';
/** Memory of JavaScript, lent for the call. */
const MEM = 'void *';

export const xencall = once(() =>
  bind('libxencall.so.1', {
    xencall_open: [PTR, PTR, 'uint'],
    xencall_close: ['int', PTR],
    xencall1: ['int', PTR, 'uint', 'uint64_t'],
    xencall2: ['int', PTR, 'uint', 'uint64_t', 'uint64_t'],
    xencall_alloc_buffer_pages: [PTR, PTR, 'size_t'],
    xencall_free_buffer_pages: ['void', PTR, PTR, 'size_t'],
  }),
);

export const xenevtchn = once(() =>
  bind('libxenevtchn.so.1', {
    xenevtchn_open: [PTR, PTR, 'uint'],
    xenevtchn_close: ['int', PTR],
    xenevtchn_fd: ['int', PTR],
    xenevtchn_notify: ['int', PTR, 'uint32_t'],
    xenevtchn_bind_unbound_port: ['int', PTR, 'uint32_t'],
    xenevtchn_bind_interdomain: ['int', PTR, 'uint32_t', 'uint32_t'],
    xenevtchn_bind_virq: ['int', PTR, 'uint'],
    xenevtchn_unbind: ['int', PTR, 'uint32_t'],
    xenevtchn_pending: ['int', PTR],
    xenevtchn_unmask: ['int', PTR, 'uint32_t'],
  }),
);

export const xengnttab = once(() =>
  bind('libxengnttab.so.1', {
    xengnttab_open: [PTR, PTR, 'uint'],
    xengnttab_close: ['int', PTR],
    xengnttab_map_domain_grant_refs: [PTR, PTR, 'uint32_t', 'uint32_t', MEM, 'int'],
    xengnttab_map_grant_ref_notify: [
      PTR,
      PTR,
      'uint32_t',
      'uint32_t',
      'int',
      'uint32_t',
      'uint32_t',
    ],
    xengnttab_unmap: ['int', PTR, PTR, 'uint32_t'],
    xengnttab_grant_copy: ['int', PTR, 'uint32_t', MEM],
    xengntshr_open: [PTR, PTR, 'uint'],
    xengntshr_close: ['int', PTR],
    xengntshr_share_pages: [PTR, PTR, 'uint32_t', 'int', MEM, 'int'],
    xengntshr_share_page_notify: [PTR, PTR, 'uint32_t', MEM, 'int', 'uint32_t', 'uint32_t'],
    xengntshr_unshare: ['int', PTR, PTR, 'uint32_t'],
  }),
);

export const xenforeignmemory = once(() =>
  bind('libxenforeignmemory.so.1', {
    xenforeignmemory_open: [PTR, PTR, 'uint'],
    xenforeignmemory_close: ['int', PTR],
    xenforeignmemory_map: [PTR, PTR, 'uint32_t', 'int', 'size_t', MEM, MEM],
    xenforeignmemory_unmap: ['int', PTR, PTR, 'size_t'],
    xenforeignmemory_map_resource: [
      PTR,
      PTR,
      'uint16_t',
      'uint',
      'uint',
      'ulong',
      'ulong',
      MEM,
      'int',
      'int',
    ],
    xenforeignmemory_unmap_resource: ['int', PTR, PTR],
  }),
);

export const libc = once(() =>
  bind('libc.so.6', {
    mmap: [PTR, PTR, 'size_t', 'int', 'int', 'int', 'long'],
    munmap: ['int', PTR, 'size_t'],
    read: ['long', 'int', MEM, 'size_t'],
  }),
);

/** mman.h of Linux. */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_PRIVATE = 0x02;
export const MAP_ANONYMOUS = 0x20;
export const MAP_LOCKED = 0x2000;
export const MAP_POPULATE = 0x8000;
/** What mmap returns when it fails, as an address. */
export const MAP_FAILED = 2n ** 64n - 1n;

/** xentoollog.h: what is worse than an error, which we report ourselves. */
const XTL_CRITICAL = 9;

let logger: number | undefined;

/** A logger that keeps the libraries from writing errors to stderr; 0 leaves them their own. */
export function quietLogger(): number {
  if (logger === undefined) {
    const log = bind('libxentoollog.so.1', {
      xtl_createlogger_stdiostream: [PTR, PTR, 'int', 'uint'],
    });
    if (!log.ok) return 0;
    const stderr = Number(ffi().decode(ffi().load('libc.so.6').symbol('stderr'), PTR));
    logger = log.value.xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0);
  }
  return logger;
}
