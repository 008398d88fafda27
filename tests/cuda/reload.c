/* SPDX-License-Identifier: MIT */
/*
 * reload PLUGIN: libcuda, and a library that is linked with libcudart, are loaded, used and unloaded again
 * and again, each time at another address.  What the hooks kept of the first time led nowhere the second.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../fake/cuda.h"

static void *find(void *library, const char *name)
{
	void *function = dlsym(library, name);

	if (!function) {
		printf("%s\n", dlerror());
		exit(1);
	}
	return function;
}
#define CALL(name, ...) printf(#name ": %d\n", ((__typeof__(name) *)find(library, #name))(__VA_ARGS__))

/* Nothing can be loaded where this address is, and a megabyte around it. */
static void occupy(const void *address)
{
	char *begin = (char *)(((uintptr_t)address & ~(uintptr_t)0xfffff) - 0x100000);

	for (size_t at = 0; at < 0x300000; at += 4096)
		mmap(begin + at, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

static void *load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		printf("%s\n", dlerror());
		exit(77);
	}
	return library;
}

/* The double numbers its files from 1 again. */
static void begin_afresh(int round)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%d", getenv("TSHM_RELOAD_DIR"), round);
	if (mkdir(path, 0700) != 0 || setenv("TSHM_FAKE_CUDA_DIR", path, 1) != 0)
		exit(99);
}

static void use_driver(void)
{
	void *library = load("libcuda.so.1"), *context = NULL, *block = NULL, *inside, *address;
	struct cuda_handle handle;

	CALL(cuInit, 0);
	CALL(cuDevicePrimaryCtxRetain, &context, 0);
	CALL(cuCtxSetCurrent, context);
	CALL(cuMemAlloc_v2, &block, 4096);
	inside = (char *)block + 16;
	CALL(cuIpcGetMemHandle, &handle, inside);
	CALL(cuMemFree_v2, block);
	address = find(library, "cuDriverGetVersion");	/* one that is not hooked */
	dlclose(library);
	library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
	printf("libcuda is %s\n", library ? "there" : "gone");
	if (!library)
		occupy(address);
}

static void use_plugin(const char *path)
{
	void *library = load(path), *address;

	printf("plugin: %d\n", ((int (*)(void))find(library, "plugin"))());
	address = ((void *(*)(void))find(library, "plugin_where"))();
	dlclose(library);
	library = dlopen("libcudart.so.13", RTLD_NOW | RTLD_NOLOAD);
	printf("libcudart is %s\n", library ? "there" : "gone");
	if (!library)
		occupy(address);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	for (int i = 0; i < 3; i++) {
		begin_afresh(i);
		use_driver();
	}
	begin_afresh(3);
	for (int i = 0; i < 3; i++)
		use_plugin(argv[1]);
	return fflush(stdout) != 0;
}
