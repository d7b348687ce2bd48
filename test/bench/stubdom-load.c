/*
 * Runs in dom0: round trips to xenstore through the kernel's device, one at a time.
 *
 * usage: stubdom-load read|write COUNT
 *
 * Prints the median of the microseconds that one took.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define XS_READ 2
#define XS_WRITE 11
#define COUNT_MAX 100000

struct head {
    uint32_t type, req_id, tx_id, len;
};

static double samples[COUNT_MAX];

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void get(int fd, void *to, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, (char *)to + done, size - done);
        if (got <= 0) {
            perror("read");
            exit(1);
        }
        done += (size_t)got;
    }
}

static void ask(int fd, uint32_t type, const char *body, uint32_t size)
{
    static char packet[4096], reply[4096];
    struct head head = { type, 7, 0, size };
    memcpy(packet, &head, sizeof head);
    memcpy(packet + sizeof head, body, size);
    if (write(fd, packet, sizeof head + size) != (ssize_t)(sizeof head + size)) {
        perror("write");
        exit(1);
    }
    get(fd, &head, sizeof head);
    if (head.type != type || head.len > sizeof reply) {
        fprintf(stderr, "reply of type %u\n", head.type);
        exit(1);
    }
    get(fd, reply, head.len);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static const char path[] = "/bench/x", written[] = "/bench/x\0value";
    int count = argc == 3 ? atoi(argv[2]) : 0;
    int fd = open("/dev/xen/xenbus", O_RDWR);
    if (fd < 0 || count < 1 || count > COUNT_MAX) {
        fprintf(stderr, "usage: stubdom-load read|write COUNT, in dom0\n");
        return 2;
    }
    ask(fd, XS_WRITE, written, sizeof written - 1);
    for (int i = 0; i < count; i++) {
        double start = now_us();
        if (strcmp(argv[1], "read") == 0)
            ask(fd, XS_READ, path, sizeof path);
        else
            ask(fd, XS_WRITE, written, sizeof written - 1);
        samples[i] = now_us() - start;
    }
    qsort(samples, (size_t)count, sizeof *samples, compare);
    printf("%.1f\n", samples[count / 2]);
    return 0;
}
