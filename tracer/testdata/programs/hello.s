# Writes one line and exits with status 0, in assembly, without a library.
# build: -static -nostdlib
	.globl _start
	.section .rodata
line:	.ascii "hello, assembly\n"
	.set length, . - line
	.text
_start:	mov $1, %eax
	mov $1, %edi
	lea line(%rip), %rsi
	mov $length, %edx
	syscall
	xor %edi, %edi
	mov $231, %eax
	syscall
	.section .note.GNU-stack,"",@progbits
