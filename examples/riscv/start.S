/* Where the processor begins; its stack pointer is set by the hardware. */
    .section .start
    .globl _start
_start:
    call main
    li a0, 0x20000004
    sw zero, 0(a0)
1:  j 1b
