/* SPDX-License-Identifier: MIT */
/* One thread opens a hundred memfds and hands them over a pipe to another, which closes them. */
#include <pthread.h>

#include "scenario.h"

#define COUNT 100

static int numbers[2];

static void *opener(void *unused)
{
	(void)unused;
	for (int i = 0; i < COUNT; i++) {
		int fd = make_memfd();

		if (write(numbers[1], &fd, sizeof(fd)) != sizeof(fd))
			die("write");
	}
	return NULL;
}

static void *closer(void *unused)
{
	(void)unused;
	for (int i = 0; i < COUNT; i++) {
		int fd;

		if (read(numbers[0], &fd, sizeof(fd)) != sizeof(fd))
			die("read");
		must(close(fd), "close");
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	scenario_begin();
	printf("LOOKALIKE fd-bad-close\n");
	printf("EXPECT-NONE\n");
	must(pipe2(numbers, O_CLOEXEC), "pipe2");
	if (pthread_create(&threads[0], NULL, opener, NULL) != 0 || pthread_create(&threads[1], NULL, closer, NULL) != 0)
		die("pthread_create");
	for (int i = 0; i < 2; i++)
		if (pthread_join(threads[i], NULL) != 0)
			die("pthread_join");
	must(close(numbers[0]), "close");
	must(close(numbers[1]), "close");
	return 0;
}
