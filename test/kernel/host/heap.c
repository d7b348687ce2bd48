/* The heap and the pages under it: random lives of blocks, up to the end of memory and back. */

#include <stdlib.h>
#include <string.h>

#include "../../../shared/kernel/memory/bitmap.h"
#include "../../../shared/kernel/memory/heap.h"
#include "../../../shared/kernel/memory/pages.h"
#include "support.h"

#define PAGES 700
#define BLOCKS 3000

static struct {
    unsigned char *bytes;
    size_t size;
    unsigned char fill;
} blocks[BLOCKS];

static void check_block(unsigned i)
{
    CHECK((uintptr_t)blocks[i].bytes % 16 == 0);
    CHECK(heap_usable(blocks[i].bytes) >= blocks[i].size);
    for (size_t at = 0; at < blocks[i].size; at += 1 + blocks[i].size / 16)
        CHECK(blocks[i].bytes[at] == blocks[i].fill);
    if (blocks[i].size > 0)
        CHECK(blocks[i].bytes[blocks[i].size - 1] == blocks[i].fill);
}

static void fill(unsigned i, size_t size)
{
    blocks[i].size = size;
    blocks[i].fill = (unsigned char)draw(256);
    memset(blocks[i].bytes, blocks[i].fill, size);
}

static size_t some_size(void)
{
    return draw(40) == 0 ? draw(200000) : draw(10) == 0 ? draw(5000) : draw(200);
}

static unsigned one_step(void)
{
    unsigned i = draw(BLOCKS);
    size_t size = some_size();
    if (!blocks[i].bytes) {
        blocks[i].bytes = heap_alloc(size);
        if (!blocks[i].bytes)
            return 1;
        fill(i, size);
        return 0;
    }
    check_block(i);
    if (draw(3) == 0) {
        unsigned char *bytes = heap_realloc(blocks[i].bytes, size);
        if (!bytes)
            return 1;
        blocks[i].bytes = bytes;
        if (blocks[i].size > size)
            blocks[i].size = size;
        check_block(i);
        fill(i, size);
    } else if (draw(5) > 1) {
        heap_release(blocks[i].bytes);
        blocks[i].bytes = NULL;
    }
    return 0;
}

static void lives(uintptr_t start)
{
    unsigned refused = 0;
    size_t used, free_bytes;
    for (unsigned step = 0; step < 60000; step++) {
        refused += one_step();
        if (step % 5000 == 0)
            heap_check();
    }
    CHECK(refused > 0);
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (blocks[i].bytes)
            check_block(i);
        heap_release(blocks[i].bytes);
        blocks[i].bytes = NULL;
    }
    heap_check();
    heap_figures(&used, &free_bytes);
    CHECK(used == 0 && free_bytes > 0);
    /* Pages are given back, but for what the heap grows by. */
    CHECK(pages_free_count() > PAGES - 40);
    (void)start;
}

static void release_first(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        heap_release(blocks[i].bytes);
        blocks[i].bytes = NULL;
    }
}

/* What is refused for lack of memory leaves enough to say so. */
static void reserve(void)
{
    unsigned count = 0;
    while (count < BLOCKS && (blocks[count].bytes = heap_alloc(20000)) != NULL)
        count++;
    CHECK(count > 50 && count < BLOCKS);
    for (unsigned i = 0; i < 100; i++) {
        blocks[count + i].bytes = heap_alloc(100);
        CHECK(blocks[count + i].bytes != NULL);
    }
    release_first(count + 100);
    /* And it is there again the next time. */
    CHECK(heap_alloc(1ul << 40) == NULL);
}

/* What is not given as a new block is not given to a block that grows into the same room. */
static void reserve_in_place(void)
{
    const size_t hole = 400ul << 10, most = 395ul << 10, fits = 200ul << 10;
    unsigned char *grows = heap_alloc(1000), *free_soon = heap_alloc(hole), *wall = heap_alloc(16);
    unsigned count = 0;
    CHECK(grows && free_soon && wall);
    /* The first refusal opens the reserve, the second finds nothing any more. */
    for (int refusal = 0; refusal < 2; refusal++)
        while (count < BLOCKS && (blocks[count].bytes = heap_alloc(20000)) != NULL)
            count++;
    CHECK(count < BLOCKS);
    heap_release(free_soon);
    CHECK(heap_alloc(most) == NULL);
    CHECK(heap_realloc(grows, most) == NULL);
    CHECK(heap_realloc(grows, fits) == grows);
    /* Shrinking always works, and what it gives may be grown into again. */
    CHECK(heap_realloc(grows, 1000) == grows && heap_realloc(grows, fits) == grows);
    heap_check();
    release_first(count);
    heap_release(grows);
    heap_release(wall);
}

/* Nor are pages for the service: what is left then is the reserve, which the refusal opens. */
static void reserve_of_pages(void)
{
    const size_t kept = 96ul << 10;
    size_t before = pages_free_count(), used, large, count = 0;
    void *taken[PAGES];
    while (count < PAGES && (taken[count] = heap_pages(1)) != NULL)
        count++;
    heap_figures(&used, &large);
    size_t left = large + pages_free_count() * PAGE_SIZE;
    CHECK(count > 0 && left >= kept && left < kept + PAGE_SIZE);
    void *last = heap_pages(1);
    CHECK(last);
    pages_free(last, 1);
    for (size_t i = 0; i < count; i++)
        pages_free(taken[i], 1);
    CHECK(pages_free_count() == before && heap_pages(1ul << 60) == NULL);
}

static void pages(uintptr_t start)
{
    char *one = pages_alloc(3);
    char *two = pages_alloc(2);
    CHECK(one && two && two + 2 * PAGE_SIZE <= one && (uintptr_t)two >= start);
    memset(one, 1, 3 * PAGE_SIZE);
    size_t before = pages_free_count();
    pages_free(one, 3);
    CHECK(pages_free_count() == before + 3);
    one = pages_alloc(3);
    for (size_t i = 0; i < 3 * PAGE_SIZE; i++)
        CHECK(one[i] == 0);
    CHECK(!pages_claim((uintptr_t)one, 1) && !pages_claim(0, 1));
    CHECK(pages_alloc(PAGES + 1) == NULL && pages_alloc(0) == NULL);
    pages_free(one, 3);
    pages_free(two, 2);
}

int main(int argc, char **argv)
{
    uint64_t map[BITMAP_WORDS(PAGES)];
    uintptr_t start = arena(PAGES);
    for (int i = 1; i < argc; i++) {
        seed(strtoull(argv[i], NULL, 10));
        pages_init(start, PAGES, map);
        pages_give(start, PAGES);
        heap_init(start);
        pages(start);
        lives(start);
        reserve();
        reserve_in_place();
        reserve_of_pages();
        heap_check();
    }
    free((void *)start);
    return 0;
}
