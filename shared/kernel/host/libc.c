/*
 * Names of the C library that the engine asks for and musl's objects would answer with system
 * calls.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "../include/kernel.h"
#include "../memory/heap.h"

#define NS_PER_S 1000000000ull

void *malloc(size_t size)
{
    return heap_alloc(size);
}

void *realloc(void *old, size_t size)
{
    return heap_realloc(old, size);
}

void free(void *block)
{
    heap_release(block);
}

size_t malloc_usable_size(const void *block);
size_t malloc_usable_size(const void *block)
{
    return heap_usable(block);
}

void abort(void)
{
    panic("the engine gave up");
}

void __assert_fail(const char *what, const char *file, unsigned line, const char *function);
void __assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
    panic("%s:%u: %s: assertion failed: %s", file, line, function, what);
}

void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
    panic("a buffer on the stack has overflowed");
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    uint64_t now = clock == CLOCK_REALTIME ? clock_wall() : clock_now();
    time->tv_sec = (time_t)(now / NS_PER_S);
    time->tv_nsec = (long)(now % NS_PER_S);
    return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    (void)zone;
    uint64_t us = clock_wall() / 1000;
    *time = (struct timeval){ .tv_sec = (time_t)(us / 1000000), .tv_usec = (long)(us % 1000000) };
    return 0;
}

/* The engine asks for the offset of local time alone: a domain lives in UTC. */
struct tm *localtime_r(const time_t *restrict time, struct tm *restrict result)
{
    (void)time;
    memset(result, 0, sizeof *result);
    return result;
}

/* What the engine would print is for a person at its own consoles: there are none here. */
int fputc(int c, FILE *file)
{
    (void)file;
    return c;
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
    (void)file, (void)flag, (void)format;
    return 0;
}

/* glibc's names for checked forms, which the engine was compiled with. */
int __vsnprintf_chk(char *to, size_t room, int flag, size_t size, const char *format, va_list list);
int __vsnprintf_chk(char *to, size_t room, int flag, size_t size, const char *format, va_list list)
{
    (void)flag, (void)size;
    return vsnprintf(to, room, format, list);
}

int __snprintf_chk(char *to, size_t room, int flag, size_t size, const char *format, ...);
int __snprintf_chk(char *to, size_t room, int flag, size_t size, const char *format, ...)
{
    (void)flag, (void)size;
    va_list list;
    va_start(list, format);
    int length = vsnprintf(to, room, format, list);
    va_end(list);
    return length;
}

/* One thread: nobody to wait for, nobody to lock out. Atomics.wait is refused by the engine. */
#define ALWAYS_FINE(name)  \
    int name(void);        \
    int name(void)         \
    {                      \
        return 0;          \
    }
ALWAYS_FINE(pthread_mutex_lock)
ALWAYS_FINE(pthread_mutex_unlock)
ALWAYS_FINE(pthread_cond_init)
ALWAYS_FINE(pthread_cond_destroy)
ALWAYS_FINE(pthread_cond_signal)
ALWAYS_FINE(pthread_cond_wait)
ALWAYS_FINE(pthread_cond_timedwait)
