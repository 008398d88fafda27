/* SPDX-License-Identifier: MIT */
/* For assembly.c: frames that are written by hand.  Each calls look() once and returns. */
	.text

	.macro function name
	.globl \name
	.type \name, @function
	.p2align 4
\name:
	.endm

	.macro done name
	.size \name, . - \name
	.endm

	function pushes			/* the CFA by rsp, moving */
	.cfi_startproc
	push %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rbx, -16
	push %r12
	.cfi_adjust_cfa_offset 8
	.cfi_offset %r12, -24
	push $1
	.cfi_adjust_cfa_offset 8
	push $2
	.cfi_adjust_cfa_offset 8
	push $3
	.cfi_adjust_cfa_offset 8
	.cfi_escape 0x2e, 16		/* GNU_args_size */
	call look
	add $24, %rsp
	.cfi_adjust_cfa_offset -24
	pop %r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	pop %rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	done pushes

	function framed			/* the CFA by rbp; two ways out, the state remembered */
	.cfi_startproc
	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov %rsp, %rbp
	.cfi_def_cfa_register %rbp
	test %edi, %edi
	jne 1f
	.cfi_remember_state
	leave
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
1:	.cfi_restore_state
	call look
	leave
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	done framed

	function nested			/* more states remembered at once than compilers do */
	.cfi_startproc
	sub $8, %rsp
	.cfi_adjust_cfa_offset 8
	.cfi_remember_state
	.cfi_adjust_cfa_offset 8
	nop
	.cfi_remember_state
	.cfi_adjust_cfa_offset 8
	nop
	.cfi_remember_state
	.cfi_adjust_cfa_offset 8
	nop
	.cfi_remember_state
	.cfi_adjust_cfa_offset 8
	nop
	.cfi_remember_state
	.cfi_adjust_cfa_offset 8
	nop
	.cfi_remember_state
	.cfi_adjust_cfa_offset 8
	nop
	.cfi_restore_state
	nop
	.cfi_restore_state
	nop
	.cfi_restore_state
	nop
	.cfi_restore_state
	nop
	.cfi_restore_state
	nop
	.cfi_restore_state
	call look
	add $8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	done nested

	function rbp_as_data		/* rbp saved, then used for something else */
	.cfi_startproc
	push %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rbp, -16
	mov $12345, %ebp
	sub $16, %rsp
	.cfi_adjust_cfa_offset 16
	call look
	add $16, %rsp
	.cfi_adjust_cfa_offset -16
	pop %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	done rbp_as_data

	function huge_frame		/* beyond 32767, where offsets no longer fit 16 bits; rbp far from the CFA */
	.cfi_startproc
	sub $100000, %rsp
	.cfi_adjust_cfa_offset 100000
	push %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rbp, -100016
	mov $1, %ebp
	call look
	pop %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	add $100000, %rsp
	.cfi_adjust_cfa_offset -100000
	ret
	.cfi_endproc
	done huge_frame

	function by_rbx			/* as ld.so's _dl_runtime_resolve */
	.cfi_startproc
	push %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rbx, -16
	mov %rsp, %rbx
	.cfi_def_cfa_register %rbx
	and $-64, %rsp
	sub $128, %rsp
	call look
	mov %rbx, %rsp
	.cfi_def_cfa_register %rsp
	pop %rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	done by_rbx

	function rbp_in_r12		/* rbp copied to another register */
	.cfi_startproc
	push %r12
	.cfi_adjust_cfa_offset 8
	.cfi_offset %r12, -16
	mov %rbp, %r12
	.cfi_register %rbp, %r12
	xor %ebp, %ebp
	call look
	mov %r12, %rbp
	.cfi_restore %rbp
	pop %r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	ret
	.cfi_endproc
	done rbp_in_r12

	function by_memory		/* CFA = *(rsp + 8) + 16: an expression that no compiler writes */
	.cfi_startproc
	mov %rsp, %rax
	.cfi_remember_state
	and $-64, %rsp
	.cfi_def_cfa %rax, 8
	sub $16, %rsp
	push %rax
	sub $8, %rsp
	.cfi_escape 0x0f, 5, 0x77, 8, 0x06, 0x23, 8	/* breg7 8, deref, plus_uconst 8 */
	call look
	mov 8(%rsp), %rsp
	.cfi_restore_state
	ret
	.cfi_endproc
	done by_memory

	function ends_with_call		/* the return address lies behind the function's end */
	.cfi_startproc
	test %edi, %edi
	jne 1f
	ret
1:	mov (%rsp), %rdi
	add $8, %rsp
	.cfi_adjust_cfa_offset -8
	push %rdi
	.cfi_adjust_cfa_offset 8
	sub $8, %rsp
	.cfi_adjust_cfa_offset 8
	call look_and_leave
	.cfi_endproc
	done ends_with_call

	function no_cfi_framed		/* nothing is known of it but its frame pointer */
	push %rbp
	mov %rsp, %rbp
	sub $32, %rsp
	call look
	leave
	ret
	done no_cfi_framed

	function no_cfi			/* nothing at all */
	sub $24, %rsp
	call look
	add $24, %rsp
	ret
	done no_cfi

	function first_frame		/* says that it was called by nobody */
	.cfi_startproc
	.cfi_undefined %rip
	sub $8, %rsp
	.cfi_adjust_cfa_offset 8
	call look
	add $8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	done first_frame

	.section .note.GNU-stack, "", @progbits
