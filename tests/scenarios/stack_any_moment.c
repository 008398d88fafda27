/* SPDX-License-Identifier: MIT */
/*
 * A timer that is never silent: its handler duplicates a descriptor and closes it, in
 * the middle of prologues, epilogues, libc's assembly, the loader's lazy binding and
 * our own hooks, so a capture begins at every kind of instruction.  Nothing may crash
 * or wait for itself, the interrupted code must find errno as it left it, and all is
 * closed in the end.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#include "module.h"

#define PERIOD 60	/* microseconds */
#define SIGNALS 10000
#define ROUNDS 50000	/* at most: a slow machine has fewer signals */

static volatile sig_atomic_t signals;
static int source;

static void on_timer(int signal)
{
	int fd = dup(source);

	(void)signal;
	if (fd < 0 || close(fd) != 0)
		die("dup and close in the handler");
	signals++;
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void work_libc(void)
{
	static volatile size_t size = 300;
	char text[512], copy[512];
	int numbers[64];
	time_t now = time(NULL);
	struct tm broken;

	memset(text, 'x', size);
	text[size] = 0;
	memcpy(copy, text, size + 1);
	if (strlen(copy) != size || strcmp(text, copy) != 0 || strchr(copy, 'y'))
		die("strings");
	snprintf(text, sizeof(text), "%d %s %.3f", (int)size, "words", (double)size / 7);
	for (int i = 0; i < 64; i++)
		numbers[i] = i * 7919 % 64;
	qsort(numbers, 64, sizeof(numbers[0]), by_value);
	localtime_r(&now, &broken);
	free(realloc(malloc(size), 100 * size));
}

static void work_hooks(void)
{
	int ends[2], fd = make_memfd();
	void *at = map_shared(fd, SCENARIO_SIZE);
	FILE *stream;

	must(close(fd), "close");
	must(munmap(at, SCENARIO_SIZE), "munmap");
	must(pipe2(ends, O_CLOEXEC), "pipe2");
	must(dup2(ends[0], ends[1]), "dup2");
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
	stream = fopen("/dev/null", "re");
	if (!stream || fclose(stream) != 0)
		die("fopen");
}

__attribute__((noinline)) static void unwind(jmp_buf to, const volatile int *depth, int at)
{
	if (at == *depth)
		longjmp(to, 1);
	if (at < 100)
		unwind(to, depth, at + 1);
}

static void work_jumps(void)
{
	volatile int depth = 5;
	jmp_buf back;

	if (setjmp(back) == 0)
		unwind(back, &depth, 0);
}

/* A large frame, realigned: its CFA is found by an expression. */
static void work_frames(void)
{
	_Alignas(64) volatile char room[5000];
	volatile char grown[1 + signals % 700];

	room[0] = grown[0] = 1;
	if ((uintptr_t)room % 64)
		die("alignment");
}

/* The first call of each function of a new module goes through the loader's lazy binding. */
static void work_loader(void)
{
	void *module = load("module_one");
	int (*acquire)(void) = (int (*)(void))symbol(module, "acquire_one");

	must(close(acquire()), "close");
	if (dlclose(module) != 0)
		die("dlclose");
}

static void *in_thread(void *unused)
{
	work_hooks();
	return unused;
}

static void work_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, in_thread, NULL) != 0)
		die("pthread_create");
	pthread_join(thread, NULL);
}

int main(void)
{
	static void (*const works[])(void) = { work_libc, work_hooks, work_jumps, work_frames };
	struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
	struct itimerval period = { { 0, PERIOD }, { 0, PERIOD } }, never = { { 0, 0 }, { 0, 0 } };

	need_stacks();
	scenario_begin();
	printf("EXPECT-NONE\n");
	source = open("/dev/null", O_RDONLY | O_CLOEXEC);
	must(source, "open");
	must(sigaction(SIGALRM, &action, NULL), "sigaction");
	must(setitimer(ITIMER_REAL, &period, NULL), "setitimer");
	for (int i = 0; i < ROUNDS && signals < SIGNALS; i++) {
		for (unsigned k = 0; k < sizeof(works) / sizeof(works[0]); k++) {
			errno = ENOTNAM;
			works[k]();
			if (errno != ENOTNAM)
				die("errno was changed by work %u", k);
		}
		if (i % 100 == 0) {
			work_loader();
			work_thread();
		}
	}
	must(setitimer(ITIMER_REAL, &never, NULL), "setitimer");
	must(close(source), "close");
	return 0;
}
