/* SPDX-License-Identifier: MIT */
/* For scenarios about stacks: can they be had here, and the modules of tests/scenarios/module/. */
#ifndef TSHM_SCENARIO_MODULE_H
#define TSHM_SCENARIO_MODULE_H

#include <dlfcn.h>
#include <limits.h>

#include "scenario.h"

/* Stacks of more than one frame are promised where tshm walks them itself (preload/cfi.h). */
static inline void need_stacks(void)
{
#if defined(__x86_64__)
	if (dlsym(RTLD_DEFAULT, "_dl_find_object"))
		return;
#endif
	skip("no stacks are walked here");
}

/* Where a module lies that is built beside this program. */
static inline const char *module_path(const char *stem)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

	must((int)n, "readlink");
	path[n] = 0;
	snprintf(strrchr(path, '/'), 64, "/.libs/%s.so", stem);
	return path;
}

static inline void *load(const char *stem)
{
	void *handle = dlopen(module_path(stem), RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		die("%s", dlerror());
	return handle;
}

/* A symbol of it; the caller assigns it to a pointer of the right type. */
static inline void *symbol(void *handle, const char *name)
{
	void *at = dlsym(handle, name);

	if (!at)
		die("%s", dlerror());
	return at;
}

#endif
