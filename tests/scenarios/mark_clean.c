/* SPDX-License-Identifier: MIT */
/*
 * Marks that find nothing: what a round leaves, descriptor and mapping, the next takes away; five files that stay open are within
 * the tolerance; a descriptor closed by a system call of the program's own is not open; marks may be
 * nested, and two threads may have some of one name at once.  A mark that is not ended is not judged.
 */
#include <pthread.h>
#include <sys/syscall.h>

#include "scenario.h"
#include "tshm.h"

static int fds[2];
static void *maps[2];

/* Until both have begun: only then do they see each other's descriptors. */
static void *work(void *barrier)
{
	tshm_mark_begin("thread");
	pthread_barrier_wait(barrier);
	must(close(make_memfd()), "close");
	pthread_barrier_wait(barrier);
	tshm_mark_end("thread");
	return NULL;
}

#if defined(__x86_64__)
static long close_unseen(int fd)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(SYS_close), "D"((long)fd) : "rcx", "r11", "memory");
	return result;
}
#else
static long close_unseen(int fd) { return close(fd); }
#endif

int main(void)
{
	pthread_barrier_t barrier;
	pthread_t thread;

	scenario_begin();
	printf("LOOKALIKE fd-growth\n");
	printf("LOOKALIKE map-growth\n");
	printf("EXPECT-NONE\n");
	fds[0] = make_memfd();
	maps[0] = map_shared(fds[0], SCENARIO_SIZE);
	tshm_mark_begin("outer");
	for (int i = 0; i < 20; i++) {
		tshm_mark_begin("round");
		fds[(i + 1) % 2] = make_memfd();
		maps[(i + 1) % 2] = map_shared(fds[(i + 1) % 2], SCENARIO_SIZE);
		must(close(fds[i % 2]), "close");
		must(munmap(maps[i % 2], SCENARIO_SIZE), "munmap");
		tshm_mark_end("round");
	}
	for (int i = 0; i < 5; i++)
		must(open("/dev/null", O_RDONLY | O_CLOEXEC), "open");
	if (close_unseen(make_memfd()) != 0)
		die("close");
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, work, &barrier) != 0)
		die("pthread_create");
	work(&barrier);
	pthread_join(thread, NULL);
	if (tshm_active() && tshm_leak_check("outer", 5) != 0)
		die("leak check");
	tshm_mark_end("outer");
	if (tshm_mark_end("never begun") != -1)
		die("a mark that was not begun has ended");
	must(close(fds[0]), "close");
	tshm_mark_begin("not ended");
	must(open("/dev/null", O_RDONLY | O_CLOEXEC), "open");
	return 0;
}
