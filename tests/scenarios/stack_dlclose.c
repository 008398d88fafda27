/* SPDX-License-Identifier: MIT */
/*
 * A module is unloaded and another loaded at the same address: the same return
 * addresses are then other functions, with frames of another size.  libunwind's
 * cache ignores dlclose, and the next unw_backtrace died of SIGSEGV.  Each finding
 * must name its own module's function and go on to its callers.  What a destructor
 * acquires inside of dlclose must not be remembered longer than its code either.
 */
#include "module.h"

#define EACH 8

/* Acquire from the module, then unload it while it acquires more; returns where its function was. */
__attribute__((noinline)) static void *visit(const char *stem, const char *function)
{
	void *handle = load(stem);
	int (*acquire)(void) = (int (*)(void))symbol(handle, function);
	void (*unload)(int) = (void (*)(int))symbol(handle, "unload");

	for (int i = 0; i < EACH; i++)
		must(acquire(), function);
	unload(EACH);
	if (dlclose(handle) != 0)
		die("dlclose: %s", dlerror());
	return (void *)acquire;
}

int main(void)
{
	void *one, *two;

	need_stacks();
	scenario_begin();
	printf("EXPECT-FRAME fd-leaked acquire_one visit main\n");
	printf("EXPECT-FRAME fd-leaked acquire_two visit main\n");
	printf("EXPECT fd-leaked %d descriptors\n", 2 * EACH);
	one = visit("module_one", "acquire_one");
	two = visit("module_two", "acquire_two");
	if (one != two)
		skip("the second module was not loaded where the first was");
	return 0;
}
