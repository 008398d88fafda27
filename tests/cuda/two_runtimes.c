/* SPDX-License-Identifier: MIT */
/*
 * Two runtimes in one process, of versions 12 and 13, each loaded for itself alone: one exports, in
 * another process the other one opens.  Names without versions would mix them.
 */
#include <dlfcn.h>

#include "steps.h"

static void *find(void *library, const char *name)
{
	void *function = dlsym(library, name);

	if (!function)
		die("%s: %s", name, dlerror());
	return function;
}

static __typeof__(cudaMemcpy) *copy;
static __typeof__(cudaSetDevice) *set_device;
static __typeof__(cudaRuntimeGetVersion) *get_version;

static int begin(void)
{
	return set_device(0);
}

static int copy_to(void *to, const void *from, size_t size)
{
	return copy(to, from, size, CUDA_HOST_TO_DEVICE);
}

static int copy_from(void *to, const void *from, size_t size)
{
	return copy(to, from, size, CUDA_DEVICE_TO_HOST);
}

static struct gpu load(const char *name, int major)
{
	struct gpu gpu;
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	int version = 0;

	if (!library)
		skip(dlerror());
	copy = (__typeof__(copy))find(library, "cudaMemcpy");
	set_device = (__typeof__(set_device))find(library, "cudaSetDevice");
	get_version = (__typeof__(get_version))find(library, "cudaRuntimeGetVersion");
	gpu = (struct gpu){
		.init = begin, .copy_to = copy_to, .copy_from = copy_from,
#define RUNTIME_CALL(field, symbol) .field = (__typeof__(gpu.field))find(library, #symbol),
#include "runtime_calls.def"
#undef RUNTIME_CALL
	};
	ok(get_version(&version), "version");
	if (version / 1000 != major)
		die("%s says that it is %d", name, version);
	return gpu;
}

static struct gpu twelve, thirteen;

__attribute__((noinline)) static void import_them(const struct gpu *unused, struct peer *exporter)
{
	struct cuda_handle handle;
	void *block;

	(void)unused;
	begin_cuda(&twelve);
	begin_cuda(&thirteen);
	hear(exporter, &handle, sizeof(handle));
	block = open_block(&thirteen, &handle);
	must_read(&thirteen, block, 12);
	close_block(&thirteen, block);
	hear(exporter, &handle, sizeof(handle));
	block = open_block(&twelve, &handle);
	must_read(&twelve, block, 13);
	close_block(&twelve, block);
	tell_go(exporter);
}

static struct story_counts counts;
struct story_counts *story_counts = &counts;	/* of steps.h; not told here */

int main(void)
{
	struct peer importer;
	struct cuda_handle handle;
	void *of_twelve, *of_thirteen;

	scenario_begin();
	printf("EXPECT-NONE\n");
	twelve = load("libcudart.so.12", 12);
	thirteen = load("libcudart.so.13", 13);
	importer = start_peer(NULL, import_them);
	begin_cuda(&twelve);
	begin_cuda(&thirteen);
	of_twelve = make_block(&twelve);
	of_thirteen = make_block(&thirteen);
	write_number(&twelve, of_twelve, 12);
	write_number(&thirteen, of_thirteen, 13);
	handle = export_block(&twelve, of_twelve);
	tell(&importer, &handle, sizeof(handle));
	handle = export_block(&thirteen, of_thirteen);
	tell(&importer, &handle, sizeof(handle));
	hear_go(&importer);
	free_block(&twelve, of_twelve);
	free_block(&thirteen, of_thirteen);
	end_peer(&importer);
	return 0;
}
