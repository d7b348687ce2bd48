/*
 * One end of a vchan over Xen's own library: sends a stream whose bytes follow from their places,
 * looks at each byte that it receives, and says how it ended.
 *
 * peer server|client stream|packet PATH READ_MIN WRITE_MIN SEED SEND RECEIVE
 */

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxenvchan.h>

unsigned first_own_page = 0;

static uint8_t buffer[1 << 20];
static uint32_t state;

static uint32_t next(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

/* test/sim/vchan/ends.ts */
static uint8_t byte_at(uint32_t seed, uint32_t index)
{
    return (uint8_t)(((index + 1) * 0x9e3779b1u + seed) >> 24);
}

/* What is moved at a time: of packets both ends know the sizes, since they go whole. */
static uint32_t piece(int packets, uint32_t number, uint32_t ring_size)
{
    uint32_t draw = packets ? (number + 1) * 0x9e3779b1u >> 4 : next();
    return 1 + (draw >> 3) % (draw % 3 == 0 ? ring_size : 200);
}

/* In both directions whichever goes; waits for an event when neither does. */
static int run(struct libxenvchan *ctrl, int packets, uint32_t send, uint32_t receive)
{
    uint32_t sent = 0, got = 0, want_send = 0, want_get = 0, sends = 0, gets = 0;
    const uint32_t write_size = 1u << ctrl->write.order, read_size = 1u << ctrl->read.order;
    while (sent < send || got < receive) {
        int moved = 0;
        if (sent < send) {
            if (want_send == 0)
                want_send = piece(packets, sends++, write_size);
            if (want_send > send - sent)
                want_send = send - sent;
            for (uint32_t i = 0; i < want_send; i++)
                buffer[i] = byte_at(1, sent + i);
            int count = packets ? libxenvchan_send(ctrl, buffer, want_send)
                                : libxenvchan_write(ctrl, buffer, want_send);
            if (count < 0)
                return 4;
            if (count > 0)
                want_send = 0;
            sent += (uint32_t)count;
            moved |= count;
        }
        if (got < receive) {
            if (want_get == 0)
                want_get = piece(packets, gets++, read_size);
            if (want_get > receive - got)
                want_get = receive - got;
            int count = packets ? libxenvchan_recv(ctrl, buffer, want_get)
                                : libxenvchan_read(ctrl, buffer, want_get);
            if (count < 0)
                return 5;
            for (int i = 0; i < count; i++)
                if (buffer[i] != byte_at(2, got + (uint32_t)i))
                    return 6;
            if (count > 0)
                want_get = 0;
            got += (uint32_t)count;
            moved |= count;
        }
        if (moved == 0 && libxenvchan_wait(ctrl) < 0)
            return 7;
    }
    return 0;
}

/* Until the other end has left. */
static int stay(struct libxenvchan *ctrl)
{
    while (libxenvchan_is_open(ctrl))
        if (libxenvchan_wait(ctrl) < 0)
            return 8;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 9)
        return 2;
    const int is_server = strcmp(argv[1], "server") == 0;
    state = (uint32_t)strtoul(argv[6], NULL, 10);
    struct libxenvchan *ctrl =
        is_server ? libxenvchan_server_init(NULL, 1, argv[3], strtoul(argv[4], NULL, 10),
                                            strtoul(argv[5], NULL, 10))
                  : libxenvchan_client_init(NULL, 1, argv[3]);
    if (ctrl == NULL)
        return 3;
    ctrl->blocking = 0;
    printf("%d %d\n", ctrl->read.order, ctrl->write.order);
    fflush(stdout);
    int status = run(ctrl, strcmp(argv[2], "packet") == 0, (uint32_t)strtoul(argv[7], NULL, 10),
                     (uint32_t)strtoul(argv[8], NULL, 10));
    /* The server leaves first; its client reads what is left, and sees that. */
    if (status == 0 && !is_server)
        status = stay(ctrl);
    libxenvchan_close(ctrl);
    return status;
}
