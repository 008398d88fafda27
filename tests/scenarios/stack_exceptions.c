/* SPDX-License-Identifier: MIT */
/*
 * Exceptions keep their speed under the preload.  A preload library that was linked to
 * libunwind put it into the global scope, where its _Unwind_* came before libgcc's for
 * every module in C++ of a program that itself is none: a throw took 20 times as long,
 * and opened a pipe.  So, with each unwinder of ours: what such a module is bound to is
 * libgcc's, nothing of libunwind is in the global scope, and exceptions pass frames that
 * acquire, release and, on their way out, acquire again.
 */
#include "module.h"

#define THROWS 50
#define LEAK 8

struct bound { const char *name; void *at; };

/* C, and in the way of an exception. */
__attribute__((noinline)) static int between(void (*thrower)(int), int source)
{
	int fd = make_memfd();

	must(close(fd), "close");
	thrower(source);
	return -fd;
}

static void must_be_libgcc(const struct bound *b)
{
	Dl_info info;

	if (!b->at || !dladdr(b->at, &info))
		die("%s is nowhere", b->name);
	if (!strstr(info.dli_fname, "/libgcc_s.so"))
		die("%s is of %s", b->name, info.dli_fname);
}

static void must_be_hidden(const char *name)
{
	Dl_info info = { 0 };
	void *at = dlsym(RTLD_DEFAULT, name);

	if (at && dladdr(at, &info))
		die("%s, of %s, is seen by all", name, info.dli_fname);
}

static void under_one(void)
{
	static const char *const names[] = {
		"unw_backtrace", "_ULx86_64_init_local", "_ULx86_64_step", "_Ux86_64_getcontext", "_U_dyn_register",
		"__libunwind_Unwind_Backtrace",
	};
	void *module = load("module_throw");
	int (*throw_through)(int, int) = (int (*)(int, int))symbol(module, "throw_through");
	int (*throw_back)(int (*)(void (*)(int), int), int) =
		(int (*)(int (*)(void (*)(int), int), int))symbol(module, "throw_back");
	int source = open("/dev/null", O_RDONLY | O_CLOEXEC), memory = make_memfd();

	must(source, "open");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		must_be_hidden(names[i]);
	for (const struct bound *b = symbol(module, "throw_bound"); b->name; b++)
		must_be_libgcc(b);
	for (int i = 0; i < THROWS; i++)
		if (throw_through(i % 20, i % 2 ? source : -1) != 1)
			die("an exception was not caught");
	for (int i = 0; i < LEAK; i++)
		if (throw_back(between, memory) != 1)
			die("an exception did not come through C");
	must(close(memory), "close");
	must(close(source), "close");
}

int main(int argc, char **argv)
{
	static const char *const unwinders[] = { "unwinder=cfi", "unwinder=libunwind" };

	if (argc > 1) {
		under_one();
		return 0;
	}
	need_stacks();
	if (access(module_path("module_throw"), F_OK) != 0)
		skip("no compiler for C++");
	scenario_begin();
	printf("EXPECT fd-leaked descriptors of memfds\n");
	printf("EXPECT-FRAME fd-leaked between throw_back main\n");
	for (int i = 0; i < 2; i++) {
		pid_t pid = must_fork();

		if (pid == 0) {
			setenv("TSHM_OPTIONS", unwinders[i], 1);
			execl("/proc/self/exe", argv[0], unwinders[i], (char *)NULL);
			die("execl");
		}
		must_wait(pid);
	}
	return 0;
}
