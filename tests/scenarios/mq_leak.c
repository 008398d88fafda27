/* SPDX-License-Identifier: MIT */
/* A message queue is made, closed, and its name forgotten. */
#include <mqueue.h>

#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("mq_leak");
	struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 64 };
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);

	if (queue == (mqd_t)-1 && (errno == ENOSYS || errno == EMFILE || errno == ENOSPC || errno == EACCES))
		skip("message queues are not to be had here");
	if (queue == (mqd_t)-1)
		die("mq_open");
	printf("EXPECT mq-leaked %s\n", name + 1);
	printf("EXPECT mq-leaked never removed\n");
	must(mq_close(queue), "mq_close");
	return 0;
}
