/* SPDX-License-Identifier: MIT */
/*
 * The constructor and the destructor.
 *
 * With -z initfirst the constructor runs before those of other libraries, unless
 * another such object is loaded later; then environ is still NULL, so the
 * environment is taken from the constructor's arguments.  A hook that is called
 * before it makes the plain system call (real.c) and notes nothing.
 *
 * libc itself is not initialised then either, and a dlopen would do it with no
 * arguments and no environment (make, ssh and valgrind crashed so).  So libunwind,
 * where it is needed, is loaded in __libc_start_main, when all constructors have run
 * and main has not; until then a stack is its first frame.
 */
#include <stdlib.h>

#include "bytes.h"
#include "dlsym.h"
#include "hook.h"
#include "python.h"
#include "stack.h"
#include "sys.h"

extern int on_exit(void (*)(int, void *), void *) __attribute__((weak));	/* not in musl */
extern const char *gnu_get_libc_version(void) __attribute__((weak));
extern char **environ __attribute__((weak));

/*
 * What pthread_atfork is in glibc, which has that one in a static part only; musl has it,
 * and not this.  The handle names the library that it is taken back with: this stays.
 */
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *) __attribute__((weak));

static void tshm_at_fork(void (*child)(void))
{
	int (*other)(void (*)(void), void (*)(void), void (*)(void));

	if (__register_atfork) {
		__register_atfork(NULL, NULL, child, NULL);
		return;
	}
	other = (int (*)(void (*)(void), void (*)(void), void (*)(void)))tshm_dlsym(RTLD_NEXT, "pthread_atfork");
	if (other)
		other(NULL, NULL, child);
}

/*
 * Registered before main's destructors are, so it runs after the last of them, for
 * exit() and for main's return alike, and is told the status.
 */
static void tshm_exited(int status, void *nothing)
{
	(void)nothing;
	if (tshm_on())
		tshm_image_end(TSHM_ENDED_EXIT, status & 255, NULL);
}

static void tshm_say(void)
{
	char line[700];
	size_t at = tshm_append(line, 0, "tshm: ledger ", sizeof(line));

	at = tshm_append(line, at, tshm_options.dir, sizeof(line));
	at = tshm_append(line, at, "/", sizeof(line));
	if (tshm_header->token[0]) {
		__builtin_memcpy(line + at, tshm_header->token, sizeof(tshm_header->token));
		at += sizeof(tshm_header->token);
		at = tshm_append(line, at, TSHM_LEDGER_SUFFIX "\n", sizeof(line));
	} else {
		at = tshm_append(line, at, ": cannot be written, nothing is recorded\n", sizeof(line));
	}
	TSHM_SYS3(SYS_write, 2, line, at);
}

static __attribute__((constructor)) void tshm_start(int argc, char **argv, char **environment)
{
	if (!gnu_get_libc_version) {	/* others give constructors no arguments, but have set environ by now */
		argc = 0;
		environment = &environ ? environ : NULL;
	}
	tshm_real_bind();
	tshm_options_read(environment);
	if (!tshm_options.enabled)
		return;
	tshm_image_start(argc, argv);
	if (!tshm_header->magic[0]) {
		if (tshm_options.verbose)
			tshm_say();
		return;
	}
	tshm_note_inherited();
	tshm_at_fork(tshm_image_forked);
	if (on_exit)
		on_exit(tshm_exited, NULL);
	if (tshm_options.verbose)
		tshm_say();
}

TSHM_HOOK(int, __libc_start_main, (int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
				   void (*fini)(void), void (*rtld_fini)(void), void *stack_end))
{
	if (tshm_options.enabled && tshm_header->magic[0]) {
		tshm_stack_start();
		tshm_python_start();
		tshm_header->unwinder = tshm_options.unwinder;
	}
	return TSHM_REAL(__libc_start_main)(main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* Where there is no on_exit; descriptors may still be closed after this, and hooks go on. */
static __attribute__((destructor)) void tshm_finish(void)
{
	if (!on_exit && tshm_on())
		tshm_image_end(TSHM_ENDED_EXIT, -1, NULL);
}
