/* SPDX-License-Identifier: MIT */
/*
 * dlsym: the way by which CUDA's own runtime, NCCL, Python's ctypes and most others find the
 * driver.  A program that asks for a watched driver function gets our hook of it instead,
 * once the real look-up has found the function.
 *
 * What the real dlsym answers may depend on who calls (RTLD_NEXT, RTLD_DEFAULT), and it goes
 * by the return address.  So it is jumped to with the caller's own stack, not called, unless
 * the name begins with "cu" and the handle is that of a library.
 *
 * libtshm.so exports dlsym under both of glibc's versions: an interposer that looks for the
 * next dlsym by dlvsym finds only one that has the version it asks for.  The next one after
 * ours is found without dlsym (next.c), and may be another interposer's.
 */
#include <dlfcn.h>
#include <stddef.h>

#include "cuda.h"
#include "dlsym.h"

/* Looks behind this library, for a name that is here but nowhere else: fails, and dlerror() says so. */
static void *tshm_dlsym_behind(void *handle, const char *name)
{
	void *found = tshm_dlsym(RTLD_NEXT, name);

	(void)handle;
	__asm__ volatile("" : "+r"(found));	/* a call, not a jump: "next" is what comes behind us */
	return found;
}

static void *tshm_dlsym_watched(void *handle, const char *name)
{
	void *found = tshm_dlsym(handle, name);

	/* By a handle that stands for all libraries ours is found first, whether there is CUDA or not. */
	if (found && tshm_cuda_is_ours(found))
		return tshm_cu_is_there(name) ? found : tshm_dlsym_behind(handle, name);
	return found ? tshm_cu_swap(name, found) : NULL;
}

/*
 * What to jump to.  RTLD_NEXT is left alone where there is CUDA: whoever asks is an interposer
 * himself, and what comes behind him, which may be us, is his business.
 */
TSHM_INTERNAL __attribute__((used)) tshm_dlsym_function *tshm_dlsym_choose(void *handle, const char *name);
tshm_dlsym_function *tshm_dlsym_choose(void *handle, const char *name)
{
	tshm_dlsym_function *real = tshm_dlsym_real ? tshm_dlsym_real : tshm_dlsym_bind();

	if (!name || !tshm_cu_is_watched(name))
		return real;
	if (handle != RTLD_DEFAULT && handle != RTLD_NEXT)
		return tshm_dlsym_watched;
	return tshm_cu_is_there(name) || !tshm_cuda_is_ours(tshm_dlsym(RTLD_DEFAULT, name)) ? real : tshm_dlsym_behind;
}

/*
 * Two bytes of the name decide.  A name never lies at an address that cannot be read: the
 * real function reads it too.
 */
#if defined(__x86_64__)
__asm__(".text\n"
	".p2align 4\n"
	".globl tshm_dlsym_hook, tshm_dlsym_hook_old\n"
	".type tshm_dlsym_hook, @function\n.type tshm_dlsym_hook_old, @function\n"
	"tshm_dlsym_hook:\ntshm_dlsym_hook_old:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	cmpb	$99, (%rsi)\n"		/* 'c' */
	"	jne	1f\n"
	"	cmpb	$117, 1(%rsi)\n"	/* 'u' */
	"	je	2f\n"
	"1:	mov	tshm_dlsym_real(%rip), %rax\n"
	"	test	%rax, %rax\n"
	"	jz	2f\n"
	"	jmp	*%rax\n"
	"2:	push	%rdi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	push	%rsi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	sub	$8, %rsp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	call	tshm_dlsym_choose\n"
	"	add	$8, %rsp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	pop	%rsi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	pop	%rdi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	jmp	*%rax\n"
	"	.cfi_endproc\n"
	".size tshm_dlsym_hook, . - tshm_dlsym_hook\n"
	".size tshm_dlsym_hook_old, . - tshm_dlsym_hook_old\n"
	".symver tshm_dlsym_hook, dlsym@@GLIBC_2.34\n"
	".symver tshm_dlsym_hook_old, dlsym@GLIBC_2.2.5\n");
#else
/* A sibling call is a jump, too; hook_dlsym.c is compiled with -O2 (Makemodule.am). */
__attribute__((visibility("default"))) void *tshm_dlsym_hook(void *handle, const char *name);
void *tshm_dlsym_hook(void *handle, const char *name)
{
	return tshm_dlsym_choose(handle, name)(handle, name);
}
__asm__(".symver tshm_dlsym_hook, dlsym@@GLIBC_2.34\n");
#endif
