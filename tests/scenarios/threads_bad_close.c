/* SPDX-License-Identifier: MIT */
/* Two threads each believe that the descriptor is theirs to close; the second finds it closed. */
#include <pthread.h>

#include "scenario.h"

static void *close_it(void *fd)
{
	must(close(*(int *)fd), "close");
	return NULL;
}

int main(void)
{
	pthread_t other;
	int fd;

	scenario_begin();
	fd = make_memfd();
	printf("EXPECT fd-bad-close closed already by another thread\n");
	if (pthread_create(&other, NULL, close_it, &fd) != 0)
		die("pthread_create");
	pthread_join(other, NULL);
	if (close(fd) == 0 || errno != EBADF)
		die("the second close succeeded");
	return 0;
}
