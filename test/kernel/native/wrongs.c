/* What code may do wrong, by the first word of the command line: each must end in an exception. */

#include "kernel.h"

#include <string.h>

static const char constant[] = "constant";
static uint8_t code_in_data[] = { 0xc3 }; /* ret */

static void __attribute__((noipa)) write_to(const void *at)
{
    *(volatile char *)(uintptr_t)at = 1;
}

static void __attribute__((noipa)) call(const void *at)
{
    ((void (*)(void))(uintptr_t)at)();
}

static int __attribute__((noipa)) descend(int depth)
{
    volatile char room[4000];
    room[0] = (char)depth;
    return depth < 1000000 ? descend(depth + 1) + room[0] : 0;
}

void engine_run(void);
void engine_run(void)
{
    const char *what = kernel_command_line();
    uint8_t code_on_stack[16] = { 0xc3 };
    uint8_t *code_on_heap = heap_alloc(16);
    uint8_t *code_on_page = pages_alloc(1);
    code_on_heap[0] = code_on_page[0] = 0xc3;
    if (strcmp(what, "write-code") == 0)
        write_to((const void *)(uintptr_t)engine_run);
    else if (strcmp(what, "write-constant") == 0)
        write_to(constant);
    else if (strcmp(what, "write-null") == 0)
        write_to((const void *)(uintptr_t)8);
    else if (strcmp(what, "run-constant") == 0)
        call(constant);
    else if (strcmp(what, "run-data") == 0)
        call(code_in_data);
    else if (strcmp(what, "run-stack") == 0)
        call(code_on_stack);
    else if (strcmp(what, "run-heap") == 0)
        call(code_on_heap);
    else if (strcmp(what, "run-page") == 0)
        call(code_on_page);
    else if (strcmp(what, "run-null") == 0)
        call(NULL);
    else if (strcmp(what, "overflow") == 0)
        descend(0);
    else if (strcmp(what, "divide") == 0)
        console_printf("%d", 7 / (int)strlen(what + strlen(what)));
    else if (strcmp(what, "free-twice") == 0) {
        heap_release(code_on_heap);
        heap_release(code_on_heap);
    }
    console_printf("still here");
}
