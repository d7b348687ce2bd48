/*
 * Two ends of a vchan without Xen: pages are pages of one file, which both ends map, events are
 * bytes in a socket, the store is two files.
 */
#ifndef SHIMS_H
#define SHIMS_H

/* Descriptors that the parent gives. */
#define EVENT_FD 3
#define PAGES_FD 4

/* Our end's name of a page: its number in the file and this. */
#define FIRST_REFERENCE 100

#endif
