/* SPDX-License-Identifier: MIT */
/*
 * A signal handler acquires: its stack must go through the frame that the kernel made
 * to the function that was interrupted, a leaf without a frame of its own, and on to
 * who called it.  On the stack that was interrupted (below the leaf's red zone), on an
 * alternate one, which may lie anywhere, and the same again in a thread.  Where a call
 * did not interrupt the leaf, its instruction must count and not the one before it.
 */
#include <pthread.h>
#include <signal.h>

#include "module.h"

#define LEAK 8
#define PAGE 4096

static char *page;	/* not accessible until a handler was there */

/*
 * One of each for each way, so that each has a place of its own in the report; they
 * differ by more than the name, or the compiler would make one of them.
 */
#define WAY(way, number) \
	/* The fault comes at the first instruction: no frame is made yet, nor ever. */ \
	__attribute__((noinline)) static int leaf_ ## way(volatile char *at) { return at[number]; } \
\
	static void handler_ ## way(int signal) \
	{ \
		int saved = errno; \
\
		(void)signal; \
		must(memfd_create("tshm-test-" #way, MFD_CLOEXEC), "memfd_create"); \
		must(mprotect(page, PAGE, PROT_READ), "mprotect"); \
		errno = saved; \
	}
WAY(plain, 0)
WAY(alternate, 1)
WAY(thread, 2)
WAY(thread_alternate, 3)

__attribute__((noinline)) static void fault(int (*leaf)(volatile char *), void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	int sum = 0;

	must(sigaction(SIGSEGV, &action, NULL), "sigaction");
	for (int i = 0; i < LEAK; i++) {
		must(mprotect(page, PAGE, PROT_NONE), "mprotect");
		errno = ENOTNAM;
		sum += leaf(page);
		if (errno != ENOTNAM || sum != 0)
			die("the handler left its marks");
	}
}

static void use_alternate(void)
{
	stack_t alternate = { .ss_size = 1 << 16 };

	alternate.ss_sp = mmap(NULL, alternate.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (alternate.ss_sp == MAP_FAILED || sigaltstack(&alternate, NULL) != 0)
		die("sigaltstack");
}

static void *in_thread(void *unused)
{
	use_alternate();
	fault(leaf_thread, handler_thread, 0);
	fault(leaf_thread_alternate, handler_thread_alternate, SA_ONSTACK);
	return unused;
}

int main(void)
{
	pthread_t thread;

	need_stacks();
	scenario_begin();
	printf("EXPECT fd-leaked %d descriptors\n", LEAK);	/* each: the same place for every fault */
	printf("EXPECT-FRAME fd-leaked handler_plain leaf_plain fault main\n");
	printf("EXPECT-FRAME fd-leaked handler_alternate leaf_alternate fault main\n");
	printf("EXPECT-FRAME fd-leaked handler_thread leaf_thread fault in_thread\n");
	printf("EXPECT-FRAME fd-leaked handler_thread_alternate leaf_thread_alternate fault in_thread\n");
	page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		die("mmap");
	use_alternate();
	fault(leaf_plain, handler_plain, 0);
	fault(leaf_alternate, handler_alternate, SA_ONSTACK);
	if (pthread_create(&thread, NULL, in_thread, NULL) != 0)
		die("pthread_create");
	pthread_join(thread, NULL);
	return 0;
}
