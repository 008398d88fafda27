/* SPDX-License-Identifier: MIT */
/* Finding the real dlsym, or the one of the next interposer. */
#include <dlfcn.h>
#include <stddef.h>

#include "dlsym.h"
#include "next.h"

extern void *dlvsym(void *, const char *, const char *) __attribute__((weak));	/* not in musl */

tshm_dlsym_function *tshm_dlsym_real;

static void *tshm_dlsym_none(void *handle, const char *name)
{
	(void)handle;
	(void)name;
	return NULL;
}

tshm_dlsym_function *tshm_dlsym_bind_in(const struct tshm_next *next)
{
	static const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17" };
	void *found = next->plain ? tshm_next_find(next, "dlsym") : NULL;

	for (unsigned i = 0; !found && dlvsym && i < sizeof(versions) / sizeof(versions[0]); i++)
		found = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
	if (!found)
		return tshm_dlsym_none;
	tshm_dlsym_real = (tshm_dlsym_function *)found;
	return tshm_dlsym_real;
}

/* Before the constructor, that is: the list of files may be walked, because nobody else changes it yet. */
tshm_dlsym_function *tshm_dlsym_bind(void)
{
	struct tshm_next next;

	tshm_next_open(&next);
	return tshm_dlsym_bind_in(&next);
}
