/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "dlsym.h"
#include "next.h"
#include "real.h"
#include "sys.h"

#define TSHM_BIND (-1)

/* Rows name the x86-64 call; other machines lack the older ones and bind instead. */
#ifndef SYS_open
#define SYS_open TSHM_BIND
#endif
#ifndef SYS_creat
#define SYS_creat TSHM_BIND
#endif
#ifndef SYS_dup2
#define SYS_dup2 TSHM_BIND
#endif
#ifndef SYS_pipe
#define SYS_pipe TSHM_BIND
#endif
#ifndef SYS_epoll_create
#define SYS_epoll_create TSHM_BIND
#endif
#ifndef SYS_inotify_init
#define SYS_inotify_init TSHM_BIND
#endif
#ifndef SYS_unlink
#define SYS_unlink TSHM_BIND
#endif
#ifndef SYS_rename
#define SYS_rename TSHM_BIND
#endif
#ifndef SYS_renameat
#define SYS_renameat TSHM_BIND
#endif
#ifndef SYS_link
#define SYS_link TSHM_BIND
#endif

#ifndef SYS_mknod
#define SYS_mknod TSHM_BIND
#endif

typedef long tshm_generic(long, long, long, long, long, long);

/*
 * A call that comes before the constructor, or to a function that this libc lacks.
 * All interposed functions take integers and pointers only, at most six, which the
 * ABIs of x86-64 and aarch64 pass alike for fixed and variadic functions.
 */
static long tshm_early(tshm_generic **real, tshm_generic *self, const char *name, long number,
		       long a, long b, long c, long d, long e, long f)
{
	long ret;

	if (number != TSHM_BIND) {
		ret = tshm_sys6(number, a, b, c, d, e, f);
		if (!tshm_sys_failed(ret))
			return ret;
		errno = (int)-ret;
		return -1;
	}
	if (*real == self) {
		tshm_generic *found = (tshm_generic *)tshm_dlsym(RTLD_NEXT, name);

		if (!found) {
			dlerror();
			errno = ENOSYS;
			return -1;
		}
		*real = found;
	}
	return (*real)(a, b, c, d, e, f);
}

#define TSHM_CALL(id, name, act, kind, early) \
	static long tshm_early_##name(long a, long b, long c, long d, long e, long f) \
	{ \
		return tshm_early((tshm_generic **)&tshm_real.name, tshm_early_##name, #name, early, \
				  a, b, c, d, e, f); \
	}
#include "../ledger/calls.def"
#undef TSHM_CALL

struct tshm_real tshm_real = {
#define TSHM_CALL(id, name, act, kind, early) .name = (__typeof__(name) *)(void *)tshm_early_##name,
#include "../ledger/calls.def"
#undef TSHM_CALL
};

static const struct {
	const char *name;
	void **real;
} tshm_bindings[] = {
#define TSHM_CALL(id, name, act, kind, early) { #name, (void **)&tshm_real.name },
#include "../ledger/calls.def"
#undef TSHM_CALL
};

void tshm_real_bind(void)
{
	struct tshm_next next;
	bool quick = tshm_next_open(&next);

	tshm_dlsym_bind_in(&next);	/* now: later other threads load and unload files while we look */
	for (unsigned i = 0; i < sizeof(tshm_bindings) / sizeof(tshm_bindings[0]); i++) {
		void *found = quick ? tshm_next_find(&next, tshm_bindings[i].name) : NULL;

		if (!found)
			found = tshm_dlsym(RTLD_NEXT, tshm_bindings[i].name);
		if (found && found != TSHM_NEXT_NONE)
			*tshm_bindings[i].real = found;
		else
			dlerror();	/* not this libc's; it is no error that the program should be told of */
	}
}
