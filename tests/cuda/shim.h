/* SPDX-License-Identifier: MIT */
/*
 * What the preload libraries of interposers.sh share: each call that passes is a line in the file that
 * TSHM_SHIM_LOG names.  A call that passes a second time inside of itself is told, too.
 */
#ifndef TSHM_CUDA_SHIM_H
#define TSHM_CUDA_SHIM_H

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fake/cuda.h"

static __thread int shim_depth __attribute__((tls_model("initial-exec")));

__attribute__((unused)) static void seen(const char *name, int error)
{
	const char *path = getenv("TSHM_SHIM_LOG");
	char line[128];
	int fd, size = snprintf(line, sizeof(line), "%s: %d%s\n", name, error, shim_depth > 1 ? " inside" : "");

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)size) != size || close(fd) != 0)
		abort();
}

/* FORWARD(name, (arguments)): calls what FIND(name) gives, which is looked for once. */
#define FORWARD(name, arguments) \
	static __typeof__(name) *real; \
	int error; \
\
	if (!real) \
		real = (__typeof__(real))FIND(#name); \
	shim_depth++; \
	error = real ? real arguments : CUDA_NOT_FOUND; \
	seen(#name, error); \
	shim_depth--; \
	return error

#endif
