/*
 * Where Xen enters: 32-bit flat protected mode without paging, %ebx the start info
 * (docs/misc/pvh.pandoc, arch-x86/hvm/start_info.h @ RELEASE-4.17.0). Leads into long mode and C.
 */

/* elfnote.h: XEN_ELFNOTE_PHYS32_ENTRY marks the image as one that boots this way. */
#define XEN_ELFNOTE_PHYS32_ENTRY 18

    .section .note.xen, "a", @note
    .balign 4
    .long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long entry32

#define CR4_PAE 0x20
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400
#define CR0_EM 0x4
#define CR0_PE_MP_NE_WP 0x10023
#define CR0_PG 0x80000000
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define MSR_FS_BASE 0xc0000100

#define PTE_PRESENT_RW 0x3
#define PDE_PRESENT_RW_LARGE 0x83

    .section .text.boot, "ax"
    .code32
    .globl entry32
entry32:
    cli
    cld
    mov %ebx, %esi

    /* The first GiB one to one in pages of 2 MiB, until paging_init draws a finer map. */
    movl $boot_pdpt + PTE_PRESENT_RW, boot_pml4
    movl $boot_pd + PTE_PRESENT_RW, boot_pdpt
    xor %ecx, %ecx
    mov $PDE_PRESENT_RW_LARGE, %eax
1:  mov %eax, boot_pd(, %ecx, 8)
    add $0x200000, %eax
    inc %ecx
    cmp $512, %ecx
    jne 1b

    mov %cr4, %eax
    or $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    mov %eax, %cr4
    mov $boot_pml4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_LME_NXE, %eax
    wrmsr
    mov %cr0, %eax
    and $~CR0_EM, %eax
    or $(CR0_PG | CR0_PE_MP_NE_WP), %eax
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $entry64

    .code64
entry64:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs

    /*
     * The thread area of the C library: it points to itself; the stack protector's word is at 40.
     */
    mov $thread_area, %eax
    mov %rax, thread_area
    xor %edx, %edx
    mov $MSR_FS_BASE, %ecx
    wrmsr
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    mov $0x9e3779b97f4a7c15, %rcx
    imul %rcx, %rax
    shl $8, %rax
    mov %rax, thread_area + 40

    mov $stack_top, %rsp
    mov %esi, %edi
    xor %ebp, %ebp
    call start
    ud2

    .section .rodata
    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 8: code */
    .quad 0x00cf93000000ffff /* 16: data */
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .quad gdt

    .bss
    .balign 4096
boot_pml4: .skip 4096
boot_pdpt: .skip 4096
boot_pd: .skip 4096
    .balign 64
    .globl thread_area
thread_area: .skip 512

    .section .note.GNU-stack, "", @progbits
