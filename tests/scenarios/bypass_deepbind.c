/* SPDX-License-Identifier: MIT */
/*
 * A library that is loaded with RTLD_DEEPBIND, one in a name space of its own (dlmopen), and a function that is
 * asked for in libc itself: none of their calls passes a hook.  Each closes memfds of the program, and
 * makes a segment; the former are not believed to be open, the latter appeared.
 */
#include <gnu/lib-names.h>

#include "module.h"

typedef int close_function(int);
typedef int open_function(const char *, int, ...);

static int number;

static void use(void *libc, const char *path)
{
	close_function *close_there;
	open_function *open_there;
	char each[128];
	int fds[8];

	*(void **)&close_there = symbol(libc, "close");
	*(void **)&open_there = symbol(libc, "open");
	for (int i = 0; i < 8; i++)
		fds[i] = make_memfd();
	for (int i = 0; i < 8; i++)
		must(close_there(fds[i]), "close");
	snprintf(each, sizeof(each), "%s-%d", path, number++);
	must(open_there(each, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), "open");
	printf("EXPECT shm-appeared %s\n", each + 9);
}

/* acquire_one() of the module: its memfd_create is libc's own. */
static void load_deep(void)
{
	void *module = dlopen(module_path("module_one"), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	int (*acquire)(void);

	if (!module)
		die("%s", dlerror());
	*(void **)&acquire = symbol(module, "acquire_one");
	for (int i = 0; i < 8; i++)
		must(acquire(), "acquire_one");
}

int main(void)
{
	const char *path = scenario_path("bypass_deepbind");
	void *libc = dlopen(LIBC_SO, RTLD_NOW | RTLD_NOLOAD), *other;

	if (!libc)
		die("%s", dlerror());
	printf("EXPECT-NO fd-leaked\nEXPECT-NO fd-bad-close\n");
	use(libc, path);
	load_deep();
	other = dlmopen(LM_ID_NEWLM, LIBC_SO, RTLD_NOW);
	if (other)
		use(other, path);
	return 0;
}
