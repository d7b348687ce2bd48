/* The engine's side: host functions for scripts, by topic, and what they share. */
#pragma once

#include "../include/kernel.h"
#include "quickjs.h"

#define UNUSED __attribute__((unused))
/* A function for scripts; it has at least the arguments that it is declared with. */
#define HOST_FUNCTION(name)                                                                      \
    static JSValue name(JSContext *ctx, JSValueConst self UNUSED, int argc UNUSED,               \
                        JSValueConst *argv UNUSED)

/* A function for scripts that gives back the pages behind a buffer, which is detached. */
#define GIVES_BACK(name, call)                                                                   \
    HOST_FUNCTION(name)                                                                          \
    {                                                                                            \
        size_t size;                                                                             \
        void *at = host_take_buffer(ctx, argv[0], &size);                                        \
        if (!at)                                                                                 \
            return JS_EXCEPTION;                                                                 \
        call(at, size / PAGE_SIZE);                                                              \
        return JS_UNDEFINED;                                                                     \
    }

/* Gives a context what the service asks of the engine; relink writes it for each service. */
void service_parts(JSContext *ctx);

/* What scripts see as the global `host`: functions of a topic are added to it. */
void host_add_bytes(JSContext *ctx, JSValue host);
void host_add_ring_moves(JSContext *ctx, JSValue host);
void host_add_memory(JSContext *ctx, JSValue host);
void host_add_events(JSContext *ctx, JSValue host);
void host_add_grants(JSContext *ctx, JSValue host);
void host_add_system(JSContext *ctx, JSValue host);

/* A buffer over memory that is not the engine's. It is detached when the memory goes. */
JSValue host_buffer(JSContext *ctx, void *at, size_t size);
/* Where a buffer lies and its size; detaches it. NULL with an exception if it is no buffer. */
void *host_take_buffer(JSContext *ctx, JSValueConst buffer, size_t *size);
/* The numbers of a Uint32Array or Float64Array. NULL with an exception if it is none. */
void *host_numbers(JSContext *ctx, JSValueConst array, size_t element, size_t *count);

/* The function that scripts gave to host.loop, or undefined. */
extern JSValue host_turn;
/* Where host.ports looks: ports that were taken. */
#define HOST_PORTS 512
extern uint32_t host_ports[HOST_PORTS];

/* Prints an exception with positions of the sources and ends the domain as crashed. */
void host_die(JSContext *ctx, JSValueConst exception) __attribute__((noreturn));

/* Whether an argument is an integer in [0, max]; if not there is an exception. */
bool host_number(JSContext *ctx, JSValueConst value, double max, double *number);
