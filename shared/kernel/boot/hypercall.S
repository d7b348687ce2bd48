/* The instruction that enters Xen, and the only place where interrupts are on: the sleep. */

    .text
    .globl hypercall_entry
    .globl hypercall_use_vmmcall
/* %eax the number, arguments in %rdi, %rsi, %rdx, %r10, %r8; result in %rax. */
hypercall_entry:
    cmpb $0, hypercall_use_vmmcall
    jne 1f
    vmcall
    ret
1:  vmmcall
    ret

/*
 * void sleep_in_hypercall(number, command, argument): makes the hypercall with interrupts on.
 *
 * An event that comes before Xen has put us to sleep must not be slept over. With interrupts on,
 * Xen sees the pending event and does not let us sleep; and the event's interrupt, should it come
 * between two instructions here, goes to wake_from_sleep, which leaves by `awake` as if the call
 * had been made.
 */
    .globl sleep_in_hypercall
sleep_in_hypercall:
    mov %edi, %eax
    mov %rsi, %rdi
    mov %rdx, %rsi
    sti
    /* The instruction after sti still runs with interrupts held back: it must not be the call. */
    nop
    call hypercall_entry
awake:
    cli
    ret

/*
 * The interrupt: what was pushed is rip, cs, rflags, rsp, ss. If interrupts were off it is not the
 * sleep that was interrupted but this handler: QEMU's emulated SVM may deliver one event twice, the
 * second time before the first instruction here. Then there is nothing to leave.
 */
    .globl wake_from_sleep
wake_from_sleep:
    testl $0x200, 16(%rsp)
    jz 1f
    movq $awake, (%rsp)
    andl $~0x200, 16(%rsp)
1:  iretq

    .data
hypercall_use_vmmcall: .byte 0

    .section .note.GNU-stack, "", @progbits
