/* Entries of the processor's exceptions: each saves everything and calls trap(). */

    .text
/* A vector's entry pushes an error code if the processor did not, and its number. */
.macro vector number has_code=0
trap_\number:
    .if \has_code == 0
    pushq $0
    .endif
    pushq $\number
    jmp trap_common
.endm

    vector 0
    vector 1
    vector 2
    vector 3
    vector 4
    vector 5
    vector 6
    vector 7
    vector 8, 1
    vector 9
    vector 10, 1
    vector 11, 1
    vector 12, 1
    vector 13, 1
    vector 14, 1
    vector 15
    vector 16
    vector 17, 1
    vector 18
    vector 19
    vector 20
    vector 21, 1

/* struct trap_frame of trap.c, from its last member to its first. */
trap_common:
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, %rdi
    cld
    call trap
    ud2

    .section .rodata
    .balign 8
    .globl trap_entries
trap_entries:
    .quad trap_0, trap_1, trap_2, trap_3, trap_4, trap_5, trap_6, trap_7, trap_8, trap_9, trap_10
    .quad trap_11, trap_12, trap_13, trap_14, trap_15, trap_16, trap_17, trap_18, trap_19, trap_20
    .quad trap_21

    .section .note.GNU-stack, "", @progbits
