/* Exceptions: all are faults of ours. Each ends the domain after a dump that a person can read. */

#include "cpu.h"
#include "../include/layout.h"
#include "trap.h"

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_mid;
    uint32_t offset_high, reserved;
};

struct __attribute__((packed)) task_state {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, io_map;
};

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint64_t base;
};

#define CODE_SELECTOR 8
#define TASK_SELECTOR 24
#define INTERRUPT_GATE 0x8e
#define VECTORS 22
#define DOUBLE_FAULT 8
#define PAGE_FAULT 14

extern const uint64_t trap_entries[VECTORS];
extern void wake_from_sleep(void);

static struct gate idt[256];
static struct task_state task;
static uint64_t gdt[5];

static const char *const names[VECTORS] = {
    "divide error", "debug", "non-maskable interrupt", "breakpoint", "overflow", "bound range",
    "invalid opcode", "no coprocessor", "double fault", "coprocessor overrun", "invalid task state",
    "segment not present", "stack fault", "general protection", "page fault", "vector 15",
    "floating point", "alignment check", "machine check", "SIMD floating point", "virtualisation",
    "control protection",
};

static void set_gate(unsigned vector, uint64_t handler, uint8_t ist)
{
    idt[vector] = (struct gate){
        .offset_low = (uint16_t)handler,
        .selector = CODE_SELECTOR,
        .ist = ist,
        .type = INTERRUPT_GATE,
        .offset_mid = (uint16_t)(handler >> 16),
        .offset_high = (uint32_t)(handler >> 32),
    };
}

void trap_init(void)
{
    /* Exceptions have a stack of their own: what overflows a stack cannot be dumped on it. */
    task.ist[0] = (uint64_t)trap_stacks_top;
    task.ist[1] = (uint64_t)trap_stacks + PAGE_SIZE;
    task.io_map = sizeof task;
    uint64_t base = (uint64_t)&task;
    gdt[1] = 0x00af9b000000ffff;
    gdt[2] = 0x00cf93000000ffff;
    gdt[3] = (sizeof task - 1) | (base & 0xffffff) << 16;
    gdt[3] |= 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    gdt[4] = base >> 32;
    struct table_pointer pointer = { sizeof gdt - 1, (uint64_t)gdt };
    __asm__ volatile("lgdt %0" : : "m"(pointer));
    __asm__ volatile("ltr %w0" : : "r"(TASK_SELECTOR));
    for (unsigned vector = 0; vector < VECTORS; vector++)
        set_gate(vector, trap_entries[vector], vector == DOUBLE_FAULT ? 2 : 1);
    set_gate(EVENT_VECTOR, (uint64_t)wake_from_sleep, 0);
    pointer = (struct table_pointer){ sizeof idt - 1, (uint64_t)idt };
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static const char *place(uint64_t address)
{
    if (address < PAGE_SIZE)
        return " (a null pointer)";
    if (address >= (uint64_t)stack_guard && address < (uint64_t)stack_bottom)
        return " (the stack has overflowed)";
    if (address >= (uint64_t)image_start && address < (uint64_t)image_data)
        return " (code or constants)";
    return "";
}

/* Return addresses are not told from other words; those that lie in code are a good guess. */
static void dump_stack(uint64_t rsp)
{
    if (rsp % 8 != 0 || rsp < (uint64_t)stack_bottom || rsp >= (uint64_t)stack_top)
        return;
    emergency_printf("code addresses on the stack:");
    const uint64_t *word = (const uint64_t *)rsp;
    for (int found = 0; found < 24 && word < (const uint64_t *)stack_top; word++) {
        if (*word < (uint64_t)image_start || *word >= (uint64_t)image_rodata)
            continue;
        emergency_printf(" %lx", *word);
        found++;
    }
    emergency_printf("\n");
}

void trap(const struct trap_frame *f);
void trap(const struct trap_frame *f)
{
    static bool nested;
    if (nested)
        halt_as_crashed();
    nested = true;
    const char *name = f->vector < VECTORS ? names[f->vector] : "unknown exception";
    emergency_printf("\n%s: exception: %s, error code %lx, at %lx\n", service.name, name, f->error,
                     f->rip);
    if (f->vector == PAGE_FAULT) {
        uint64_t address = read_cr2();
        const char *access = f->error & 16 ? "execute" : f->error & 2 ? "write" : "read";
        emergency_printf("tried to %s %lx%s, which is %s\n", access, address, place(address),
                         f->error & 1 ? "protected" : "not mapped");
    }
    emergency_printf("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx,
                     f->rdx);
    emergency_printf("rsi %016lx rdi %016lx rbp %016lx rsp %016lx\n", f->rsi, f->rdi, f->rbp,
                     f->rsp);
    emergency_printf("r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n", f->r8, f->r9, f->r10, f->r11);
    emergency_printf("r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n", f->r12, f->r13, f->r14,
                     f->r15);
    emergency_printf("flags %lx\n", f->rflags);
    dump_stack(f->rsp);
    halt_as_crashed();
}
