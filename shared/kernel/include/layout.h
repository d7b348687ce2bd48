/* Places that image.lds gives names to. */
#pragma once

extern char image_start[], image_rodata[], image_data[], image_end[];
extern char program_pages_end[];
extern char stack_guard[], stack_bottom[], stack_top[];
extern char trap_stacks[], trap_stacks_top[];
