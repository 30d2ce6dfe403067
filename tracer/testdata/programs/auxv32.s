# build: -m32 -nostdlib -static -Wl,-z,noexecstack
#
# An i386 program that looks for the vDSO in its auxiliary vector: exits 1 if
# it finds it, 0 if not, and 2 if there is no vector. It leaves 32-bit code to
# exit, by the x86-64 call, since i386 calls are refused to it. Nothing starts
# it but another program's execve.
	.code32
	.globl _start
_start:
	mov	%esp, %esi
	mov	$2, %ebx
	mov	(%esi), %ecx
	lea	8(%esi,%ecx,4), %esi	# behind argc, argv and its zero
1:	mov	(%esi), %eax		# envp
	add	$4, %esi
	test	%eax, %eax
	jnz	1b
2:	mov	(%esi), %eax		# pairs of type and value
	test	%eax, %eax
	jz	leave
	add	$8, %esi
	cmp	$6, %eax		# AT_PAGESZ is always there
	jne	3f
	cmp	$2, %ebx
	jne	3f
	xor	%ebx, %ebx
3:	cmp	$33, %eax		# AT_SYSINFO_EHDR
	jne	2b
	mov	$1, %ebx
	jmp	2b
leave:	ljmp	$0x33, $long
long:	.byte	0xb8, 60, 0, 0, 0	# mov $60, %eax (exit)
	.byte	0x89, 0xdf		# mov %ebx, %edi
	.byte	0x0f, 0x05		# syscall
