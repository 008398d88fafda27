/* SPDX-License-Identifier: MIT */
/*
 * A process forks again and again while its other thread loads and unloads modules.
 * fork renews one of the loader's locks but not the one that dl_iterate_phdr takes,
 * so an unwinder that calls it with that lock held by a thread which is no more hangs
 * for ever; libunwind did so with all signals blocked, SIGALRM too.  Here every child
 * must capture stacks and end, and so must the parent.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "module.h"

#define FORKS 200
#define LEAKING 4	/* the last children */
#define LEAK 8
#define PATIENCE 20	/* seconds for a child that takes milliseconds */

static atomic_int ended;
static pthread_barrier_t begun;
static volatile pid_t child;

/* A signal that the child may have blocked would not do. */
static void watchdog(int signal)
{
	static const char said[] = "a child hangs\n";

	(void)signal;
	if (child > 0)
		kill(child, SIGKILL);
	(void)!write(2, said, sizeof(said) - 1);
	_exit(99);
}

static void *loader(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&begun);
	while (!atomic_load(&ended)) {
		void *one = load("module_one"), *two = load("module_two");

		if (dlclose(one) != 0 || dlclose(two) != 0)
			die("dlclose");
	}
	return NULL;
}

/* From a place of its own in each depth: what the parent has captured does not help. */
__attribute__((noinline)) static int open_deep(int depth)
{
	volatile int fd = depth ? open_deep(depth - 1) : make_memfd();

	return fd;
}

__attribute__((noinline)) static void leak_in_child(void)
{
	/* Volatile: unrolled, the loop would be as many places. */
	for (volatile int i = 0; i < LEAK; i++)
		make_memfd();
}

int main(void)
{
	pthread_t thread;

	need_stacks();
	scenario_begin();
	printf("EXPECT fd-leaked %d descriptors\n", LEAKING * LEAK);
	printf("EXPECT-FRAME fd-leaked leak_in_child main\n");
	signal(SIGALRM, watchdog);
	if (pthread_barrier_init(&begun, NULL, 2) != 0 || pthread_create(&thread, NULL, loader, NULL) != 0)
		die("pthread_create");
	pthread_barrier_wait(&begun);
	for (int i = 0; i < FORKS; i++) {
		alarm(PATIENCE);
		child = must_fork();
		if (child == 0) {
			must(close(open_deep(i % 12)), "close in a child");
			if (i >= FORKS - LEAKING)
				leak_in_child();
			_exit(0);
		}
		must(close(open_deep(i % 8)), "close");
		must_wait(child);
		child = 0;
	}
	alarm(PATIENCE);
	atomic_store(&ended, 1);
	pthread_join(thread, NULL);
	return 0;
}
