/*
 * Both ends of a ring of requests and responses, driven by Xen's own macros (io/ring.h): a line of
 * input is one step, its answer what the macro gave and a hash of the pages afterwards.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define __XEN_INTERFACE_VERSION__ 0x00040d00
#define xen_mb() __sync_synchronize()
#define xen_rmb() __sync_synchronize()
#define xen_wmb() __sync_synchronize()
#include <xen/io/ring.h>

/* Built with REQUEST_WORDS and RESPONSE_WORDS. */
struct xtl_request {
    uint32_t words[REQUEST_WORDS];
};
struct xtl_response {
    uint32_t words[RESPONSE_WORDS];
};
DEFINE_RING_TYPES(xtl, struct xtl_request, struct xtl_response);

static uint32_t pages[16 * 1024];
static size_t bytes;

static uint32_t hash(const void *at, size_t size)
{
    const uint8_t *byte = at;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ byte[i]) * 16777619u;
    return h;
}

static void put(uint32_t *words, size_t count, uint32_t value)
{
    for (size_t i = 0; i < count; i++)
        words[i] = value + (uint32_t)i;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    bytes = (size_t)atoi(argv[1]) * 4096;
    uint32_t start = (uint32_t)strtoul(argv[2], NULL, 10);
    xtl_sring_t *shared = (xtl_sring_t *)pages;
    xtl_front_ring_t front;
    xtl_back_ring_t back;
    SHARED_RING_INIT(shared);
    shared->req_prod = shared->rsp_prod = start;
    shared->req_event = shared->rsp_event = start + 1;
    FRONT_RING_ATTACH(&front, shared, start, bytes);
    BACK_RING_ATTACH(&back, shared, start, bytes);
    front.rsp_cons = start;

    char what;
    uint32_t n, value;
    while (scanf(" %c %u %u", &what, &n, &value) == 3) {
        uint32_t result = 0, taken = 2166136261u;
        int more = 0;
        switch (what) {
        case 'r': /* puts n requests */
            for (; result < n && !RING_FULL(&front); result++)
                put(RING_GET_REQUEST(&front, front.req_prod_pvt++)->words, REQUEST_WORDS,
                    value + result);
            break;
        case 'R': /* publishes them */
            RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front, result);
            break;
        case 't': /* takes at most n requests */
            for (; result < n && RING_HAS_UNCONSUMED_REQUESTS(&back); result++) {
                struct xtl_request request;
                RING_COPY_REQUEST(&back, back.req_cons++, &request);
                taken = taken * 31 + hash(&request, sizeof request);
            }
            break;
        case 'a': /* before it sleeps */
            RING_FINAL_CHECK_FOR_REQUESTS(&back, more);
            result = more != 0;
            break;
        case 's': /* puts n responses */
            for (; result < n && back.rsp_prod_pvt != back.req_cons; result++)
                put(RING_GET_RESPONSE(&back, back.rsp_prod_pvt++)->words, RESPONSE_WORDS,
                    value + result);
            break;
        case 'S':
            RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&back, result);
            break;
        case 'u': /* takes at most n responses */
            for (; result < n && RING_HAS_UNCONSUMED_RESPONSES(&front); result++) {
                struct xtl_response response;
                memcpy(&response, RING_GET_RESPONSE(&front, front.rsp_cons++), sizeof response);
                taken = taken * 31 + hash(&response, sizeof response);
            }
            break;
        case 'A':
            RING_FINAL_CHECK_FOR_RESPONSES(&front, more);
            result = more != 0;
            break;
        default:
            return 3;
        }
        printf("%u %u %u\n", result, taken, hash(pages, bytes));
    }
    return 0;
}
